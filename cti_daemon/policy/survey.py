"""How satisfied callers were (满意度五级, 每季度): each answer is counted and written down, with nothing of the caller."""

from collections import Counter

from cti_daemon.model.effects import Effect, Record
from cti_daemon.model.events import SurveyAnswered
from cti_daemon.model.reasons import SurveyGrade

SCORES: dict[SurveyGrade, int] = {grade: 5 - n for n, grade in enumerate(g for g in SurveyGrade if g is not SurveyGrade.NONE)}
"""5 is best, 1 worst, for means; who gave no grade has none."""


class Survey:
    def __init__(self, counter: Counter[tuple[str, ...]]) -> None:
        self._counter = counter

    def take(self, event: SurveyAnswered, out: list[Effect], *, is_callback: bool) -> None:
        self._counter[(event.queue, event.grade.value)] += 1
        facts = {
            "queue": event.queue,
            "grade": event.grade.value,
            "score": SCORES.get(event.grade),
            "after": "callback" if is_callback else "call",
            "node": event.node,
        }
        out.append(Record("survey", facts, is_awaited=False))
