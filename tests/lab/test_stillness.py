"""Promise: what was tried while the machine itself did not run is void, and nothing else is."""

import pytest

from lab import stillness
from lab.stillness import Stillness

pytestmark = pytest.mark.slow  # each is a run of pytest

pytest_plugins = ["pytester"]

_CONFTEST = """
from lab.stillness import Stillness
from tests.live import tries
from tests.live.tries import pytest_runtest_protocol

machines = {machines}

class Told(Stillness):
    def __exit__(self, *words):
        super().__exit__(*words)
        self.longest_seconds, self.most_stolen = machines.pop(0)


def pytest_configure(config):
    config.addinivalue_line("markers", "lab: of the lab")

tries.Stillness, tries.wait_calm = Told, lambda seconds: True
"""
_FAILS_TWICE = """
import pytest

tries = []

@pytest.mark.lab
def test_it():
    tries.append(1)
    assert len(tries) == 3
"""
_FINE, _STILL, _STOLEN = (0.02, 0.1), (0.5, 0.1), (0.02, 0.7)


@pytest.mark.parametrize(
    ("machines", "expected"),
    [
        ([_FINE], {"failed": 1}),
        ([_STILL, _FINE], {"failed": 1}),
        ([_STILL, _STOLEN, _FINE], {"passed": 1}),
        ([_STILL, _STOLEN, _STILL], {"passed": 1}),
    ],
    ids=["a machine that ran", "one that ran the second time", "void, void, passed", "it passed all the same"],
)
def test_only_a_void_try_is_made_again(pytester: pytest.Pytester, machines: list[tuple[float, float]], expected: dict[str, int]) -> None:
    pytester.makeconftest(_CONFTEST.format(machines=machines))
    pytester.makepyfile(_FAILS_TWICE)
    pytester.runpytest_subprocess().assert_outcomes(**expected)


def test_void_tries_are_no_pass_and_a_run_bears_only_a_few(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(_CONFTEST.format(machines=[_STILL] * 24))
    pytester.makepyfile("import pytest\n\n@pytest.mark.lab\n@pytest.mark.parametrize('n', range(6))\ndef test_it(n):\n    assert False\n")
    result = pytester.runpytest_subprocess("-rs")
    result.assert_outcomes(skipped=4, failed=2)
    result.stdout.fnmatch_lines(["*void 4 x: the machine stood still for 0.50 s*"])


def test_what_needs_no_lab_is_made_once_and_at_once(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(_CONFTEST.format(machines=[]) + "tries.wait_calm = None\n")
    pytester.makepyfile(_FAILS_TWICE.replace("@pytest.mark.lab\n", ""))
    pytester.runpytest_subprocess().assert_outcomes(failed=1)


def test_a_run_s_patience_ends(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(_CONFTEST.format(machines=[_STILL]) + "tries.PATIENCE_SECONDS = 0\n")
    pytester.makepyfile(_FAILS_TWICE)
    pytester.runpytest_subprocess().assert_outcomes(skipped=1)


def test_the_share_that_the_host_took_is_of_all_ticks() -> None:
    assert stillness.stolen_share((1000, 10), (1200, 110)) == 0.5
    assert stillness.stolen_share((1000, 10), (1000, 10)) == 0


def test_a_thread_is_watched_from_entry_to_exit() -> None:
    with Stillness() as machine:
        pass
    assert machine.longest_seconds >= 0
    assert 0 <= machine.most_stolen <= 1
