"""What a site has without us: the same lab, the same calls, the same faults, no daemon, a plain dialplan on the edge."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from lab import faults, keepalived
from lab.exercise import Drill, no_daemon
from lab.expected import Expected
from lab.layout import EDGE, HOTLINE, PBX_A, PBX_B, PHONES, SIP_PORT, Host
from lab.site import Change, as_it_is
from lab.trial import Load, start_daemon

_LOAD = Load(loud=20, quiet=0, waiting=0, new_per_second=10, new_stay_seconds=1.0)
_MUTE = Load(loud=0, quiet=0, mute=20, waiting=0, new_per_second=0)
_NO_TIMEOUT = "; No rtp_timeout: it would throw out callers who are merely silent.\n"
_PHONES_PATIENCE = "rtp_timeout = 4\n"


@dataclass(frozen=True, slots=True)
class Peer:
    """A way to live without us (or, to compare, with us)."""

    text: str
    change: Change
    start: Callable[[], float]


def _edge_plan(*steps: str) -> str:
    lines = [f"exten => {HOTLINE},1,NoOp()", *(f" same => n,{step}" for step in (*steps, "Hangup()"))]
    return "[cti-trunk]\n" + "\n".join(lines) + "\n\n[cti-probe]\n"


def _qualify(host: Host, files: dict[str, str]) -> dict[str, str]:
    if host is EDGE:
        plan = _edge_plan(f"Dial(PJSIP/{HOTLINE}@{PBX_A.name},3)", f"Dial(PJSIP/{HOTLINE}@{PBX_B.name},3)")
        return {**files, "extensions.conf": plan}
    return files


def _rtp_timeout(host: Host, files: dict[str, str]) -> dict[str, str]:
    if host is EDGE:
        plan = _edge_plan(f"Dial(PJSIP/{HOTLINE}@{PBX_A.name},3,g)", f"Dial(PJSIP/{HOTLINE}@{PBX_B.name},3,g)")
        return {**files, "extensions.conf": plan, "pjsip.conf": _replace(files["pjsip.conf"], _NO_TIMEOUT, "rtp_timeout = 3\n")}
    return files


def _floating(host: Host, files: dict[str, str]) -> dict[str, str]:
    if host is EDGE:
        plan = _edge_plan(*[f"Dial(PJSIP/{HOTLINE}@media,3)"] * 2)
        media = f"\n[media](cti-node)\naors = media\n[media]\ntype = aor\ncontact = sip:{keepalived.ADDRESS}:{SIP_PORT}\n"
        return {**files, "extensions.conf": plan, "pjsip.conf": files["pjsip.conf"] + media}
    return files


def _patient(change: Change) -> Change:
    """The same site, with phones that never hang up because it is quiet."""

    def both(host: Host, files: dict[str, str]) -> dict[str, str]:
        files = change(host, files)
        if host is PHONES:
            return {**files, "pjsip.conf": _replace(files["pjsip.conf"], _PHONES_PATIENCE, "")}
        return files

    return both


def _replace(text: str, old: str, new: str) -> str:
    if old not in text:
        raise ValueError(f"the lab's configuration no longer has {old.strip()!r}")
    return text.replace(old, new)


PEERS = {
    "qualify": Peer("the edge's own qualify fallback (1 s, 0.5 s), Dial to the one, then to the other", _qualify, no_daemon),
    "rtp": Peer("the same with rtp_timeout=3 and Dial option g", _rtp_timeout, no_daemon),
    "keepalived": Peer("keepalived, adverts every 0.1 s, SIP checked every 0.2 s with a limit of 0.4 s", _floating, keepalived.start),
    "cti": Peer("cti-daemon", as_it_is, start_daemon),
}
_FAULTS = {"kill": faults.kill, "blackhole": faults.blackhole, "freeze": faults.freeze}
_MEASURED = Expected(None, None, is_measured_only=True)


def _drills() -> dict[str, Drill]:
    found: dict[str, Drill] = {}
    for name, peer in PEERS.items():
        for fault, strike in _FAULTS.items():
            found[f"peer-{name}-{fault}"] = Drill(
                f"{peer.text}: {fault}",
                partial(strike, PBX_A),
                _MEASURED,
                _LOAD,
                start=peer.start,
                change=peer.change,
                watch_seconds=10.0,
            )
        found[f"peer-{name}-mute"] = Drill(
            f"{peer.text}: no fault, callers who send no audio",
            time.time,
            _MEASURED,
            _MUTE,
            start=peer.start,
            change=_patient(peer.change),
            watch_seconds=10.0,
        )
    return found


PEER_DRILLS = _drills()
