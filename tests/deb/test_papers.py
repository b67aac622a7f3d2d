"""The package's papers say what is true: version, dates, licences, and every verb of the command line."""

import gzip
import re
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cti_daemon import __version__
from cti_daemon.shell.cli import app
from deb import man_page, papers

ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPTS = ("postinst", "prerm", "postrm")


def test_the_newest_release_of_the_changelog_is_the_program_s_own_version() -> None:
    released, _ = papers.release_of((ROOT / "CHANGELOG.md").read_text())
    assert released == __version__


def test_a_release_date_is_midnight_in_utc_wherever_it_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    for zone in ("UTC", "Asia/Shanghai", "America/New_York"):
        monkeypatch.setenv("TZ", zone)
        assert papers.release_of("## [Unreleased]\n\n## [1.2.3] - 2026-11-21\n") == ("1.2.3", 1_795_219_200)


def test_a_changelog_without_a_release_is_told_what_is_missing() -> None:
    with pytest.raises(ValueError, match="has no line like: ## "):
        papers.release_of("# Changelog\n")


def test_debian_s_changelog_is_packed_without_a_time_of_its_own() -> None:
    packed = papers.changelog("1.2.3-1", 1_795_219_200)
    assert packed == papers.changelog("1.2.3-1", 1_795_219_200)
    assert gzip.decompress(packed).decode().startswith("cti-daemon (1.2.3-1) stable; urgency=medium\n")
    assert "Sat, 21 Nov 2026 00:00:00" in gzip.decompress(packed).decode()


def test_control_depends_on_what_it_is_given() -> None:
    text = papers.control("1.2.3-1", "amd64", ["python3.11", "libc6"], 7)
    assert "Depends: python3.11, libc6\n" in text
    assert "Installed-Size: 7\n" in text


def test_every_package_that_comes_along_is_named_with_its_licence(tmp_path: Path) -> None:
    for name, lines in {"one": "License-Expression: MIT", "two": "License: BSD, with\n        a long text", "three": ""}.items():
        folder = tmp_path / f"{name}-1.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text("\n".join(filter(None, ("Metadata-Version: 2.1", f"Name: {name}", "Version: 1", lines))) + "\n")
    text = papers.copyright_of(tmp_path)
    assert " - one 1: MIT\n" in text
    assert " - two 1: BSD, with\n" in text
    assert " - three 1: see its licence file\n" in text


def test_checksums_are_those_dpkg_verifies(tmp_path: Path) -> None:
    (tmp_path / "DEBIAN").mkdir()
    (tmp_path / "DEBIAN/control").write_text("x")
    (tmp_path / "a").write_text("")
    (tmp_path / "b").symlink_to("a")
    assert papers.checksums(tmp_path) == "d41d8cd98f00b204e9800998ecf8427e  a\n"


@pytest.fixture(scope="module")
def page() -> str:
    return man_page.render(app, "1.2.3", "2026-11-21")


def test_the_manual_page_has_every_verb_and_option(page: str) -> None:
    from typer.main import get_command  # noqa: PLC0415 - typer's click has no types; only this test walks it

    def check(group: Any, prefix: str) -> None:
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                check(command, f"{prefix}{name} ")
                continue
            assert re.search(rf"^\.SS {re.escape((prefix + name).replace('-', chr(92) + '-'))}( |$)", page, re.MULTILINE), name
            for one in command.params:
                if one.param_type_name == "option" and not one.hidden:
                    assert one.opts[0].replace("-", "\\-") in page

    check(get_command(app), "")


@pytest.mark.program("groff", "groff-base")
def test_the_manual_page_is_one_that_man_can_read(page: str) -> None:
    """groff warns of every order it does not know and every line it cannot set."""
    done = subprocess.run(["groff", "-Kutf8", "-man", "-Tutf8", "-ww", "-z"], input=page, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_text_cannot_give_orders_to_the_formatter() -> None:
    option = SimpleNamespace(
        param_type_name="option", hidden=False, is_flag=True, opts=["-x"], secondary_opts=[], help=".SH evil", envvar=None
    )
    root = SimpleNamespace(help="'br evil\n\nback\\slash [bold]and-bold[/]", commands={}, params=[option])
    lines = list(man_page._lines(root, "1", "2026-11-21"))
    assert "\\&'br evil" in lines
    assert "\\&.SH evil" in lines
    assert "back\\eslash \\fBand\\-bold\\fR" in lines


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_maintainer_script_is_plain_sh_that_ends_at_the_first_fault(name: str) -> None:
    text = (ROOT / "deb" / name).read_text()
    assert text.startswith("#!/bin/sh\n")
    assert "\nset -e\n" in text
    assert subprocess.run(["sh", "-n", str(ROOT / "deb" / name)], check=False).returncode == 0


def test_an_installation_starts_and_enables_nothing_by_itself() -> None:
    text = (ROOT / "deb/postinst").read_text()
    assert not re.search(r"systemctl[^\n]*\b(?:start|enable)\b", text)
    assert re.findall(r"deb-systemd-invoke (\S+)", text) == ["restart"]
