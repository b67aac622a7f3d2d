"""The whole bench: up, down, what is there."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lab import asterisk, broker, faults, network, oom, process, prometheus, secret
from lab.deadline import LabError, wait_until
from lab.layout import ASTERISKS, CTI, EDGE, HOSTS, NAME, NODES, PREFIX, RUN, Host, Net, Size, asterisk_root
from lab.service import cgroups
from lab.site import Change, as_it_is

Say = Callable[[str], None]
_LOCK = Path(f"/run/{NAME}.lock")


def up(size: Size, say: Say, change: Change = as_it_is) -> float:
    """Build and start the bench, after removing what an earlier one left; return the seconds it took."""
    began_at = time.monotonic()
    _check_machine()
    with _alone():
        _remove()
        RUN.mkdir(mode=0o755)
        network.create()
        secret.create()
        asterisk.write_data()
        for host in ASTERISKS:
            asterisk.write_configuration(host, size, change)
            asterisk.start(host)
        broker.write_configuration()
        broker.start()
        prometheus.write_configuration()
        prometheus.start()
        say(f"namespaces and configuration {time.monotonic() - began_at:.1f} s; waiting for {len(ASTERISKS)} Asterisks")
        for host in ASTERISKS:
            asterisk.wait_booted(host)
        say(f"all booted {time.monotonic() - began_at:.1f} s; waiting for the seats to register")
        for node in NODES:
            asterisk.wait_seats(node, size)
        wait_contacts()
        broker.wait_ready()
        prometheus.wait_ready()
    return time.monotonic() - began_at


def wait_contacts(seconds: float = 15.0) -> None:
    """Return when the edge reaches every node on both control networks."""
    wait_until(
        "the edge to reach all nodes on both networks",
        lambda: not asterisk.unreachable_contacts(EDGE),
        seconds,
        every_seconds=0.1,
        evidence=lambda: ", ".join(asterisk.unreachable_contacts(EDGE)),
    )


def down() -> None:
    """Stop everything and leave nothing behind; fine when nothing is there."""
    with _alone():
        _remove()
    left = [*network.list_namespaces(), *(str(path) for path in (RUN,) if path.exists()), *_mounts()]
    if left:
        raise LabError(f"left behind: {', '.join(left)}")


def _remove() -> None:
    faults.thaw_all()
    process.kill_all(network.list_processes())
    oom.release()
    cgroups.remove()
    network.remove()
    if RUN.exists():
        shutil.rmtree(RUN)


def _mounts() -> list[str]:
    return [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(asterisk_root()) in line]


@contextmanager
def _alone() -> Iterator[None]:
    """Only one `up` or `down` at a time on this machine; the second waits."""
    with _LOCK.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _check_machine() -> None:
    if os.geteuid() != 0:
        raise LabError("the lab makes network namespaces: run it as root")
    missing = [
        tool
        for tool in ("ip", "nsenter", "unshare", "iptables", "sipp", "tcpdump", "mosquitto", "prometheus")
        if shutil.which(tool) is None
    ]
    if missing or not asterisk_root().exists():
        raise LabError(
            f"not prepared ({', '.join([*missing, '' if asterisk_root().exists() else str(asterisk_root())])}): run lab/bootstrap.sh"
        )


def describe() -> Iterator[str]:
    """Yield the lines that tell a person where everything is."""
    yield f"run folder {RUN} (configuration, logs, secrets), namespaces {PREFIX}*, Asterisk root {asterisk_root()}"
    for host in HOSTS:
        where = " ".join(f"{net.value}={host.address(net)}" for net in host.nets)
        yield f"  {host.name:8} {_state(host):10} {where}"
    yield f"  broker   {_alive(broker.NAME):10} 127.0.0.1:1883 in {CTI.namespace}; users {', '.join(secret.MQTT_USERS)}"
    yield f"  metrics  {_alive(prometheus.NAME):10} Prometheus 127.0.0.1:9090 in {CTI.namespace}"
    yield f"by hand: python -m lab cli pbx-a 'core show channels' | python -m lab shell cti | ip netns exec {CTI.namespace} …"


def _state(host: Host) -> str:
    return _alive(host.name) if host in ASTERISKS else "-"


def _alive(name: str) -> str:
    pid = process.find(name)
    return "stopped" if pid is None else f"pid {pid}"


def is_up() -> bool:
    """Say whether a bench is there (whole or not)."""
    return RUN.exists() and any(host.namespace in network.list_namespaces() for host in HOSTS)


NETWORKS = {"a": Net.CTL_A, "b": Net.CTL_B}
