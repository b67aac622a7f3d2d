"""Queue members of the media servers, and what an Asterisk does with them when it is told to."""

from collections.abc import Iterable
from dataclasses import replace

from cti_daemon.model.call_events import QueueCounted
from cti_daemon.model.effects import MemberChange, SetMember
from cti_daemon.model.events import MemberGone, MemberSeen, Membership, QueuesListed
from cti_daemon.model.ids import Interface, MemberKey, NodeName, QueueName, SeatName
from cti_daemon.model.reasons import MemberKind, Result

NOT_IN_USE = 1
SEATS = 3
UNAVAILABLE = 5


def static_members(seats: int, queue: str = "hotline") -> dict[MemberKey, Membership]:
    """As queues.conf has them."""
    names = [SeatName(f"seat{number}") for number in range(1, seats + 1)]
    members = [Membership(QueueName(queue), Interface(f"PJSIP/{name}"), name) for name in names]
    return {member.key: member for member in members}


def seen(node: NodeName, member: Membership, *, is_reachable: bool = True) -> MemberSeen:
    return MemberSeen(node, member, NOT_IN_USE if is_reachable else UNAVAILABLE, in_call=False)


QUEUES = (QueueName("hotline"), QueueName("support"))


def listed(
    node: NodeName, members: dict[MemberKey, Membership], queues: Iterable[QueueName] = QUEUES, *, reachable: int | None = None
) -> QueuesListed:
    """What QueueStatus shows: everything but ringinuse. `reachable`: so many phones, the first ones; None: all."""
    rows = [seen(node, replace(member, ringinuse=None)) for member in members.values()]
    for n in range(len(rows) if reachable is None else reachable, len(rows)):
        rows[n] = rows[n]._replace(device_state=UNAVAILABLE)
    return QueuesListed(node, tuple(rows), (), tuple(QueueCounted(queue, 0, 0) for queue in queues))


def obey(members: dict[MemberKey, Membership], deed: SetMember) -> tuple[Result, MemberSeen | MemberGone | None]:
    """Do it as Asterisk 22.10 does (`Already there`, `Not there`); the event it says."""
    wanted, held = deed.wanted, members.get(deed.wanted.key)
    if deed.change is MemberChange.ADD:
        if held is not None:
            return Result.FAILED, None
        after = replace(wanted, kind=MemberKind.DYNAMIC, ringinuse=False)
    elif held is None:
        return Result.FAILED, None
    elif deed.change is MemberChange.REMOVE:
        if held.kind is not MemberKind.DYNAMIC:
            return Result.FAILED, None
        del members[held.key]
        return Result.DONE, MemberGone(deed.node, *held.key)
    elif deed.change is MemberChange.PAUSE:
        after = replace(held, paused=wanted.paused, reason=wanted.reason if wanted.paused else "")
    elif deed.change is MemberChange.PENALTY:
        after = replace(held, penalty=wanted.penalty)
    else:
        after = replace(held, ringinuse=wanted.ringinuse)
    members[after.key] = after
    return Result.DONE, seen(deed.node, after)


def said(change: MemberChange, wanted: Membership) -> str:
    """For a transcript."""
    pause = (f" paused: {wanted.reason}" if wanted.reason else " paused") if wanted.paused else ""
    how = {
        MemberChange.PAUSE: pause or " unpaused",
        MemberChange.PENALTY: f" penalty {wanted.penalty}",
        MemberChange.RINGINUSE: f" ringinuse {wanted.ringinuse}",
        MemberChange.ADD: f" added, penalty {wanted.penalty}{pause}",
        MemberChange.REMOVE: " removed",
    }
    return f"{wanted.seat} in {wanted.queue}{how[change]}"
