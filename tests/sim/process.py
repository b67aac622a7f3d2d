"""The daemon as a process in virtual time: the real core, woken when it asks to be, its effects taken apart in its order.

What an effect does to the world is for the two worlds to say: `world.py` (scripted, for transcripts), `daemon.py` (seeded, for storms)."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from functools import partial

from cti_daemon.engine import Engine
from cti_daemon.model.affected import AskNumber, CallBack, ForgetNumbers, KeepCaller, NoteRow
from cti_daemon.model.drills import CallSeat
from cti_daemon.model.effects import (
    Answer,
    AskEdge,
    AttachDialog,
    CallHook,
    Effect,
    HangUp,
    ListEdge,
    ListNode,
    ProbeNode,
    RaiseCaller,
    Record,
    Report,
    RescueLeg,
    SampleAudio,
    SetDrill,
    SetMember,
    SetRoute,
    SetSwitch,
    SetVia,
)
from cti_daemon.model.errands import Errand
from cti_daemon.model.events import Event, Tick
from cti_daemon.model.ids import NodeName
from cti_daemon.model.plan_effects import CallIn, InformCallers, Notify, TestCalls
from cti_daemon.model.records import Standing, StandingDrills, StandingOrders
from cti_daemon.model.settings import Settings
from tests.sim.clock import Clock
from tests.sim.members import said

EdgeDeed = SetRoute | SetVia | SetDrill | AttachDialog | RescueLeg | HangUp
Deed = EdgeDeed | SetMember | CallSeat
"""What an Asterisk is told to do; its outcome comes back as an event."""


class Process(ABC):
    def __init__(self, clock: Clock, settings: Settings) -> None:
        self.clock, self.settings = clock, settings
        self.life = 0
        """Counts the starts: what was begun in an older life is void."""
        self.is_dead = True
        self._tick_at = float("inf")

    # --- life and death ---------------------------------------------------------------------------------------------

    def begin(
        self,
        standing: Standing | None,
        orders: StandingOrders | None = None,
        answered: Iterable[Answer] = (),
        drills: StandingDrills | None = None,
    ) -> None:
        """A new life, with the journal's last word."""
        self.life += 1
        self.is_dead, self._tick_at = False, float("inf")
        self.engine = Engine(self.settings, standing, b"confirm", self.clock.now, orders, answered, drills)

    def lives(self, life: int) -> bool:
        return life == self.life and not self.is_dead

    # --- in ---------------------------------------------------------------------------------------------------------

    def feed(self, event: Event) -> None:
        """Nothing is heard by the dead."""
        if self.is_dead:
            return
        effects = self.engine.feed(event, self.clock.now)
        if effects:
            self.act(effects)
        if not self.is_dead:
            self.wake()

    def wake(self) -> None:
        wanted = max(self.engine.next_at, self.clock.now)
        if wanted < self._tick_at:
            self._tick_at = wanted
            self.clock.at(wanted, partial(self._tick, self.life))

    def _tick(self, life: int) -> None:
        if not self.lives(life):
            return
        if self.clock.now >= self._tick_at:
            self._tick_at = float("inf")
        if self.clock.now >= self.engine.next_at:
            self.tick()
        else:
            self.wake()

    def tick(self) -> None:
        self.feed(Tick())

    # --- out --------------------------------------------------------------------------------------------------------

    @abstractmethod
    def act(self, effects: list[Effect]) -> None:
        """Do a batch, in its order, by `do`."""

    def do(self, effect: Effect) -> None:
        match effect:
            case SetRoute() | SetVia() | SetDrill() | AttachDialog() | RescueLeg() | HangUp() | SetMember() | CallSeat():
                self.order(effect)
            case SetSwitch() | RaiseCaller():
                self.switch(effect)
            case AskEdge():
                self.ask_edge(effect)
            case SampleAudio():
                self.sample_audio(effect)
            case ProbeNode():
                self.probe(effect)
            case ListEdge(edge=edge):
                self.take_picture(edge)
            case (
                CallHook()
                | Notify()
                | CallIn()
                | InformCallers()
                | TestCalls()
                | AskNumber()
                | ForgetNumbers()
                | KeepCaller()
                | NoteRow()
                | CallBack()
                | Errand()
            ):
                raise AssertionError(effect)  # no world of ours has such a program, people to tell, or a register
            case ListNode(node=node):
                self.take_picture(node)
            case Record() | Report() | Answer():
                self.tell(effect)

    @abstractmethod
    def order(self, deed: Deed) -> None: ...

    def switch(self, deed: SetSwitch | RaiseCaller) -> None:
        raise AssertionError(deed)  # only plans use any

    @abstractmethod
    def ask_edge(self, question: AskEdge) -> None: ...

    @abstractmethod
    def sample_audio(self, question: SampleAudio) -> None: ...

    @abstractmethod
    def probe(self, wish: ProbeNode) -> None: ...

    @abstractmethod
    def take_picture(self, node: NodeName) -> None: ...

    @abstractmethod
    def tell(self, word: Record | Report | Answer) -> None: ...


def line(effect: Effect) -> str | None:  # noqa: C901, PLR0911 - one line a kind
    """The effect as a line of a transcript; None for questions, which are many, and for what is told in a report as well."""
    match effect:
        case Record(kind=kind, data=data, is_awaited=True):
            change = f": {data['was_mode']} -> {data['mode']} ({data['reason']})" if "was_mode" in data else ""
            return f"journal  {kind}{change}"
        case Report(kind=kind, severity=severity, text=text):
            return f"{severity:8} {kind}: {text}"
        case SetRoute(route=route, epoch=epoch):
            return f"edge     route {','.join(route)} epoch {epoch}"
        case SetVia() | SetDrill(route=(_, *_)):
            return f"edge     {_switch(effect)}"
        case RescueLeg(uniqueid=uniqueid, epoch=epoch):
            return f"edge     redirect {uniqueid} epoch {epoch}"
        case AttachDialog(channel=channel, dialog=dialog):
            return f"edge     dialog of {channel} is {dialog}"
        case HangUp(node=node, channel=channel):
            return f"{node:8} hang up {channel}"
        case CallSeat(node=node, seat=seat):
            return f"{node:8} test call to {seat}"
        case SetMember(node=node, change=change, wanted=wanted):
            return f"{node:8} {said(change, wanted)}"
        case Answer(status=status, code=code, message=message):
            return f"answer   {status} {code}: {message}"
        case CallHook() | SetDrill() | Record() | AskEdge() | SampleAudio() | ProbeNode() | ListEdge() | ListNode() | Notify() | CallIn():
            return None
        case (
            AskNumber()
            | ForgetNumbers()
            | KeepCaller()
            | NoteRow()
            | CallBack()
            | InformCallers()
            | TestCalls()
            | RaiseCaller()
            | SetSwitch()
            | Errand()
        ):
            return None


def _switch(effect: SetVia | SetDrill) -> str:
    if isinstance(effect, SetDrill):
        return f"test calls go to {','.join(effect.route)}"
    return f"{effect.node} over {effect.path or 'any path'}"
