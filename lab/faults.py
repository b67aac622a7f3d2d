"""Faults and their ends. Each returns the wall instant at which it struck (the capture's clock).

`heal` ends every fault of a host except a killed Asterisk, which `restart` brings back.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from lab import asterisk, network, process
from lab.deadline import LabError, wait_until
from lab.layout import AMI_PORT, CTI, CTL_NETS, EDGE, HOSTS, MQTT_PORT, PHONES, PREFIX, SIP_PORT, Host, Net

_FREEZER = Path("/sys/fs/cgroup/freezer")


def _pid(host: Host) -> int:
    pid = process.find(host.name)
    if pid is None:
        raise LabError(f"{host.name} is not running")
    return pid


def kill(host: Host) -> float:
    """SIGKILL the Asterisk: the kernel closes its sockets, no BYE is sent."""
    pid = _pid(host)
    struck_wall = time.time()
    os.kill(pid, signal.SIGKILL)
    return struck_wall


def restart(host: Host) -> float:
    """Start a killed Asterisk again and wait until it has booted. One that ends while it boots (seen once in some fifty starts, right after
    a SIGKILL under load) is started once more, as systemd would. It boots at ordinary priority: on a site that is a machine
    of its own, here it would take the processors from the other servers."""
    wait_until(f"{host.name} to be gone", lambda: process.find(host.name) is None, 10)
    began_wall = time.time()
    asterisk.start(host, real_time=False)
    try:
        asterisk.wait_booted(host)
    except LabError as ended:
        if process.find(host.name) is not None:
            raise
        print(f"  {ended}: started once more", flush=True)
        asterisk.start(host, real_time=False)
        asterisk.wait_booted(host)
    asterisk.hurry(host)
    return began_wall


def freeze(host: Host) -> float:
    """SIGSTOP the Asterisk: TCP still connects (the kernel's backlog), nobody answers."""
    pid = _pid(host)
    struck_wall = time.time()
    os.kill(pid, signal.SIGSTOP)
    return struck_wall


def thaw(host: Host) -> float:
    """SIGCONT the Asterisk."""
    pid = _pid(host)
    struck_wall = time.time()
    os.kill(pid, signal.SIGCONT)
    return struck_wall


def blackhole(host: Host) -> float:
    """Drop every packet in and out of the host on all networks, without a word."""
    return _drop(host, ["-A INPUT ! -i lo -j DROP", "-A OUTPUT ! -o lo -j DROP"])


def block_ami(host: Host) -> float:
    """Drop AMI in and out of the host; SIP and audio live on."""
    return _drop(host, [f"-A INPUT ! -i lo -p tcp --dport {AMI_PORT} -j DROP", f"-A OUTPUT ! -o lo -p tcp --sport {AMI_PORT} -j DROP"])


def block_edge(host: Host) -> float:
    """Drop SIP between this host and the edge on both control networks; ours, AMI and the phones are not touched."""
    rules = []
    for net in CTL_NETS:
        rules.append(f"-A INPUT -s {EDGE.address(net)} -p udp --dport {SIP_PORT} -j DROP")
        rules.append(f"-A OUTPUT -d {EDGE.address(net)} -p udp --dport {SIP_PORT} -j DROP")
    return _drop(host, rules)


def block_phones(host: Host) -> float:
    """Drop everything between this host and the phones."""
    phones = PHONES.address(Net.SVC)
    return _drop(host, [f"-A INPUT -s {phones} -j DROP", f"-A OUTPUT -d {phones} -j DROP"])


def lose_on_control(percent: float) -> float:
    """Lose this share of the packets on both control networks, as each host receives them."""
    struck_wall = time.time()
    match = f"-m statistic --mode random --probability {percent / 100:.4f} -j DROP"
    for host in HOSTS:
        rules = [f"-A INPUT -i {net.value} {match}" for net in CTL_NETS if net in host.nets]
        if rules:
            _drop(host, rules)
    return struck_wall


def reload(hosts: Sequence[Host]) -> float:
    """`core reload` on these hosts."""
    struck_wall = time.time()
    for host in hosts:
        asterisk.command(host, "core reload")
    return struck_wall


def stop_gracefully(host: Host) -> float:
    """`core stop gracefully`: what an engineer types before maintenance."""
    struck_wall = time.time()
    asterisk.command(host, "core stop gracefully")
    return struck_wall


def block_probe(host: Host) -> float:
    """Drop only the daemon's own SIP probes of this host."""
    return _drop(host, [f"-A INPUT -s {CTI.address(net)} -p udp --dport {SIP_PORT} -j DROP" for net in CTL_NETS])


def silence_broker() -> float:
    """Drop all that is said to and by the broker on the daemon's own machine."""
    return _drop(CTI, [f"-A INPUT -i lo -p tcp --{end} {MQTT_PORT} -j DROP" for end in ("dport", "sport")])


def lose(host: Host, percent: float) -> float:
    """Lose this share of all packets into and out of the host."""
    match = f"-m statistic --mode random --probability {percent / 100:.4f} -j DROP"
    return _drop(host, [f"-A INPUT ! -i lo {match}", f"-A OUTPUT ! -o lo {match}"])


def _drop(host: Host, rules: Sequence[str]) -> float:
    # One transaction: both directions fall silent at the same instant.
    text = "*filter\n" + "\n".join(rules) + "\nCOMMIT\n"
    struck_wall = time.time()
    network.run(*network.inside(host.namespace), "iptables-restore", "--noflush", text_in=text)
    return struck_wall


def cut(net: Net, host: Host | None = None) -> float:
    """Unplug one host's cable, or (no host) switch the whole network off."""
    struck_wall = time.time()
    if host is None:
        network.set_bridge(net, up=False)
    else:
        network.set_port(host, net, up=False)
    return struck_wall


def mend(net: Net, host: Host | None = None) -> float:
    """Undo `cut`."""
    struck_wall = time.time()
    if host is None:
        network.set_bridge(net, up=True)
    else:
        network.set_port(host, net, up=True)
    return struck_wall


def cut_daemon() -> float:
    """Unplug the daemon from both control networks."""
    struck_wall = time.time()
    for net in CTI.nets:
        network.set_port(CTI, net, up=False)
    return struck_wall


def freeze_sip(host: Host) -> float:
    """Freeze only the SIP thread: AMI answers, audio flows, no SIP message is read."""
    if not (_FREEZER / "tasks").exists():
        raise LabError("no cgroup v1 freezer on this machine: one thread alone cannot be frozen")
    group = _FREEZER / f"{PREFIX}{host.name}"
    group.mkdir(exist_ok=True)
    thread = _sip_thread(_pid(host))
    (group / "tasks").write_text(str(thread))
    struck_wall = time.time()
    (group / "freezer.state").write_text("FROZEN")
    return struck_wall


def _sip_thread(pid: int) -> int:
    # pjsip's monitor thread is the only one that has a name of its own.
    for task in Path(f"/proc/{pid}/task").iterdir():
        if (task / "comm").read_text().strip() == "SIP":
            return int(task.name)
    raise LabError(f"process {pid} has no SIP thread")


def thaw_sip(host: Host) -> float:
    """End `freeze_sip`."""
    struck_wall = time.time()
    _release(_FREEZER / f"{PREFIX}{host.name}")
    return struck_wall


def thaw_all() -> None:
    """Thaw whatever any lab froze: a frozen thread cannot even be killed."""
    for group in _FREEZER.glob(f"{PREFIX}*"):
        _release(group)


def _release(group: Path) -> None:
    if not group.is_dir():
        return
    (group / "freezer.state").write_text("THAWED")
    for task in (group / "tasks").read_text().split():
        try:
            (_FREEZER / "tasks").write_text(task)
        except ProcessLookupError:
            continue
    group.rmdir()


def heal(host: Host) -> float:
    """End every fault of this host's network and process."""
    struck_wall = time.time()
    network.run(*network.inside(host.namespace), "iptables", "-F")
    for net in host.nets:
        network.set_port(host, net, up=True)
    thaw_sip(host)
    pid = process.find(host.name)
    if pid is not None:
        os.kill(pid, signal.SIGCONT)
    return struck_wall


def heal_all() -> float:
    """End every fault of every host and network."""
    struck_wall = time.time()
    for net in CTL_NETS:
        network.set_bridge(net, up=True)
    for host in HOSTS:
        heal(host)
    return struck_wall
