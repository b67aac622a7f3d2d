"""`python -m lab VERB …`: the bench by hand."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable

from lab import asterisk, bench, daemon, faults, network
from lab.deadline import LabError
from lab.layout import ASTERISKS, BY_NAME, CTL_NETS, EDGE, NODES, Host, Size

# Verbs on one host, and verbs on the site.
_ON_HOST: dict[str, Callable[[Host], float]] = {
    "kill": faults.kill,
    "restart": faults.restart,
    "freeze": faults.freeze,
    "thaw": faults.thaw,
    "blackhole": faults.blackhole,
    "block-ami": faults.block_ami,
    "block-probe": faults.block_probe,
    "freeze-sip": faults.freeze_sip,
    "thaw-sip": faults.thaw_sip,
    "heal": faults.heal,
}
_ON_SITE: dict[str, Callable[[], float]] = {
    "cut-a": lambda: faults.cut(CTL_NETS[0]),
    "cut-b": lambda: faults.cut(CTL_NETS[1]),
    "mend-a": lambda: faults.mend(CTL_NETS[0]),
    "mend-b": lambda: faults.mend(CTL_NETS[1]),
    "cut-daemon": faults.cut_daemon,
    "heal-all": faults.heal_all,
}


def say(text: str) -> None:
    """Print one line now."""
    print(text, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    up = verbs.add_parser("up", help="build and start the bench (removes an earlier one)")
    up.add_argument("--seats", type=int, default=Size().seats)
    up.add_argument("--emergency-seats", type=int, default=Size().emergency_seats)
    up.add_argument("--daemon", action="store_true", help="start cti-daemon as well")
    verbs.add_parser("down", help="stop everything, leave nothing behind")
    verbs.add_parser("status", help="where everything is and whether it runs")
    wait = verbs.add_parser("wait", help="until all Asterisks are booted and the edge reaches every node")
    wait.add_argument("--seats", type=int, default=Size().seats)
    wait.add_argument("--emergency-seats", type=int, default=Size().emergency_seats)
    for verb, action in _ON_HOST.items():
        verbs.add_parser(verb, help=(action.__doc__ or "").splitlines()[0]).add_argument("host", choices=BY_NAME)
    for verb in _ON_SITE:
        verbs.add_parser(verb)
    lose = verbs.add_parser("lose", help="lose a share of a host's packets")
    lose.add_argument("host", choices=BY_NAME)
    lose.add_argument("percent", type=float)
    cli = verbs.add_parser("cli", help="run one Asterisk CLI command")
    cli.add_argument("host", choices=[host.name for host in ASTERISKS])
    cli.add_argument("command")
    shell = verbs.add_parser("shell", help="run a command (default: a shell) in a host's namespace")
    shell.add_argument("host", choices=BY_NAME)
    shell.add_argument("command", nargs=argparse.REMAINDER)
    for verb in ("daemon-start", "daemon-stop", "daemon-kill"):
        verbs.add_parser(verb)
    return parser


def main() -> int:
    """Run one verb; 0 done, 1 failed, with one line that says why."""
    choice = _parser().parse_args()
    try:
        _act(choice)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    return 0


def _act(choice: argparse.Namespace) -> None:
    verb: str = choice.verb
    if verb in _ON_HOST:
        _report(f"{verb} {choice.host}", _ON_HOST[verb](BY_NAME[choice.host]))
    elif verb in _ON_SITE:
        _report(verb, _ON_SITE[verb]())
    else:
        _REST[verb](choice)


def _up(choice: argparse.Namespace) -> None:
    seconds = bench.up(Size(choice.seats, choice.emergency_seats), say)
    if choice.daemon:
        _start_daemon(choice)
    _tell(choice)
    say(f"ready in {seconds:.1f} s")


def _tell(_: argparse.Namespace) -> None:
    if not bench.is_up():
        raise LabError("no bench is up")
    for line in bench.describe():
        say(line)


def _wait(choice: argparse.Namespace) -> None:
    for host in ASTERISKS:
        asterisk.wait_booted(host)
    for node in NODES:
        asterisk.wait_seats(node, Size(choice.seats, choice.emergency_seats))
    bench.wait_contacts()
    say(f"{EDGE.name} reaches all nodes, all seats are registered")


def _lose(choice: argparse.Namespace) -> None:
    _report(f"lose {choice.percent:g} % at {choice.host}", faults.lose(BY_NAME[choice.host], choice.percent))


def _command(choice: argparse.Namespace) -> None:
    sys.stdout.write(asterisk.command(BY_NAME[choice.host], choice.command))


def _shell(choice: argparse.Namespace) -> None:
    words = [*network.inside(BY_NAME[choice.host].namespace), *(choice.command or ["sh"])]
    os.execvp(words[0], words)  # noqa: S606  # the person's own command takes this process's place


def _start_daemon(_: argparse.Namespace) -> None:
    daemon.write_configuration()
    say(f"cti-daemon pid {daemon.start()}, log {daemon.LOG}")


_REST: dict[str, Callable[[argparse.Namespace], None]] = {
    "up": _up,
    "down": lambda _: bench.down(),
    "status": _tell,
    "wait": _wait,
    "lose": _lose,
    "cli": _command,
    "shell": _shell,
    "daemon-start": _start_daemon,
    "daemon-stop": lambda _: daemon.stop(),
    "daemon-kill": lambda _: daemon.kill(),
}


def _report(what: str, struck_wall: float) -> None:
    clock = time.strftime("%H:%M:%S", time.localtime(struck_wall))
    say(f"{what} at {clock}.{round(struck_wall % 1 * 1e6):06d}")


if __name__ == "__main__":
    raise SystemExit(main())
