"""The lab's site as the packaged service gets it: the daemon's own configuration of the lab, its secrets as systemd credentials."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lab import daemon, secret
from lab.deadline import LabError
from lab.layout import CTI, PBXS, RUN, SECRETS, SUBNETS
from lab.service.guest import Guest

CONFIGURATION = "/etc/cti-daemon/cti-daemon.toml"
JOURNAL = "/var/lib/cti-daemon/journal.sqlite"
CREDSTORE = "/etc/credstore"
# Whoever is root on the daemon's machine and asks over its control socket.
_ROLE = """
[[role]]
name = "machine"
users = ["root"]
verbs = ["status", "note"]
"""
BACKUPS = "/var/lib/cti-daemon/backups"
_BACKUP = f"""
[backup]
folder = "{BACKUPS}"
every = 3600
"""
_DROP_IN = "/etc/systemd/system/cti-daemon.service.d/site.conf"


def configure(guest: Guest) -> None:
    """Write what systemd/README.md asks of an engineer: configuration, secrets, the site's drop-in."""
    write_configuration(guest)
    for name, kept in _credentials():
        guest.write(f"{CREDSTORE}/{name}", (secret.read(kept) + "\n").encode(), mode=0o600)
    write_drop_in(guest)


def write_drop_in(guest: Guest) -> None:
    """Write what `systemctl edit` would, and have systemd read it."""
    guest.write(_DROP_IN, _drop_in().encode())
    guest.run("systemctl", "daemon-reload")


def write_configuration(guest: Guest, more: str = "") -> None:
    """Write the configuration, `more` at its end."""
    guest.write(CONFIGURATION, (render() + more).encode(), mode=0o640)
    guest.run("chgrp", "cti-daemon", CONFIGURATION)


def render() -> str:
    """Return the lab's configuration with this unit's credentials and journal."""
    text = daemon.render().replace(str(daemon.JOURNAL), JOURNAL).replace(str(daemon.FOLDER), "/run/cti-daemon")
    for name, kept in _credentials():
        text = text.replace(f'{{ file = "{secret.path(kept)}" }}', f'{{ credential = "{name}" }}')
    text = re.sub(r"^\[site\]$", '[site]\ndaemon = "packaged"', text, flags=re.MULTILINE)
    text += _ROLE + _BACKUP
    for place in (SECRETS, RUN):
        if str(place) in text:
            line = next(line for line in text.splitlines() if str(place) in line)
            raise LabError(f"the guest has no {place}, but the configuration says: {line}")
    return text


def _credentials() -> Iterator[tuple[str, str]]:
    """Yield each credential of the unit and the lab's secret that it is."""
    for host in PBXS:
        yield f"ami-{host.name}", f"ami-{host.name}"
        yield f"name-{host.name}", f"systemname-{host.name}"
    yield "mqtt", "mqtt-cti-daemon"


def _drop_in() -> str:
    """The drop-in that systemd/README.md shows: this machine and the two control networks, nobody else."""
    networks = " ".join(f"{SUBNETS[net]}0/24" for net in CTI.nets)
    return f"[Service]\nIPAddressDeny=any\nIPAddressAllow=localhost {networks}\n"
