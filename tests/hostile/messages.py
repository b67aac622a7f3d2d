"""Command messages of somebody who means harm, or whose program is broken: from the table of verbs, by a seed. Each has one fault for
which it must not be carried out; everything else about it is as it should be."""

import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

ARGS: dict[str, dict[str, Any]] = {
    "failover": {"to": "pbx-b"},
    "switchover": {"to": "pbx-b"},
    "failback": {"force": True},
    "emergency-on": {"force": True},
    "pause-automation": {"for": "30m"},
    "maintenance-on": {"node": "pbx-b", "for": "1h"},
    "maintenance-off": {"node": "pbx-b"},
    "seat-login": {"seat": "seat1", "queues": ["hotline"]},
    "seat-logout": {"seat": "seat1"},
    "seat-pause": {"seat": "seat1"},
    "seat-unpause": {"seat": "seat1"},
    "note": {"text": "harmless"},
    "ack": {"id": 0},
}
"""What a whole request of a verb has; the others want nothing."""
DANGEROUS = ("failover", "switchover", "failback", "emergency-on", "emergency-off", "pause-automation")
ANYBODY = frozenset({"status"})
"""Answered to whoever may ask, however old: it changes nothing."""
TEXTS = ("id", "reason", "confirm", "issued_at", "args key", "args value")
CONTROLS = ("\r\n", "\n", "\r", "\0", "\x1b[2J", "\x85", "\r\nAction: Originate\r\n\r\n")
MOST_BODY = 16 * 1024


class Fate(Enum):
    ANSWERED = "answered"
    COUNTED = "counted"  # nobody can be answered: there is no such user or verb
    STOPPED = "stopped by the broker"  # not his topic, or one that nobody reads
    EITHER = "answered or counted"  # of a flood


@dataclass(frozen=True, slots=True)
class Message:
    """`by` is logged in at the broker; the topic is his own unless `topic` says another below `…/request/`."""

    kind: str
    by: str
    verb: str
    payload: bytes = field(repr=False)
    fate: Fate = Fate.ANSWERED
    topic: str = ""
    is_retained: bool = False
    qos: int = 1
    answer_to: str = ""
    """Where the answer is wanted; empty: at his own place."""

    @property
    def below(self) -> str:
        """The topic below `…/request/`."""
        return self.topic or f"{self.by}/{self.verb}"


class Forge:
    """Makes the messages. `allowed` may use every verb, `strangers` none."""

    def __init__(self, seed: int, verbs: Sequence[str], allowed: Sequence[str], strangers: Sequence[str]) -> None:
        self._random = random.Random(seed)
        self._verbs = sorted(verbs)
        self._allowed, self._strangers = allowed, strangers
        self._turn = 0
        self._now_wall = time.time()

    def make(self, rounds: int) -> list[Message]:
        """Every kind for every verb, so often, in no order. The fewest come from one user as there are users: his rate is his own."""
        made = [message for _ in range(rounds) for verb in self._verbs for message in self._of(verb)]
        self._random.shuffle(made)
        return made

    def flood(self, count: int) -> list[Message]:
        """Orders without a token from one user, as fast as he can, half of them at QoS 0."""
        by = self._allowed[0]
        return [
            Message("flood", by, "failover", self._bytes(self._body("failover")), Fate.EITHER, qos=number % 2) for number in range(count)
        ]

    # --- one fault each -----------------------------------------------------------------------------------------------

    def _of(self, verb: str) -> Iterator[Message]:
        yield self._message("retained", verb, self._whole(verb), is_retained=True)
        yield self._message("no right", verb, self._whole(verb), by=self._random.choice(self._strangers))
        yield self._message("forged role", verb, self._whole(verb, role="engineer", user=self._allowed[0]))
        yield self._forged_topic(verb)
        yield self._unknown_verb(verb)
        yield self._no_topic(verb)
        for kind, fault in self._faults(verb):
            yield self._message(kind, verb, fault())
        if verb not in ANYBODY:
            yield self._message("expired", verb, self._whole(verb, issued_at=self._now_wall - 3600, expires_in=5))
            yield self._message("without a time", verb, self._whole(verb, issued_at=...))
        if verb in DANGEROUS:
            yield self._message("no token", verb, self._whole(verb))
            yield self._message("guessed token", verb, self._whole(verb, confirm=self._random.randbytes(8).hex()))
            yield self._message("mutated", verb, self._mutated(self._whole(verb)), fate=Fate.ANSWERED)

    def _faults(self, verb: str) -> Sequence[tuple[str, Callable[[], bytes]]]:
        pick = self._random.choice
        return (
            ("from the future", lambda: self._whole(verb, issued_at=self._now_wall + 3600)),
            ("stale epoch", lambda: self._whole(verb, if_epoch=self._random.randrange(900, 10**6))),
            ("unknown key", lambda: self._whole(verb, **{pick(("Id", "ID", "verb", "user", "sudo", "__proto__", "ａｒｇｓ")): "root"})),
            ("too large", lambda: self._whole(verb, args={"x": "x" * self._random.randrange(MOST_BODY, 200_000)})),
            ("deep", self._deep),
            ("no number", lambda: self._with_literal(verb, pick(("NaN", "Infinity", "-Infinity", "1e999", "9" * 4000, "1" + "0" * 400)))),
            ("key twice", lambda: self._doubled(verb)),
            ("no UTF-8", lambda: self._spoilt(self._whole(verb), pick((b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80")))),
            ("control character", lambda: self._with_control(verb, pick(TEXTS), pick(CONTROLS))),
            ("raw line break", lambda: self._spoilt(self._whole(verb, reason="ab"), b"\r\n", after=b'"reason": "a')),
            ("surrogate", lambda: self._whole(verb, reason="\ud800")),
            ("cut off", lambda: self._cut(self._whole(verb))),
            ("something behind", lambda: self._whole(verb) + pick((b"}", b"{}", b",", b"\0", b" null"))),
            ("no object", lambda: pick((b"", b"[]", b"null", b"1", b'"failover"', b"\xef\xbb\xbf{}", b"[" + self._whole(verb) + b"]"))),
            ("wrong type", lambda: self._wrong_type(verb)),
            ("no id", lambda: self._whole(verb, id=pick((..., "", None, 7, ["a"], "x" * 65, "../x", "a b", "-", "ａ")))),
        )

    def _message(self, kind: str, verb: str, payload: bytes, by: str = "", **more: Any) -> Message:
        if not by:
            self._turn += 1
            by = self._allowed[self._turn % len(self._allowed)]
        return Message(kind, by, verb, payload, **more)

    def _forged_topic(self, verb: str) -> Message:
        """As somebody else: the broker must not let it through."""
        stranger = self._random.choice(self._strangers)
        topic = f"{self._random.choice(self._allowed)}/{verb}"
        return Message("another's topic", stranger, verb, self._whole(verb), Fate.STOPPED, topic)

    def _unknown_verb(self, verb: str) -> Message:
        name = self._random.choice((f"{verb}s", f"x-{verb}", "reboot", "sudo", verb.replace("-", "") + "-now", "a-" * 15 + "a"))
        return self._message("unknown verb", name, self._whole(verb))

    def _no_topic(self, verb: str) -> Message:
        made = self._message("no verb", verb, self._whole(verb), fate=Fate.COUNTED)
        tail = self._random.choice((verb.upper(), f"{verb}/now", f"{verb}/", "", f" {verb}", verb[:-1] + "\u0435", "x" * 40, f"../{verb}"))
        fate = Fate.STOPPED if "/" in tail else made.fate
        return Message(made.kind, made.by, made.verb, made.payload, fate, f"{made.by}/{tail}")

    # --- bodies -------------------------------------------------------------------------------------------------------

    def _body(self, verb: str, /, **more: Any) -> dict[str, Any]:
        body = {
            "id": f"h-{self._random.getrandbits(64):016x}",
            "issued_at": self._now_wall,
            "expires_in": 600,
            "reason": "hostile",
            "args": ARGS.get(verb, {}),
        }
        return {key: value for key, value in (body | more).items() if value is not ...}

    @staticmethod
    def _bytes(body: dict[str, Any]) -> bytes:
        return json.dumps(body).encode()

    def _whole(self, verb: str, /, **more: Any) -> bytes:
        return self._bytes(self._body(verb, **more))

    def _deep(self) -> bytes:
        depth = self._random.choice((9, 50, 1000, 8000))
        start, end = self._random.choice((("[", "]"), ('{"a":', "}")))
        depth = min(depth, 2500) if len(start) > 1 else depth
        return f'{{"id": "deep", "args": {start * depth}1{end * depth}}}'.encode()

    def _with_literal(self, verb: str, literal: str) -> bytes:
        key = self._random.choice(("expires_in", "if_epoch", "issued_at", "args"))
        value = f'{{"for": {literal}}}' if key == "args" else literal
        return self._whole(verb, **{key: "@@"}).replace(b'"@@"', value.encode())

    def _doubled(self, verb: str) -> bytes:
        whole = self._whole(verb, dry_run=False)
        key = self._random.choice(("id", "issued_at", "args", "dry_run", "reason"))
        return whole[:-1] + f', "{key}": {json.dumps(json.loads(whole)[key])}}}'.encode()

    def _with_control(self, verb: str, where: str, control: str) -> bytes:
        text = f"pbx-b{control}x"
        if where == "args key":
            return self._whole(verb, args={text: "pbx-b"})
        if where == "args value":
            return self._whole(verb, args={**ARGS.get(verb, {}), "to": text})
        return self._whole(verb, **{where: text})

    def _spoilt(self, payload: bytes, with_bytes: bytes, after: bytes = b"") -> bytes:
        """Bytes put in behind `after`, or within the id."""
        at = payload.index(after or b'"h-') + len(after or b'"h-')
        return payload[:at] + with_bytes + payload[at:]

    def _cut(self, payload: bytes) -> bytes:
        return payload[: self._random.randrange(1, len(payload) - 1)]

    def _mutated(self, payload: bytes) -> bytes:
        """Some bytes are others; what remains readable is still an order without its token."""
        spoilt = bytearray(payload)
        for _ in range(self._random.randrange(1, 6)):
            spoilt[self._random.randrange(len(spoilt))] = self._random.randrange(256)
        return bytes(spoilt)

    def _wrong_type(self, verb: str) -> bytes:
        key, value = self._random.choice(
            (
                ("dry_run", "false"),
                ("dry_run", 0),
                ("dry_run", None),
                ("if_epoch", True),
                ("if_epoch", 1.5),
                ("if_epoch", "0"),
                ("if_epoch", -1),
                ("args", []),
                ("args", "to=pbx-b"),
                ("args", None),
                ("reason", 7),
                ("reason", "x" * 501),
                ("confirm", ["a"]),
                ("expires_in", True),
                ("expires_in", 0),
                ("expires_in", 1e6),
                ("expires_in", "600"),
                ("issued_at", "2026-01-31T12:00:00"),
                ("issued_at", "now"),
                ("issued_at", True),
                ("issued_at", {}),
            )
        )
        return self._whole(verb, **{key: value})
