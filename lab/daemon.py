"""The daemon under test: its configuration for this lab, its process in its own namespace."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import sys
from collections.abc import Mapping, Sequence

from lab import process, secret
from lab.layout import AMI_PORT, CTI, EDGE, EMG, HOTLINE, METRICS_PORT, MQTT_PORT, PBX_A, PBX_B, PBXS, REPOSITORY, RUN, SIP_PORT, Host

NAME = "cti-daemon"
FOLDER = RUN / NAME
CONFIGURATION = FOLDER / "cti-daemon.toml"
LOG = FOLDER / "log"
JOURNAL = FOLDER / "journal.sqlite"
CONTROL = FOLDER / "control.sock"

# Every verb that the core carries out.
_VERBS = ", ".join(
    f'"{verb}"'
    for verb in """status note ack failover switchover failback emergency-on emergency-off pause-automation resume-automation
    maintenance-on maintenance-off seat-login seat-logout seat-pause seat-unpause drill-start drill-stop drill-schedule
    callback-list callback-take callback-postpone callback-close
    plan-start approve stage-set task-done answer coming arrived fact-set fault-report incident-close
    ticket-print ticket-enter ticket-reconcile plan-list plan-check plan-test report""".split()
)
_CREW = ", ".join(f'"{user}"' for user in secret.CREW)
_ROLES = {EDGE: "edge", PBX_A: "primary", PBX_B: "standby", EMG: "emergency"}


REGISTER = f"""
[register]
keys = {{ file = "{secret.path("register-keys")}" }}
path = "{FOLDER}/register.sqlite"

[[role]]
name = "privacy-officer"
users = ["root"]
verbs = ["privacy"]
"""
"""For `more`: affected callers are kept."""


def render(*, detection: str = "", failover: str = "", mqtt_host: str = "127.0.0.1", more: str = "") -> str:
    """Return the daemon's TOML; `detection` and `failover` may hold lines of their sections, `more` further tables."""
    head = f'[site]\nname = "{HOTLINE}"\n\n[detection]\n{detection}\n\n[failover]\n{failover}\n'
    nodes = "".join(_node(host) for host in PBXS)
    tail = f"""
[[queue]]
name = "hotline"
service_level_seconds = 15

[[queue]]
name = "emergency"
service_level_seconds = 15

[mqtt]
host = "{mqtt_host}"
port = {MQTT_PORT}
username = "cti-daemon"
password = {{ file = "{secret.path("mqtt-cti-daemon")}" }}

[http]
listen = "127.0.0.1:{METRICS_PORT}"

[control]
socket = "{CONTROL}"

[journal]
path = "{JOURNAL}"

[[role]]
name = "engineer"
users = ["alice", "root", {_CREW}]
verbs = [{_VERBS}]

[[role]]
name = "watcher"
users = ["bob"]
verbs = ["status"]
"""
    return head + nodes + tail + more


def _node(host: Host) -> str:
    a, b = (host.address(net) for net in CTI.nets)
    return f"""
[[node]]
name = "{host.name}"
role = "{_ROLES[host]}"
control = {{ a = "{a}:{AMI_PORT}", b = "{b}:{AMI_PORT}" }}
sip = {{ a = "{a}:{SIP_PORT}", b = "{b}:{SIP_PORT}" }}
username = "cti"
secret = {{ file = "{secret.path(f"ami-{host.name}")}" }}
system_name = {{ file = "{secret.path(f"systemname-{host.name}")}" }}
"""


def write_configuration(*, detection: str = "", failover: str = "", mqtt_host: str = "127.0.0.1", more: str = "") -> None:
    """Write the TOML into the run folder."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    CONFIGURATION.write_text(render(detection=detection, failover=failover, mqtt_host=mqtt_host, more=more))


def start(*, around: Sequence[str] = (), environment: Mapping[str, str] | None = None) -> int:
    """Start the daemon with this interpreter; returns its pid at once. `around`: words that run a command in some other surrounding."""
    # As the unit has it: a failover is the moment when everybody else on the machine is busy too.
    words = [*around, sys.executable, "-m", "cti_daemon", "run", "--config", str(CONFIGURATION)]
    everything = {**os.environ, "PYTHONPATH": str(REPOSITORY), **(environment or {})}
    return process.start(NAME, CTI, words, log=LOG, environment=everything, nicer_by=-10)


def stop() -> None:
    """End the daemon politely."""
    process.stop(NAME, with_signal=signal.SIGTERM)


def kill() -> None:
    """SIGKILL the daemon."""
    process.stop(NAME, with_signal=signal.SIGKILL)


def is_running() -> bool:
    """Say whether the daemon's process lives."""
    return process.find(NAME) is not None


def journal_kinds() -> set[str]:
    """Return which kinds of entry its journal holds now; none before it has written its first."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{JOURNAL}?mode=ro", uri=True, timeout=1.0)) as journal:
            return {kind for (kind,) in journal.execute("SELECT DISTINCT kind FROM entries")}
    except sqlite3.OperationalError:
        return set()
