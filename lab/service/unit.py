"""The running unit: what systemd makes of it, and what it makes of being hit."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

from lab import page
from lab.deadline import LabError, wait_until
from lab.layout import CTL_NETS, EDGE, PBX_A
from lab.service import probe
from lab.service.guest import Guest
from lab.service.report import must

UNIT = "cti-daemon.service"
_INSTALLED = "/lib/systemd/system/cti-daemon.service"
_PROBE = "cti-probe.service"
_PROBE_PROGRAM = "/usr/local/lib/cti-probe.py"
SCORE_AT_MOST = 1.5
RESTART_SECONDS = 1.0
WATCHDOG_SECONDS = 10.0


def main_pid(guest: Guest) -> int:
    """Return the daemon's process as the guest counts it; 0 when there is none."""
    return int(guest.show(UNIT, "MainPID")["MainPID"])


def state(guest: Guest) -> str:
    """Return what a person would read: active, activating, failed, inactive."""
    return guest.show(UNIT, "ActiveState")["ActiveState"]


def wait_serving(guest: Guest, serving: str = PBX_A.name, seconds: float = 40.0) -> float:
    """Return when the service is active and ready, calls every node healthy, and `serving` serves."""

    def calm() -> bool:
        status = page.status()
        return (
            page.is_ready()
            and status.get("serving") == serving
            and all(node["state"] == "healthy" for node in status.get("nodes", []))
            and state(guest) == "active"
        )

    def evidence() -> str:
        nodes = [(node["node"], node["state"]) for node in page.status().get("nodes", [])]
        return f"unit {state(guest)}, nodes {nodes}\n{guest.journal(UNIT)}"

    return wait_until("the packaged daemon to call every node healthy", calm, seconds, every_seconds=0.1, evidence=evidence)


def wait_backup(guest: Guest, folder: str, seconds: float = 90.0) -> dict[str, object]:
    """Return when the daemon has made a backup by itself, under the unit's limits, and has passed its restore drill."""

    def written() -> list[dict[str, object]]:
        text = guest.run("cti-daemon", "journal", "export", "--kind", "backup", "--kind", "restore_drill", check=False)
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    wait_until("a backup and its drill", lambda: len(written()) >= 2, seconds, every_seconds=1.0, evidence=lambda: guest.journal(UNIT))
    made, drilled = (entry["data"] for entry in written()[:2])
    owner = guest.run("stat", "--format=%U %a", *guest.run("sh", "-c", f"ls {folder}/*.sqlite").split())
    must(owner.split() == ["cti-daemon", "600"], f"the backup is of {owner}")
    return {"backup": made, "restore_drill": drilled}


def security_score(guest: Guest) -> float:
    """Return systemd's own count of how exposed the loaded unit is, 0 to 10."""
    text = guest.run("systemd-analyze", "security", "--no-pager", UNIT)
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", text)
    if found is None:
        raise LabError(f"systemd-analyze says no score: {text[-300:]}")
    return float(found[1])


def kernel_facts(guest: Guest) -> dict[str, str]:
    """Return what the kernel holds of the daemon's process: rights, filters, identity, limits."""
    pid = main_pid(guest)
    text = guest.run("cat", f"/proc/{pid}/status")
    wanted = ("Uid", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp")
    facts = {name: " ".join(value.split()) for name, _, value in (line.partition(":") for line in text.splitlines()) if name in wanted}
    core = next(line for line in guest.run("cat", f"/proc/{pid}/limits").splitlines() if line.startswith("Max core"))
    shown = guest.show(UNIT, "Nice", "OOMScoreAdjust")
    return {**facts, "core": core.split()[4], "nice": shown["Nice"], "oom_score_adj": shown["OOMScoreAdjust"]}


def check_kernel_facts(facts: dict[str, str]) -> None:
    """LabError with the first fact that is not as the unit promises."""
    for name in ("CapEff", "CapBnd", "CapAmb"):
        must(int(facts[name], 16) == 0, f"the daemon has capabilities: {name} {facts[name]}")
    must(facts["NoNewPrivs"] == "1", "the daemon may gain privileges")
    must(facts["Seccomp"] == "2", "no filter of system calls is in force")
    must("0" not in facts["Uid"].split(), f"the daemon runs as root: {facts['Uid']}")
    must(facts["core"] == "0", f"a core file may be written: {facts['core']}")


def try_hardening(guest: Guest) -> dict[str, str]:
    """Run the probe in a copy of the unit; return what came of each attempt. The service must not run (they share folders)."""
    guest.write(_PROBE_PROGRAM, Path(probe.__file__).read_bytes())
    guest.write("/tmp/of-the-machine", b"")  # noqa: S108 - the guest's
    guest.write(f"/etc/systemd/system/{_PROBE}", _probe_unit(guest.path(_INSTALLED).read_text()).encode())
    guest.run("systemctl", "daemon-reload")
    try:
        guest.run("systemctl", "start", _PROBE)
    except LabError as fault:
        raise LabError(f"{fault}\n{guest.journal(_PROBE)}") from fault
    lines = [line for line in guest.journal(_PROBE).splitlines() if line.startswith("{")]
    found: dict[str, str] = json.loads(lines[-1])
    return found


def _probe_unit(unit: str) -> str:
    """The same unit with another program: run once, and its addresses narrowed, so that the filter has something to refuse."""
    address = EDGE.address(CTL_NETS[1])
    changed = {
        "Type": "oneshot",
        "Restart": "no",
        "ExecStart": f"/usr/lib/cti-daemon/bin/python3 -I {_PROBE_PROGRAM} {address}",
        "WatchdogSec": "0",
    }
    lines = []
    for line in unit.splitlines():
        key, equals, _ = line.partition("=")
        lines.append(f"{key}={changed[key]}" if equals and key in changed else line)
        if line == "[Service]":
            lines += ["IPAddressDeny=any", "IPAddressAllow=localhost"]
    return "\n".join(lines) + "\n"


def check_hardening(tried: dict[str, str]) -> None:
    """LabError when something that must be refused was allowed, or the other way round."""
    allowed = [name for name in probe.MUST_FAIL if tried[name] == "allowed"]
    refused = [f"{name} ({tried[name]})" for name in probe.MUST_WORK if tried[name] != "allowed"]
    must(not allowed, f"allowed, and must not be: {', '.join(allowed)}")
    must(not refused, f"refused, and must be allowed: {', '.join(refused)}")


def strike(guest: Guest, signal: str, seconds: float) -> float:
    """Send the daemon a signal; return the seconds until another one answers as ready."""
    old = main_pid(guest)
    guest.run("systemctl", "kill", "--kill-who=main", f"--signal=SIG{signal}", UNIT)
    struck_at = time.monotonic()

    def is_back() -> bool:
        return main_pid(guest) not in {0, old} and state(guest) == "active" and page.is_ready()

    wait_until(f"another daemon after SIG{signal}", is_back, seconds, every_seconds=0.05, evidence=lambda: guest.journal(UNIT))
    return time.monotonic() - struck_at


def restart_gap_seconds(guest: Guest, since: str) -> float:
    """Return the pause systemd made between the end of the last daemon and the start of the present one."""
    started = int(guest.show(UNIT, "ExecMainStartTimestampMonotonic")["ExecMainStartTimestampMonotonic"])
    return (started - int(since)) / 1e6


def wait_down(guest: Guest, *, watch_seconds: float = 4.0) -> dict[str, object]:
    """Return when the unit has failed for its configuration and has stayed down for `watch_seconds` (four times RestartSec)."""
    wait_until("the unit to give up", lambda: state(guest) == "failed", 20, every_seconds=0.05, evidence=lambda: guest.journal(UNIT))
    before = guest.show(UNIT, "ExecMainStatus", "NRestarts", "ExecMainStartTimestampMonotonic")
    must(before["ExecMainStatus"] == "78", f"ended with {before['ExecMainStatus']}, not 78\n{guest.journal(UNIT)}")
    watched_until = time.monotonic() + watch_seconds
    while time.monotonic() < watched_until:
        must(guest.show(UNIT, "ExecMainStatus", "NRestarts", "ExecMainStartTimestampMonotonic") == before, "it was started again")
        must(state(guest) == "failed", f"the unit is {state(guest)}")
        time.sleep(0.2)
    return {"exit": 78, "stayed_down_seconds": watch_seconds}
