"""The .deb on the clean guest: installed, upgraded, removed, purged. No step may need a network."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from lab import network
from lab.deadline import LabError
from lab.layout import REPOSITORY
from lab.service.guest import FOLDER, Guest
from lab.service.report import must
from lab.service.unit import UNIT, state

_INSIDE = "/tmp"  # noqa: S108 - the guest's


def built() -> Path:
    """Return the newest package of `make deb`."""
    found = sorted((REPOSITORY / "build/deb").glob("cti-daemon_*.deb"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise LabError("no package in build/deb: make deb")
    return found[-1]


def next_revision(package: Path) -> Path:
    """Return the same package as a later version: what an upgrade installs."""
    folder = FOLDER / "next"
    network.run("dpkg-deb", "--raw-extract", str(package), str(folder))
    control = folder / "DEBIAN/control"
    text = re.sub(r"^(Version: .*-)(\d+)$", lambda found: f"{found[1]}{int(found[2]) + 1}", control.read_text(), flags=re.MULTILINE)
    control.write_text(text)
    target = FOLDER / f"next_{package.name}"
    network.run("dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", str(folder), str(target))
    shutil.rmtree(folder)
    return target


def install(guest: Guest, package: Path) -> str:
    """Install the package (again); return what apt said."""
    guest.write(f"{_INSIDE}/{package.name}", package.read_bytes())
    words = ("apt-get", "-y", "--reinstall", "--allow-downgrades", "install", f"{_INSIDE}/{package.name}")
    return guest.run(*words, seconds=300)


def check_fresh(guest: Guest) -> dict[str, object]:
    """LabError unless the package is there whole, and nothing runs or will run by itself."""
    version = guest.run("dpkg-query", "--show", "--showformat=${Version}", "cti-daemon")
    must(guest.run("dpkg", "--verify", "cti-daemon") == "", "files differ from the package's")
    must("cti-daemon" in guest.run("getent", "passwd", "cti-daemon"), "no account cti-daemon")
    must(guest.ask("systemctl", "is-enabled", UNIT).stdout.strip() == "disabled", "the unit is enabled")
    must(state(guest) == "inactive", f"the unit is {state(guest)}")
    said = guest.run("cti-daemon", "--version").strip()
    sample = guest.run("cti-daemon", "check-config", "--offline", "--config", "/usr/share/cti-daemon/config/cti-daemon.toml")
    must("well" in sample, f"the sample is not well: {sample}")
    offered = guest.run("env", "COMP_WORDS=cti-daemon sta", "COMP_CWORD=1", "_CTI_DAEMON_COMPLETE=complete_bash", "cti-daemon")
    must("status" in offered.split(), f"completion does not offer status: {offered}")
    page = guest.path("/usr/share/man/man8/cti-daemon.8.gz")
    must(page.exists(), "no manual page")
    return {"package": version, "program": said}


def check_removed(guest: Guest) -> None:
    """LabError unless removal stopped the daemon and kept what the site wrote."""
    guest.run("apt-get", "-y", "remove", "cti-daemon")
    must(not guest.path("/usr/lib/cti-daemon").exists(), "removal left the program")
    must(guest.path("/etc/cti-daemon/cti-daemon.toml").exists(), "removal took the configuration")
    must(guest.path("/var/lib/cti-daemon/journal.sqlite").exists(), "removal took the journal")
    must(guest.ask("systemctl", "is-active", UNIT).stdout.strip() == "inactive", "removal left the daemon running")


def check_purged(guest: Guest) -> None:
    """LabError unless nothing of ours is left but root's own secrets."""
    guest.run("apt-get", "-y", "purge", "cti-daemon")
    left = guest.run(
        "find", "/etc", "/usr", "/lib/systemd", "/var/lib", "-xdev", "-name", "*cti-daemon*", "-not", "-path", "/usr/local/*"
    ).split()
    must(not left, f"purge left {', '.join(left)}")
    must(guest.path("/etc/credstore/mqtt").exists(), "purge took a secret that is not the package's")
