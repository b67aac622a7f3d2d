"""The floor: what seats do to their calls and to themselves during a mixed run, by the media server's own AMI from inside it.

Everything is drawn from the seed; what an action meets when it comes (the call may be over) is left to chance, as in life.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from lab.ami import Ami, Message
from lab.layout import PHONES, Host, Size
from lab.office import DESK_CONTEXT, DESKS, SUPPORT, TO_HOTLINE, TO_SUPPORT, TRANSFER_BY_KEYS, extension_of, is_shared
from lab.telephone import line_of

_PARK_SECONDS = 4.0
_CONSULT_SECONDS = (2.5, 5.0)


@dataclass(frozen=True, slots=True)
class Duty:
    """What a seat will do with one call, and when. `steps` are tried in order, each at its instant."""

    due_at: float
    action: Callable[[], None]


@dataclass(slots=True)
class Floor:
    """The seats of one media server at a time; `serve` names the one that takes the calls now."""

    size: Size
    seed: int
    done: Counter[str] = field(default_factory=Counter)
    """What was done, and Asterisk said Success."""
    _draw: random.Random = field(init=False)
    _duties: list[Duty] = field(init=False, default_factory=list)
    _known: set[str] = field(init=False, default_factory=set)
    _ami: Ami | None = field(init=False, default=None)
    _phones: Ami = field(init=False)
    _next_whim_at: float = field(init=False, default=0.0)
    _dynamic: set[tuple[str, str]] = field(init=False, default_factory=set)
    """(queue, seat) that logged in."""

    def __post_init__(self) -> None:
        """Draw from the seed; the telephones must run."""
        self._draw = random.Random(self.seed)
        self._phones = Ami(PHONES)

    def serve(self, host: Host) -> None:
        """From now on calls are on this media server."""
        self.leave()
        self._ami = Ami(host)
        self._ami.set("CTI_FEATURES", TRANSFER_BY_KEYS)
        self._duties.clear()
        self._known.clear()

    def leave(self) -> None:
        """Take the hands off (the server died, or the run is over)."""
        if self._ami is not None:
            self._ami.close()
        self._ami = None

    def log_in_desks(self) -> None:
        """The desks come on duty, dynamic members of both queues."""
        for desk in DESKS:
            for queue in ("hotline", SUPPORT):
                self._log_in(queue, desk)

    def work(self, *, whims: bool = True) -> int:
        """Look once around and do what is due; return how many channels there are. OSError or LabError when the server is gone."""
        ami = self._hand()
        rows = ami.list("CoreShowChannels", "CoreShowChannelsComplete")
        for row in rows:
            name = row["Channel"]
            if row.get("Application") == "AppQueue" and row["ChannelStateDesc"] == "Up" and row.get("BridgeId") and name not in self._known:
                self._known.add(name)
                if not name.startswith("PJSIP/desk"):  # desks decide for themselves
                    self._take_call(row)
        now = time.monotonic()
        if whims and now >= self._next_whim_at:
            self._next_whim_at = now + self._draw.uniform(0.3, 1.2)
            self._whim()
        due = [duty for duty in self._duties if duty.due_at <= now]
        self._duties = [duty for duty in self._duties if duty.due_at > now]
        for duty in due:
            duty.action()
        return len(rows)

    # --- calls --------------------------------------------------------------------------------------------------------

    def _take_call(self, row: Message) -> None:
        """A seat has just answered: what will it do with the call?"""
        agent, after = row["Channel"], self._draw.uniform(1.0, 6.0)
        deeds: list[tuple[float, Callable[[str], None]]] = [
            (0.52, self._hang_up),
            (0.05, lambda leg: self._blind(leg, TO_SUPPORT)),
            (0.05, lambda leg: self._blind(leg, TO_HOTLINE)),
            (0.05, lambda leg: self._blind(leg, extension_of(self._any_seat()))),
            (0.07, self._attended),
            (0.06, self._park),
            (0.20, lambda _leg: None),  # waits for the caller to hang up
        ]
        deed = self._draw.choices([act for _, act in deeds], [weight for weight, _ in deeds])[0]
        self._later(after, lambda: deed(agent))

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        self._duties.append(Duty(time.monotonic() + seconds, action))

    def _hang_up(self, leg: str) -> None:
        """As a person does: at the telephone, which sends BYE."""
        seat = leg.removeprefix("PJSIP/").rpartition("-")[0]
        line = line_of(self._phones, seat)
        self._count("hang up", is_done=bool(line) and self._phones.ask("Hangup", Channel=line)["Response"] == "Success")

    def _blind(self, leg: str, extension: str) -> None:
        what = {TO_SUPPORT: "to support", TO_HOTLINE: "to hotline"}.get(extension, "to seat")
        self._ask(f"blind transfer {what}", "BlindTransfer", Channel=leg, Context=DESK_CONTEXT, Exten=extension)

    def _attended(self, leg: str) -> None:
        self._ask("attended transfer", "Atxfer", Channel=leg, Context=DESK_CONTEXT, Exten=extension_of(self._any_seat()))
        self._later(self._draw.uniform(*_CONSULT_SECONDS), lambda: self._hang_up(leg))

    def _park(self, leg: str) -> None:
        rows = self._hand().list("CoreShowChannels", "CoreShowChannelsComplete")
        bridge = next((row["BridgeId"] for row in rows if row["Channel"] == leg), "")
        caller = next((row["Channel"] for row in rows if bridge and row["BridgeId"] == bridge and row["Channel"] != leg), None)
        if caller is None:
            return
        timeout = self._draw.uniform(3.0, 8.0)
        if self._ask("park", "Park", Channel=caller, TimeoutChannel=leg, Timeout=str(round(timeout * 1000))) and self._draw.random() < 0.5:
            self._later(self._draw.uniform(1.0, 3.0), lambda: self._fetch(caller))

    def _fetch(self, caller: str) -> None:
        """Another seat takes the parked caller back, if the lot still has him."""
        lots = self._hand().list("ParkedCalls", "ParkedCallsComplete")
        space = next((row["ParkingSpace"] for row in lots if row.get("ParkeeChannel") == caller), None)
        if space is not None:
            seat = f"PJSIP/{self._any_seat()}"
            self._ask(
                "fetch parked", "Originate", Channel=seat, Context=DESK_CONTEXT, Exten=space, Priority="1", Timeout="6000", Async="true"
            )

    # --- seats --------------------------------------------------------------------------------------------------------

    def _whim(self) -> None:
        kind = self._draw.choices(("pause", "unpause", "login", "logout"), (3, 4, 1, 1))[0]
        seat = self._any_seat()
        if kind in {"pause", "unpause"}:
            reason = self._draw.choice(("lunch", "training", "back office", ""))
            where = self._draw.choice(({}, {}, {"Queue": "hotline"}))
            paused = {"Paused": "true", "Reason": reason} if kind == "pause" else {"Paused": "false"}
            self._ask(kind, "QueuePause", Interface=f"PJSIP/{seat}", **paused, **where)
        elif kind == "login":
            if not is_shared(int(seat.removeprefix("seat")), self.size):
                self._log_in(SUPPORT, seat)
        elif self._dynamic:
            queue, gone = self._draw.choice(sorted(self._dynamic))
            if self._ask("logout", "QueueRemove", Queue=queue, Interface=f"PJSIP/{gone}"):
                self._dynamic.discard((queue, gone))

    def unpause_all(self) -> None:
        """Everybody back to work, so that the queues empty."""
        for number in range(1, self.size.seats + 1):
            self._ask("unpause", "QueuePause", Interface=f"PJSIP/seat{number}", Paused="false")

    def _log_in(self, queue: str, seat: str) -> None:
        fields = {"Penalty": str(self._draw.randrange(3)), "MemberName": seat, "StateInterface": f"PJSIP/{seat}"}
        if self._draw.random() < 0.2:
            fields |= {"Paused": "true", "Reason": "preparing"}
        if self._ask("login", "QueueAdd", Queue=queue, Interface=f"PJSIP/{seat}", **fields):
            self._dynamic.add((queue, seat))

    def _any_seat(self) -> str:
        return f"seat{self._draw.randint(1, min(self.size.seats, 99))}"

    def _ask(self, what: str, action: str, **fields: str) -> bool:
        return self._count(what, is_done=self._hand().ask(action, **fields)["Response"] == "Success")

    def _count(self, what: str, *, is_done: bool) -> bool:
        self.done[what if is_done else f"{what}, too late"] += 1
        return is_done

    def _hand(self) -> Ami:
        if self._ami is None:
            raise RuntimeError("the floor serves nowhere: call serve() first")
        return self._ami
