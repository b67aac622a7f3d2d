"""4-interfaces and the brief: "JSON under systemd, readable on a terminal; caller numbers masked"."""

import io
import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
import structlog
from typing_extensions import override

from cti_daemon.shell import log
from cti_daemon.shell.privacy import masked, masked_value

pytestmark = pytest.mark.slow  # each starts a process


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    yield
    root = logging.getLogger()
    for handler in root.handlers[:]:
        if isinstance(handler, log._Writer):
            root.removeHandler(handler)
            handler.close()
    root.setLevel(logging.WARNING)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def written(stream: io.StringIO) -> list[str]:
    for handler in logging.getLogger().handlers:
        if isinstance(handler, log._Writer):
            handler.close()
    return stream.getvalue().splitlines()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("caller 13812345678 rings", "caller *********78 rings"),
        ("+8613812345678", "+***********78"),
        ("x13812345678y", "x*********78y"),
        ("138 1234 5678", "*********78"),
        ("0571-8888-6666", "**********66"),
        ("PJSIP/13812345678-0000001a", "PJSIP/*********78-0000001a"),
        ("PJSIP/carrier-13812345", "PJSIP/carrier-******45"),
        ("１３８１２３４５６７８", "*********７８"),
        # what an engineer needs stays
        ("10.10.1.11:5038 pbx-a 95598 at 2026-11-21T18:26:57.123456Z", None),
        ("token 356a192b7913b04c54574d18c28d46e6395428ab", None),
        ("seat7 waited 12.345 s", None),
    ],
)
def test_what_looks_like_a_callers_number_is_masked(text: str, shown: str | None) -> None:
    assert masked(text) == (shown if shown is not None else text)


def test_numbers_are_masked_in_nested_values_and_keys() -> None:
    value = {"13812345678": [("13812345678", 5), {"deep": {"er": "13812345678"}}], "n": None, "o": ValueError("13812345678")}
    assert "3812345" not in json.dumps(masked_value(value))


def test_json_lines_hold_every_field_and_no_number() -> None:
    stream = io.StringIO()
    log.configure(json=True, stream=stream)
    logger = log.get("ami")
    logger.info("call from 13812345678", node="pbx-a", caller="13812345678", legs=[{"n": "13812345678"}])
    try:
        int("no number: 13812345678")
    except ValueError:
        logger.exception("it broke")
    logging.getLogger("mqtt").warning("a library says %s", "13812345678")
    first, second, third = (json.loads(line) for line in written(stream))
    assert first["event"] == "call from *********78"
    assert (first["level"], first["logger"], first["node"], first["caller"]) == ("info", "cti.ami", "pbx-a", "*********78")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT.*Z", first["timestamp"])
    assert "no number: *********78" in second["exception"]
    assert third["event"] == "a library says *********78"
    assert "3812345" not in stream.getvalue()


def test_a_terminal_gets_readable_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        @override
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    assert not log.wants_json(Terminal())
    assert log.wants_json(io.StringIO())
    monkeypatch.setenv("JOURNAL_STREAM", "8:12345")
    assert log.wants_json(Terminal())
    stream = io.StringIO()
    log.configure(json=False, stream=stream)
    log.get("ami").info("linked", node="pbx-a")
    assert "linked" in written(stream)[0]
    assert not stream.getvalue().startswith("{")


def test_the_first_failure_is_loud_and_its_repeats_are_not() -> None:
    stream = io.StringIO()
    log.configure(json=True, stream=stream)
    repeats = log.Repeats(log.get("mqtt"))
    for _ in range(100):
        repeats.failed("broker", "broker is away")
        repeats.failed("other", "something else")
    repeats.well("broker", "broker is back")
    repeats.well("broker", "broker is back")
    repeats.failed("broker", "broker is away")
    assert [(e["level"], e["event"]) for e in map(json.loads, written(stream))] == [
        ("warning", "broker is away"),
        ("warning", "something else"),
        ("info", "broker is back"),
        ("warning", "broker is away"),
    ]


FLOOD = """
import logging, os
from cti_daemon.shell import log
reading, writing = os.pipe()
log.configure(json=True, stream=os.fdopen(writing, "w"))
for _ in range(log.MOST_WAITING_LINES + 2000):
    log.get("ami").info("x" * 100)
[handler] = [h for h in logging.getLogger().handlers if isinstance(h, log._Writer)]
print("went on, dropped:", handler._dropped > 0, flush=True)
os._exit(0)
"""


def test_a_reader_who_stops_reading_does_not_stop_the_one_who_logs() -> None:
    """A full pipe or a stalled journald must not stop the loop that saves calls. (A process of its own: only there nobody else
    holds the pipe.)"""
    done = subprocess.run([sys.executable, "-c", FLOOD], capture_output=True, text=True, timeout=50, check=True)
    assert done.stdout == "went on, dropped: True\n"


def test_a_reader_who_never_reads_does_not_spoil_the_end_of_the_process() -> None:
    reading, writing = os.pipe()
    code = "from cti_daemon.shell import log\nlog.configure()\nfor _ in range(2000): log.get('x').info('y' * 200)\n"
    ended = subprocess.run([sys.executable, "-c", code], stderr=writing, timeout=50, check=False)
    os.close(reading)
    os.close(writing)
    assert ended.returncode == 0
