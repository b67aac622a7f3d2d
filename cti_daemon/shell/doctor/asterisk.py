"""Questions that every Asterisk is asked: ways in, rights, proof of origin, noise, clock."""

import asyncio
import time

from cti_daemon.model.ids import PATHS, PathName
from cti_daemon.model.reasons import Loss, Result
from cti_daemon.model.settings import Node
from cti_daemon.shell.ami.life import LifeFailedError
from cti_daemon.shell.doctor.finding import Finding, fault, judged, ok, unseen, warning
from cti_daemon.shell.doctor.visit import Visit, visit
from cti_daemon.shell.secret_files import NodeSecrets

NEEDED = frozenset({"Redirect", "Setvar", "Getvar", "Hangup", "UserEvent", "QueueStatus", "CoreShowChannels", "CoreStatus", "PJSIPQualify"})
NEEDED_ON_SERVERS = frozenset({"QueueAdd", "QueueRemove", "QueuePause", "QueuePenalty"})
UNWANTED = frozenset({"Command", "DBPut", "ModuleLoad", "Reload", "GetConfig", "UpdateConfig", "Originate"})
"""What a stolen secret of ours must not be able to do (design: least privilege)."""
NOISE = frozenset({"VarSet", "Newexten", "TestEvent", "RTCPSent", "RTCPReceived", "NewConnectedLine", "NewCallerid", "DialState"})
SLOW_LOGIN_SECONDS = 0.5
MOST_CLOCK_SECONDS = 2.0
_SAMPLE = "config/asterisk/manager.conf.sample"

_WAYS_IN = {
    Loss.REFUSED: "nobody listens there: is Asterisk up, `enabled = yes` and `bindaddr` in manager.conf?",
    Loss.UNREACHABLE: "the address does not answer: cable, route, firewall, or a wrong address in [[node]] control",
    Loss.SILENT: "it answers, but not to the end. A heartbeat that never returns: `systemname` of asterisk.conf is not what system_name "
    "holds, or read class `user` is missing",
    Loss.DENIED: f"login refused: compare username and secret with manager.conf, and its permit lines with our address ({_SAMPLE})",
    Loss.CLOSED: "it hung up: is our address in a permit line of manager.conf?",
    Loss.GARBLED: "this is no Asterisk Manager: the address in [[node]] control must be the AMI port, 5038",
}


async def ways_in(node: Node, secrets: NodeSecrets) -> list[Finding]:
    """Both control networks, each with a login of its own."""
    return await asyncio.gather(*(_way_in(node, path, secrets) for path in PATHS))


async def _way_in(node: Node, path: PathName, secrets: NodeSecrets) -> Finding:
    check = f"ami over {path}"
    try:
        async with visit(node, path, secrets) as guest:
            took = guest.opened_seconds
    except LifeFailedError as failed:
        detail = f" ({failed})" if str(failed) != failed.loss.value else ""
        return fault(check, node.name, f"{failed.loss.value}{detail} at {node.control.of(path)}", _WAYS_IN[failed.loss])
    slow = warning(
        check, node.name, f"login takes {took:.1f} s", "is the machine overloaded, or the network lossy? Heartbeats will be late too"
    )
    return judged(took < SLOW_LOGIN_SECONDS, slow, f"logged in and proved in {1000 * took:.0f} ms")


async def questions(guest: Visit, *, is_edge: bool, places_calls: bool = False, tries_paths: bool = False) -> list[Finding]:
    """`places_calls`: the daemon is to have this Asterisk ring people up: lost callers on the edges, emergency seats in a drill.
    `tries_paths`: a plan has it make test calls from here."""
    return [
        await _rights(guest, is_edge=is_edge, places_calls=places_calls),
        *([await _test_calls(guest)] if tries_paths and not places_calls else []),
        await _excess(guest, places_calls=places_calls or tries_paths),
        await _clock(guest),
        _noise(guest),
        _origin(guest),
        unseen(
            "writetimeout",
            guest.node.name,
            "cannot be read with our rights, on purpose",
            f"manager.conf [cti] needs writetimeout = 5000 (default 100: a slow moment of ours drops the session), see {_SAMPLE}",
        ),
    ]


async def _allowed(guest: Visit) -> frozenset[str]:
    """Actions that this account may use."""
    answer = await guest.do(Action="ListCommands")
    return frozenset(answer.headers) if answer.result is Result.DONE else frozenset()


async def _rights(guest: Visit, *, is_edge: bool, places_calls: bool) -> Finding:
    needed = (NEEDED if is_edge else NEEDED | NEEDED_ON_SERVERS) | ({"Originate"} if places_calls else set())
    missing = sorted(needed - await _allowed(guest))
    more = ",originate" if "Originate" in needed else ""
    bad = fault(
        "rights",
        guest.node.name,
        f"may not use {', '.join(missing)}",
        f"manager.conf: write = call,agent,user,reporting{more} ({_SAMPLE}); then `manager reload`",
    )
    return judged(not missing, bad, "has every right it needs")


async def _test_calls(guest: Visit) -> Finding:
    """Plans go on without it: the step fails, and people try the paths."""
    text = "may not use Originate: the test calls of plans fail, and are left to people"
    bad = warning(
        "test-call right", guest.node.name, text, f"manager.conf: write = call,agent,user,reporting,originate ({_SAMPLE}), or leave it so"
    )
    return judged("Originate" in await _allowed(guest), bad, "may make the test calls of plans")


async def _excess(guest: Visit, *, places_calls: bool) -> Finding:
    unwanted = UNWANTED - {"Originate"} if places_calls else UNWANTED
    excess = sorted(unwanted & await _allowed(guest))
    bad = warning(
        "least privilege",
        guest.node.name,
        f"may also use {', '.join(excess)}: with our secret a thief could run programs there",
        "take write classes system, command, originate and config away from the account",
    )
    return judged(not excess, bad, "has no right it does not need")


async def _clock(guest: Visit) -> Finding:
    asked = time.time()
    told = await guest.get("STRFTIME(,,%s)")
    if not told.isdigit():
        return unseen("clock", guest.node.name, "its clock cannot be read (func_strftime)", "run NTP on every machine")
    off = int(told) - (asked + time.time()) / 2
    bad = warning(
        "clock",
        guest.node.name,
        f"its clock is {off:+.0f} s from ours",
        "run NTP on both: no verdict reads it, but waits of rescued callers and every log line do",
    )
    return judged(abs(off) < MOST_CLOCK_SECONDS, bad, "agrees with ours")


def _noise(guest: Visit) -> Finding:
    """What came while we were there; on a busy site a second is enough to see it."""
    heard = sorted(NOISE & guest.tally.by_kind().keys())
    bad = warning(
        "event filter",
        guest.node.name,
        f"sends {', '.join(heard)}, which nobody reads: half of the bytes of a rescue",
        f"eventfilter lines and disabledevents as in {_SAMPLE}; then `manager reload`",
    )
    return judged(not heard, bad, f"nothing unwanted came ({guest.tally.events} events while we looked)")


def _origin(guest: Visit) -> Finding:
    bad = warning(
        "origin",
        guest.node.name,
        f"{len(guest.refused)} blocks could not be proved genuine, the first: {(guest.refused or [''])[0]}",
        "a caller who writes into AMI, or an Asterisk whose events have other keys than 22.10's: see the runbook, CtiSecurityEvents",
    )
    return (
        judged(not guest.refused, bad, "every block was proved genuine") if guest.tally.events else ok("origin", guest.node.name, "quiet")
    )
