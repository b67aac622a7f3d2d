"""`doctor`: "many small checks on the live site, each with its fix". A whole site has no fault; what is broken is named."""

import json
import subprocess
import sys
from typing import Any

import pytest

from lab import asterisk, daemon, faults, network
from lab.ami import Ami
from lab.layout import CTI, EDGE, PBX_A, PBX_B, Net

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]


def doctor() -> tuple[int, list[dict[str, Any]]]:
    words = [sys.executable, "-m", "cti_daemon", "doctor", "--format", "json", "--config", str(daemon.CONFIGURATION)]
    run = subprocess.run([*network.inside(CTI.namespace), *words], capture_output=True, text=True, check=False, timeout=120)
    assert run.returncode in {0, 1}, run.stderr
    return run.returncode, json.loads(run.stdout)


def bad(found: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(f["subject"], f["check"]) for f in found if f["grade"] in {"fault", "warning"}}


def test_a_whole_site_is_found_whole_and_each_fault_is_named_with_its_fix(site: None) -> None:
    code, found = doctor()
    assert (code, bad(found)) == (0, set()), [f for f in found if f["grade"] != "ok"]
    assert {f["check"] for f in found} >= {
        "rights",
        "clock",
        "dialplan",
        "contacts",
        "seats",
        "disk latency",
        "broker acl",
        "broker schemas",
        "test calls",
        "same seats",
    }

    with Ami(EDGE) as edge, Ami(PBX_A) as primary:
        edge.do("Setvar", Variable="CTI_ROUTE_DEFAULT", Value="pbx-a")
        edge.do("Setvar", Variable=f"CTI_ADDR_{PBX_A.name}_b", Value="10.9.9.9:5060")
        primary.do("Setvar", Variable="CTI_HOTLINE", Value="12345")
        primary.do("QueueAdd", Queue="hotline", Interface="PJSIP/nobody")
    asterisk.command(EDGE, "dialplan remove context cti-test")
    faults.cut(Net.CTL_B, PBX_B)
    code, found = doctor()
    assert code == 1
    assert bad(found) >= {
        (EDGE.name, "route without us"),
        (EDGE.name, "addresses"),
        (EDGE.name, "test calls"),
        (PBX_A.name, "hotline"),
        (PBX_A.name, "seats"),
        (PBX_B.name, "ami over b"),
    }
    assert (PBX_B.name, "ami over a") not in bad(found)
    fixes = {f["check"]: f["fix"] for f in found if f["grade"] in {"fault", "warning"}}
    assert fixes["addresses"] == f"in [globals]: CTI_ADDR_{PBX_A.name}_b = 10.10.2.11:5060 (is 10.9.9.9:5060)"
    assert "cable, route, firewall" in fixes["ami over b"]
