"""A site's first day, as systemd/README.md prints it: `init`, the secrets carried to the Asterisks, `doctor`, run.

Two media servers and the edge; the emergency system comes later. The commands are taken from the text itself, so that it stays true."""

from __future__ import annotations

import re
import shlex
import time

from lab import asterisk, bench, page, process, secret
from lab.ami import Ami
from lab.deadline import wait_until
from lab.layout import EDGE, HOTLINE, PBX_A, PBX_B, REPOSITORY, Host, Size
from lab.service import site, unit
from lab.service.guest import Guest
from lab.service.report import must
from lab.site import Change, as_it_is

README = REPOSITORY / "systemd/README.md"
DOCTOR = ("env", "CREDENTIALS_DIRECTORY=/run/credentials/cti-daemon.service", "cti-daemon", "doctor")
_UNAVAILABLE = "5"  # AST_DEVICE_UNAVAILABLE
_NODES = (EDGE, PBX_A, PBX_B)


def printed(command: str) -> list[str]:
    """Return the words of the one command of the text that begins so, its continued lines joined; without a remark at its end."""
    text = README.read_text().replace("\\\n", " ")
    found = [line for line in text.splitlines() if line.startswith(command)]
    must(len(found) == 1, f"{README.name} has {len(found)} lines that begin with {command!r}")
    return shlex.split(found[0], comments=True)


def configure(guest: Guest, size: Size) -> dict[str, object]:
    """Steps 2 to 4 of the text: write configuration and secrets, carry them to the Asterisks, look before starting."""
    said = guest.run(*printed("cti-daemon init"))
    must(f"{site.CONFIGURATION}: written and checked" in said, f"init says: {said}")
    drawn = _carry_secrets(guest, said, size)
    guest.write(f"{site.CREDSTORE}/mqtt", (secret.read("mqtt-cti-daemon") + "\n").encode(), mode=0o600)
    site.write_drop_in(guest)
    again = guest.ask(*printed("cti-daemon init"))
    must(again.returncode == 78 and "is there already" in again.stdout, f"a second init ends with {again.returncode}: {again.stdout}")
    checked = guest.run(*printed("cti-daemon check-config"))
    must(f"Site {HOTLINE}" in checked and "well" in checked, f"check-config says: {checked}")
    mode, group = guest.run("stat", "--format=%a %G", site.CONFIGURATION).split()
    must((mode, group) == ("640", "cti-daemon"), f"the configuration is {mode} of group {group}")
    return {"secrets_drawn": drawn, "check_config": checked.strip()}


def _carry_secrets(guest: Guest, said: str, size: Size) -> int:
    """Give each Asterisk what was drawn for it, and start it anew, as `init` says at its end; return how many secrets."""
    for host in _NODES:
        for kind, kept in (("ami", f"ami-{host.name}"), ("name", f"systemname-{host.name}")):
            where = f"{site.CREDSTORE}/{kind}-{host.name}"
            must(where in said, f"init does not say what {where} is for: {said}")
            must(guest.run("stat", "--format=%a %U", where).split() == ["600", "root"], f"{where} is not root's alone")
            secret.write(kept, guest.run("cat", where).strip())
        process.stop(host.name)
        asterisk.write_configuration(host, size, _globals_of(said) if host is EDGE else as_it_is)
        asterisk.start(host)
    for host in _NODES:
        asterisk.wait_booted(host)
    for host in (PBX_A, PBX_B):
        wait_until(f"every seat of {host.name} to be reachable", lambda host=host: not _unreachable(host), 30)  # type: ignore[misc]
    bench.wait_contacts()
    return 2 * len(_NODES)


def _globals_of(said: str) -> Change:
    """What `init` says of the edge's [globals], put in the place of the lab's own lines."""
    told = dict(re.findall(r"^  (CTI_\S+) = (.+)$", said, re.MULTILINE))
    must("CTI_ROUTE_DEFAULT" in told, f"init does not say what belongs into the edge's [globals]: {said}")

    def change(_host: Host, files: dict[str, str]) -> dict[str, str]:
        text = files["extensions.conf"]
        for name, value in told.items():
            text, found = re.subn(rf"^{re.escape(name)} *=.*$", f"{name} = {value}", text, flags=re.MULTILINE)
            must(found == 1, f"the edge's extensions.conf has {found} lines for {name}")
        return {**files, "extensions.conf": text}

    return change


def _unreachable(host: Host) -> list[str]:
    """Return the seats whose telephone this server does not reach."""
    with Ami(host) as ami:
        rows = ami.list("QueueStatus", "QueueStatusComplete")
    return [row["Name"] for row in rows if row["Event"] == "QueueMember" and row["Status"] == _UNAVAILABLE]


def run(guest: Guest) -> dict[str, object]:
    """Start it, look at it, and ask the doctor about the site; the daemon is left running."""
    began_at = time.monotonic()
    guest.run(*printed("systemctl enable --now"))
    unit.wait_serving(guest)
    seconds = round(time.monotonic() - began_at, 2)
    told = guest.run("cti-daemon", "status")
    must(all(host.name in told for host in _NODES), f"status does not show every node:\n{told}")
    nodes = {node["node"]: node["state"] for node in page.status()["nodes"]}
    exposure = unit.security_score(guest)
    must(exposure <= unit.SCORE_AT_MOST, f"exposure {exposure}")
    return {"healthy_seconds": seconds, "nodes": nodes, "exposure": exposure, **examine(guest)}


def examine(guest: Guest) -> dict[str, object]:
    """Ask the doctor; LabError when it finds a fault, or was not let in everywhere."""
    doctor = guest.ask(*DOCTOR)
    must(doctor.returncode == 0, f"the doctor ends with {doctor.returncode}:\n{doctor.stdout[-3000:]}")
    must("ami over a: logged in" in doctor.stdout, f"it did not log in:\n{doctor.stdout[-3000:]}")
    counted = re.search(r"^\d+ checks: .*$", doctor.stdout, re.MULTILINE)
    must(counted is not None, f"the doctor does not say how much it asked:\n{doctor.stdout[-3000:]}")
    told = counted[0] if counted else ""
    return {"doctor": told, "doctor_in_full": doctor.stdout.splitlines()}


def leave(guest: Guest, size: Size) -> None:
    """Stop it and take the small site's configuration away; its journal stays. The site grows: the edge is told of the emergency system."""
    guest.run("systemctl", "disable", "--now", unit.UNIT)
    guest.run("rm", site.CONFIGURATION)
    asterisk.write_configuration(EDGE, size)
    asterisk.command(EDGE, "dialplan reload")
