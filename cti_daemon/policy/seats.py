"""What must a media server's queue members be, and what makes them so?

Wanted is what the serving media server has (the *roster*). A member of another media server is compared with it, and the
difference is a few deeds, each harmless to repeat:
1. Who is logged in on the serving server and missing here is added; who is logged in here only is removed. Only dynamic members
   are: what stands in queues.conf or in a database is the site's, and is never added or removed.
2. Pause and reason are mirrored for every member that both servers have, also for one that stands in queues.conf: its agent
   paused it. Penalty and ringinuse are mirrored for dynamic members.
3. Names and reasons that would break `persistentmembers` on the other server (`;` and `|` are its separators; tried on 22.10: a
   restart loses the rest) are mirrored with a comma in their place."""

import re
from dataclasses import replace

from cti_daemon.model.effects import MemberChange
from cti_daemon.model.events import Membership
from cti_daemon.model.reasons import MemberKind

TEXT_BYTES = 79
"""Asterisk cuts a member's name and a pause's reason here, also in the middle of a character."""
HOLD_REASON = "cti-daemon: calls of before the failover"
"""Why a returned server's members are paused until its stale calls are ended."""

_UNSAFE = re.compile(r"[;|\x00-\x1f\x7f\x85\u2028\u2029]")


def text_fault(text: str) -> str | None:
    """Why this cannot be a member's name or a reason; None when it can."""
    unsafe = _UNSAFE.search(text)
    if unsafe is not None:
        return f"has {unsafe[0]!r}, which Asterisk uses to separate the members it stores: a restart would lose what stands behind it"
    length = len(text.encode("utf-8", "surrogateescape"))
    if length > TEXT_BYTES:
        return f"has {length} bytes, Asterisk cuts it at {TEXT_BYTES}"
    return None


def safe_text(text: str) -> str:
    return _UNSAFE.sub(",", text)


def wanted_elsewhere(held: Membership) -> Membership:
    """What another media server should have when one has `held`; the same object when there is nothing to change."""
    if _UNSAFE.search(held.name) is None and _UNSAFE.search(held.reason) is None:
        return held
    return replace(held, name=safe_text(held.name), reason=safe_text(held.reason))


def taken_over(known: Membership | None, held: Membership | None) -> Membership | None:
    """The roster's member after a person has changed the one that another server holds; the same object when nothing of it counts."""
    if known is None or held is None:
        present = known or held
        return held if present is not None and present.kind is MemberKind.DYNAMIC else known
    if is_as_wanted(wanted_elsewhere(known), held):
        return known
    is_login = held.kind is known.kind is MemberKind.DYNAMIC
    changed = replace(known, paused=held.paused, reason=held.reason, penalty=held.penalty if is_login else known.penalty)
    return known if changed == known else changed


def without_hold(held: Membership) -> Membership:
    """A pause of ours is not an agent's."""
    if held.paused and held.reason == HOLD_REASON:
        return replace(held, paused=False, reason="")
    return held


def on_hold(held: Membership | None) -> Membership | None:
    """What a member of a returned server should be until its stale calls are ended."""
    if held is None or held.paused:
        return held
    return replace(held, paused=True, reason=HOLD_REASON)


def is_as_wanted(wanted: Membership | None, held: Membership | None) -> bool:
    """False also where nothing can be done about it: queues.conf of the two servers is not the same."""
    if wanted is None or held is None:
        return wanted is held
    return not deeds(wanted, held)


def deeds(wanted: Membership | None, held: Membership | None) -> tuple[MemberChange, ...]:
    """What to do on the server that has `held`, in order; empty where nothing can or need be done, or where it is not known."""
    if wanted is held:
        return ()
    if held is None:
        return (MemberChange.ADD,) if wanted is not None and wanted.kind is MemberKind.DYNAMIC else ()
    if wanted is None:
        return (MemberChange.REMOVE,) if held.kind is MemberKind.DYNAMIC else ()
    found: list[MemberChange] = []
    if held.kind is wanted.kind is MemberKind.DYNAMIC:
        if held.state_interface != wanted.state_interface:
            return (MemberChange.REMOVE,)  # it is added anew when it is gone
        if held.penalty != wanted.penalty:
            found.append(MemberChange.PENALTY)
        if None not in (wanted.ringinuse, held.ringinuse) and wanted.ringinuse is not held.ringinuse:
            found.append(MemberChange.RINGINUSE)
    if (held.paused, held.reason) != (wanted.paused, wanted.reason):
        found.append(MemberChange.PAUSE)
    return tuple(found)
