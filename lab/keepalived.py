"""keepalived on both media servers, tuned: one floating address on control network A, adverts every 0.1 s.

Its own check scripts run once a second at the most (2.2.7 takes no fractions), so a prober of ours (`python -m lab.keepalived
ADDRESS FILE`) asks five times a second with a limit of 0.4 s and writes what it finds into a file that keepalived tracks."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import time
from pathlib import Path

from lab import network, process
from lab.deadline import LabError, wait_until
from lab.layout import CTL_NETS, PBX_A, PBX_B, REPOSITORY, SIP_PORT, SUBNETS, Host

_NET = CTL_NETS[0]
ADDRESS = f"{SUBNETS[_NET]}100"
_PRIORITIES = {PBX_A: 150, PBX_B: 100}
_LIMIT_SECONDS = 0.4
_EVERY_SECONDS = 0.2


def render(host: Host) -> str:
    """Return keepalived.conf of one media server."""
    return f"""global_defs {{
  router_id {host.name}
  vrrp_version 3
}}
track_file sip {{
  file {_found(host)}
  weight 0
}}
vrrp_instance media {{
  interface {_NET.value}
  state BACKUP
  virtual_router_id 51
  priority {_PRIORITIES[host]}
  advert_int 0.1
  nopreempt
  virtual_ipaddress {{
    {ADDRESS}/24 dev {_NET.value}
  }}
  track_file {{
    sip
  }}
}}
"""


def _found(host: Host) -> Path:
    return host.folder / "sip-is-dead"


def start() -> float:
    """Start it on both; returns when the primary holds the address."""
    program = shutil.which("keepalived")
    if program is None:
        raise LabError("keepalived is not installed: run lab/bootstrap.sh keepalived libfaketime")
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    for host in (PBX_A, PBX_B):
        _found(host).write_text("0\n")
        words = [sys.executable, "-m", "lab.keepalived", host.address(_NET), str(_found(host))]
        process.start(f"prober-{host.name}", host, words, log=host.folder / "prober.log", environment=environment)
        conf = host.folder / "keepalived.conf"
        conf.write_text(render(host))
        pids = [f"--pid={host.folder}/keepalived.pid", f"--vrrp_pid={host.folder}/vrrp.pid"]
        words = [program, "-n", "-l", "-P", "-f", str(conf), *pids]
        process.start(f"keepalived-{host.name}", host, words, log=host.folder / "keepalived.log")
        if host is PBX_A:
            wait_until("the primary to hold the floating address", lambda: holds(PBX_A), 15)
    return 0.0


def holds(host: Host) -> bool:
    """Say whether this host has the floating address."""
    return f"{ADDRESS}/" in network.run("ip", "-n", host.namespace, "-4", "addr", "show", "dev", _NET.value)


def probe(address: str) -> bool:
    """Whether SIP answers anything at all in time; a closed port refuses at once."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(_LIMIT_SECONDS)
        try:
            asker.connect((address, SIP_PORT))
            asker.send(_question(*asker.getsockname()))
            return asker.recv(2048).startswith(b"SIP/2.0 ")
        except OSError:
            return False


def _question(address: str, port: int) -> bytes:
    mark = time.monotonic_ns()
    lines = [
        f"OPTIONS sip:check@{address} SIP/2.0",
        f"Via: SIP/2.0/UDP {address}:{port};rport;branch=z9hG4bK{mark}",
        "Max-Forwards: 1",
        f"From: <sip:check@{address}>;tag={mark}",
        f"To: <sip:check@{address}>",
        f"Call-ID: {mark}@{address}",
        "CSeq: 1 OPTIONS",
        "Content-Length: 0",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def main() -> None:
    """Probe for ever; write 1 when SIP is dead, 0 when it answers."""
    address, file = sys.argv[1], Path(sys.argv[2])
    before = True
    while True:
        answers = probe(address)
        if answers is not before:
            file.write_text("0\n" if answers else "1\n")
            before = answers
        time.sleep(_EVERY_SECONDS)


if __name__ == "__main__":
    main()
