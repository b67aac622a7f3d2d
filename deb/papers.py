"""What dpkg reads of a package beside its files: control, copyright, changelog, checksums."""

from __future__ import annotations

import calendar
import email.utils
import gzip
import hashlib
import re
import time
from email.parser import HeaderParser
from pathlib import Path

MAINTAINER = "The cti-daemon maintainers <maintainers@cti-daemon.invalid>"

_CONTROL = """Package: cti-daemon
Version: {version}
Architecture: {architecture}
Maintainer: {maintainer}
Installed-Size: {size}
Depends: {depends}
Suggests: fonts-wqy-zenhei, mosquitto, prometheus
Section: comm
Priority: optional
Description: keeps a call centre's hotline answered when a media server dies
 cti-daemon runs beside the Asterisk servers of a call centre. It tracks every
 live call and seat over AMI on two control networks, sees a media server die
 in a fraction of a second, sends new calls to the standby and moves the
 callers who were connected, back to their own agent where the phones can.
 .
 Queue metrics go to Prometheus, state and events to MQTT, commands come by
 MQTT. The daemon brings a Python environment of its own; nothing is fetched
 when it is installed, and nothing is started before it is configured.
"""

_COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: cti-daemon
Comment: The Python packages below lie under /usr/lib/cti-daemon with their own
 licence files, unchanged except for pyst2, which is built from its source.
{bundled}

Files: *
Copyright: 2026 the authors of cti-daemon
License: Apache-2.0
 On Debian systems the full text of the Apache License 2.0 is in
 /usr/share/common-licenses/Apache-2.0.
"""


def control(version: str, architecture: str, depends: list[str], size_kib: int) -> str:
    """Return the control file."""
    return _CONTROL.format(version=version, architecture=architecture, maintainer=MAINTAINER, size=size_kib, depends=", ".join(depends))


def copyright_of(packages: Path) -> str:
    """Return the copyright file: our licence, and that of every package we bring along."""
    lines = []
    for metadata in sorted(packages.glob("*.dist-info/METADATA")):
        said = HeaderParser().parsestr(metadata.read_text(encoding="utf-8"))
        if said["Name"] == "cti-daemon":
            continue
        # Older packages put the whole text of the licence there.
        licence = str(said["License-Expression"] or said["License"] or "").splitlines() or ["see its licence file"]
        lines.append(f" - {said['Name']} {said['Version']}: {licence[0].strip()}")
    return _COPYRIGHT.format(bundled="\n".join(lines))


def changelog(version: str, epoch: int) -> bytes:
    """Return Debian's changelog, packed: one entry that points to ours."""
    date = email.utils.formatdate(epoch)
    text = f"cti-daemon ({version}) stable; urgency=medium\n\n  * See changelog.gz.\n\n -- {MAINTAINER}  {date}\n"
    return packed(text.encode())


def packed(data: bytes) -> bytes:
    """Return it as gzip without a time stamp."""
    return gzip.compress(data, 9, mtime=0)


def release_of(changelog_text: str) -> tuple[str, int]:
    """Return version and date (seconds since 1970) of the newest release in our changelog."""
    found = re.search(r"^## \[(\d\S*)\] - (\d{4}-\d\d-\d\d)$", changelog_text, re.MULTILINE)
    if found is None:
        raise ValueError("CHANGELOG.md has no line like: ## [0.1.0] - 2026-11-21")
    return found[1], calendar.timegm(time.strptime(found[2], "%Y-%m-%d"))


def checksums(root: Path) -> str:
    """Return md5sums: what `dpkg --verify` compares."""
    files = sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink() and "DEBIAN" not in path.parts)
    return "".join(f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(root)}\n" for path in files)  # noqa: S324 - dpkg's format
