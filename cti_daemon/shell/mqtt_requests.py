"""Requests that come in over MQTT: who asks, what, and where the answer goes."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from aiomqtt import Message

from cti_daemon.model.effects import Answer
from cti_daemon.model.events import Command
from cti_daemon.model.reasons import CommandStatus
from cti_daemon.shell import log
from cti_daemon.shell.privacy import without_numbers
from cti_daemon.wire.mqtt_payload import RefusedError, answer_body, decode_request, encode, refusal_body
from cti_daemon.wire.mqtt_topics import Topics

MOST_AWAITED = 1000
MOST_REPEATS = 16
MOST_CORRELATION = 1024
BURST = 30
PER_SECOND = 10.0
"""What one user may ask: BURST requests at once, PER_SECOND in the long run. A person needs one, a wallboard one a second."""
MOST_USERS = 1000
RATE_TOLD_EVERY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class ReturnAddress:
    """MQTT 5 response topic and correlation data of a request, or the site's own topic for it."""

    topic: str
    correlation: bytes | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    to: ReturnAddress
    body: bytes


@dataclass(slots=True)
class _Allowance:
    """A token bucket. `told_at`: when the user was last told that it is empty."""

    left: float
    at: float
    told_at: float = float("-inf")

    def take(self, now: float) -> bool:
        self.left = min(float(BURST), self.left + (now - self.at) * PER_SECOND)
        self.at = now
        if self.left < 1.0:
            return False
        self.left -= 1.0
        return True


@dataclass(slots=True)
class _Awaited:
    """Where the answers to one id go, in the order of the requests that had it. The last address is kept when it has had its answer: a
    request may have several."""

    addresses: deque[ReturnAddress] = field(default_factory=lambda: deque(maxlen=MOST_REPEATS))
    is_answered: bool = False

    def add(self, address: ReturnAddress) -> None:
        if self.is_answered:
            self.addresses.clear()
        self.addresses.append(address)
        self.is_answered = False

    def next(self) -> ReturnAddress:
        if len(self.addresses) > 1:
            return self.addresses.popleft()
        self.is_answered = True
        return self.addresses[0]


class Requests:
    """Decodes requests into commands for `post`; keeps where each answer goes. `refused` is told user, verb and code of what is
    turned away here, before the core has seen it."""

    def __init__(
        self,
        topics: Topics,
        post: Callable[[Command], None],
        epoch: Callable[[], int],
        count: Callable[[str, str], None],
        refused: Callable[[str, str, str], None],
    ) -> None:
        self._topics = topics
        self._post = post
        self._epoch = epoch
        self._count = count
        self._refused = refused
        self._awaited: OrderedDict[tuple[str, str], _Awaited] = OrderedDict()
        self._allowances: OrderedDict[str, _Allowance] = OrderedDict()
        self._log = log.get("mqtt")

    def take(self, message: Message) -> Reply | None:
        """Pass the request on; or the refusal to send back."""
        asked = self._topics.asked_by(str(message.topic))
        user, verb = asked or ("?", "?")
        is_within, is_told = self._allow(user)
        if not is_within and not is_told:  # to write down or answer each of a flood would be a flood of our own
            self._count(verb, CommandStatus.REJECTED)
            return None
        if asked is None:  # no user and no verb have such names: there is nobody to answer
            self._turn_away("?", "?", RefusedError("malformed", "no such user or verb"))
            return None
        address = self._address(message, user, verb)
        try:
            command = _decode(message, user, verb, is_within=is_within)
        except RefusedError as refused:
            self._turn_away(user, verb, refused)
            return Reply(address, encode(refusal_body(refused, self._epoch())))
        self._await(command, address)
        self._post(command)
        return None

    def reply(self, answer: Answer) -> Reply:
        """The answer with its address. One request may have several answers; a repeated request has its own address for each."""
        waiting = self._awaited.get((answer.user, answer.command_id))
        address = waiting.next() if waiting is not None else ReturnAddress(self._topics.response(answer.user, answer.verb))
        self._count(answer.verb, answer.status)
        return Reply(address, encode(answer_body(answer)))

    def _allow(self, user: str) -> tuple[bool, bool]:
        """May this user ask now, and if not, is it time to say so (once a second)?"""
        now = time.monotonic()
        allowance = self._allowances.get(user)
        if allowance is None:
            allowance = self._allowances[user] = _Allowance(float(BURST), now)
        self._allowances.move_to_end(user)
        while len(self._allowances) > MOST_USERS:
            self._allowances.popitem(last=False)
        if allowance.take(now):
            return True, False
        if now < allowance.told_at + RATE_TOLD_EVERY_SECONDS:
            return False, False
        allowance.told_at = now
        return False, True

    def _await(self, command: Command, address: ReturnAddress) -> None:
        self._awaited.setdefault((command.user, command.id), _Awaited()).add(address)
        self._awaited.move_to_end((command.user, command.id))
        while len(self._awaited) > MOST_AWAITED:
            self._awaited.popitem(last=False)

    def _address(self, message: Message, user: str, verb: str) -> ReturnAddress:
        topic = getattr(message.properties, "ResponseTopic", None)
        correlation = getattr(message.properties, "CorrelationData", None)
        if not isinstance(correlation, bytes) or len(correlation) > MOST_CORRELATION:
            correlation = None
        if not isinstance(topic, str) or not self._topics.may_answer_to(user, topic):
            topic = self._topics.response(user, verb)
        return ReturnAddress(topic, correlation)

    def _turn_away(self, user: str, verb: str, refused: RefusedError) -> None:
        self._log.warning("request refused", user=user, verb=verb, code=refused.code, why=refused.message)
        self._count(verb, CommandStatus.REJECTED)
        self._refused(user, verb, refused.code)


def _decode(message: Message, user: str, verb: str, *, is_within: bool) -> Command:
    if not is_within:
        raise RefusedError("too_many", f"more than {PER_SECOND:g} requests a second; ask again in a moment")
    if message.retain:
        raise RefusedError("retained", "a command must not be retained: it would be carried out again at every start")
    return without_numbers(decode_request(user, verb, bytes(message.payload), time.time()))
