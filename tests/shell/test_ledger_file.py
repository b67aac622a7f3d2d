""" "Run on through failover and daemon restart": the file of figures, and what happens when it cannot be read or written."""

from pathlib import Path

import pytest

from cti_daemon.engine import Engine
from cti_daemon.shell.ledger_file import LedgerFile
from cti_daemon.state import ledger
from tests.state.listener import settings


def engine() -> Engine:
    return Engine(settings({"name": "hotline"}), None, b"k" * 32, 0.0)


async def test_what_is_written_is_read(tmp_path: Path) -> None:
    first, file = engine(), LedgerFile(tmp_path / "state/queues.json")
    tally = first.site.queues.tally_of(first.site.queues.names()[0])
    tally.offer(5.0, 3)
    tally.answered(7, 10.0)
    await file.write(first.figures(10.0))
    kept = LedgerFile(tmp_path / "state/queues.json").read()
    assert kept is not None
    assert 0 <= kept.aged_seconds < 60
    second = engine()
    second.restore(kept.plain, 100.0, 1000.0)
    again = second.site.queues.tally_of(second.site.queues.names()[0])
    assert (again.offered, again.answer.sum_seconds) == (3, 7)
    assert [window.sums(1000.0)[0] for window in again.windows] == [3, 3, 3]
    assert [window.sums(1000.0 + 850)[0] for window in again.windows] == [0, 3, 3]  # they are as old as they are


def test_nothing_to_read_is_no_fault(tmp_path: Path) -> None:
    assert LedgerFile(tmp_path / "queues.json").read() is None


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"figures": {}}', b'{"saved_wall": "x", "figures": {}}', b"\xff\xfe"])
def test_a_damaged_file_is_put_aside(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "queues.json"
    path.write_bytes(body)
    assert LedgerFile(path).read() is None
    assert not path.exists()
    assert (tmp_path / "queues.json.damaged").read_bytes() == body


@pytest.mark.parametrize(
    "plain", [{}, {"version": 0}, {"version": 1, "queues": {"hotline": {}}, "nodes": {}, "stays": []}, {"version": 1, "queues": []}]
)
def test_figures_of_another_shape_are_refused_and_leave_nothing(plain: dict[str, object]) -> None:
    started = engine()
    with pytest.raises(ledger.UNREADABLE):
        started.restore(plain, 0.0, 0.0)
    assert started.figures(0.0) == engine().figures(0.0)


async def test_a_disk_that_refuses_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "queues.json").mkdir()
    await LedgerFile(tmp_path / "queues.json").write(engine().figures(0.0))
