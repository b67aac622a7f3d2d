"""One Asterisk of the lab: its folder, its process, its questions."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from pathlib import Path

from lab import office, process, secret, sound
from lab.ami import Ami
from lab.deadline import LabError, wait_until
from lab.layout import ASTERISKS, NODES, PHONES, RUN, RUN_INSIDE, Host, Size, asterisk_root
from lab.site import CALLBACK, MOMENT, SEAT_TEST, SORRY, Change, as_it_is, render

# The mounts live in a mount namespace of the process and vanish with it, however it dies. The host name is its own and
# resolvable: Asterisk looks it up for every call.
_ENTER = """set -e
hostname "$4"
mount --bind "$1/hosts" "$2/etc/hosts"
mount --bind "$1" "$2/lab"
mount --rbind /dev "$2/dev"
mount -t proc proc "$2/proc"
exec chroot "$2" /usr/sbin/asterisk -f $5 -C "$3"
"""
# As Debian's unit starts it: every server of the lab, not the bank of telephones.
_REAL_TIME = "-p"
_REAL_TIME_PRIORITY = 10  # which is what it then gives itself


def write_data() -> None:
    """Make the shared data folder: Asterisk's own, with the lab's sounds instead of its many prompts."""
    data = RUN / "data"
    sounds = data / "sounds/en"
    sounds.mkdir(parents=True, exist_ok=True)
    (data / "moh").mkdir(exist_ok=True)
    # Not the service network's, where there is another: what a host's name resolves to is rewritten in SDP (see pjsip-edge.conf.sample).
    names = [f"{host.address(host.nets[0])} {host.name}\n" for host in ASTERISKS]
    (RUN / "hosts").write_text("127.0.0.1 localhost\n" + "".join(names))
    for name in ("documentation", "static-http", "rest-api", "keys", "firmware"):
        link = data / name
        if not link.is_symlink():
            link.symlink_to(f"/usr/share/asterisk/{name}")
    (sounds / f"{MOMENT}.ulaw").write_bytes(sound.tone(1.0, 440, 554))
    (sounds / f"{CALLBACK}.ulaw").write_bytes(sound.tone(1.0, 494, 587))
    (sounds / f"{SEAT_TEST}.ulaw").write_bytes(sound.tone(2.0, 523, 659))
    (sounds / f"{SORRY}.ulaw").write_bytes(sound.tone(2.0, 330, 392))
    for name in office.KEY_TONES:
        (sounds / f"{name}.ulaw").write_bytes(sound.tone(0.2, 880))
    (data / "moh/wait.ulaw").write_bytes(sound.tone(10.0, 220, volume=0.03))


def write_configuration(host: Host, size: Size, change: Change = as_it_is) -> None:
    """Write one host's folder, with its secrets readable by root only."""
    for folder in ("etc", "lib", "spool", "run", "log/cdr-csv", "agi-bin"):
        (host.folder / folder).mkdir(parents=True, exist_ok=True)
    (host.folder / "etc").chmod(0o700)
    for name, text in change(host, render(host, size, secret.of(host))).items():
        (host.folder / "etc" / name).write_text(text)


def start(host: Host, *, real_time: bool = True) -> None:
    """Start this Asterisk; returns at once."""
    if process.find(host.name) is not None:
        raise LabError(f"{host.name} is running already")
    root = asterisk_root()
    if not (root / "usr/sbin/asterisk").exists():
        raise LabError(f"no Asterisk root at {root}: run lab/bootstrap.sh first")
    inside = f"{RUN_INSIDE}/{host.name}/etc/asterisk.conf"
    words = [
        "unshare",
        "--mount",
        "--uts",
        "--propagation",
        "private",
        "sh",
        "-c",
        _ENTER,
        "asterisk",
        str(RUN),
        str(root),
        inside,
        host.name,
        _REAL_TIME if real_time and host is not PHONES else "",
    ]
    process.start(host.name, host, words, log=log_folder(host) / "console")


def hurry(host: Host) -> None:
    """Give a running Asterisk the priority that it did not start with."""
    pid = process.find(host.name)
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with suppress(ProcessLookupError, PermissionError):  # a thread ended; a machine that forbids it (Asterisk itself goes on then, too)
            os.sched_setscheduler(int(thread.name), os.SCHED_RR, os.sched_param(_REAL_TIME_PRIORITY))


def log_folder(host: Host) -> Path:
    """Return where this Asterisk logs."""
    return host.folder / "log"


def is_booted(host: Host) -> bool:
    """Say whether AMI answers and every module is there."""
    if process.find(host.name) is None:
        raise LabError(f"{host.name} ended by itself, see {log_folder(host)}")
    try:
        # Told right after the login, or as soon as it is true.
        with Ami(host, seconds=1.0, events="system") as ami:
            ami.read_event("FullyBooted")
            return True
    except (OSError, LabError):
        return False


def wait_booted(host: Host, seconds: float = 30.0) -> None:
    """Return when the host has booted."""
    wait_until(f"{host.name} to boot", lambda: is_booted(host), seconds, every_seconds=0.1)


def count_seats(host: Host) -> int:
    """Return how many seats are registered with this node."""
    with Ami(host) as ami:
        contacts = ami.list("PJSIPShowContacts", "ContactListComplete")
    return sum("seat" in contact.get("Endpoint", contact.get("Aor", "")) for contact in contacts)


def wait_seats(host: Host, size: Size, seconds: float = 30.0) -> None:
    """Return when every seat is registered with this node."""
    wanted = len(size.names(host))
    wait_until(
        f"{wanted} seats on {host.name}",
        lambda: count_seats(host) >= wanted,
        seconds,
        every_seconds=0.2,
        evidence=lambda: f"{count_seats(host)} are there",
    )


def unreachable_contacts(edge: Host) -> list[str]:
    """Return the edge's node contacts that do not answer now (static ones; PJSIPShowContacts leaves those out)."""
    bad = []
    with Ami(edge) as ami:
        for node in NODES:
            for contact in ami.get(f"PJSIP_AOR({node.name},contact)").split(","):
                status = ami.get(f"PJSIP_CONTACT({contact},status)")
                if status != "Reachable":
                    bad.append(f"{ami.get(f'PJSIP_CONTACT({contact},uri)')} of {node.name} is {status or 'unknown'}")
    return bad


def command(host: Host, text: str) -> str:
    """Run one CLI command in the living Asterisk and return what it prints."""
    pid = process.find(host.name)
    if pid is None:
        raise LabError(f"{host.name} is not running")
    inside = f"{RUN_INSIDE}/{host.name}/etc/asterisk.conf"
    done = subprocess.run(
        ["nsenter", "-t", str(pid), "--mount", "--net", "--root", "--wd", "/usr/sbin/asterisk", "-C", inside, "-rx", text],
        capture_output=True,
        text=True,
        check=False,
        timeout=10,
    )
    return done.stdout + done.stderr
