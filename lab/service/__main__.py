"""`make service-test`: the package on a clean Debian under a real systemd, in the place of the lab's daemon, hit and failed over.

Ends with 0 when every check passed, or when this machine cannot run it (said, with the reason; CTI_LAB=required makes that a failure)."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from lab import asterisk, bench, faults, page
from lab.ami import Ami
from lab.deadline import LabError, wait_until
from lab.layout import EDGE, PBX_A, PBX_B, REPOSITORY, Size
from lab.score import Score, score
from lab.service import confirm, newcomer, package, report, site, unit
from lab.service import guest as guests
from lab.service.guest import Guest
from lab.service.report import Report, must
from lab.trial import Load, Trial, agents_talking, callers_waiting

_LOAD = Load(loud=10, quiet=10, waiting=4, new_per_second=2)
_SIZE = Size(seats=_LOAD.talking)
_RESTART_IN_ALL_SECONDS = 30.0
_NO_SITE = "\n[site2]\n"


def main() -> int:
    """Run everything; 0 all passed (or skipped), 1 not."""
    reason = guests.missing()
    if reason is not None:
        report.write({"skipped": reason})
        print(f"service test skipped: {reason}")
        return 1 if os.environ.get("CTI_LAB") == "required" else 0
    told = Report(say)
    try:
        bench.up(_SIZE, say)
        with Guest() as guest:
            say("a clean Debian is up, systemd is its process 1")
            _service(guest, told)
    except LabError as fault:
        print(f"the service test could not go on: {fault}", file=sys.stderr)
        return 1
    finally:
        bench.down()
        print(f"{'passed' if told.passed else 'FAILED'}; {told.write().relative_to(REPOSITORY)}")
    return 0 if told.passed else 1


def say(text: str) -> None:
    """Print one line now."""
    print(f"  {text}", flush=True)


def _service(guest: Guest, told: Report) -> None:
    deb = package.built()
    later = package.next_revision(deb)
    with told.check("installs without a network; nothing is enabled or started") as figures:
        package.install(guest, deb)
        figures.update(package.check_fresh(guest))
    with told.check("started without a configuration: exit 78, stays down") as figures:
        guest.ask("systemctl", "start", unit.UNIT)
        figures.update(unit.wait_down(guest))
    guest.run("systemctl", "reset-failed", unit.UNIT)
    _first_day(guest, told)
    site.configure(guest)
    _hardening(guest, told)
    with told.check("starts on the live site: active, ready, every node healthy") as figures:
        began_at = time.monotonic()
        guest.run("systemctl", "enable", "--now", unit.UNIT)
        figures["ready_seconds"] = round(time.monotonic() - began_at, 2)
        unit.wait_serving(guest)
        figures["healthy_seconds"] = round(time.monotonic() - began_at, 2)
    if not told.checks[-1].passed:
        raise LabError("the service does not run, so there is no more to try")
    with told.check(f"exposure at most {unit.SCORE_AT_MOST}, and the kernel holds it so") as figures:
        figures["exposure"] = unit.security_score(guest)
        figures.update(unit.kernel_facts(guest))
        must(unit.security_score(guest) <= unit.SCORE_AT_MOST, f"exposure {figures['exposure']}")
        unit.check_kernel_facts(unit.kernel_facts(guest))
    with told.check("the command line reaches it, as root on the same machine") as figures:
        must(PBX_A.name in guest.run("cti-daemon", "status"), "status does not show the primary")
        figures["note"] = guest.run("cti-daemon", "note", "seen by the service test").strip()
    with told.check("the doctor, as root with the service's own secrets, finds no fault") as figures:
        figures.update(newcomer.examine(guest))
    with told.check("it backs its journal up by itself under the unit's limits, and its restore drill passes") as figures:
        figures.update(unit.wait_backup(guest, site.BACKUPS))
    with told.check("key presses over its socket: a key confirms, silence does not; narrower than the daemon itself") as figures:
        figures.update(confirm.try_it(guest))
    _blows(guest, told)
    _upgrades(guest, told, later)
    _failover(guest, told)
    with told.check("a configuration broken by hand: exit 78, stays down") as figures:
        site.write_configuration(guest, _NO_SITE)
        guest.ask("systemctl", "restart", unit.UNIT)
        figures.update(unit.wait_down(guest))
    _damage(guest, told)
    with told.check("removal stops it and keeps configuration and journal; purge takes both, secrets stay"):
        site.write_configuration(guest)
        guest.run("systemctl", "restart", unit.UNIT)
        package.check_removed(guest)
        package.check_purged(guest)


def _first_day(guest: Guest, told: Report) -> None:
    with told.check("a new user's first day: init of two media servers, its secrets carried to the Asterisks, check-config") as figures:
        figures.update(newcomer.configure(guest, _SIZE))
    if not told.checks[-1].passed:
        raise LabError("the site could not be configured as the text says, so there is no more to try")
    with told.check("... then run and doctor: every node healthy, no fault") as figures:
        figures.update(newcomer.run(guest))
    newcomer.leave(guest, _SIZE)


def _hardening(guest: Guest, told: Report) -> None:
    with told.check("a taken-over daemon is refused all it must not do (another program in the same unit)") as figures:
        tried = unit.try_hardening(guest)
        figures["attempts"] = len(tried)
        figures["address_filter"] = "not in force on this kernel" if tried["send past the address filter"] == "allowed" else "in force"
        figures["tried"] = tried
        unit.check_hardening(tried)


def _damage(guest: Guest, told: Report) -> None:
    with told.check("a journal damaged by the disk: it runs on the last good backup, and says so") as figures:
        site.write_configuration(guest)
        guest.run("systemctl", "stop", unit.UNIT)
        damage = guest.path(site.JOURNAL)
        damage.write_bytes(b"no journal at all " * 500)
        guest.run("systemctl", "start", unit.UNIT)
        wait_until("the daemon to be ready", page.is_ready, 20, evidence=lambda: guest.journal(unit.UNIT))
        must("we run on the last good backup" in guest.journal(unit.UNIT, 60), guest.journal(unit.UNIT, 60))
        figures["verify"] = guest.run("cti-daemon", "journal", "verify").splitlines()[0]


def _blows(guest: Guest, told: Report) -> None:
    with told.check("SIGKILL: back in about a second") as figures:
        seconds = unit.strike(guest, "KILL", _RESTART_IN_ALL_SECONDS)
        figures["answers_again_seconds"] = round(seconds, 2)
        figures["serving_again_seconds"] = round(seconds + unit.wait_serving(guest), 2)
    with told.check("SIGSTOP: the watchdog ends it, and it is back") as figures:
        seconds = unit.strike(guest, "STOP", unit.WATCHDOG_SECONDS + _RESTART_IN_ALL_SECONDS)
        figures["answers_again_seconds"] = round(seconds, 2)
        must("watchdog" in guest.journal(unit.UNIT, 60).lower(), "the log does not name the watchdog")
        unit.wait_serving(guest)


def _upgrades(guest: Guest, told: Report, later: Path) -> None:
    with told.check("an upgrade that would not start with this configuration leaves the old daemon running") as figures:
        before = unit.main_pid(guest)
        site.write_configuration(guest, _NO_SITE)
        said = package.install(guest, later)
        must(unit.main_pid(guest) == before and page.is_ready(), f"the old daemon does not run any more:\n{said[-1000:]}")
        must("does not accept" in said, f"the upgrade did not say so:\n{said[-1000:]}")
        site.write_configuration(guest)
        figures["still_running"] = "yes"
    with told.check("an upgrade under live calls: restarted, nobody notices") as figures:
        before = unit.main_pid(guest)

        def upgrade() -> float:
            struck_wall = time.time()
            package.install(guest, later)
            return struck_wall

        seen = Trial(_LOAD, lambda _text: None).run(upgrade, watch_seconds=6.0)
        result = score(seen)
        figures.update(_whole(result))
        must(unit.main_pid(guest) not in {0, before}, "the daemon was not restarted")
        must(not seen.orders.redirects, "the restart moved callers")
        unit.wait_serving(guest)
    # The carrier went without a BYE: its calls are still up, and their agents busy.
    asterisk.command(EDGE, "channel request hangup all")
    with Ami(PBX_A) as pbx:
        wait_until("all agents to be free", lambda: not agents_talking(pbx) and not callers_waiting(pbx), 20)


def _failover(guest: Guest, told: Report) -> None:
    with told.check("SIGKILL of the primary under live calls: the packaged service keeps every caller") as figures:
        seen = Trial(_LOAD, lambda _text: None).run(lambda: faults.kill(PBX_A), watch_seconds=8.0)
        result = score(seen)
        figures.update(_whole(result))
        must(result.same_agent >= 0.95 * result.calls_before, f"only {result.same_agent} of {result.calls_before} with the same agent")
        figures["verdict_ms"] = result.death_to_verdict_ms
        figures["last_redirect_after_verdict_ms"] = result.verdict_to_last_redirect_ms
        figures["audio_gap_ms_median"] = result.audio_gap_ms.median if result.audio_gap_ms else None
        must(page.status().get("serving") == PBX_B.name, f"{page.status().get('serving')} serves")
    with told.check("restarted in the middle of the new order, the service goes on with it"):
        guest.run("systemctl", "restart", unit.UNIT)
        wait_until(
            "the standby to serve on",
            lambda: page.status().get("serving") == PBX_B.name and unit.state(guest) == "active",
            20,
            evidence=lambda: f"{page.status()}\n{guest.journal(unit.UNIT)}",
        )


def _whole(result: Score) -> dict[str, object]:
    must(result.calls_before >= 0.95 * _LOAD.talking, f"only {result.calls_before} callers talked")
    must(result.calls_lost == 0, f"{result.calls_lost} callers lost of {result.calls_before} talking and {result.waiting_before} waiting")
    must(result.new_calls_failed == 0, f"{result.new_calls_failed} new calls failed")
    must(result.false_failovers == 0, "a false failover")
    return {
        "talking_kept": f"{result.calls_kept}/{result.calls_before}",
        "waiting_kept": f"{result.waiting_kept}/{result.waiting_before}",
        "same_agent": result.same_agent,
        "new_calls": result.new_calls,
    }


if __name__ == "__main__":
    sys.exit(main())
