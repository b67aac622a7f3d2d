"""The judge's eyes: tcpdump where the carrier and the phones are, outside of everything that is judged."""

from __future__ import annotations

import signal
from pathlib import Path

from lab import process
from lab.deadline import wait_until
from lab.layout import AMI_PORT, CARRIER, CTI, CTL_NETS, EDGE, PHONES, RUN, SIP_PORT, Host, Net

# Ethernet, IPv4, UDP and RTP headers are 54 bytes: enough for holes, and 50 packets a second and call stay cheap.
_RTP_SNAP = 60


class Capture:
    """Captures of one run in `folder`; start, run the trial, stop, then let lab.judge read the files."""

    def __init__(self, folder: Path) -> None:
        """Captures go to `folder`, made if needed."""
        self.carrier_sip = folder / "carrier-sip.pcap"
        self.carrier_rtp = folder / "carrier-rtp.pcap"
        self.phones_sip = folder / "phones-sip.pcap"
        self.ami = {net: folder / f"ami-{net.value}.pcap" for net in CTL_NETS}
        self.orders = {net: folder / f"orders-{net.value}.pcap" for net in CTL_NETS}
        folder.mkdir(parents=True, exist_ok=True)

    def start(self) -> None:
        """Start all captures; returns when each listens."""
        self.start_sip()
        rtp = f"udp and dst host {CARRIER.address(Net.SVC)} and not port {SIP_PORT}"
        _start("capture-carrier-rtp", CARRIER, self.carrier_rtp, _RTP_SNAP, rtp)
        for net, path in self.orders.items():  # what the daemon orders at the edge, and the edge's answers
            _start(f"capture-orders-{net.value}", CTI, path, 65535, f"tcp port {AMI_PORT} and host {EDGE.address(net)}", net)

    def start_sip(self) -> None:
        """Start only those of signalling at the carrier and at the phones."""
        sip = f"udp and port {SIP_PORT}"
        _start("capture-carrier-sip", CARRIER, self.carrier_sip, 65535, sip)
        _start("capture-phones-sip", PHONES, self.phones_sip, 65535, sip)

    def start_ami(self) -> None:
        """Start those of everything that any Asterisk and the daemon say to each other."""
        for net, path in self.ami.items():
            _start(f"capture-ami-{net.value}", CTI, path, 65535, f"tcp port {AMI_PORT}", net)

    def stop(self) -> None:
        """End all captures and have everything written."""
        orders = [f"capture-{what}-{net.value}" for net in self.orders for what in ("orders", "ami")]
        for name in ("capture-carrier-sip", "capture-carrier-rtp", "capture-phones-sip", *orders):
            process.stop(name, with_signal=signal.SIGINT)


def _start(name: str, host: Host, path: Path, snap: int, expression: str, net: Net = Net.SVC) -> None:
    log = RUN / f"{name}.log"
    log.write_bytes(b"")
    path.unlink(missing_ok=True)
    # -Z root: a capture folder belongs to root. -B: no packet is lost when the two cores are busy.
    words = ["tcpdump", "-i", net.value, "-n", "-U", "-Z", "root", "-B", "16384", "-s", str(snap), "-w", str(path)]
    process.start(name, host, [*words, *expression.split()], log=log)
    wait_until(f"{name} to listen", lambda: b"listening on" in log.read_bytes(), 10, every_seconds=0.01)
