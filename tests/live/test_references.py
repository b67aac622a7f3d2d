"""The lines of docs/commands.md as an engineer copies them: run by a shell as printed, against the real site."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lab import daemon, network, page, secret
from lab.deadline import wait_until
from lab.layout import CTI, PBX_A, REPOSITORY

pytestmark = [pytest.mark.lab, pytest.mark.timeout(180)]
TEXT = (REPOSITORY / "docs/commands.md").read_text(encoding="utf-8")
ANSWERS = {
    "failback": "wrong_target",  # the primary serves
    "emergency-off": "wrong_mode",  # no emergency system serves
    "resume-automation": "wrong_mode",  # the pause was a dry run
    "seat-logout": "wrong_target",  # it stands in the lab's queues.conf
    "seat-login": "ok",
    "seat-pause": "done",
    "seat-unpause": "done",
    "maintenance-on": "accepted",
    "maintenance-off": "accepted",
    "drill-start": "accepted",
    "drill-stop": "accepted",
    "drill-schedule": "wrong_mode",  # the lab plans no drill
    "callback-list": "wrong_mode",  # the lab keeps no register
    "callback-take": "wrong_target",
    "callback-postpone": "wrong_target",
    "callback-close": "wrong_target",
    "status": "ok",
    "note": "ok",
    "ack": "ok",
    "plan-start": "wrong_mode",  # the lab has no emergency plans
    "approve": "wrong_mode",
    "stage-set": "wrong_mode",
    "task-done": "wrong_mode",
    "answer": "wrong_mode",
    "coming": "wrong_mode",
    "arrived": "wrong_mode",
    "fact-set": "wrong_mode",
    "fault-report": "wrong_mode",
    "incident-close": "wrong_mode",
    "ticket-print": "wrong_mode",  # the lab keeps no register
    "ticket-enter": "wrong_mode",
    "ticket-reconcile": "wrong_mode",
    "plan-list": "wrong_mode",
    "plan-check": "wrong_mode",
    "plan-test": "wrong_mode",
    "report": "done",
}
"""What a calm site says; everything else is dangerous, and printed as a dry run."""


def _home(folder: Path) -> Path:
    """Where the engineer keeps what is always the same, as the page says, with his own password."""
    options = re.search(r"```\n(-h .*?)\n```", TEXT, re.DOTALL)
    assert options is not None
    (folder / ".config").mkdir()
    kept = folder / ".config/mosquitto_rr"
    kept.touch(mode=0o600)
    kept.write_text(options[1].replace("the-password", secret.read("mqtt-alice")) + "\n")
    return folder


def _shell(line: str, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "XDG_CONFIG_HOME"} | {"HOME": str(home)}
    words = [*network.inside(CTI.namespace), "bash", "-c", line]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=30, env=environment)


def test_every_line_works_as_printed(site: None, tmp_path: Path) -> None:
    """ "`mosquitto_rr` one-liners in the docs work as printed (tested)"."""
    home = _home(tmp_path)
    said: dict[str, str] = {}
    for line in re.findall(r"^mosquitto_rr .*$", TEXT, re.MULTILINE):
        verb = line.split("/")[5].split()[0]
        # On a busy machine a server is suspected now and then for a moment, and then no drill may begin.
        wait_until("the site to be normal", lambda: page.status().get("mode") == "normal", 20)
        done = _shell(line, home)
        assert done.stdout.strip(), f"{line}: {done.stderr}"
        answer: dict[str, Any] = json.loads(done.stdout)
        said[verb] = answer["code"]
    assert said == {verb: ANSWERS.get(verb, "dry_run") for verb in said}
    assert len(said) == len(set(re.findall(r"^### (\S+)$", TEXT, re.MULTILINE)))
    status = page.status()
    assert (status["mode"], status["serving"], status["epoch"], status["drill"]) == ("normal", PBX_A.name, 0, None)


def test_every_retained_schema_is_there_for_an_engineer(site: None, tmp_path: Path) -> None:
    """ "Schemas retained at `…/schema/<verb>`", readable with the access list that is shipped."""
    home = _home(tmp_path)
    (home / ".config/mosquitto_rr").rename(home / ".config/mosquitto_sub")
    read = _shell("mosquitto_sub -t 'cti/v1/95598/schema/+' -W 3", home)
    titles = [json.loads(line)["title"] for line in read.stdout.splitlines()]
    assert sorted(titles) == sorted(re.findall(r"^### (\S+)$", TEXT, re.MULTILINE))
    assert daemon.is_running()
