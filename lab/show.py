"""A site at work, for whoever looks at it: callers who talk, wait, give up and come back, then the primary dies.

`make pictures` draws what `cti-daemon top` and the dashboards show of it into docs/pictures; tests ask every query of the
dashboards while it runs."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from lab import bench, board, chart, crisis_room, daemon, engineer, faults, forger, network
from lab.deadline import LabError
from lab.layout import CTI, METRICS_PORT, PBX_A, REPOSITORY, Size
from lab.trial import Load, Trial, start_daemon

FOLDER = REPOSITORY / "docs/pictures"
SEATS = 20
LOAD = Load(loud=0, quiet=10, waiting=0, new_per_second=2.5, new_stay_seconds=9.0)
"""Ten seats talk for long; the ten others cannot take all who come: some are answered, some give up."""
CALM_SECONDS, AFTER_SECONDS = 50.0, 40.0
SHOTS = {"top-normal": -10.0, "top-failover": 3.0}
"""When `top` is drawn, in seconds from the fault."""
BOARDS = (
    ("zh", "cti-operations"),
    ("en", "cti-operations"),
    ("en", "cti-queues"),
    ("en", "cti-failover"),
    ("zh", "cti-plans"),
    ("en", "cti-plans"),
)

Say = Callable[[str], None]


@contextlib.contextmanager
def site_at_work(say: Say) -> Iterator[None]:
    """The lab with the daemon, until the block ends."""
    bench.up(Size(seats=SEATS), say)
    try:
        crisis_room.start()
        start_daemon(more=crisis_room.tables())
        yield
    finally:
        daemon.stop()
        crisis_room.stop()
        faults.heal_all()
        bench.down()


def play(
    say: Say,
    at_the_end: Callable[[float, float], None],
    before: Callable[[], None] = lambda: None,
    after: Callable[[], None] = lambda: None,
) -> None:
    """Let it all happen. `before` and `after` the fault somebody may look; `at_the_end` is told when it began and ended (wall)."""
    began_wall = time.time()
    forger.call_with_number(forger.event("QueueCallerJoin", Queue="hotline"), label="forged")
    engineer.command("alice", "status")
    crisis_room.begin()

    def strike() -> float:
        before()
        return faults.kill(PBX_A)

    Trial(LOAD, say).run(
        strike,
        steps=[(SHOTS["top-failover"], after)],
        watch_seconds=AFTER_SECONDS,
        calm_seconds=CALM_SECONDS,
        at_the_end=lambda: at_the_end(began_wall, time.time()),
    )


def main() -> int:
    """Draw the pictures; 0 when all were drawn."""
    began_at = time.monotonic()

    def say(text: str) -> None:
        print(f"  +{time.monotonic() - began_at:5.1f} s  {text}", flush=True)

    FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        with site_at_work(say):
            play(say, draw_boards, before=lambda: draw_top("top-normal"), after=lambda: draw_top("top-failover"))
    except LabError as fault:
        print(f"the pictures could not be drawn: {fault}", file=sys.stderr)
        return 1
    say(f"drawn: {', '.join(path.name for path in sorted(FOLDER.glob('*.svg')))}")
    return 0


def draw_top(name: str) -> None:
    """Draw what a person at a terminal of 80 by 24 sees now."""
    command = [sys.executable, "-m", "cti_daemon", "top", "--once", "--url", f"http://127.0.0.1:{METRICS_PORT}"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "COLUMNS": "80", "FORCE_COLOR": "1", "TERM": "xterm-256color"}
    done = subprocess.run(
        [*network.inside(CTI.namespace), *command], capture_output=True, text=True, timeout=20, check=False, env=environment
    )
    if done.returncode != 0:
        raise LabError(f"cti-daemon top: {done.stderr.strip()}")
    console = Console(record=True, width=80, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(done.stdout))
    text = console.export_svg(title="cti-daemon top", theme=MONOKAI, code_format=_WITHOUT_A_FONT_FROM_ELSEWHERE, unique_id=name)
    (FOLDER / f"{name}.svg").write_text(text)


def draw_boards(began_wall: float, ended_wall: float) -> None:
    """Draw the dashboards as of now."""
    note = "make pictures: the dashboard's file, its queries, real data of the lab; drawn without Grafana"
    for language, uid in BOARDS:
        filled = board.fill(board.FOLDER / language / f"{uid}.json", began_wall + 5, ended_wall)
        (FOLDER / f"{uid.removeprefix('cti-')}-{language}.svg").write_text(chart.draw(filled, note))


_WITHOUT_A_FONT_FROM_ELSEWHERE = """\
<svg class="rich-terminal" xml:space="preserve" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: 'DejaVu Sans Mono', 'Liberation Mono', Menlo, Consolas, monospace; font-size: {char_height}px;
  line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


if __name__ == "__main__":
    sys.exit(main())
