"""The units as systemd reads them: well, shipped, and at least as narrow as the daemon's own where they take calls of strangers."""

import subprocess
from pathlib import Path

import pytest

from deb.__main__ import _FILES as FILES

ROOT = Path(__file__).resolve().parent.parent.parent
UNITS = ROOT / "systemd"
SCRIPTS = ROOT / "deb"


def settings_of(name: str) -> dict[str, list[str]]:
    """Key → values of a unit file."""
    found: dict[str, list[str]] = {}
    for line in (UNITS / name).read_text().splitlines():
        key, is_setting, value = line.partition("=")
        if is_setting and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


def test_every_unit_of_the_repository_is_in_the_package() -> None:
    shipped = {Path(source).name for source, target in FILES.items() if target.startswith("lib/systemd/system/")}
    assert shipped == {path.name for path in UNITS.glob("cti-*") if path.suffix in {".service", ".socket"}}


def test_who_takes_key_presses_is_hardened_as_the_daemon_is_and_further() -> None:
    daemon, confirm = settings_of("cti-daemon.service"), settings_of("cti-confirm@.service")
    guards = {
        key for key in daemon if key.startswith(("Protect", "Private", "Restrict", "Lock", "Memory", "NoNew", "Capability", "SystemCall"))
    }
    assert guards - {"RestrictAddressFamilies", "SystemCallFilter", "MemoryMax"} <= confirm.keys()
    for key in guards - {"RestrictAddressFamilies", "SystemCallFilter", "MemoryMax"}:
        assert confirm[key] == daemon[key], key
    assert confirm["RestrictAddressFamilies"] == ["none"]
    assert confirm["PrivateNetwork"] == ["yes"]
    assert confirm["DynamicUser"] == ["yes"]


def test_nobody_is_let_in_but_by_the_site_s_own_word() -> None:
    """The list is the socket's: systemd applies a service's to no socket that it is given."""
    socket = settings_of("cti-confirm.socket")
    assert socket["ListenStream"] == ["127.0.0.1:4573"]
    assert (socket["IPAddressDeny"], socket["IPAddressAllow"]) == (["any"], ["localhost"])
    assert "IPAddressDeny" not in settings_of("cti-confirm@.service")


@pytest.mark.parametrize(
    ("script", "words"), [("postinst", "cti-confirm.socket"), ("prerm", "stop cti-confirm.socket"), ("postrm", "cti-confirm.socket")]
)
def test_the_package_s_scripts_know_the_socket(script: str, words: str) -> None:
    text = (SCRIPTS / script).read_text()
    assert words in text
    subprocess.run(["sh", "-n", str(SCRIPTS / script)], check=True, timeout=20)


@pytest.mark.program("systemd-analyze", "systemd")
def test_systemd_reads_them_without_a_word(tmp_path: Path) -> None:
    for name in ("cti-confirm.socket", "cti-confirm@.service"):
        text = (UNITS / name).read_text().replace("/usr/lib/cti-daemon/bin/python3", "/usr/bin/env python3")
        (tmp_path / name).write_text(text)
    files = [str(tmp_path / "cti-confirm.socket"), str(tmp_path / "cti-confirm@.service")]
    said = subprocess.run(["systemd-analyze", "verify", *files], capture_output=True, text=True, check=False, timeout=50)
    assert (said.returncode, said.stderr) == (0, "")
