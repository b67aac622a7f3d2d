"""C4: "留下联系电话": who waits leaves his number by a key, and lands in the register as a call-back; he is told what it is for (by the
dialplan), and no event has the number."""

import pytest
from typing_extensions import override

from cti_daemon.model.affected import AskNumber
from cti_daemon.model.call_events import CallerUnserved
from cti_daemon.model.effects import Effect
from cti_daemon.model.ids import CallToken, ChannelName, QueueName, Uniqueid
from cti_daemon.model.register import Harm
from tests.policy.aftermath_site import Aftermath
from tests.sim.world import EDGE, A

CHANNEL = ChannelName("PJSIP/edge1-00000007")
TOKEN = CallToken("token-call-0")


class Site(Aftermath):
    def __init__(self, *, has_register: bool = True) -> None:
        self.questions: list[AskNumber] = []
        super().__init__(callback={"lines": 10}, has_register=has_register)
        self.calls(talking=0, waiting=1)
        self.run(self.now + 1.0)

    @override
    def do(self, effect: Effect) -> None:
        if isinstance(effect, AskNumber):
            self.questions.append(effect)
        super().do(effect)

    def leave(self, status: str) -> None:
        self.feed(CallerUnserved(A, QueueName("hotline"), Uniqueid("a-0"), TOKEN, status, CHANNEL))
        self.run(self.now + 1.0)


def test_who_left_his_number_is_in_the_register_to_be_called_back() -> None:
    site = Site()
    site.leave("CALLBACK")
    assert [(one.token, one.harm, one.edge, one.node, one.queue) for one in site.kept] == [(TOKEN, Harm.ASKED, EDGE, A, "hotline")]
    assert [question.variable for question in site.questions] == ["CALLERID(num)"], "the number that he calls from is held already"


def test_another_number_is_read_from_his_channel_while_he_hears_the_last_words() -> None:
    site = Site()
    site.leave("CALLBACKOTHER")
    assert [(q.edge, q.channel, q.variable) for q in site.questions[1:]] == [(A, CHANNEL, "CTI_GIVEN")]
    assert [one.harm for one in site.kept] == [Harm.ASKED]


@pytest.mark.parametrize("status", ["TIMEOUT", "FULL", "LEAVEEMPTY"])
def test_a_queue_that_gives_a_caller_back_has_left_no_number(status: str) -> None:
    site = Site()
    site.leave(status)
    assert not site.kept


def test_without_a_register_no_number_is_kept() -> None:
    site = Site(has_register=False)
    site.leave("CALLBACK")
    assert not site.kept
    assert not site.questions
