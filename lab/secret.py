"""Secrets of one lab run: made at start, files of mode 0600, gone at the end."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path

from lab.layout import PBXS, PHONES, SECRETS, Host
from lab.site import Secrets

CREW = tuple(f"crew-{number:02}" for number in range(50))
"""Engineers by the dozen: what one of them may ask is limited, each by himself."""
VISITORS = ("visitor-0", "visitor-1", "visitor-2")
"""The broker knows them; no role does."""
MQTT_USERS = ("cti-daemon", "alice", "bob", "grafana", *CREW, *VISITORS)


def create() -> None:
    """Write a fresh secret for every account and an unguessable system name for every Asterisk."""
    SECRETS.mkdir(mode=0o700, parents=True, exist_ok=True)
    for host in (*PBXS, PHONES):
        write(f"ami-{host.name}", secrets.token_hex(16))
        write(f"lab-{host.name}", secrets.token_hex(16))
        write(f"systemname-{host.name}", f"{host.name}-{secrets.token_hex(8)}")
    for user in MQTT_USERS:
        write(f"mqtt-{user}", secrets.token_hex(12))
    write("ami-call", secrets.token_hex(16))
    write("register-keys", "\n".join(f"{name} {base64.b64encode(secrets.token_bytes(32)).decode()}" for name in ("k1", "find")))


def write(name: str, text: str) -> None:
    """Keep a secret, in the place of the one that is there."""
    path = SECRETS / name
    path.touch(mode=0o600)
    path.write_text(text + "\n")


def path(name: str) -> Path:
    """Return where the secret `name` is kept."""
    return SECRETS / name


def read(name: str) -> str:
    """Return one secret."""
    return path(name).read_text().strip()


def of(host: Host) -> Secrets:
    """Return what a host's configuration needs."""
    return Secrets(system_name=read(f"systemname-{host.name}"), cti=read(f"ami-{host.name}"), lab=read(f"lab-{host.name}"))
