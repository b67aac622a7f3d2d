"""Mosquitto in the daemon's namespace, with the repository's own configuration and access list."""

from __future__ import annotations

import shutil
import socket

from lab import network, process, secret
from lab.deadline import wait_until
from lab.layout import CTI, MQTT_PORT, REPOSITORY, RUN

NAME = "mosquitto"
_FOLDER = RUN / "mosquitto"
DATA = _FOLDER / "data"


def render(text: str) -> str:
    """Return the repository's configuration with the lab's paths; it keeps root, being in a throw-away folder."""
    return text.replace("/etc/mosquitto/", f"{_FOLDER}/") + f"persistence true\npersistence_location {DATA}/\nuser root\n"


def write_configuration() -> None:
    """Write configuration, access list and password file."""
    DATA.mkdir(parents=True, exist_ok=True)
    source = REPOSITORY / "config/mosquitto"
    (_FOLDER / "mosquitto.conf").write_text(render((source / "mosquitto.conf").read_text()))
    access, passwords = _FOLDER / "cti.acl", _FOLDER / "cti.passwd"
    shutil.copyfile(source / "cti.acl", access)
    passwords.touch(mode=0o600)
    passwords.write_text("".join(f"{user}:{secret.read(f'mqtt-{user}')}\n" for user in secret.MQTT_USERS))
    # -U hashes a file of plain passwords in place; a password never becomes an argument others could see.
    network.run("mosquitto_passwd", "-U", str(passwords))
    access.chmod(0o600)


def start() -> None:
    """Start the broker; returns at once."""
    process.start(NAME, CTI, ["mosquitto", "-c", str(_FOLDER / "mosquitto.conf")], log=_FOLDER / "log")


def wait_ready(seconds: float = 10.0) -> None:
    """Return when the broker accepts connections."""
    wait_until("the broker to answer", lambda: answers(MQTT_PORT), seconds)


def answers(port: int) -> bool:
    """Say whether something listens on the daemon's loopback at `port`."""
    try:
        with network.entered(CTI.namespace):
            socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
    except OSError:
        return False
    return True
