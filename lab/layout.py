"""Names, addresses and folders of the lab; the one place where they are written down."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


def lab_name(wanted: str | None) -> str:
    """Return the name of the lab, `cti-lab` when none or an empty one is wanted. The run folder of that name is removed with the lab, so
    ValueError for what would not be a folder of its own, or too long for the names of namespaces."""
    name = wanted or "cti-lab"
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,15}", name):
        raise ValueError(f"CTI_LAB_NAME is {name!r}; it must be a lower-case letter, then up to 15 of a-z, 0-9 and -")
    return name


NAME = lab_name(os.environ.get("CTI_LAB_NAME"))
"""Names of namespaces, groups and the run folder begin with it: labs of different names may stand beside each other."""
PREFIX = f"{NAME}-"
SWITCH = "switch"
HOTLINE = "95598"
AMI_PORT = 5038
SIP_PORT = 5060
MQTT_PORT = 1883
PROMETHEUS_PORT = 9090
METRICS_PORT = 9595

REPOSITORY = Path(__file__).resolve().parent.parent
RUN = Path("/run") / NAME
SECRETS = RUN / "secrets"
# The run folder as an Asterisk inside its root sees it.
RUN_INSIDE = "/lab"


def asterisk_root() -> Path:
    """Return the cached Asterisk root (made by bootstrap.sh, which names it the same way)."""
    cache = Path(os.environ.get("CTI_LAB_CACHE", "/var/cache/cti-daemon-lab"))
    return cache / "root-forky-1"


class Net(StrEnum):
    """A bridge in the switch namespace; also the interface name inside every host."""

    CTL_A = "ctl-a"
    CTL_B = "ctl-b"
    SVC = "svc"


SUBNETS = {Net.CTL_A: "10.10.1.", Net.CTL_B: "10.10.2.", Net.SVC: "10.10.3."}


@dataclass(frozen=True, slots=True)
class Host:
    """One namespace: its name, the last octet of its addresses, the networks it is on."""

    name: str
    octet: int
    nets: tuple[Net, ...]

    @property
    def namespace(self) -> str:
        """Name of the network namespace."""
        return PREFIX + self.name

    @property
    def folder(self) -> Path:
        """Run folder of this host on the machine."""
        return RUN / self.name

    def address(self, net: Net) -> str:
        """IPv4 address on `net`."""
        return f"{SUBNETS[net]}{self.octet}"

    def port(self, net: Net) -> str:
        """Name of the switch's end of this host's cable on `net` (at most 15 bytes)."""
        return f"{self.name}-{net.value[-1]}"


ALL_NETS = (Net.CTL_A, Net.CTL_B, Net.SVC)
CTL_NETS = (Net.CTL_A, Net.CTL_B)
EDGE = Host("edge1", 10, ALL_NETS)
PBX_A = Host("pbx-a", 11, ALL_NETS)
PBX_B = Host("pbx-b", 12, ALL_NETS)
EMG = Host("emg", 13, ALL_NETS)
CTI = Host("cti", 20, CTL_NETS)
CARRIER = Host("carrier", 30, (Net.SVC,))
PHONES = Host("phones", 40, (Net.SVC,))

NODES = (PBX_A, PBX_B, EMG)
# Hosts whose AMI the daemon uses.
PBXS = (EDGE, *NODES)
ASTERISKS = (*PBXS, PHONES)
HOSTS = (*ASTERISKS, CTI, CARRIER)
BY_NAME = {host.name: host for host in HOSTS}


@dataclass(frozen=True, slots=True)
class Size:
    """How many seats the lab has."""

    seats: int = 100
    emergency_seats: int = 20

    def names(self, node: Host) -> tuple[str, ...]:
        """Return the seats that register to `node`."""
        if node is EMG:
            return tuple(f"eseat{n}" for n in range(1, self.emergency_seats + 1))
        return tuple(f"seat{n}" for n in range(1, self.seats + 1))
