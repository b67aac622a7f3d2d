"""A site with a register in virtual time: the edge tells numbers, the register keeps rows, and people on the telephone answer or do not."""

from typing import Any, TypeVar

from typing_extensions import override

from cti_daemon.model.affected import AskNumber, CallBack, CallerKnown, ForgetNumbers, KeepCaller, NoteRow, RowSeen
from cti_daemon.model.call_events import ChannelEnded, ChannelsListed
from cti_daemon.model.effects import Answer, Effect, Report
from cti_daemon.model.events import Command, LegRouted, Outcome, SeatTalking
from cti_daemon.model.fields import Secret
from cti_daemon.model.ids import CallToken, ChannelName, NodeName, SeatName, Uniqueid
from cti_daemon.model.reasons import Result
from cti_daemon.model.records import Standing
from cti_daemon.model.register import CallbackSettings, Harmed, Register, RowState
from tests.sim.world import EDGE, World

T = TypeVar("T")


class Aftermath(World):
    def __init__(self, *, callback: dict[str, Any] | None = None, has_register: bool = True) -> None:
        self.numbers: dict[CallToken, str] = {}
        """Who calls; without an entry, everybody calls from a number of his own."""
        self.rows: dict[int, RowSeen] = {}
        self.kept: list[Harmed] = []
        self.notes: list[NoteRow] = []
        self.rung: list[CallBack] = []
        self.result = Result.DONE
        self._callback, self._has_register = callback, has_register
        self.asked = 0
        super().__init__()
        self.run(5.0)
        self.live_edge("first")

    @override
    def begin(self, standing: Standing | None, *args: Any, **kwargs: Any) -> None:
        if self._has_register:
            own = Register(keys=Secret(file="/none"))
            calls = (
                None
                if self._callback is None
                else CallbackSettings.model_validate({"dial": "PJSIP/{number}@c", "spare_seats": 0} | self._callback)
            )
            self.settings = self.settings.model_copy(update={"affected": own, "callback": calls})
        super().begin(standing, *args, **kwargs)

    @override
    def do(self, effect: Effect) -> None:
        match effect:
            case AskNumber(token=token):
                self._later(0.001, lambda: self.feed(CallerKnown(token, self.numbers.get(token, f"key of {token}"))))
            case KeepCaller(harmed=harmed):
                self.kept.append(harmed)
                self._later(0.01, lambda: self._keep(harmed))
            case NoteRow():
                self._note(effect)
            case CallBack(effect_id=effect_id, note=note):
                self._note(note)
                self.rung.append(effect)
                self._later(0.01, lambda: self.feed(Outcome(effect_id, self.result, "as it is")))
            case ForgetNumbers():
                pass
            case _:
                super().do(effect)

    def _keep(self, harmed: Harmed) -> None:
        caller = self.numbers.get(harmed.token, f"key of {harmed.token}")
        held = next((row for row in self.rows.values() if row.token == harmed.token), None)
        held = held or next((row for row in self.rows.values() if row.caller == caller and row.state is not RowState.CLOSED), None)
        if held is None:
            number = len(self.rows) + 1
            held = RowSeen(
                number, harmed.token, harmed.harm, harmed.state, 0, 0.0, harmed.ago_seconds, "", "", has_number=True, caller=caller
            )
            self.rows[number] = held
        self.feed(held)

    def _note(self, note: NoteRow) -> None:
        self.notes.append(note)
        old = self.rows[note.row]
        self.rows[note.row] = RowSeen(
            note.row,
            old.token,
            old.harm,
            note.state,
            note.attempts,
            note.in_seconds,
            old.ago_seconds,
            note.result,
            note.by,
            has_number=old.has_number,
            caller=old.caller,
        )

    def recall(self) -> None:
        """What a new life reads of the register."""
        for row in list(self.rows.values()):
            if row.state is not RowState.CLOSED:
                self.feed(row)

    def of(self, kind: type[T]) -> list[T]:
        return [effect for _, effect in self.effects if isinstance(effect, kind)]

    def told(self, kind: str) -> list[str]:
        return [report.text for report in self.of(Report) if report.kind == kind]

    # --- callers ------------------------------------------------------------------------------------------------------

    def answer(self, order: CallBack, node: NodeName, seat: str = "") -> None:
        """Who was rung up answers, and comes to a seat where one is named."""
        uniqueid = Uniqueid(f"back-{order.token}")
        self.feed(LegRouted(EDGE, uniqueid, ChannelName("PJSIP/carrier-back"), order.token, node, 0))
        if seat:
            self.feed(SeatTalking(node, order.token, SeatName(seat), f"{seat}!d;to-tag=t;from-tag=f"))

    def end_back(self, order: CallBack) -> None:
        self.feed(ChannelEnded(EDGE, Uniqueid(f"back-{order.token}"), order.token, 16))

    def live_edge(self, life: str) -> None:
        self.feed(ChannelsListed(EDGE, (), life=life))

    def restart_edge(self, away_seconds: float = 3.0) -> None:
        """SIGKILL of the edge's Asterisk, and it is back in another life: nobody could be kept."""
        self.kill(EDGE)
        self.legs.clear()
        self.run(self.now + away_seconds)
        self.heal(EDGE)
        self.run(self.now + 1.0)
        self.live_edge("second")
        self.run(self.now + 2.0)

    def harms(self) -> list[tuple[str, str, str]]:
        return sorted((harmed.token.removeprefix("token-"), harmed.harm.value, harmed.was) for harmed in self.kept)

    def ask(self, verb: str, **args: Any) -> Answer:
        self.asked += 1
        self.feed(Command(f"c{self.asked}", verb, "alice", args=args))
        return self.of(Answer)[-1]
