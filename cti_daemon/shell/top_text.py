"""The running site on one screen, for `cti-daemon top`: made from what `/status` gives, for any terminal from 80 columns by 24 lines.

What is not known is `?`, never 0. What needs a person is coloured and comes first; without colours the words say it too."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from rich.cells import set_cell_size
from rich.text import Text

from cti_daemon.shell.status_text import MARKS, MODES, evidence_pair, percent, span
from cti_daemon.wire.site_json import window_seconds

WIDTH, HEIGHT = 80, 24
UNKNOWN = "?"
CALL_STATES = ("ringing", "waiting", "talking", "held")
SEAT_COLUMNS = (("FREE", "available"), ("RING", "ringing"), ("TALK", "in_call"), ("WRAP", "wrap_up"), ("PAUS", "paused"))
OUT = ("unreachable", "unknown")
_MANNED = ("available", "ringing", "in_call", "wrap_up")

_SEAT_WORDS = {
    "unreachable": ("OUT", "bold red"),
    "unknown": ("?", "magenta"),
    "wrap_up": ("wrap", "yellow"),
    "paused": ("paus", "yellow"),
    "ringing": ("ring", "cyan"),
    "in_call": ("talk", "green"),
    "available": ("free", ""),
    "logged_out": ("left", "dim"),
}
"""In the order in which a shift leader looks for them."""

_MODE_STYLES = {
    "normal": "bold green",
    "diverted": "bold yellow",
    "failed_over": "bold red",
    "emergency": "bold white on red",
    "paused": "bold magenta",
}
_NODE_STYLES = {"healthy": "", "suspect": "yellow", "down": "bold red", "unknown": "magenta", "maintenance": "cyan"}
_CELL = 20


def screen(status: dict[str, Any], width: int = WIDTH, height: int = HEIGHT) -> list[Text]:
    """At most `height` lines of at most `width` columns. Seats that do not fit are counted in the last line."""
    lines = [*_head(status, width), Text(), *_nodes(status), Text(), *_queues(status["queues"])]
    seats = status.get("seats", [])
    if len(lines) > height - 3:  # a site of many queues: they are what matters
        return [fit(line, width) for line in _cut(lines, height, "more lines: a taller terminal shows them")]
    lines += [Text(), *_seats(seats, width, height - len(lines) - 1)]
    return [fit(line, width) for line in lines]


def silence(address: str, why: str, width: int = WIDTH) -> list[Text]:
    """When nobody answers: no picture, since an old one would be taken for the present one."""
    lines = [
        Text("NO ANSWER FROM cti-daemon", "bold white on red"),
        Text(),
        Text(f"asked   {address}/status"),
        Text(f"said    {why}"),
        Text(),
        Text("Calls go on: the edge keeps its last route and falls back by itself, more slowly."),
        Text("Nobody moves the callers in progress if a media server dies now."),
        Text("Look at: systemctl status cti-daemon; journalctl -u cti-daemon -n 50 -o cat"),
    ]
    return [fit(line, width) for line in lines]


def fit(line: Text, width: int) -> Text:
    """The same line, cut to `width` columns (a Chinese sign has two) and without blanks at its end."""
    cut = line.copy()
    cut.truncate(width)
    cut.rstrip()
    return cut


def column(text: object, width: int, *, right: bool = False) -> str:
    """Text in exactly so many columns, cut or filled; the last column of a cut or left-aligned text stays free."""
    shown = str(text)
    if right:
        return shown.rjust(width) if len(shown) < width else set_cell_size(f" {shown}", width)
    return set_cell_size(set_cell_size(shown, width - 1).rstrip(), width)


def _head(status: dict[str, Any], width: int) -> Iterator[Text]:
    mode = MODES.get(status["mode"], status["mode"]).upper()
    when = f"{status['now'][11:19]} UTC  q quits"
    line = Text.assemble((status["site"], "bold"), "   ", (mode, _MODE_STYLES.get(status["mode"], "bold")))
    line.pad_right(max(1, width - line.cell_len - len(when)))
    yield line.append(when, "dim")
    yield Text.assemble(
        "serving ",
        (status["serving"] or UNKNOWN, "bold"),
        f" for {span(status['since_seconds'])}, {status['reason']}, epoch {status['epoch']}; "
        f"route {' > '.join(status['route']) or UNKNOWN}",
    )
    pair = status.get("pair")
    if pair is not None and pair["role"] == "standby":
        yield Text(f"STANDS BY for {pair['peer']}: it sees all this and does nothing", "bold cyan")
    if status["pause"]:
        pause = status["pause"]
        yield Text(f"paused by {pause['user']}, ends in {span(pause['ends_in_seconds'])}: nothing is done by itself", "magenta")
    if status["withheld"]:
        yield Text(f"it would do: {status['withheld']}", "bold red")
    if status["drill"]:
        drill = status["drill"]
        yield Text(f"drill: {drill['text']}; ends in {span(drill['ends_in_seconds'])}", "cyan")
    if status["diverted_from"]:
        yield Text(f"new calls pass by {status['diverted_from']}", "yellow")
    if status["failover_in_progress"]:
        yield Text(f"failover in progress: {status['legs_to_rescue']} callers still to be moved", "bold red")


def _nodes(status: dict[str, Any]) -> Iterator[Text]:
    columns = "".join(column(word, 6, right=True) for word in ("RING", "WAIT", "TALK", "HELD"))
    yield Text(f"  {column('NODE', 11)}{column('VERDICT', 18)}{column('FOR', 8)}LINK  SIP   EDGE {columns}", "reverse")
    counts = {(call["node"], call["state"]): call["count"] for call in status.get("calls", [])}
    seen = {node for node, _ in counts}
    for node in status["nodes"]:
        calls = "".join(
            column(counts.get((node["node"], state), 0) if node["node"] in seen else UNKNOWN, 6, right=True) for state in CALL_STATES
        )
        evidence = "".join(f"{evidence_pair(node, kind):<6}" for kind in ("link", "sip", "edge"))[:-1]
        if node["role"] == "edge" and node["node"] not in seen:
            calls = ""
        yield Text(
            f"{MARKS.get(node['state'], UNKNOWN)} {column(node['node'], 11)}"
            f"{column('in maintenance' if node['maintenance'] else node['verdict'], 18)}"
            f"{column(span(node['since_seconds']), 8)}{evidence}{calls}",
            _NODE_STYLES.get(node["state"], ""),
        )


def _queues(queues: Sequence[dict[str, Any]]) -> Iterator[Text]:
    window = next((min(q["windows"], key=window_seconds) for q in queues if q["windows"]), "")
    seats = "".join(column(word, 5, right=True) for word in (*(title for title, _ in SEAT_COLUMNS), "OUT"))
    yield Text(f"  {column('QUEUE', 11)} WAIT LONGEST{column(f'SL{window}', 6, right=True)}   ASA ABAN OFFER{seats}", "reverse")
    if not queues:
        yield Text("  not known: the serving node is not heard", "magenta")
    for queue in queues:
        now = (queue["windows"] or {}).get(window, {})
        level = next(iter((queue["service_level"] or {}).values()), None)
        figures = (
            (_count(queue["waiting"]), 5),
            ("-" if queue["waiting"] == 0 else span(queue["longest_wait_seconds"]), 8),
            (percent(level), 6),
            (span(now.get("asa_seconds")), 6),
            (percent(now.get("abandonment_ratio")), 5),
            (_count(queue["offered"]), 6),
            *((_count(count), 5) for count in _seats_of(queue["seats"])),
        )
        style = "bold red" if _is_deserted(queue) else "yellow" if queue["waiting"] else ""
        yield Text(f"  {column(queue['queue'], 11)}" + "".join(column(text, width, right=True) for text, width in figures), style)


def _is_deserted(queue: dict[str, Any]) -> bool:
    """Somebody waits and nobody can ever answer."""
    seats = queue["seats"]
    return (
        bool(queue["waiting"]) and seats is not None and not any(seats[state] for state in ("available", "ringing", "in_call", "wrap_up"))
    )


def _seats_of(seats: dict[str, int] | None) -> Iterable[int | None]:
    if seats is None:
        return [None] * (len(SEAT_COLUMNS) + 1)
    return [*(seats[state] for _, state in SEAT_COLUMNS), sum(seats[state] for state in OUT)]


def _seats(seats: Sequence[dict[str, Any]], width: int, lines: int) -> Iterator[Text]:
    """A grid, what needs a look first; within a state the longest first. The last line counts those without a place."""
    yield Text(f" SEATS {len(seats)}, longest first".ljust(width), "reverse")
    order = list(_SEAT_WORDS)
    ranked = sorted(seats, key=lambda s: (order.index(s["state"]) if s["state"] in order else 0, -(s["since_seconds"] or 0)))
    across = max(1, width // _CELL)
    places = max(0, lines - 1) * across
    if len(ranked) > places:
        places = max(0, lines - 2) * across
    shown = iter(ranked[:places])
    while row := list(islice(shown, across)):
        yield Text.assemble(*((_cell(seat), _SEAT_WORDS.get(seat["state"], ("", ""))[1]) for seat in row))
    if len(ranked) > places:
        yield Text(f" and {len(ranked) - places} more: {_tally(ranked[places:])}", "dim")


def _cell(seat: dict[str, Any]) -> str:
    word = _SEAT_WORDS.get(seat["state"], (seat["state"], ""))[0]
    since = "" if seat["since_seconds"] is None else span(seat["since_seconds"])
    return " " + column(seat["seat"], 8) + column(word, 5) + since.ljust(_CELL - 14)


def _tally(seats: Iterable[dict[str, Any]]) -> str:
    counts: dict[str, int] = {}
    for seat in seats:
        word = _SEAT_WORDS.get(seat["state"], (seat["state"], ""))[0]
        counts[word] = counts.get(word, 0) + 1
    return ", ".join(f"{count} {word}" for word, count in counts.items())


def _cut(lines: list[Text], height: int, text: str) -> list[Text]:
    return lines if len(lines) <= height else [*lines[: height - 1], Text(f"  {len(lines) - height + 1} {text}", "dim")]


def _count(number: int | None) -> str:
    return UNKNOWN if number is None else str(number)
