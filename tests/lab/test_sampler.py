"""`lab.drift` compares by brackets: what counts as late, what as wrong, and what nobody can say."""

from collections.abc import Iterator

import pytest

from lab import page, picture, sampler
from lab.layout import PBX_A, Host

KEY = ("waiting", "hotline")


class Clock:
    """Each look at Asterisk takes `look_seconds`."""

    def __init__(self, look_seconds: float) -> None:
        self.now, self.look_seconds = 0.0, look_seconds

    def monotonic(self) -> float:
        return self.now

    def strftime(self, _form: str) -> str:
        return "12:00:00"

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def found(monkeypatch: pytest.MonkeyPatch, truth: Iterator[int], words: Iterator[int], look_seconds: float = 0.01) -> sampler.Samples:
    """What becomes of a word that was 0 when it should have been 1."""
    clock = Clock(look_seconds)
    monkeypatch.setattr(sampler, "time", clock)
    monkeypatch.setattr(page, "status", dict)
    monkeypatch.setattr(picture, "told", lambda _status, _node: {KEY: next(words)})
    made = sampler.Sampler()

    def look(_host: Host) -> dict[picture.Key, picture.Fact]:
        clock.sleep(clock.look_seconds)
        number = next(truth)
        return {KEY: picture.Fact(number, number)}

    monkeypatch.setattr(made, "_look", look)
    made._pursue(PBX_A, KEY, picture.Fact(1, 1), 0)
    return made.found


def for_ever(number: int) -> Iterator[int]:
    while True:
        yield number


def then(*numbers: int) -> Iterator[int]:
    yield from numbers
    yield from for_ever(numbers[-1])


def test_a_word_that_stays_wrong_while_the_fact_holds_is_a_mismatch(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = found(monkeypatch, for_ever(1), for_ever(0))
    assert (len(samples.mismatches), samples.late, samples.undecided) == (1, [], [])


def test_so_it_is_when_one_look_at_asterisk_takes_longer_than_all_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = found(monkeypatch, for_ever(1), for_ever(0), look_seconds=2.5)
    assert (len(samples.mismatches), samples.late, samples.undecided) == (1, [], [])


def test_a_word_that_becomes_right_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = found(monkeypatch, for_ever(1), then(0, 0, 1))
    assert (samples.mismatches, len(samples.late), samples.undecided) == ([], 1, [])


def test_a_fact_that_changes_at_once_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = found(monkeypatch, then(1, 2), for_ever(0))
    assert (samples.mismatches, samples.late, len(samples.undecided)) == ([], [], 1)


def test_a_slow_look_after_which_the_fact_is_another_convicts_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon was asked once, right after the first time; the look that follows took most of a second."""
    samples = found(monkeypatch, for_ever(2), for_ever(0), look_seconds=0.8)
    assert (samples.mismatches, samples.late, len(samples.undecided)) == ([], [], 1)
