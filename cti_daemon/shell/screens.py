"""A person's terminal: shows one screen after another until `q` or Ctrl-C."""

import contextlib
import select
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from cti_daemon.shell import status_page
from cti_daemon.shell.top_text import HEIGHT, screen, silence

EVERY_SECONDS = 1.0
Draw: TypeAlias = Callable[[int, int], list[Text]]
"""Lines for a terminal of so many columns and lines."""


def top(address: str, width: int, height: int) -> list[Text]:
    """The picture of now; when nobody answers, words instead of an old one."""
    try:
        return screen(status_page.fetch(address), width, height)
    except status_page.SilentError as silent:
        return silence(address, str(silent), width)


def cropped(table: str, lines: int) -> list[Text]:
    """As much of a table as the terminal has lines for."""
    found = table.splitlines()
    shown = found if len(found) <= lines else [*found[: lines - 1], f"{len(found) - lines + 1} more lines"]
    return [Text(line) for line in shown]


def draw_once(status: dict[str, Any]) -> None:
    """One screen on standard output, as wide as the terminal, HEIGHT lines high."""
    console = Console(highlight=False)
    for line in screen(status, console.width, HEIGHT):
        console.print(line, no_wrap=True, crop=False, overflow="ignore")


def watch(draw: Draw) -> None:
    """Draw anew every second, in the terminal's second screen: what stood there before is back at the end."""
    console = Console(highlight=False)
    live = Live(console=console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)
    with contextlib.suppress(KeyboardInterrupt), _keys() as pressed, live:
        while True:
            live.update(Group(*draw(console.width, console.height)), refresh=True)
            if pressed(EVERY_SECONDS) in {"q", "Q"}:
                return


@contextlib.contextmanager
def _keys() -> Iterator[Callable[[float], str]]:
    """A function that waits so long for a key; '' when none was pressed. Without a keyboard it only waits."""
    if not sys.stdin.isatty():
        yield _wait
        return
    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield _key
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _wait(seconds: float) -> str:
    time.sleep(seconds)
    return ""


def _key(seconds: float) -> str:
    ready, _, _ = select.select([sys.stdin], [], [], seconds)
    return sys.stdin.read(1) if ready else ""
