"""The service test gives the unit what the unit asks for, and asks of it what the unit promises."""

import re
import shlex
from pathlib import Path

import pytest

from lab.deadline import LabError
from lab.layout import EDGE, HOTLINE, PBX_A, PBX_B, RUN, Net
from lab.service import cgroups, newcomer, probe, site, unit
from lab.service.report import Report, must

ROOT = Path(__file__).resolve().parent.parent.parent
UNIT = (ROOT / "systemd/cti-daemon.service").read_text()


def test_the_guest_s_configuration_names_nothing_of_the_machine_around_it() -> None:
    text = site.render()
    assert str(RUN) not in text
    assert 'path = "/var/lib/cti-daemon/journal.sqlite"' in text


def test_every_secret_of_the_guest_is_a_credential_that_the_unit_loads() -> None:
    text = site.render()
    named = set(re.findall(r'credential = "([^"]+)"', text))
    assert named
    assert named <= set(re.findall(r"^LoadCredential=(\S+)$", UNIT, re.MULTILINE))
    assert "file =" not in text


def test_the_commands_of_the_first_day_are_those_that_are_printed_and_fit_the_lab() -> None:
    """ "Tried as a new user would": whoever copies from the text gets the site that the test had."""
    init = newcomer.printed("cti-daemon init")
    assert init[:3] == ["cti-daemon", "init", HOTLINE]
    hosts = {f"{host.name}={host.address(Net.CTL_A)},{host.address(Net.CTL_B)}" for host in (EDGE, PBX_A, PBX_B)}
    assert hosts < set(init)
    assert newcomer.printed("systemctl enable") == ["systemctl", "enable", "--now", "cti-daemon"]
    assert newcomer.printed("cti-daemon check-config")[-1] == site.CONFIGURATION
    assert shlex.join(newcomer.DOCTOR[1:]) in newcomer.README.read_text()
    with pytest.raises(LabError, match="has 0 lines"):
        newcomer.printed("cti-daemon dance")


def test_the_probe_runs_in_the_very_unit_of_the_daemon() -> None:
    """Only the program, its being run once, and the address filter differ: every line of hardening is the same."""
    ours = {line for line in UNIT.splitlines() if line and not line.startswith("#")}
    theirs = {line for line in unit._probe_unit(UNIT).splitlines() if line and not line.startswith("#")}
    assert {line.partition("=")[0] for line in ours - theirs} == {"Type", "Restart", "ExecStart", "WatchdogSec"}
    assert theirs - ours == {
        "Type=oneshot",
        "Restart=no",
        "WatchdogSec=0",
        "IPAddressDeny=any",
        "IPAddressAllow=localhost",
        next(line for line in theirs if line.startswith("ExecStart=")),
    }


def test_a_probe_that_was_allowed_too_much_fails_the_check() -> None:
    good = dict.fromkeys(probe.MUST_FAIL, "refused") | dict.fromkeys(probe.MUST_WORK, "allowed")
    unit.check_hardening(good)
    for name in probe.MUST_FAIL:
        with pytest.raises(LabError, match=f"allowed, and must not be: {re.escape(name)}"):
            unit.check_hardening(good | {name: "allowed"})
    for name in probe.MUST_WORK:
        with pytest.raises(LabError, match=f"refused, and must be allowed: {re.escape(name)}"):
            unit.check_hardening(good | {name: "no"})


@pytest.mark.parametrize(
    ("name", "value"),
    [("CapEff", "00000000a80425fb"), ("CapBnd", "1"), ("NoNewPrivs", "0"), ("Seccomp", "0"), ("Uid", "0 0 0 0"), ("core", "unlimited")],
)
def test_a_kernel_that_holds_less_than_the_unit_promises_fails_the_check(name: str, value: str) -> None:
    good = {"Uid": "997 997 997 997", "CapEff": "0", "CapBnd": "0", "CapAmb": "0", "NoNewPrivs": "1", "Seccomp": "2", "core": "0"}
    unit.check_kernel_facts(good)
    with pytest.raises(LabError):
        unit.check_kernel_facts(good | {name: value})


def test_a_report_passes_only_when_something_was_tried_and_nothing_failed() -> None:
    told = Report(lambda _text: None)
    passed = [told.passed]
    with told.check("one") as figures:
        figures["n"] = 1
    passed.append(told.passed)
    with told.check("two"):
        must(0, "no")
    passed.append(told.passed)
    assert passed == [False, True, False]
    assert [(check.name, check.passed, check.fault) for check in told.checks] == [("one", True, ""), ("two", False, "no")]


def test_the_guest_gets_its_own_part_of_every_cgroup_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    """Version 2 alone is mounted on the folder itself; version 1 wants a folder for its trees."""
    two = cgroups.Hierarchy("cgroup2", cgroups.CGROUPS, "")
    one = cgroups.Hierarchy("cgroup", cgroups.CGROUPS / "cpu", "cpu")
    monkeypatch.setattr(cgroups, "hierarchies", lambda: [two])
    assert list(cgroups.mounts()) == ["mkdir -p sys/fs/cgroup; mount -t cgroup2  cgroup sys/fs/cgroup"]
    monkeypatch.setattr(cgroups, "hierarchies", lambda: [one])
    assert list(cgroups.mounts()) == [
        "mount -t tmpfs -o mode=755 tmpfs sys/fs/cgroup",
        "mkdir -p sys/fs/cgroup/cpu; mount -t cgroup -o cpu cgroup sys/fs/cgroup/cpu",
    ]
