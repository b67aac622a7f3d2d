"""Namespaces, bridges and cables. Nothing is made in the machine's own namespace."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from lab.deadline import LabError
from lab.layout import HOSTS, PREFIX, SWITCH, Host, Net

_NETNS = Path("/run/netns")
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def run(*words: str, text_in: str | None = None) -> str:
    """Run a command to its end and return its output; LabError with its words on failure."""
    done = subprocess.run(words, input=text_in, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"{' '.join(words)} failed ({done.returncode}): {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


# A switch has no firewall: where the kernel has one for bridges, every packet of every call would go through its hooks.
_NO_FIREWALL = "for hook in /proc/sys/net/bridge/bridge-nf-call-*; do [ ! -e $hook ] || echo 0 >$hook; done"


def inside(namespace: str) -> tuple[str, ...]:
    """Return the words that run a command in `namespace`.

    `nsenter`, not `ip netns exec`: that one hides the cgroup mounts and keeps a mount namespace.
    """
    return ("nsenter", f"--net={_NETNS / namespace}", "--")


@contextlib.contextmanager
def entered(namespace: str) -> Iterator[None]:
    """Move this thread into `namespace` for a while: a socket made there stays there."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        there = os.open(_NETNS / namespace, os.O_RDONLY)
        try:
            _set_namespace(there)
        finally:
            os.close(there)
        try:
            yield
        finally:
            _set_namespace(home)
    finally:
        os.close(home)


def _set_namespace(descriptor: int) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def list_namespaces() -> list[str]:
    """Return the lab's namespaces that exist now."""
    if not _NETNS.is_dir():
        return []
    return sorted(path.name for path in _NETNS.iterdir() if path.name.startswith(PREFIX))


def list_processes() -> list[int]:
    """Return every process that lives in one of the lab's network namespaces."""
    return [int(pid) for name in list_namespaces() for pid in run("ip", "netns", "pids", name).split()]


def create() -> None:
    """Make all namespaces, bridges and cables of the contract."""
    switch = PREFIX + SWITCH
    for namespace in (switch, *(host.namespace for host in HOSTS)):
        run("ip", "netns", "add", namespace)
    bridges = ["link set lo up"]
    for net in Net:
        # No spanning tree and no delay: a healed link forwards at once.
        bridges.append(f"link add {net} type bridge stp_state 0 forward_delay 0 mcast_snooping 0")
        bridges.append(f"link set {net} up")
    for host in HOSTS:
        for net in host.nets:
            bridges.append(f"link add {host.port(net)} type veth peer name {net} netns {host.namespace}")
            bridges.append(f"link set {host.port(net)} master {net} up")
    _batch(switch, bridges)
    run(*inside(switch), "sh", "-c", _NO_FIREWALL)
    for host in HOSTS:
        lines = ["link set lo up"]
        for net in host.nets:
            lines += [f"addr add {host.address(net)}/24 dev {net}", f"link set {net} up"]
        _batch(host.namespace, lines)


def _batch(namespace: str, lines: list[str]) -> None:
    run("ip", "-n", namespace, "-batch", "-", text_in="\n".join(lines) + "\n")


def remove() -> None:
    """Delete the lab's namespaces (cables and bridges go with them)."""
    for namespace in list_namespaces():
        run("ip", "netns", "delete", namespace)


def set_port(host: Host, net: Net, *, up: bool) -> None:
    """Plug or unplug one cable at the switch."""
    run("ip", "-n", PREFIX + SWITCH, "link", "set", host.port(net), "up" if up else "down")


def set_bridge(net: Net, *, up: bool) -> None:
    """Switch a whole network on or off: hosts keep their carrier and hear silence."""
    run("ip", "-n", PREFIX + SWITCH, "link", "set", net.value, "up" if up else "down")
