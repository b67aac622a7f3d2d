"""Runs in the place of the daemon, in a copy of its unit, and tries what a daemon that was taken over would try.

Prints one JSON object: what was tried → the error that refused it, or "allowed"."""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import socket
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path

_STATE = Path("/var/lib/cti-daemon")
_libc = ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc, name)(*arguments) == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _set_suid() -> None:
    path = _STATE / "suid"
    path.touch()
    try:
        path.chmod(0o755 | stat.S_ISUID)
    finally:
        path.unlink()


def _see_others() -> None:
    if not Path("/proc/1/status").exists():
        raise FileNotFoundError("no /proc/1")


def _send(address: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"x", (address, 9))


def _see_tmp() -> None:
    if not Path("/tmp/of-the-machine").exists():  # noqa: S108 - that there is a private one is what is tried
        raise FileNotFoundError("the machine's /tmp is not seen")


def _open(path: str) -> Callable[[], None]:
    return lambda: os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600))


MUST_FAIL: dict[str, Callable[[], object]] = {
    "write /etc": _open("/etc/cti-daemon/x"),
    "write /usr": _open("/usr/lib/cti-daemon/x"),
    "write /var/lib": _open("/var/lib/x"),
    "write /var/log": _open("/var/log/x"),
    "write /run": _open("/run/x"),
    "write /home": _open("/home/x"),
    "read /root": lambda: list(Path("/root").iterdir()),
    "read /etc/credstore": lambda: list(Path("/etc/credstore").iterdir()),
    "see the machine's /tmp": _see_tmp,
    "see other processes": _see_others,
    "become root": lambda: os.setuid(0),
    "make a setuid file": _set_suid,
    "mount": lambda: _call("mount", b"none", b"/tmp", b"tmpfs", 0, None),
    "make a user namespace": lambda: _call("unshare", 0x10000000),
    "make a network namespace": lambda: _call("unshare", 0x40000000),
    "chroot": lambda: os.chroot("/"),
    "make a device": lambda: os.mknod(_STATE / "device", stat.S_IFBLK | 0o600, os.makedev(8, 0)),
    "map writable and executable memory": lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close(),
    "become real-time": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
    "raise its priority": lambda: os.setpriority(os.PRIO_PROCESS, 0, -20),
    "set the clock": lambda: time.clock_settime(time.CLOCK_REALTIME, time.time()),
    "set the host name": lambda: socket.sethostname("other"),
    "trace a process": lambda: _call("ptrace", 0, 0, None, None),
    "change its personality": lambda: _call("personality", 0x0008),
    "open a raw socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close(),
    "open a packet socket": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close(),
    "open a netlink socket": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).close(),
}
MUST_WORK: dict[str, Callable[[], object]] = {
    "write the state directory": lambda: (_STATE / "x").write_text("x"),
    "read the configuration": lambda: Path("/etc/cti-daemon/cti-daemon.toml").read_bytes(),
    "read its credentials": lambda: Path(os.environ["CREDENTIALS_DIRECTORY"], "mqtt").read_bytes(),
    "open a TCP socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM).close(),
    "open a UDP socket": lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).close(),
    "send to this machine": lambda: _send("127.0.0.1"),
}


def attempt(action: Callable[[], object]) -> str:
    """Return "allowed", or the error that refused it."""
    try:
        action()
    except OSError as error:
        return str(error)
    return "allowed"


def main() -> None:
    """Try it all; the address that the unit's IP filter must not let through is the argument."""
    tried = {name: attempt(action) for name, action in {**MUST_FAIL, **MUST_WORK}.items()}
    tried["send past the address filter"] = attempt(lambda: _send(sys.argv[1]))
    print(json.dumps(tried))


if __name__ == "__main__":
    main()
