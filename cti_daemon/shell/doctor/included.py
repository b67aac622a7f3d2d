"""What a site has included beside the plain dialplan: is it whole, on every server alike? What is not included is not asked for."""

from collections.abc import Sequence

from cti_daemon.model.drills import DrillKind
from cti_daemon.model.events import QueuesListed
from cti_daemon.model.reasons import Role
from cti_daemon.model.settings import Node, Settings
from cti_daemon.shell.doctor.finding import Finding, fault, judged
from cti_daemon.shell.doctor.visit import Visit

_OUTSIDE = "@cti-outside"


async def server_questions(guest: Visit, settings: Settings, listed: QueuesListed | str) -> list[Finding]:
    """Of a media server, or of the emergency system."""
    found = [await _recording(guest)] if settings.recording is not None or await guest.get("CTI_RECORD") else []
    if calls_seats(guest.node, settings):
        found.append(await _seat_tests(guest))
    if await guest.get("CTI_SURVEY"):
        found.append(await _survey(guest))
    if "cti-fault" in (await guest.get("CTI_SEAT_FEATURES")).split("#"):
        found.append(await _feature(guest))
    seats = (
        [] if isinstance(listed, str) else sorted({m.membership.interface for m in listed.members if _OUTSIDE in m.membership.interface})
    )
    if seats:
        found.append(await _outside(guest, seats))
    return found


async def _has(guest: Visit, context: str) -> bool:
    """Where nobody can tell (no func_dialplan), it is taken to be there: another question says so already."""
    return await guest.get(f"DIALPLAN_EXISTS({context},s,1)") != "0"


def calls_seats(node: Node, settings: Settings) -> bool:
    """Is this Asterisk to call its seats in a drill?"""
    return node.role is Role.EMERGENCY and any(drill.kind is DrillKind.EMERGENCY_SEATS for drill in settings.drill)


async def _seat_tests(guest: Visit) -> Finding:
    bad = fault(
        "test calls to seats",
        guest.node.name,
        "has no context cti-seat-test: a seat that answers a drill's test call is taken for one that declined it",
        "#include the newest dialplan/cti-emergency.conf, `dialplan reload`",
    )
    return judged(await _has(guest, "cti-seat-test"), bad, "seats can be tried by a drill")


async def _recording(guest: Visit) -> Finding:
    context = await guest.get("CTI_RECORD")
    said = f"{context}, a context that is not there" if context else "not set"
    bad = fault(
        "recording",
        guest.node.name,
        f"conversations here are not recorded: CTI_RECORD is {said}",
        "#include dialplan/cti-record.conf and set its globals as on the other servers; with a recorder of your own "
        "set CTI_RECORD to a context of yours that says UserEvent(CtiRecording,State: on)",
    )
    return judged(bool(context) and await _has(guest, context), bad, "conversations are recorded")


async def _survey(guest: Visit) -> Finding:
    bad = fault(
        "survey", guest.node.name, "CTI_SURVEY is set, and nobody asks", "#include dialplan/cti-survey.conf, or take CTI_SURVEY out"
    )
    return judged(await _has(guest, "cti-survey"), bad, "callers are asked for a grade")


async def _feature(guest: Visit) -> Finding:
    bad = fault(
        "feature code", guest.node.name, "seats have the feature cti-fault, and it leads nowhere", "#include dialplan/cti-fault.conf"
    )
    return judged(await _has(guest, "cti-fault"), bad, "seats may mark a network fault")


async def _outside(guest: Visit, seats: Sequence[str]) -> Finding:
    names = [seat.partition("/")[2].partition("@")[0] for seat in seats]
    if not await _has(guest, "cti-outside-ask"):
        fix = "#include the newest dialplan/cti-outside.conf"
        return fault("outside seats", guest.node.name, f"{', '.join(names)} would take callers without a key: a mailbox too", fix)
    unknown = [name for name in names if not await guest.get(f"CTI_OUTSIDE_{name}")]
    bad = fault(
        "outside seats",
        guest.node.name,
        f"{', '.join(unknown)}: no number is known",
        f"in [globals]: {'; '.join(f'CTI_OUTSIDE_{name} = NUMBER' for name in unknown)}",
    )
    return judged(not unknown, bad, f"{', '.join(names)} by key")
