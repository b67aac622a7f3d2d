"""The manual page, from the command line's own help: it cannot say anything else than --help does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from typer.main import get_command

_FILES = (
    ("/etc/cti-daemon/cti-daemon.toml", "The site's configuration."),
    ("/usr/share/cti-daemon/", "The sample configuration; samples for Asterisk, Mosquitto and Prometheus; the dialplans."),
    ("/etc/credstore/", 'Secrets, one file each, mode 0600; the configuration names them as { credential = "NAME" }.'),
    ("/var/lib/cti-daemon/", "The journal."),
    ("/usr/share/doc/cti-daemon/", "Installing, and a runbook for each alert."),
)


def render(app: Any, version: str, date: str) -> str:
    """Return the page in man's own language."""
    command = get_command(app)
    return "\n".join(_lines(command, version, date)) + "\n"


def _lines(root: Any, version: str, date: str) -> Iterator[str]:
    summary, *rest = _paragraphs(root.help)
    yield f'.TH CTI\\-DAEMON 8 "{date}" "cti\\-daemon {version}" "System Administration"'
    yield from (".SH NAME", f"cti\\-daemon \\- {_escaped('keeps a call centre answered when an Asterisk media server dies')}")
    yield from (".SH SYNOPSIS", ".B cti\\-daemon", "[\\fIOPTION\\fR]... \\fICOMMAND\\fR [\\fIARGUMENT\\fR]...")
    yield from (".SH DESCRIPTION", _roff(summary))
    for text in rest:
        yield from (".PP", _roff(text))
    yield from _options(root)
    yield ".SH COMMANDS"
    yield from _commands(root, "")
    yield ".SH FILES"
    for path, text in _FILES:
        yield from (".TP", f".I {_escaped(path)}", _roff(text))
    yield from (".SH SEE ALSO", ".BR systemctl (1),", ".BR journalctl (1),", ".BR systemd\\-creds (1)")


def _commands(group: Any, prefix: str) -> Iterator[str]:
    for name, command in sorted(group.commands.items()):
        if command.hidden:
            continue
        full = f"{prefix}{name}"
        if hasattr(command, "commands"):
            yield from _commands(command, f"{full} ")
            continue
        arguments = [
            f" \\fI{_escaped((one.metavar or one.name).upper())}\\fR" for one in command.params if one.param_type_name == "argument"
        ]
        yield from (f".SS {_escaped(full)}{''.join(arguments)}",)
        for number, text in enumerate(_paragraphs(command.help)):
            yield from ((".PP",) if number else ())
            yield _roff(text)
        yield from _options(command)


def _options(command: Any) -> Iterator[str]:
    for one in command.params:
        if one.param_type_name != "option" or getattr(one, "hidden", False):
            continue
        value = "" if one.is_flag else f" {_escaped(one.display_type(None))}"
        yield from (".TP", ", ".join(f"\\fB{_escaped(word)}\\fR" for word in (*one.opts, *one.secondary_opts)) + value)
        known = f" (environment: {one.envvar})" if isinstance(one.envvar, str) else ""
        yield _roff((one.help or "") + known)


def _paragraphs(text: str | None) -> list[str]:
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n|\f", text or "") if part.strip()]


def _roff(text: str) -> str:
    """One paragraph; rich's [bold]x[/] becomes man's bold."""
    parts = re.split(r"\[bold\](.*?)\[/(?:bold)?\]", text)
    line = "".join(f"\\fB{_escaped(part)}\\fR" if number % 2 else _escaped(part) for number, part in enumerate(parts))
    # A line that begins with a dot or an apostrophe would be an order to the formatter.
    return f"\\&{line}" if line.startswith((".", "'")) else line


def _escaped(text: str) -> str:
    return text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...")
