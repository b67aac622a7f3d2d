"""A Debian of its own in the daemon's network namespace: systemd is its process 1, its changes vanish with it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Self

from lab import process
from lab.deadline import LabError, wait_until
from lab.layout import CTI, RUN, asterisk_root
from lab.service import cgroups

NAME = "service"
FOLDER = RUN / NAME
LOG = FOLDER / "console"
_SYSTEMD = "/lib/systemd/systemd"
_CLEAN = (
    "env",
    "-i",
    "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/root",
    "LC_ALL=C.UTF-8",
    "DEBIAN_FRONTEND=noninteractive",
    "PYTHONWARNINGS=",
)

# Units that would change this machine, not the guest (there is one kernel), or that have nothing to do here.
_MASKED = """
systemd-sysctl.service systemd-modules-load.service systemd-udevd.service systemd-remount-fs.service sys-kernel-debug.mount
sys-kernel-tracing.mount sys-fs-fuse-connections.mount dev-hugepages.mount systemd-timesyncd.service systemd-networkd.service
systemd-resolved.service systemd-logind.service systemd-firstboot.service console-getty.service getty.target apt-daily.timer
apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer
"""
# Arguments: root, work folder. The mounts live in the mount namespace of the guest and vanish with it, however it dies.
_BOOT = """set -eu
new="$2/new"
mkdir -p "$2/upper" "$2/work" "$new"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$new"
cd "$new"
mkdir -p proc sys dev run tmp old
for unit in {masked}; do ln -s /dev/null "etc/systemd/system/$unit"; done
mount -t proc proc proc
mount -t sysfs sysfs sys
{cgroups}
mount -t tmpfs -o mode=755 tmpfs dev
for name in null zero full random urandom tty; do : >"dev/$name"; mount --bind "/dev/$name" "dev/$name"; done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
echo cti >etc/hostname
pivot_root . old
umount -l /old
rmdir /old
# systemd makes its units' mount namespaces out of shared mounts; private ones fail them with 243/CREDENTIALS.
mount --make-rshared /
exec env -i container=lab PATH=/usr/sbin:/usr/bin:/sbin:/bin {systemd} --system --show-status=0
"""


def root() -> Path:
    """Return the cached clean root (root.sh names it the same way)."""
    return asterisk_root().parent / "root-bookworm-service-1"


def missing() -> str | None:
    """Say why no guest can be had on this machine, or None."""
    if os.geteuid() != 0:
        return "needs root (namespaces and mounts)"
    if not (root() / _SYSTEMD.lstrip("/")).exists():
        return f"no clean Debian at {root()}: lab/service/root.sh could not build it"
    if not cgroups.hierarchies():
        return "no cgroups are mounted under /sys/fs/cgroup"
    if not os.access(cgroups.CGROUPS, os.W_OK):
        return "the cgroups of this machine may not be written"
    if "overlay" not in Path("/proc/filesystems").read_text():
        return "the kernel has no overlay file system"
    return None


class Guest:
    """The running guest. `with Guest() as guest:` boots it and ends it."""

    def __enter__(self) -> Self:
        """Boot; returns when systemd has started all there is to start."""
        FOLDER.mkdir(parents=True)
        try:
            process.start(NAME, CTI, ["sh", "-c", cgroups.joining() + 'exec "$@"', "sh", *self._words()], log=LOG)
            wait_until("systemd to come up", self._is_up, 60, every_seconds=0.2, evidence=_console)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End it and leave nothing behind."""
        self.stop()

    def _words(self) -> list[str]:
        boot = _BOOT.format(cgroups="\n".join(cgroups.mounts()), systemd=_SYSTEMD, masked=" ".join(_MASKED.split()))
        unshare = ["unshare", "--pid", "--fork", "--kill-child", "--mount", "--uts", "--ipc", "--cgroup", "--propagation", "private"]
        return [*unshare, "sh", "-c", boot, "sh", str(root()), str(FOLDER)]

    def stop(self) -> None:
        """SIGKILL its process 1 (the kernel ends the rest), remove its cgroups and its folder."""
        process.stop(NAME, with_signal=signal.SIGKILL)
        cgroups.remove()
        shutil.rmtree(FOLDER, ignore_errors=True)

    def _is_up(self) -> bool:
        if process.find(NAME) is None:
            raise LabError(f"the guest ended by itself: {_console()}")
        if self._init() is None:
            return False
        return self.run("systemctl", "is-system-running", check=False).strip() in {"running", "degraded"}

    def _init(self) -> int | None:
        """Return process 1 as this machine counts it, once it is systemd."""
        parent = process.find(NAME)
        try:
            children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
            return int(children[0]) if children and Path(f"/proc/{children[0]}/comm").read_text() == "systemd\n" else None
        except (FileNotFoundError, ProcessLookupError):
            return None

    def path(self, inside: str) -> Path:
        """Return where a file of the guest can be reached from here."""
        return Path(f"/proc/{self._pid()}/root") / inside.lstrip("/")

    def _pid(self) -> int:
        pid = self._init()
        if pid is None:
            raise LabError("the guest does not run")
        return pid

    def run(self, *words: str, check: bool = True, seconds: float = 120.0) -> str:
        """Run a command in the guest, return what it prints; LabError when it fails and `check`."""
        done = self.ask(*words, seconds=seconds)
        if check and done.returncode != 0:
            raise LabError(f"in the guest: {' '.join(words)} failed ({done.returncode}): {done.stdout[-2000:]}")
        return done.stdout

    def ask(self, *words: str, seconds: float = 120.0) -> subprocess.CompletedProcess[str]:
        """Run a command in the guest; output and errors in one text."""
        enter = ["nsenter", "-t", str(self._pid()), "-p", "-m", "-u", "-i", "-n", "-C", "-r", "-w"]
        return subprocess.run(
            [*enter, *_CLEAN, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=seconds
        )

    def show(self, unit: str, *names: str) -> dict[str, str]:
        """Return properties of a unit, as systemd has them."""
        text = self.run("systemctl", "show", unit, f"--property={','.join(names)}")
        return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

    def write(self, inside: str, data: bytes, *, mode: int = 0o644) -> None:
        """Write a file as the guest's root."""
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=mode)
        path.chmod(mode)
        path.write_bytes(data)

    def journal(self, unit: str, lines: int = 30) -> str:
        """Return the last lines of a unit's log."""
        return self.run("journalctl", "--no-pager", "--unit", unit, "--lines", str(lines), "--output", "cat", check=False)


def _console(most: int = 2000) -> str:
    return LOG.read_text(errors="replace")[-most:] if LOG.exists() else "no console"
