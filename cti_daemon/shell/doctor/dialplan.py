"""Is what must work without us in place: dialplan, routes, contacts, queues, seats?"""

from collections.abc import Iterable

from cti_daemon.model.events import QueuesListed
from cti_daemon.model.incidents import ActionKind, Plan
from cti_daemon.model.settings import Node, Settings
from cti_daemon.shell.doctor.finding import Finding, fault, judged, unseen, warning
from cti_daemon.shell.doctor.visit import Visit
from cti_daemon.state.seats import is_reachable

_EDGE_FILE = "dialplan/cti-edge.conf"
_STEPS = {
    "edge": ("cti-route", "cti-resume", "cti-header"),
    "calling edge": ("cti-route", "cti-resume", "cti-header", "cti-callback"),
    "server": ("cti-dialog",),
}


async def edge_questions(guest: Visit, settings: Settings) -> list[Finding]:
    servers = [n for n in settings.node if n.role.value != "edge"]
    steps = "edge" if settings.callback is None else "calling edge"
    found = [await _steps(guest, steps, _EDGE_FILE), await _hotline(guest, "cti-trunk", _EDGE_FILE), await _default_route(guest, servers)]
    found.append(await _test_calls(guest))
    for server in servers:
        found.append(await _addresses(guest, server))
        found.append(await _contacts(guest, server))
    return found


async def server_questions(guest: Visit, listed: QueuesListed | str) -> list[Finding]:
    """`listed`: its queues, or why they are not believed."""
    emergency = guest.node.role.value == "emergency"
    file = "dialplan/cti-emergency.conf" if emergency else "dialplan/cti-node.conf"
    found = [await _steps(guest, "server", file), await _hotline(guest, "cti-hotline", file), await _queue(guest)]
    if isinstance(listed, str):
        return [*found, fault("seats", guest.node.name, f"its queues could not be read: {listed}", "QueueStatus must answer within 3 s")]
    return [*found, _seats(guest.node, listed)]


_OF_PLANS = (
    (ActionKind.ANNOUNCE_ON, ("edge",), "cti-announce", "s"),
    (ActionKind.TEST_CALLS, ("edge",), "cti-path", "s"),
    (ActionKind.TEST_CALLS, ("primary", "standby", "emergency"), "cti-hotline", "cti-test"),
    (ActionKind.OFFER_CALL_BACK, ("primary", "standby"), "cti-offer", "1"),
)
"""What a plan's action needs, where: context and extension."""


async def plan_questions(guest: Visit, plans: Iterable[Plan]) -> list[Finding]:
    """None where no plan wants anything of this Asterisk."""
    used = {step.do for plan in plans for step in plan.steps}
    needed = [(do, context, exten) for do, roles, context, exten in _OF_PLANS if do in used and guest.node.role.value in roles]
    missing = [f"{context},{exten} ({do})" for do, context, exten in needed if await _exists(guest, context, exten) is False]
    if not needed:
        return []
    text = f"plans use what its dialplan has not: {', '.join(missing)}"
    bad = fault("plans' dialplan", guest.node.name, text, "#include the newest dialplan/ files, `dialplan reload`")
    return [judged(not missing, bad, "has what plans switch")]


def compare_members(primary: QueuesListed, standby: QueuesListed) -> Finding:
    """Static members must be in both queues.conf; dynamic ones the daemon mirrors."""
    here = {(m.membership.queue, m.membership.seat) for m in primary.members}
    there = {(m.membership.queue, m.membership.seat) for m in standby.members}
    only = sorted(f"{seat} of {queue}" for queue, seat in here ^ there)
    subject = f"{primary.node}, {standby.node}"
    bad = warning(
        "same seats",
        subject,
        f"{len(only)} memberships are on one of the two only: {', '.join(only[:5])}{', …' if len(only) > 5 else ''}",
        "queues.conf must have the same members on both; dynamic ones appear within a second while the daemon runs",
    )
    return judged(not only, bad, f"the same {len(here)} memberships on both")


async def _steps(guest: Visit, kind: str, file: str) -> Finding:
    missing = [context for context in _STEPS[kind] if await _exists(guest, context, "s") is False]
    if await _exists(guest, _STEPS[kind][0], "s") is None:
        fix = f"load func_dialplan.so there, or look yourself: `dialplan show {_STEPS[kind][0]}`"
        return unseen("dialplan", guest.node.name, "cannot be seen: it has no function DIALPLAN_EXISTS", fix)
    bad = fault(
        "dialplan", guest.node.name, f"context {', '.join(missing)} is not loaded", f"#include {file} in extensions.conf, `dialplan reload`"
    )
    return judged(not missing, bad, "is loaded")


async def _exists(guest: Visit, context: str, extension: str) -> bool | None:
    """None: there is no way to tell."""
    told = await guest.get(f"DIALPLAN_EXISTS({context},{extension},1)")
    return told == "1" if told else None


async def _hotline(guest: Visit, context: str, file: str) -> Finding:
    number = await guest.get("CTI_HOTLINE")
    if not number:
        return fault(
            "hotline", guest.node.name, "the global CTI_HOTLINE is not set", f"set it in extensions.conf [globals], see the head of {file}"
        )
    there = await _exists(guest, context, number) is not False
    bad = fault("hotline", guest.node.name, f"{context} does not know {number}", f"set CTI_HOTLINE before #include {file}")
    return judged(there, bad, f"{number} is taken by {context}")


async def _default_route(guest: Visit, servers: list[Node]) -> Finding:
    route = [name.strip() for name in (await guest.get("CTI_ROUTE_DEFAULT")).split(",") if name.strip()]
    wanted = [server.name for server in servers]
    bad = fault(
        "route without us",
        guest.node.name,
        f"CTI_ROUTE_DEFAULT is {','.join(route) or 'empty'}: with the daemon stopped calls would not reach every server",
        f"CTI_ROUTE_DEFAULT = {','.join(wanted)} in [globals]",
    )
    return judged(set(route) == set(wanted), bad, " → ".join(route))


async def _test_calls(guest: Visit) -> Finding:
    bad = warning(
        "test calls",
        guest.node.name,
        "has no context cti-test: `drill-start` can show nothing, and the emergency seats are tried by nobody before they are needed",
        f"#include the newest {_EDGE_FILE}, `dialplan reload`; then a number of your own: exten => 955980,1,Goto(cti-test,s,1)",
    )
    return judged(await _exists(guest, "cti-test", "s") is not False, bad, "has a way in for them, cti-test")


async def _addresses(guest: Visit, server: Node) -> Finding:
    wrong = []
    for path in ("a", "b"):
        told, wanted = await guest.get(f"CTI_ADDR_{server.name}_{path}"), server.sip.of(path)
        if told != wanted:
            wrong.append(f"CTI_ADDR_{server.name}_{path} = {wanted} (is {told or 'not set'})")
    bad = fault("addresses", guest.node.name, f"{server.name} cannot be dialled by its address", f"in [globals]: {'; '.join(wrong)}")
    return judged(not wrong, bad, f"{server.name} by its own addresses on A and B")


async def _contacts(guest: Visit, server: Node) -> Finding:
    ids = [word for word in (await guest.get(f"PJSIP_AOR({server.name},contact)")).split(",") if word]
    states: dict[str, str] = {}
    for contact in ids:
        uri = await guest.get(f"PJSIP_CONTACT({contact},uri)")
        states[uri.removeprefix("sip:").partition(";")[0]] = await guest.get(f"PJSIP_CONTACT({contact},status)")
    missing = [server.sip.of(path) for path in ("a", "b") if server.sip.of(path) not in states]
    if missing:
        fix = f"pjsip.conf, aor {server.name}: contact = sip:{missing[0]} (and qualify_frequency = 1)"
        return fault("contacts", guest.node.name, f"no contact of {server.name} at {', '.join(missing)}", fix)
    deaf = [address for address, state in states.items() if state != "Reachable"]
    bad = warning("contacts", guest.node.name, f"{server.name} is not heard at {', '.join(deaf)}", "the network, or SIP on that server")
    return judged(not deaf, bad, f"{server.name} is heard on A and B")


async def _queue(guest: Visit) -> Finding:
    queue = await guest.get("CTI_QUEUE")
    there = bool(queue) and await guest.get(f"QUEUE_EXISTS({queue})") == "1"
    bad = fault(
        "queue",
        guest.node.name,
        f"there is no queue {queue or '(CTI_QUEUE is not set)'}",
        "CTI_QUEUE in [globals], and the queue in queues.conf",
    )
    return judged(there, bad, f"{queue} is there")


def _seats(node: Node, listed: QueuesListed) -> Finding:
    seats = {m.membership.seat for m in listed.members}
    reachable = {m.membership.seat for m in listed.members if is_reachable(m)}
    if not seats:
        return warning("seats", node.name, "has no seat in any queue", "members in queues.conf, or let the agents log in")
    if not reachable:
        fix = "phones must register at this server too; until one does it is not taken as a target"
        return fault("seats", node.name, f"none of its {len(seats)} seats is reachable", fix)
    bad = warning("seats", node.name, f"{len(seats - reachable)} of {len(seats)} seats are unreachable", "look at their registrations here")
    return judged(reachable == seats, bad, f"all {len(seats)} seats are reachable")
