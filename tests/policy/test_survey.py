"""How satisfied callers were: "满意度五级, 每季度" (电信 4.3, 6.1). Counted and written down, with nothing of the caller."""

from collections import Counter

import pytest

from cti_daemon.model.effects import Effect, Record
from cti_daemon.model.events import SurveyAnswered
from cti_daemon.model.ids import CallToken, NodeName, QueueName
from cti_daemon.model.reasons import SurveyGrade
from cti_daemon.policy.survey import Survey
from tests.policy.aftermath_site import Aftermath

A = NodeName("pbx-a")


def answered(grade: SurveyGrade, token: str = "c" * 40) -> SurveyAnswered:
    return SurveyAnswered(A, QueueName("hotline"), CallToken(token), grade)


@pytest.mark.parametrize(
    ("grade", "score"),
    [(SurveyGrade.VERY_SATISFIED, 5), (SurveyGrade.NEUTRAL, 3), (SurveyGrade.VERY_DISSATISFIED, 1), (SurveyGrade.NONE, None)],
)
def test_an_answer_is_counted_and_written_down(grade: SurveyGrade, score: int | None) -> None:
    counter: Counter[tuple[str, ...]] = Counter()
    out: list[Effect] = []
    Survey(counter).take(answered(grade), out, is_callback=False)
    assert counter == {("hotline", grade.value): 1}
    facts = {"queue": "hotline", "grade": grade.value, "score": score, "after": "call", "node": "pbx-a"}
    assert out == [Record("survey", facts, is_awaited=False)]


def test_an_answer_after_a_call_back_says_so() -> None:
    """ "After a call or call-back.\""""
    site = Aftermath(callback={})
    site.calls(talking=1, waiting=0)
    site.run(6.0)
    site.restart_edge()
    order = site.rung[0]
    site.answer(order, A, "seat1")
    site.feed(answered(SurveyGrade.SATISFIED, order.token))
    site.feed(answered(SurveyGrade.SATISFIED))
    assert [record.data["after"] for record in site.records if record.kind == "survey"] == ["callback", "call"]
