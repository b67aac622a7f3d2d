"""Plans in virtual time, on a desk: a trace of facts in, decisions out. The same engine as the site's, and nobody is told anything."""

import re
from collections.abc import Iterable

from typing_extensions import override

from cti_daemon.model.effects import Effect, Report
from cti_daemon.model.incidents import Plan, Value
from cti_daemon.model.plan_effects import CallIn, Notified, Notify, PlanEvent, Summoned, SummonsAnswer
from cti_daemon.model.plan_tables import fact_named, plain, value_fault
from cti_daemon.model.reasons import Mode, Reason
from cti_daemon.model.views import SiteView
from cti_daemon.policy.plan_facts import Board
from cti_daemon.policy.plans import Plans

MOST_EVENTS = 100_000
_LINE = re.compile(r"(\d+):(\d\d):(\d\d)\s+(?:(end)|fact\s+(.+))")
_FACT = re.compile(r"\s*([a-z_]+(?:\.[A-Za-z0-9_\-]+)+)(?:\[([A-Za-z0-9_.\-]+)\])?\s*=\s*(\S+)\s*")
_NO_SITE = SiteView(Mode.NORMAL, None, None, (), 0, Reason.START, 0.0, (), (), failover_in_progress=False, legs_to_rescue=0)


class _TraceBoard(Board):
    """Facts of the trace instead of a picture of the site."""

    def __init__(self) -> None:
        super().__init__(0.0)
        self.given: dict[tuple[str, str], Value] = {}

    @override
    def look(self, view: SiteView, at: float) -> None:
        self._seen = {("emergency_seats.check_age", ""): at - self.checked_at, **self.given}
        self.is_maintenance = self.given.get(("external.maintenance", "")) is True


def play(plans: Iterable[Plan], text: str) -> list[str]:
    """Lines to be read. Raises ValueError for a line that is none, with its number."""
    board = _TraceBoard()
    desk = _Desk(Plans(plans, 0.0, board=board))
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        if found is None:
            raise ValueError(f"line {number}: must be `H:MM:SS fact NAME = VALUE; …` or `H:MM:SS end`; found {line.strip()[:80]!r}")
        at = int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])
        if at < desk.now:
            raise ValueError(f"line {number}: goes back in time")
        desk.until(at)
        if found[5]:
            for part in found[5].split(";"):
                fact, of, value = _fact(part, number)
                board.given.pop((fact, of), None)
                if value is not None:
                    board.given[fact, of] = value
        desk.look()
    return desk.lines


def _fact(text: str, number: int) -> tuple[str, str, Value | None]:
    found = _FACT.fullmatch(text)
    fact = fact_named(found[1]) if found else None
    if found is None or fact is None:
        raise ValueError(f"line {number}: {text.strip()[:80]!r} is no `NAME = VALUE` of a known fact")
    if found[3] == "unknown":
        return found[1], found[2] or "", None
    value = _value(found[3])
    fault = value_fault(fact, value)
    if fault:
        raise ValueError(f"line {number}: {found[1]} {fault}; found {found[3]}")
    return found[1], found[2] or "", plain(value)


def _value(text: str) -> Value:
    if text in ("true", "false"):
        return text == "true"
    try:
        return float(text)
    except ValueError:
        return text.strip('"')


class _Desk:
    def __init__(self, plans: Plans) -> None:
        self._plans = plans
        self.now = 0.0
        self.lines: list[str] = []

    def until(self, at: float) -> None:
        while self._plans.due_at <= at:
            if len(self.lines) > MOST_EVENTS:
                raise ValueError("more happens than anybody reads")
            self.now = max(self.now, self._plans.due_at)
            self.look()
        self.now = max(self.now, at)

    def look(self) -> None:
        self._plans.next_at = self.now
        out: list[Effect] = []
        self._plans.look(lambda _at: _NO_SITE, self.now, out)
        self._tell(out)

    def _tell(self, out: list[Effect]) -> None:
        heard: list[PlanEvent] = []
        for effect in out:
            match effect:
                case Report():
                    self._write(effect.text)
                case Notify():
                    heard.append(Notified(effect.notice, effect.role, effect.role, "trial", is_delivered=True))
                    self._write(f"→ {effect.role} ({effect.kind.value}): {effect.text}")
                case CallIn():
                    heard.append(Summoned(effect.summons, effect.role, SummonsAnswer.YES))
                    self._write(f"☎ {effect.role} ({effect.level.value}): {effect.text}")
                case _:
                    pass
        for wish in self._plans.take_wishes():
            self._write(f"⚙ {wish.step.do.value} {' '.join(wish.step.seats)}".rstrip())
            more: list[Effect] = []
            self._plans.carried_out(wish, is_done=True, said="trial", at=self.now, out=more)
            self._tell(more)
        for event in heard:
            more = []
            self._plans.learn(event, self.now, more)
            self._tell(more)

    def _write(self, text: str) -> None:
        whole = int(self.now + 1e-6)
        clock = f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
        self.lines += [f"{clock}  {line}" for line in text.split("\n")]
