"""A3: AES 双机 - two daemons, one acts. "Never two acting at the same instant, always one within a bound once faults end"."""

import pytest

from cti_daemon.model.lease import Claim, LeaseLost, LeaseTaken, Origin
from cti_daemon.model.pair import Pair
from cti_daemon.policy.lease import Lease
from cti_daemon.wire.lease_text import MOST_TEXT, claim_text, pulse_text, read_claim, read_pulse
from tests.pair.contest import BrokenPromiseError, Contest

PAIR = Pair(peer="cti-2")


def take(lease: Lease, at: float, register: str = "", pulse: str = "") -> Claim:
    claim = lease.hear(register, pulse, at, at)
    assert claim is not None
    lease.stand(claim, at, at)
    return claim


@pytest.mark.parametrize("first", [0, 20, *(pytest.param(n, marks=pytest.mark.slow) for n in range(40, 100, 20))])
def test_never_two_act_and_soon_one_does_when_the_faults_end(first: int) -> None:
    for seed in range(first, first + 20):
        try:
            Contest(seed, PAIR).run()
        except BrokenPromiseError as broken:
            pytest.fail(f"seed {seed}: {broken}")


def test_the_contests_have_takeovers_in_both_directions() -> None:
    seen: set[tuple[str, Origin]] = set()
    for seed in range(12):
        contest = Contest(seed, PAIR)
        contest.run()
        seen |= {(daemon.name, taken.origin) for daemon in contest.daemons for taken in daemon.taken}
    assert {(name, Origin.OTHER) for name in ("cti-1", "cti-2")} <= seen
    assert {Origin.SAME, Origin.OWN} <= {origin for _, origin in seen}


def test_the_contest_would_show_a_lease_that_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cti_daemon.policy.lease.MARGIN_SECONDS", -5.0)
    wrong = PAIR.model_copy(update={"take_after": 0.3})

    def contend() -> None:
        for seed in range(40):
            Contest(seed, wrong).run()

    with pytest.raises(BrokenPromiseError, match="both act"):
        contend()


def test_a_claim_acts_only_when_it_has_stood() -> None:
    lease = Lease("cti-1", PAIR, "s")
    text = claim_text(take(lease, 10.0))
    assert not lease.may_act(10.0)
    lease.hear(text, "", 11.9, 11.9)
    assert not lease.may_act(11.9)
    lease.hear(text, "", 12.0, 12.1)
    assert lease.may_act(12.1)
    assert lease.may_act(13.4)
    assert not lease.may_act(13.5)


def test_the_lease_counts_from_the_start_of_the_look_not_from_its_answer() -> None:
    lease = Lease("cti-1", PAIR, "s")
    text = claim_text(take(lease, 10.0))
    lease.hear(text, "", 12.0, 13.4)
    assert not lease.may_act(13.5)


def test_who_reads_another_claim_stops_at_once_and_for_ever() -> None:
    lease = Lease("cti-1", PAIR, "s")
    own = claim_text(take(lease, 10.0))
    lease.hear(own, "", 12.0, 12.0)
    assert lease.hear("cti-2/2/x-1/1.5", "", 12.2, 12.2) is None
    assert not lease.may_act(12.2)
    lease.hear(own, "", 12.4, 12.4)
    assert not lease.may_act(12.4)


def test_a_holder_with_a_pulse_is_left_alone_and_a_silent_one_is_not() -> None:
    lease = Lease("cti-1", PAIR, "s")
    for beat in range(40):
        assert lease.hear("cti-2/7/x-1/1.5", pulse_text("x-1", beat, {}), beat * 0.2, beat * 0.2) is None
    assert lease.hear("cti-2/7/x-1/1.5", pulse_text("x-1", 39, {}), 8.7, 8.7) is None
    claim = lease.hear("cti-2/7/x-1/1.5", pulse_text("x-1", 39, {}), 8.8, 8.8)
    assert claim is not None
    assert claim.term == 8


def test_whoever_claims_waits_out_the_others_own_setting() -> None:
    lease = Lease("cti-1", PAIR, "s")
    lease.hear("cti-2/7/x-1/5", "", 0.0, 0.0)
    text = claim_text(take(lease, 1.0, "cti-2/7/x-1/5"))
    lease.hear(text, "", 6.2, 6.2)
    assert not lease.may_act(6.2)
    lease.hear(text, "", 6.3, 6.3)
    assert lease.may_act(6.3)


def test_news_are_told_once_and_say_who_had_it_before() -> None:
    lease = Lease("cti-1", PAIR, "s")
    lease.hear("cti-2/7/x-1/1.5", pulse_text("x-1", 3, {"route": {"epoch": 4}}), 0.0, 0.0)
    text = claim_text(take(lease, 1.0, "cti-2/7/x-1/1.5", pulse_text("x-1", 3, {"route": {"epoch": 4}})))
    assert lease.news(1.0) is None
    lease.hear(text, "", 3.0, 3.0)
    assert lease.news(3.0) == LeaseTaken(8, "s-1", Origin.OTHER, "cti-2", {"route": {"epoch": 4}}, 3.0)
    assert lease.news(3.1) is None
    assert lease.news(4.6) == LeaseLost(8)
    lease.hear(text, "", 5.0, 5.0)
    again = lease.news(5.0)
    assert isinstance(again, LeaseTaken)
    assert again.origin is Origin.SAME


def test_a_restart_goes_on_with_its_journal_only_if_nobody_had_the_lease_since() -> None:
    register = "cti-1/3/old-1/1.5"
    lease = Lease("cti-1", PAIR, "s", "old-1")
    lease.hear(register, "", 0.0, 0.0)
    lease.hear(claim_text(take(lease, 1.0, register)), "", 3.0, 3.0)
    taken = lease.news(3.0)
    assert isinstance(taken, LeaseTaken)
    assert taken.origin is Origin.OWN
    for register, nonce in (("cti-2/4/x-1/1.5", "old-1"), ("", "old-1"), ("cti-1/3/old-1/1.5", "older-1"), ("cti-1/3/old-1/1.5", "")):
        lease = Lease("cti-1", PAIR, "s", nonce)
        lease.hear(register, "", 0.0, 0.0)
        lease._own = None  # an empty register was claimed at once
        lease.hear(claim_text(take(lease, 1.0, register)), "", 3.0, 3.0)
        taken = lease.news(3.0)
        assert isinstance(taken, LeaseTaken)
        assert taken.origin is Origin.OTHER, register


def test_what_was_given_up_is_claimed_at_once_and_still_waited_for() -> None:
    holder, heir = Lease("cti-1", PAIR, "a"), Lease("cti-2", PAIR, "b")
    holder.hear(claim_text(take(holder, 0.0)), "", 2.0, 2.0)
    free = holder.let_go()
    assert free is not None
    assert not holder.may_act(2.0)
    text = claim_text(take(heir, 2.1, free))
    heir.hear(text, "", 2.3, 2.3)
    assert not heir.may_act(2.3)
    heir.hear(text, "", 4.1, 4.1)
    assert heir.may_act(4.1)


@pytest.mark.parametrize("text", ["", "nonsense", "a/b/c/d", "cti-1/1/n/1.5/other", "cti-1/1/n", "../1/n/1.5\n"])
def test_what_no_daemon_wrote_is_nobodys_claim(text: str) -> None:
    assert read_claim(text) is None


def test_texts_come_back_as_they_were() -> None:
    for claim in (Claim("cti-1", 12, "ab-3", 1.5), Claim("c.t_i", 1, "x-1", 0.25, is_free=True)):
        assert read_claim(claim_text(claim)) == claim
    pulse = read_pulse(pulse_text("ab-3", 7, {"orders": {"pause": {"user": "甲", "reason": "line\r\nbreak"}}}))
    assert pulse is not None
    assert pulse.notes["orders"]["pause"] == {"user": "甲", "reason": "line\r\nbreak"}
    assert "\n" not in pulse_text("ab-3", 7, {"a": "b\r\nc"})


def test_notes_that_are_too_long_are_cut_from_the_end_and_say_so() -> None:
    text = pulse_text("ab-3", 7, {"route": {"epoch": 3}, "orders": {"pause": None}, "incidents": ["x" * 1000]})
    assert len(text) <= MOST_TEXT
    pulse = read_pulse(text)
    assert pulse is not None
    assert dict(pulse.notes) == {"route": {"epoch": 3}, "orders": {"pause": None}, "cut": True}


def test_figures_by_which_two_could_act_are_refused() -> None:
    with pytest.raises(ValueError, match="it must be at least stop_after"):
        Pair(peer="cti-2", stop_after=2.0, take_after=2.1)
    with pytest.raises(ValueError, match="at least 4 x renew"):
        Pair(peer="cti-2", renew=0.5)
    with pytest.raises(ValueError, match="at least 3 x renew"):
        Pair(peer="cti-2", silent_after=0.3)
