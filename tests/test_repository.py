"""Promises about the repository itself: what is locked, what is named, what is installed."""

import configparser
import os
import re
import stat
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LISTS = ("requirements", "requirements-dev")
UNIT = ROOT / "systemd/cti-daemon.service"


def source_files() -> Iterator[Path]:
    """Everything but what `make` and the tools put beside it (.gitignore). Asks no git: a tarball is a checkout too."""
    made = {".git", ".venv", "build", "dist", "__pycache__"}
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in made and not name.endswith(("_cache", ".egg-info", ".hypothesis"))]
        yield from (Path(folder) / name for name in files if name not in made)  # .git of a worktree is a file


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def wanted(name: str) -> set[str]:
    lines = (ROOT / f"{name}.in").read_text().splitlines()
    return {canonical(found[0]) for line in lines if (found := re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", line))}


def locked(name: str) -> dict[str, str]:
    text = (ROOT / f"{name}.txt").read_text()
    return {canonical(package): version for package, version in re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", text, re.MULTILINE)}


@pytest.fixture(scope="module")
def unit() -> dict[str, list[str]]:
    """The service's keys, each with all its values in order."""
    values: dict[str, list[str]] = {}
    for line in UNIT.read_text().splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            values.setdefault(key, []).append(value)
    return values


@pytest.mark.parametrize("name", LISTS)
def test_a_lock_names_no_host_and_no_path(name: str) -> None:
    text = (ROOT / f"{name}.txt").read_text()
    assert not re.findall(r"://|--(?:extra-)?index-url|--find-links|--trusted-host|\bfile:|@ ", text)


@pytest.mark.parametrize("name", LISTS)
def test_every_locked_package_has_a_version_and_hashes(name: str) -> None:
    text = re.sub(r"^\s*#.*\n", "", (ROOT / f"{name}.txt").read_text(), flags=re.MULTILINE)
    entries = text.replace("\\\n", " ").splitlines()
    assert entries
    assert [entry for entry in entries if not re.match(r"\S+==\S+ .*--hash=sha256:[0-9a-f]{64}", entry)] == []


def test_every_wanted_package_is_locked() -> None:
    assert wanted("requirements") <= locked("requirements").keys()
    assert wanted("requirements-dev") <= locked("requirements-dev").keys()


def test_what_is_tested_is_what_runs() -> None:
    tested = locked("requirements-dev")
    assert {package: tested.get(package) for package in locked("requirements")} == locked("requirements")


def test_every_dependency_says_why_it_is_here() -> None:
    sections = set(re.findall(r"^### (\S+)$", (ROOT / "docs/dependencies.md").read_text(), re.MULTILINE))
    assert sections == wanted("requirements") | wanted("requirements-dev")


def test_no_file_names_a_registry_or_a_path_of_the_machine_it_was_written_on() -> None:
    # Put together here, so that this file does not name what it forbids.
    forbidden = [
        "pypi" + ".org",
        "python" + "hosted",
        "npm" + "js.",
        "deb.debian" + ".org",
        "/work" + "/",
        ".lib" + "rary",
        "/opt/" + "pypi",
    ]
    found = [f"{path.relative_to(ROOT)}: {word}" for path in source_files() for word in forbidden if word.encode() in path.read_bytes()]
    assert found == []


def test_no_secret_is_in_a_configuration_file() -> None:
    literal = re.compile(r"^\s*(?:secret|password)\s*=\s*[\"']", re.MULTILINE)
    assert [path for path in source_files() if path.suffix == ".toml" and literal.search(path.read_text())] == []


def test_the_licence_is_apache_2_in_full() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_version_is_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found = re.search(r'^__version__ = "(.+)"$', (ROOT / "cti_daemon/__init__.py").read_text(), re.MULTILINE)
    assert found is not None
    assert found[1] == project["version"]


def test_ci_runs_make_test() -> None:
    script = ROOT / ".ci/run"
    assert "make test" in script.read_text()
    assert script.stat().st_mode & stat.S_IXUSR


@pytest.mark.parametrize("target", ["demo", "test", "check", "lab-up", "lab-down", "drill", "wheel", "deb", "service-test"])
def test_make_has_the_target(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_the_unit_is_one_that_systemd_can_read() -> None:
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.read_string(UNIT.read_text())
    assert parser.sections() == ["Unit", "Service", "Install"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Type", "notify"),
        ("Restart", "always"),
        ("StartLimitIntervalSec", "0"),
        ("RestartPreventExitStatus", "78"),
        ("StateDirectory", "cti-daemon"),
        ("User", "cti-daemon"),
        ("LimitCORE", "0"),
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("CapabilityBoundingSet", ""),
    ],
)
def test_the_unit_says(unit: dict[str, list[str]], key: str, value: str) -> None:
    assert unit[key] == [value]


def test_the_watchdog_is_on(unit: dict[str, list[str]]) -> None:
    assert int(unit["WatchdogSec"][0]) > 0


def test_every_credential_of_the_sample_is_loaded_by_the_unit(unit: dict[str, list[str]]) -> None:
    sample = (ROOT / "config/cti-daemon.toml").read_text()
    names = set(re.findall(r'^[^#\n]*credential\s*=\s*"([^"]+)"', sample, re.MULTILINE))
    assert names
    assert names <= set(unit["LoadCredential"])


@pytest.mark.program("systemd-analyze", "systemd")
def test_the_unit_is_hardened() -> None:
    """Exposure of at most 1.5 by systemd's own count; the shipped units of Asterisk and Mosquitto have more than 9."""
    run = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=15", str(UNIT)],
        capture_output=True,
        check=False,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-300:] + run.stderr
