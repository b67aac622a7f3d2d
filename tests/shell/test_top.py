""" "`cti-daemon top`: live in a terminal: nodes, mode, queues, seats, calls; readable at 80x24"."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.cells import cell_len

from cti_daemon.model.ids import NodeName, QueueName, SeatName
from cti_daemon.model.reasons import Mode, NodeState
from cti_daemon.model.settings import Settings
from cti_daemon.model.views import DrillView, OrderView, QueueView, SeatView
from cti_daemon.shell.http import status_pieces
from cti_daemon.shell.screens import cropped
from cti_daemon.shell.top_text import HEIGHT, WIDTH, column, screen, silence
from tests.shell.conftest import NOW_AT, Picture

pytestmark = pytest.mark.slow  # each starts the program

STATES = ("available", "in_call", "in_call", "ringing", "wrap_up", "paused", "unreachable", "unknown")


def status(settings: Settings, picture: Picture) -> dict[str, Any]:
    text = "".join(status_pieces(settings, picture(), datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)))
    found: dict[str, Any] = json.loads(text)
    return found


def drawn(settings: Settings, picture: Picture, width: int = WIDTH, height: int = HEIGHT) -> list[str]:
    lines = [line.plain for line in screen(status(settings, picture), width, height)]
    assert len(lines) <= height
    assert max(map(cell_len, lines)) <= width
    return lines


def crowd(picture: Picture, seats: int, *, name: str = "seat") -> None:
    made = tuple(SeatView(SeatName(f"{name}{n}"), STATES[n % len(STATES)], NOW_AT - 10.0 * n) for n in range(1, seats + 1))
    queue = replace(picture.now.queues[0], seats=made)
    picture.now = replace(picture.now, seats=made, queues=(queue,))


def test_a_site_at_80_by_24_reads_like_this(settings: Settings, picture: Picture) -> None:
    assert drawn(settings, picture) == [
        "95598   NORMAL                                             12:00:00 UTC  q quits",
        "serving pbx-a for 12.0s, start, epoch 1; route pbx-a > pbx-b > emg",
        "",
        "  NODE       VERDICT           FOR     LINK  SIP   EDGE   RING  WAIT  TALK  HELD",
        "  edge1      healthy           12.0s   ok/--",
        "  pbx-a      healthy           12.0s   ok/ok                 0     2     7     0",
        "  pbx-b      healthy           12.0s   ok/ok                 0     0     0     0",
        "",
        "  QUEUE       WAIT LONGEST SL15m   ASA ABAN OFFER FREE RING TALK WRAP PAUS  OUT",
        "  hotline        2    3.5s   63%  8.2s  15%   120    1    0    1    0    0    0",
        "",
        " SEATS 2, longest first",
        " seat1   talk 1m23s  seat2   free 4.0s",
    ]


def test_a_hundred_seats_fit_what_needs_a_look_first_and_the_rest_is_counted(settings: Settings, picture: Picture) -> None:
    crowd(picture, 100)
    lines = drawn(settings, picture)
    assert len(lines) == HEIGHT
    assert lines[12].split()[:3] == ["seat94", "OUT", "15m40s"]
    shown = sum(line.count("seat") for line in lines[12:-1])
    assert lines[-1].startswith(f" and {100 - shown} more: ")
    assert sum(int(word) for word in lines[-1].replace(",", "").split() if word.isdigit()) == 2 * (100 - shown)


def test_a_failover_shows_what_is_in_progress_and_what_is_not_known(settings: Settings, picture: Picture) -> None:
    crowd(picture, 100)
    picture.fail_over()
    picture.lose_sight_of_queue()
    picture.now = replace(picture.now, failover_in_progress=True, legs_to_rescue=4, diverted_from=NodeName("pbx-a"))
    lines = drawn(settings, picture)
    assert "FAILED OVER" in lines[0]
    assert "new calls pass by pbx-a" in lines[2]
    assert "4 callers still to be moved" in lines[3]
    assert any(line.startswith("! pbx-a") and line.endswith("?     ?     ?     ?") for line in lines)
    hotline = next(line.split() for line in lines if line.startswith("  hotline"))
    assert (hotline[1], hotline[2], hotline[-6:]) == ("?", "?", ["?"] * 6)


def test_a_pause_and_a_maintenance_say_who_and_for_how_long(settings: Settings, picture: Picture) -> None:
    crowd(picture, 100)
    order = OrderView("alice", "new switch", 1799.0)
    away = replace(picture.now.nodes[2], state=NodeState.MAINTENANCE, maintenance=order)
    picture.now = replace(picture.now, mode=Mode.PAUSED, pause=order, withheld="failover to pbx-b", nodes=(*picture.now.nodes[:2], away))
    lines = drawn(settings, picture)
    assert "AUTOMATION PAUSED" in lines[0]
    assert lines[2:4] == ["paused by alice, ends in 29m59s: nothing is done by itself", "it would do: failover to pbx-b"]
    assert any(line.startswith("~ pbx-b      in maintenance") for line in lines)


def test_a_drill_in_force_is_shown_so_that_nobody_takes_its_calls_for_real_ones(settings: Settings, picture: Picture) -> None:
    assert not any("drill" in line for line in drawn(settings, picture))
    drill = DrillView("emergency-seats", NodeName("emg"), "alice", "quarterly check", 272.0, 6, 5, (SeatName("eseat1"),))
    picture.now = replace(picture.now, drill=drill)
    assert drawn(settings, picture)[2] == "drill: test calls go to emg, 5 of 6 answered; ends in 4m32s"


def test_a_queue_where_somebody_waits_and_nobody_is_there_is_red(settings: Settings, picture: Picture) -> None:
    picture.now = replace(picture.now, queues=(replace(picture.now.queues[0], seats=(SeatView(SeatName("seat1"), "unreachable"),)),))
    line = next(line for line in screen(status(settings, picture)) if "hotline" in line.plain)
    assert line.style == "bold red"


def test_queues_that_are_not_known_are_said_to_be_so(settings: Settings, picture: Picture) -> None:
    picture.now = replace(picture.now, queues=(), seats=())
    assert "  not known: the serving node is not heard" in drawn(settings, picture)


def test_many_queues_take_the_place_of_the_seats(settings: Settings, picture: Picture) -> None:
    many = tuple(QueueView(QueueName(f"queue{n}"), NodeName("pbx-a"), n, None, ()) for n in range(40))
    picture.now = replace(picture.now, queues=many)
    lines = drawn(settings, picture)
    assert len(lines) == HEIGHT
    assert lines[-1] == "  26 more lines: a taller terminal shows them"


def test_chinese_names_keep_the_columns(settings: Settings, picture: Picture) -> None:
    crowd(picture, 60, name="坐席")
    picture.now = replace(picture.now, queues=(replace(picture.now.queues[0], name=QueueName("电力客户服务热线")),))
    lines = drawn(settings, picture)
    row = next(line for line in lines if "电力客户" in line)
    assert cell_len(row[: row.index("3.5s")]) == 22
    assert [cell_len(line[: line.index("OUT")]) for line in lines if " OUT " in line and "坐席" in line] == [9, 9]


def test_a_larger_terminal_shows_more(settings: Settings, picture: Picture) -> None:
    crowd(picture, 100)
    assert not any("more:" in line for line in drawn(settings, picture, 160, 40))


@pytest.mark.parametrize(("text", "width", "shown"), [("seat100", 8, "seat100 "), ("seat1000", 8, "seat100 "), ("坐席", 4, "坐  ")])
def test_a_column_has_its_width_and_its_last_place_free(text: str, width: int, shown: str) -> None:
    assert column(text, width) == shown


def test_nobody_answers_is_said_with_what_it_means(picture: Picture) -> None:
    lines = [line.plain for line in silence("http://127.0.0.1:9595", "[Errno 111] Connection refused")]
    assert lines[0] == "NO ANSWER FROM cti-daemon"
    assert "systemctl status cti-daemon" in "\n".join(lines)
    assert max(map(cell_len, lines)) <= WIDTH


def test_a_table_that_is_too_long_says_how_much_is_missing() -> None:
    assert [line.plain for line in cropped("a\nb\nc\nd", 3)] == ["a", "b", "2 more lines"]
    assert [line.plain for line in cropped("a\nb\nc", 3)] == ["a", "b", "c"]


def read_some(terminal: int, seconds: float) -> bytes:
    """What was drawn, b"" when nothing was for so long or the other end is closed."""
    try:
        return os.read(terminal, 65536) if select.select([terminal], [], [], seconds)[0] else b""
    except OSError:
        return b""


def on_a_terminal(*words: str, keys: bytes = b"", until: bytes) -> tuple[int, bytes]:
    """Exit code and all that was drawn on a terminal of 80 by 24. Without keys it is interrupted."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "cti_daemon", *words]
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        seen, deadline = b"", time.monotonic() + 50
        while until not in seen and time.monotonic() < deadline:
            seen += read_some(ours, 1.0)
        assert until in seen, seen
        if keys:
            os.write(ours, keys)
        else:
            process.send_signal(signal.SIGINT)
        code = process.wait(20)
    while more := read_some(ours, 0.0):
        seen += more
    os.close(ours)
    return code, seen


@pytest.mark.parametrize(("words", "keys"), [(["top"], b"q"), (["top"], b""), (["status", "--watch"], b"q")])
def test_it_draws_until_q_or_an_interrupt_and_gives_the_terminal_back(page: str, words: list[str], keys: bytes) -> None:
    code, seen = on_a_terminal(*words, "--url", page, keys=keys, until=b"hotline")
    assert code == 0
    second_screen, first_screen = b"\x1b[?1049h", b"\x1b[?1049l"
    assert 0 <= seen.find(second_screen) < seen.rfind(first_screen)


def test_it_goes_on_when_nobody_answers() -> None:
    code, seen = on_a_terminal("top", "--url", "http://127.0.0.1:1", keys=b"q", until=b"NO ANSWER")
    assert code == 0
    assert b"Connection refused" in seen


def test_once_is_for_a_pipe(page: str) -> None:
    command = [sys.executable, "-m", "cti_daemon", "top", "--url", page]
    environment = {**os.environ, "COLUMNS": "80", "TERM": "dumb"}
    said = subprocess.run([*command, "--once"], capture_output=True, text=True, timeout=50, check=True, env=environment)
    assert said.stdout.splitlines()[0].startswith("95598   NORMAL")
    refused = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False, env=environment)
    assert refused.returncode == 2
    assert "top --once" in refused.stderr
