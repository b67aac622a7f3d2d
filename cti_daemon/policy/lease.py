"""Which of two daemons acts? A lease in two registers of one edge, that both can read and write, and nothing else between them.

`CTI_LEASE` holds one claim; it is only ever written by whoever claims it or gives it up. `CTI_PULSE` is renewed by the owner of the claim.

1. A claim has a nonce of its own and is written once. Who has the edge's answer to that write, and later reads the nonce, knows that it
   has stood there without a break: nobody else can write it, and we do so only once.
2. Act until `asked_at + stop_after`, where `asked_at` is the start of a look that found our claim, and the claim had stood for
   `take_after` by then.
3. Who reads another claim than his own stops at once, and his claim is void for ever.
4. Claim what is nobody's, what was given up, and what has shown no new pulse for `silent_after`.

Why never two act: let B's claim be answered at `t` and still stand at `t + take_after`. Every look by which A acts found A's claim, so it
came before B's was there, hence began before `t`, and A stops before `t + stop_after` - however late any message arrives, in whatever
order, whoever was frozen meanwhile. Only the rates of the two monotonic clocks are trusted, to within `MARGIN_SECONDS` a lease.
If both claim together the later write stands, and the other one reads that it lost."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from cti_daemon.model.lease import Claim, LeaseEvent, LeaseLost, LeaseTaken, Origin
from cti_daemon.model.pair import MARGIN_SECONDS, Pair
from cti_daemon.wire.lease_text import claim_text, pulse_text, read_claim, read_pulse

NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class _Own:
    """A claim of ours that the edge has answered."""

    claim: Claim
    acts_at: float
    origin: Origin
    before: str
    notes: Mapping[str, Any]
    notes_at: float


@dataclass(slots=True)
class _Shown:
    """What we last saw of others, and since when it has been the same."""

    claim: Claim | None = None
    pulse: str = ""
    since_at: float = NEVER
    notes: Mapping[str, Any] = field(default_factory=dict)
    notes_at: float = NEVER


class Lease:
    """`session` is unlike that of any other life of any daemon. `last_nonce`: of the claim under which this daemon acted last, from its
    journal; empty: unknown."""

    def __init__(self, name: str, settings: Pair, session: str, last_nonce: str = "") -> None:
        self._name, self._settings, self._session = name, settings, session
        self._numbers, self._beats = count(1), count(1)
        self._own: _Own | None = None
        self._shown = _Shown()
        self._last_nonce = last_nonce
        self._told: LeaseTaken | None = None
        self.until_at = NEVER
        """We may act before this instant."""

    def may_act(self, now: float) -> bool:
        return now < self.until_at

    @property
    def holder(self) -> str:
        """Whose claim stands, as far as we have seen; empty: nobody's."""
        if self._own is not None:
            return self._name
        return self._shown.claim.holder if self._shown.claim is not None and not self._shown.claim.is_free else ""

    @property
    def term(self) -> int:
        claim = self._own.claim if self._own is not None else self._shown.claim
        return claim.term if claim is not None else 0

    def pulse(self, notes: Mapping[str, Any]) -> str | None:
        """What is to be written into the second register now; None: nothing, it is not ours."""
        return None if self._own is None else pulse_text(self._own.claim.nonce, next(self._beats), notes)

    def hear(self, register: str, pulse: str, asked_at: float, at: float) -> Claim | None:
        """What a look that began at `asked_at` found. A claim that must be written now: tell `stand` when the edge has answered."""
        seen = read_claim(register)
        if self._own is not None and seen is not None and seen.nonce == self._own.claim.nonce and not seen.is_free:
            if asked_at >= self._own.acts_at:
                self.until_at = asked_at + self._settings.stop_after
            return None
        self._own, self.until_at = None, NEVER
        self._look(seen, pulse, at)
        is_claimable = seen is None or seen.is_free or asked_at - self._shown.since_at >= self._settings.silent_after
        if not is_claimable:
            return None
        term = (seen.term if seen is not None else 0) + 1
        return Claim(self._name, term, f"{self._session}-{next(self._numbers)}", self._settings.stop_after)

    def stand(self, claim: Claim, asked_at: float, at: float) -> None:
        """The edge has answered the write of `claim`, which followed a look that began at `asked_at`."""
        shown = self._shown
        before = shown.claim
        patience = self._settings.take_after
        if before is not None:
            patience = max(patience, before.stop_after_seconds + MARGIN_SECONDS)
        # Was the write so slow that somebody may have acted between our look and it?
        is_prompt = at - asked_at < self._settings.stop_after
        is_own = before is not None and before.nonce == self._last_nonce and is_prompt
        origin = Origin.OWN if is_own else Origin.OTHER
        self._own = _Own(claim, at + patience, origin, before.holder if before is not None else "", shown.notes, shown.notes_at)

    def news(self, now: float) -> LeaseEvent | None:
        """What the core has not been told yet."""
        may = self.may_act(now)
        if may and self._told is None and self._own is not None:
            own = self._own
            origin = Origin.SAME if own.claim.nonce == self._last_nonce else own.origin
            self._last_nonce = own.claim.nonce
            self._told = LeaseTaken(own.claim.term, own.claim.nonce, origin, own.before, own.notes, max(now - own.notes_at, 0.0))
            return self._told
        if not may and self._told is not None:
            told, self._told = self._told, None
            return LeaseLost(told.term, self.holder if self._own is None else "")
        return None

    def let_go(self) -> str | None:
        """Stop acting now; what is to be written so that the other one need not wait. None: nothing was ours."""
        own, self._own, self.until_at = self._own, None, NEVER
        return None if own is None else claim_text(replace(own.claim, is_free=True))

    def _look(self, seen: Claim | None, pulse: str, at: float) -> None:
        shown = self._shown
        beat = read_pulse(pulse)
        is_theirs = beat is not None and seen is not None and beat.nonce == seen.nonce
        kept = pulse if is_theirs else ""
        if seen != shown.claim or kept != shown.pulse:
            shown.claim, shown.pulse, shown.since_at = seen, kept, at
            shown.notes, shown.notes_at = (beat.notes, at) if beat is not None and is_theirs else ({}, NEVER)
