"""The people of a drill: a contact book in which every role of the plans has somebody, and the mail server and the webhook at which all
that they are told arrives, with the sink's own clock."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lab import process, secret
from lab.deadline import wait_until
from lab.layout import CTI, REPOSITORY, RUN
from lab.sinks import Got

NAME = "sinks"
MAIL_PORT, HOOK_PORT = 2525, 8085
PLANS = REPOSITORY / "config/plans"
"""Those that are shipped."""
_FILE = RUN / "sinks.jsonl"
_DOMAIN = "@site.example"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with roles; `via` the gateway by which he is told."""

    name: str
    roles: tuple[str, ...]
    via: str
    user: str = ""
    deputies: tuple[str, ...] = ()


_REST = "it hr security supplier supplier-backup maker agents business public echelon-2 staff-on-leave functional-staff".split()
PEOPLE = (
    Person("leader", ("team-leader",), "mail", "alice", ("second-leader",)),
    Person("second-leader", (), "hook"),
    Person("maintainer", ("maintenance",), "hook"),
    Person("supervisor", ("supervisor",), "mail"),
    Person("operations", ("operations-supervisor",), "hook"),
    Person("manager", ("centre-manager",), "mail"),
    Person("duty", ("duty", "duty-lead"), "hook", "", ("second-duty",)),
    Person("second-duty", (), "mail"),
    Person("board", ("duty-manager", "marketing-manager", "centre-leader", "leading-group", "commander"), "mail"),
    Person("near", ("echelon-1",), "hook"),
    Person("desk", tuple(_REST), "hook"),
)


def tables(time_scale: float, folder: Path = PLANS) -> str:
    """The daemon's tables: the plans of a folder at this speed, and everybody who is told by them. Writes the gateways' secrets."""
    urls = {
        "mail": f"mailto://robot:robot@127.0.0.1:{MAIL_PORT}?mode=insecure&from=cti{_DOMAIN}&to={{to}}",
        "hook": f"json://127.0.0.1:{HOOK_PORT}/hook/{{to}}",
    }
    text = f'\n[plans]\nfolder = "{folder}"\ntime_scale = {time_scale:g}\n\n[people]\ntest_every_days = 0\n'
    for name, url in urls.items():
        secret.write(f"gateway-{name}", url)
        text += f'\n[[gateway]]\nname = "{name}"\nurl = {{ file = "{secret.path(f"gateway-{name}")}" }}\n'
    return text + "".join(_contact(person) for person in PEOPLE)


def _contact(person: Person) -> str:
    to = person.name + (_DOMAIN if person.via == "mail" else "")
    user = f'user = "{person.user}"\n' if person.user else ""
    roles, deputies = json.dumps(list(person.roles)), json.dumps(list(person.deputies))
    return (
        f'\n[[contact]]\nname = "{person.name}"\n{user}roles = {roles}\ndeputies = {deputies}\n'
        f'channels = [{{ via = "{person.via}", to = "{to}" }}]\n'
    )


def start() -> None:
    """Let messages in; returns when both sinks listen."""
    _FILE.write_text("")
    words = [sys.executable, "-m", "lab.sinks", str(MAIL_PORT), str(HOOK_PORT), str(_FILE)]
    process.start(NAME, CTI, words, log=RUN / "sinks.log", environment={**os.environ, "PYTHONPATH": str(REPOSITORY)})
    wait_until("the sinks to listen", lambda: _FILE.with_suffix(".ready").exists(), 10)


def stop() -> None:
    """End both."""
    process.stop(NAME)


def got(incident: str = "") -> list[Got]:
    """All that has arrived, in order; of one incident, if named. `to` is the person's name."""
    return [message for message in _read() if message.title.find(incident) >= 0]


def wait_told(incident: str, to: str, text: str, seconds: float) -> float:
    """Return when somebody was told this; a line says so."""

    def find() -> list[Got]:
        return [message for message in got(incident) if message.to == to and text in message.text]

    wait_until(f"{to} to be told {text!r}", lambda: bool(find()), seconds, every_seconds=0.1)
    print(f"  {to} is told: {text}", flush=True)
    return find()[0].wall


def _read() -> Iterator[Got]:
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        message = json.loads(line)
        yield Got(message["to"].removesuffix(_DOMAIN), message["title"], message["text"], message["wall"])
