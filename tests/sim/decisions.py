"""Is what the daemon decides right? Each decision of its journal against what is so, and against what people have ordered."""

from collections.abc import Callable

from cti_daemon.model.effects import Answer, Effect, Record, RescueLeg, SetRoute
from cti_daemon.model.events import Command
from cti_daemon.model.ids import NodeName
from cti_daemon.model.reasons import Reason
from cti_daemon.policy.modes import CONDEMNATIONS, ORDERS
from tests.sim.clock import Clock
from tests.sim.daemon import Daemon
from tests.sim.promises import Promise
from tests.sim.truth import Cause, Truth
from tests.sim.world import EDGE

CAUSE_LASTS_SECONDS = 0.6
"""A verdict may come so long after its cause has ended: the evidence was true when it was taken."""
SLACK_SECONDS = 0.5
"""Between what is so and what the daemon can know of it."""
PAUSE_IS_OVER_SECONDS = 4.0
RISEN_AFTER_SECONDS = 8.0
"""A condemned node may look condemned for so long after its cause has ended (boot, rise): what a pause has held back is decided then."""
_BY_PERSON = frozenset(ORDERS)


class Decisions:
    """`fail` is told of every broken promise."""

    def __init__(self, clock: Clock, truth: Truth, daemon: Daemon, fail: Callable[[Promise, str], None]) -> None:
        self._clock, self._truth, self._daemon, self._fail = clock, truth, daemon, fail
        self._answered: dict[int, tuple[int, Record]] = {}
        self._heads: dict[tuple[int, int], NodeName] = {}
        self._diverts: set[int] = set()
        self._ordered_at = -1.0
        self._command: Command | None = None
        self._paused_until = float("-inf")
        self._maintained_until: dict[NodeName, float] = {}

    def is_maintained(self, node: NodeName) -> bool:
        return self._clock.now < self._maintained_until.get(node, 0.0)

    @property
    def is_paused(self) -> bool:
        return self._clock.now < self._paused_until

    def forget(self) -> None:
        """The journal is lost: with it the epochs, and what people had ordered."""
        self._heads.clear()
        self._diverts.clear()
        self._maintained_until.clear()
        self._paused_until = float("-inf")

    def held(self, epoch: int, head: NodeName) -> None:
        """An edge was given a route. (What was decided and never done, since the daemon died before it was written down, binds nobody.)"""
        if epoch in self._diverts:
            return  # where a divert leads is not journalled: a new daemon may choose another proven node for the same epoch
        before = self._heads.setdefault((self._truth.incarnation[EDGE], epoch), head)
        if before != head:
            self._fail(Promise.ONE_TARGET, f"epoch {epoch} leads to {head}, and led to {before}")

    def heard(self, command: Command) -> None:
        self._command = command
        if not command.dry_run:
            self._ordered_at = self._clock.now

    def check(self, effect: Effect) -> None:
        match effect:
            case Record(kind="failover_intent"):
                self._failover(effect)
                self._held_back(effect)
            case Record(kind="route"):
                self._held_back(effect)
            case RescueLeg() if self.is_paused and self._daemon.engine.routing.reason not in _BY_PERSON:
                self._fail(Promise.PAUSED, f"{effect.uniqueid} is moved while automation is paused")
            case SetRoute(epoch=epoch) if self._daemon.engine.routing.diverted_from is not None:
                self._diverts.add(epoch)
            case Answer(status="accepted"):
                self._obeyed(effect)
            case _:
                pass

    def _obeyed(self, answer: Answer) -> None:
        command = self._command
        if command is None or command.id != answer.command_id:
            return
        if command.verb == "pause-automation":
            self._paused_until = self._clock.now + float(command.args["for"])
        elif command.verb == "resume-automation":
            self._paused_until = min(self._paused_until, self._clock.now)
        elif command.verb == "maintenance-on":
            self._maintained_until[command.args["node"]] = self._clock.now + float(command.args["for"])
        elif command.verb == "maintenance-off":
            self._maintained_until.pop(command.args["node"], None)

    def _held_back(self, record: Record) -> None:
        if self.is_paused and Reason(record.data["reason"]) not in _BY_PERSON:
            self._fail(Promise.PAUSED, f"{record.data['reason']} is acted upon while automation is paused")

    def _failover(self, record: Record) -> None:
        left, to, reason = NodeName(record.data["from"]), NodeName(record.data["serving"]), Reason(record.data["reason"])
        if reason in CONDEMNATIONS:
            self._condemned(record, left, to)
        elif reason in ORDERS and self._ordered_at != self._clock.now:
            self._fail(Promise.TRUE_CAUSE, f"{left} -> {to} by a person's order that nobody gave ({reason.value})")
        elif reason is Reason.SEATS_OUT and self._truth.seatless_seconds(left, self._clock.now) < self._patience_seconds() - SLACK_SECONDS:
            self._fail(Promise.TRUE_CAUSE, f"{left} -> {to} for seats that are there")
        elif reason is Reason.HOLD_DOWN_OVER:
            self._home(to)
        elif reason not in (*ORDERS, Reason.SEATS_OUT):
            self._fail(Promise.TRUE_CAUSE, f"{left} -> {to} for {reason.value}")

    def _condemned(self, record: Record, left: NodeName, to: NodeName) -> None:
        cause = self.cause_lately(left)
        if cause is None:
            self._fail(Promise.TRUE_CAUSE, f"failover {left} -> {to}, but calls could be served by {left}")
            return
        life, before = self._answered.get(cause.number, (0, record))
        came_back = self._ordered_at > 0.0  # people may go back to a node that is still in trouble
        if not came_back and (life == self._daemon.life or (life and before in self._daemon.journal)):
            self._fail(Promise.NO_FLAPPING, f"a second failover from {left} for one cause")
        self._answered[cause.number] = (self._daemon.life, record)

    def _home(self, to: NodeName) -> None:
        settings, now = self._daemon.settings.failover, self._clock.now
        heard_of = self._daemon.settings.detection.suspect_after  # a cause that lasts, or has lasted, for less than that nobody can know of
        lasted = ((c, (now if c.until_at is None else c.until_at) - c.since_at) for c in self._truth.causes if c.node == to)
        ended = [cause.until_at for cause, seconds in lasted if seconds >= heard_of]
        last = max((at for at in ended if at is not None), default=float("-inf"))
        if settings.failback != "auto" or None in ended or now - last < settings.hold_down - SLACK_SECONDS:
            self._fail(Promise.NO_FLAPPING, f"home to {to} by itself before the hold-down is over")

    def _patience_seconds(self) -> float:
        return self._daemon.settings.failover.seats_out_after

    def cause_lately(self, node: NodeName) -> Cause | None:
        is_pause_just_over = self._clock.now - self._paused_until < PAUSE_IS_OVER_SECONDS
        since_at = self._clock.now - (RISEN_AFTER_SECONDS if is_pause_just_over else CAUSE_LASTS_SECONDS)
        return next((c for c in reversed(self._truth.causes) if c.node == node and (c.until_at is None or c.until_at >= since_at)), None)
