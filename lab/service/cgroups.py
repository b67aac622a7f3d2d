"""The guest's own part of this machine's cgroups, version 1, 2 or both."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.deadline import wait_until
from lab.layout import PREFIX

CGROUPS = Path("/sys/fs/cgroup")
_GROUP = f"{PREFIX}service"
# The unit's Nice=-10 and CPUWeight count within the guest only, and the guest as a whole would weigh as much as one process of the lab.
# Ten times that is what nice -10 is worth where systemd is the machine's own.
_WEIGHTS = {"cpu.shares": "10240", "cpu.weight": "1000"}


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """One mounted cgroup tree of this machine."""

    kind: str
    folder: Path
    options: str


def hierarchies() -> list[Hierarchy]:
    """Return the cgroup trees, version 1, 2 or both, as they are mounted here."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        place, _, source = line.partition(" - ")
        folder = Path(place.split()[4])
        kind, _, options = source.split()
        if kind in {"cgroup", "cgroup2"} and folder.is_relative_to(CGROUPS):
            wanted = [word for word in options.split(",") if word not in {"rw", "ro"}]
            found.append(Hierarchy(kind, folder, ",".join(wanted) if kind == "cgroup" else ""))
    return found


def joining() -> str:
    """Shell lines that move the caller into groups of its own: the cgroup namespace begins there."""
    lines = []
    for tree in hierarchies():
        group = tree.folder / _GROUP
        group.mkdir(exist_ok=True)
        for name in ("cpuset.cpus", "cpuset.mems"):
            # Version 1: an empty set holds nobody.
            if tree.kind == "cgroup" and (group / name).exists():
                (group / name).write_text((tree.folder / name).read_text())
        for name, weight in _WEIGHTS.items():
            if (group / name).exists():
                (group / name).write_text(weight)
        lines.append(f"echo $$ >{group}/cgroup.procs; ")
    return "".join(lines)


def mounts() -> Iterator[str]:
    """Shell lines that show the guest its own part of every tree where it is on this machine."""
    trees = hierarchies()
    if all(tree.folder != CGROUPS for tree in trees):
        yield "mount -t tmpfs -o mode=755 tmpfs sys/fs/cgroup"
    for tree in trees:
        place = str(tree.folder).lstrip("/")
        options = f"-o {tree.options}" if tree.options else ""
        yield f"mkdir -p {place}; mount -t {tree.kind} {options} cgroup {place}"


def remove() -> None:
    """Remove the groups; fine when there are none. Returns when whoever lived there has gone."""
    for tree in hierarchies():
        group = tree.folder / _GROUP
        wait_until(f"{group} to be empty", lambda group=group: _is_removed(group), 10)  # type: ignore[misc]


def _is_removed(group: Path) -> bool:
    """Remove a group with all below it; False while something still lives there."""
    if not group.exists():
        return True
    for folder, _, _ in os.walk(group, topdown=False):
        try:
            Path(folder).rmdir()
        except OSError:
            return False
    return True
