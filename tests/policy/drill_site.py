"""A site with drills in virtual time: the model world, seats whose telephones answer test calls or do not, plans, and a journal, so that it
can be killed at any moment and started again."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, TypeVar

from typing_extensions import override

from cti_daemon.engine import Engine
from cti_daemon.model.call_events import UP, ChannelBegan, ChannelChanged, ChannelEnded
from cti_daemon.model.drills import CallSeat, DrillsDue, DueDrill, PlannedDrill
from cti_daemon.model.effects import Answer, Effect, HangUp, RaiseCaller, Record, SetDrill, SetSwitch
from cti_daemon.model.events import Command, MemberSeen, Outcome, SeatAnswered
from cti_daemon.model.ids import CallToken, NodeName, SeatName, Uniqueid
from cti_daemon.model.incidents import Plan
from cti_daemon.model.plan_effects import CallIn, Notified, Notify, Summoned, SummonsAnswer, TestCalls
from cti_daemon.model.reasons import Result
from cti_daemon.model.records import Standing, StandingDrills, StandingOrders, StandingPlans
from cti_daemon.policy.plans import Plans
from tests.sim.process import Deed
from tests.sim.world import EMG, World

T = TypeVar("T")
SPEECH_SECONDS = 3.0
RINGING = 5


def planned(name: str = "weekly", **more: Any) -> PlannedDrill:
    return PlannedDrill.model_validate({"name": name, "what": "emergency-seats", "when": "0 4 * * 1", "roles": ["duty-lead"], **more})


class DrillSite(World):
    """`answers`: after how many seconds each seat's telephone is picked up; None: never. `refuses`: the node takes no order to call."""

    def __init__(self, *drills: PlannedDrill, plans: Iterable[Plan] = ()) -> None:
        self.drills, self.plans = drills, tuple(plans)
        self.answers: dict[str, float | None] = {}
        self.refuses = ""
        self.told: list[Notify | CallIn] = []
        self.journal: list[tuple[float, Record]] = []
        self.called: list[tuple[float, SeatName]] = []
        self.up: dict[Uniqueid, CallToken] = {}
        """Test calls that are really there, at the emergency system."""
        self.most_up = 0
        self.rings_after = 0.01
        """Only then the node tells whose call it is."""
        self.asked = 0
        self.way: tuple[NodeName, ...] = ()
        super().__init__()
        self.run(4.0)

    # --- life and death -----------------------------------------------------------------------------------------------

    @override
    def begin(
        self,
        standing: Standing | None,
        orders: StandingOrders | None = None,
        answered: Iterable[Answer] = (),
        drills: StandingDrills | None = None,
    ) -> None:
        self.settings = self.settings.model_copy(update={"drill": self.drills})
        super().begin(standing, orders, answered, drills)
        now = self.clock.now
        kept, versions = self._last("plans"), tuple(record.data for _, record in self.journal if record.kind == "plan_version")
        book = (
            Plans(self.plans, now, None if kept is None else StandingPlans(kept[1].data, now - kept[0], versions)) if self.plans else None
        )
        last = self._last("drills")
        known = None if last is None else StandingDrills(last[1].data, now - last[0])
        self.engine = Engine(self.settings, standing, b"confirm", now, orders, answered, known, book)

    def _last(self, kind: str) -> tuple[float, Record] | None:
        return next((entry for entry in reversed(self.journal) if entry[1].kind == kind), None)

    def crash(self, down_seconds: float) -> None:
        """SIGKILL, and a new daemon after a while."""
        self.is_dead = True
        self.run(self.now + down_seconds)
        self.restart(None)

    # --- the world ------------------------------------------------------------------------------------------------------

    @override
    def do(self, effect: Effect) -> None:
        if isinstance(effect, Record):
            self.journal.append((self.now, effect))
        if isinstance(effect, Notify | CallIn):
            self.told.append(effect)
            outcome: Notified | Summoned
            if isinstance(effect, Notify):
                outcome = Notified(effect.notice, effect.role, f"{effect.role}-1", "sms", is_delivered=True)
            else:
                outcome = Summoned(effect.summons, f"{effect.role}-1", SummonsAnswer.YES)
            self._later(0.1, lambda: self.feed(outcome))
            return
        if isinstance(effect, TestCalls):  # by nobody's telephone but the machine's own
            return
        super().do(effect)

    @override
    def switch(self, deed: SetSwitch | RaiseCaller) -> None:
        self._later(0.01, lambda: self.feed(Outcome(deed.effect_id, Result.DONE)))

    @override
    def _execute(self, deed: Deed, asked_by: int) -> None:
        if isinstance(deed, SetDrill):
            self.way = deed.route
        if isinstance(deed, HangUp):
            self._end(Uniqueid(deed.channel))
        if isinstance(deed, CallSeat):
            if self.refuses:
                if asked_by == self.life:
                    self.feed(Outcome(deed.effect_id, Result.FAILED, self.refuses))
                return
            self._ring(deed)
        super()._execute(deed, asked_by)

    def _ring(self, deed: CallSeat) -> None:
        self.called.append((self.now, deed.seat))
        uniqueid, token = Uniqueid(f"emg-test-{len(self.called)}"), CallToken(deed.token)
        self.up[uniqueid] = token
        self.most_up = max(self.most_up, len(self.up))
        self.feed(ChannelBegan(EMG, uniqueid, uniqueid, None, 0, deed.seat))
        self._later(self.rings_after, lambda: self.feed(ChannelChanged(EMG, uniqueid, uniqueid, token, RINGING)))
        after = self.answers.get(deed.seat, 1.0)
        if after is None or after > deed.ring_seconds:
            self._later(deed.ring_seconds, partial(self._end, uniqueid))
        elif after < 0:  # declined
            self._later(-after, partial(self._end, uniqueid))
        else:
            self._later(after, partial(self._pick_up, uniqueid))

    def _pick_up(self, uniqueid: Uniqueid) -> None:
        token = self.up.get(uniqueid)
        if token is not None:
            self.feed(ChannelChanged(EMG, uniqueid, uniqueid, token, UP))
            self.feed(SeatAnswered(EMG, token))
            self._later(SPEECH_SECONDS, partial(self._end, uniqueid))

    def _end(self, uniqueid: Uniqueid) -> None:
        token = self.up.pop(uniqueid, None)
        if token is not None:
            self.feed(ChannelEnded(EMG, uniqueid, token, 16))

    def device(self, node: NodeName, seat: str, state: int) -> None:
        """What a seat's telephone does from now on, by Asterisk's number."""
        member = next(member for member in self.members[node].values() if member.seat == seat)
        self.feed(MemberSeen(node, member, state, in_call=False))

    # --- people and the calendar ------------------------------------------------------------------------------------

    def ask(self, verb: str, reason: str = "weekly check", **args: Any) -> Answer:
        self.asked += 1
        self.feed(Command(f"c{self.asked}", verb, "alice", reason=reason, args=args))
        return self.of(Answer)[-1]

    def calendar(self, ago: Mapping[str, float], next_in: float = 604_800.0) -> None:
        """So long ago each was due."""
        self.feed(DrillsDue(tuple(DueDrill(name, seconds, next_in) for name, seconds in ago.items())))

    def of(self, kind: type[T]) -> list[T]:
        return [effect for _, effect in self.effects if isinstance(effect, kind)]

    def written(self, state: str = "") -> list[dict[str, Any]]:
        entries = [record.data for _, record in self.journal if record.kind == "drill"]
        return [data for data in entries if not state or data["state"] == state]

    def ended(self) -> dict[str, Any]:
        return self.written("ended")[-1]

    def results(self) -> dict[str, str]:
        return {call["seat"]: call["result"] for call in self.ended()["seat_calls"]}

    def results_so_far(self) -> dict[str, str]:
        drill = self.engine.view(self.now).drill
        return {} if drill is None else {str(seat): result for seat, result in drill.seat_calls.items()}
