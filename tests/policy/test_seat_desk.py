"""Orders about seats, from the request to the answer: done on both servers, refused by one, late, cut off by the daemon's own death."""

from typing import Any

import pytest
from typing_extensions import override

from cti_daemon.model.effects import Answer, MemberChange, SetMember
from cti_daemon.model.events import Command, Outcome
from cti_daemon.model.reasons import Result
from cti_daemon.policy.desk import ANSWERS_KEPT
from cti_daemon.wire.standing import answers
from tests.sim.world import A, B, World


class Site(World):
    """The model world; `stubborn` servers refuse what they are told about seats, `mute` ones never answer."""

    def __init__(self) -> None:
        self.stubborn: set[str] = set()
        self.mute: set[str] = set()
        super().__init__()
        self.run(3.0)

    @override
    def _set_member(self, deed: SetMember) -> Result:
        if deed.node in self.mute:
            return Result.UNKNOWN
        return Result.FAILED if deed.node in self.stubborn else super()._set_member(deed)

    def ask(self, verb: str, name: str = "c1", user: str = "alice", **args: Any) -> None:
        self.feed(Command(name, verb, user, args=args))

    @property
    def answers(self) -> list[Answer]:
        return [effect for _, effect in self.effects if isinstance(effect, Answer)]

    @property
    def told(self) -> list[SetMember]:
        return [effect for _, effect in self.effects if isinstance(effect, SetMember)]

    def restarted(self) -> None:
        self.restart(None)


def test_the_answer_comes_when_both_servers_have_done_it() -> None:
    site = Site()
    site.ask("seat-login", seat="seat7", queues=["hotline"], penalty=2)
    assert site.answers == []
    site.run(3.1)
    assert [(a.status, a.code, a.data) for a in site.answers] == [("ok", "done", {"nodes": {A: "done", B: "done"}})]
    assert {deed.node for deed in site.told} == {A, B}


def test_what_the_serving_server_refuses_is_an_error_in_its_words() -> None:
    site = Site()
    site.stubborn.add(A)
    site.ask("seat-pause", seat="seat1", reason="lunch")
    site.run(6.0)
    assert [(a.status, a.code) for a in site.answers] == [("error", "failed")]
    assert "pbx-a: failed" in site.answers[0].message


def test_what_only_the_mirror_refuses_is_done_and_said() -> None:
    site = Site()
    site.stubborn.add(B)
    site.ask("seat-pause", seat="seat1", reason="lunch")
    site.run(6.0)
    assert [(a.status, a.code) for a in site.answers] == [("ok", "done")]
    assert site.answers[0].data == {"nodes": {A: "done", B: "failed"}}


def test_silence_is_no_success_and_is_answered_in_time() -> None:
    site = Site()
    site.mute |= {A, B}
    site.ask("seat-pause", seat="seat1")
    site.run(4.9)
    assert site.answers == []
    site.run(5.1)
    assert [a.status for a in site.answers] == ["error"]


def test_an_id_that_comes_again_after_a_restart_is_answered_and_not_carried_out() -> None:
    """ "A repeated `id` gets the first answer again and does nothing", also of another process."""
    site = Site()
    site.ask("seat-pause", seat="seat1", reason="lunch")
    site.run(3.5)
    site.restarted()
    site.run(7.0)
    before = len(site.told)
    site.ask("seat-pause", seat="seat1", reason="lunch")
    site.run(8.0)
    first, again = site.answers
    assert (again.status, again.code, again.message, again.data) == ("duplicate", first.code, first.message, first.data)
    assert len(site.told) == before


def test_an_order_that_the_daemon_died_over_is_not_begun_anew() -> None:
    """ "An action whose answer was lost is never replayed blindly: ask for the state, then decide.\""""
    site = Site()
    site.mute |= {A, B}
    site.ask("seat-pause", seat="seat1")
    site.run(3.1)
    site.mute.clear()
    site.restarted()
    site.run(7.0)
    before = len(site.told)
    site.ask("seat-pause", seat="seat1")
    site.run(8.0)
    assert [(a.status, a.code) for a in site.answers] == [("duplicate", "unknown_end")]
    assert "look whether it holds" in site.answers[0].message
    assert len(site.told) == before


def test_the_same_id_of_another_user_is_another_order() -> None:
    site = Site()
    site.ask("seat-pause", seat="seat1", reason="lunch")
    site.run(3.5)
    site.ask("seat-unpause", user="bob", seat="seat1")
    site.run(4.0)
    assert [a.status for a in site.answers] == ["ok", "ok"]


@pytest.mark.slow
def test_a_question_is_asked_anew_after_a_restart_and_nobodys_questions_push_out_an_order() -> None:
    site = Site()
    site.ask("seat-pause", seat="seat1")
    site.run(3.5)
    for number in range(ANSWERS_KEPT + 10):
        site.ask("status", name=f"q{number}", user="bob")
    site.ask("seat-pause", seat="seat1")
    assert site.answers[-1].status == "duplicate"
    assert not [record for record in site.records if record.kind == "answer" and record.data["verb"] == "status"]


def test_two_orders_for_one_seat_at_once_are_one_and_a_conflict() -> None:
    """ "Two opposite orders at once: serialised, the second is told of the conflict.\""""
    site = Site()
    site.ask("seat-pause", seat="seat1")
    site.ask("seat-pause", "c2", "bob", seat="seat2")
    site.ask("seat-unpause", "c3", "bob", seat="seat1")
    site.run(3.5)
    assert [(a.command_id, a.code) for a in site.answers] == [("c3", "conflict"), ("c1", "done"), ("c2", "done")]
    site = Site()
    site.ask("seat-login", seat="seat7", queues=["hotline"])
    site.ask("seat-login", "c2", "bob", seat="seat7", queues=["hotline"], penalty=5)
    site.run(3.5)
    assert [(a.command_id, a.code) for a in site.answers] == [("c2", "conflict"), ("c1", "done")]
    assert {deed.change for deed in site.told} == {MemberChange.ADD}


WHOLE = {"id": "1", "user": "u", "verb": "note", "status": "ok", "code": "ok", "message": "", "epoch": 0, "data": {}}


@pytest.mark.parametrize("data", [{}, {"id": "1"}, WHOLE | {"epoch": "x"}, WHOLE | {"data": 5}])
def test_an_answer_that_cannot_be_read_is_passed_over(data: dict[str, Any]) -> None:
    assert [answer.command_id for answer in answers([data, WHOLE])] == ["1"]


def test_an_outcome_of_nobodys_order_closes_nothing() -> None:
    site = Site()
    site.feed(Outcome(999_999, Result.DONE))
    assert site.answers == []


def test_a_question_refuses_what_it_does_not_know_as_every_verb_does() -> None:
    """ "Refused, with a reason: unknown verb or key"."""
    site = Site()
    site.ask("status", queue="hotline")
    assert [(a.status, a.code, a.message, a.data) for a in site.answers] == [
        ("rejected", "unknown_key", "unknown args queue; status takes: none", {})
    ]
