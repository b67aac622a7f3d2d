"""Who is logged in to which queue of a media server, by the server's own word; and how long a change takes to the other one."""

from __future__ import annotations

import time
from dataclasses import dataclass

from lab.ami import Ami
from lab.layout import Host

Places = dict[tuple[str, str], tuple[str, str, str, str]]
"""(queue, interface) -> membership, paused, reason, penalty, as the row has them."""
_EVENTS = {
    "QueueAdd": "QueueMemberAdded",
    "QueueRemove": "QueueMemberRemoved",
    "QueuePause": "QueueMemberPause",
    "QueuePenalty": "QueueMemberPenalty",
}


def of(host: Host) -> Places:
    """Every member of every queue of this host."""
    with Ami(host) as pbx:
        rows = pbx.list("QueueStatus", "QueueStatusComplete")
    return {
        (row["Queue"], row["Location"]): (row["Membership"], row["Paused"], row.get("PausedReason", ""), row["Penalty"])
        for row in rows
        if row["Event"] == "QueueMember"
    }


def differing(one: Host, other: Host) -> list[str]:
    """Members that are not the same on both hosts, in words."""
    here, there = of(one), of(other)
    return [f"{key}: {here.get(key)} {there.get(key)}" for key in sorted({*here, *there}) if here.get(key) != there.get(key)]


@dataclass
class Stopwatch:
    """Makes changes on one host and waits for each on the other: the order goes out, the other host says that it is done."""

    made_on: Ami
    seen_on: Ami
    """With events="agent"."""

    def time(self, action: str, **fields: str) -> float:
        """Do it; seconds until the other host's event about the same member. TimeoutError when it does not come."""
        began_at = time.monotonic()
        self.made_on.do(action, **fields)
        while True:
            event = self.seen_on.read_event(_EVENTS[action])
            if (event["Queue"], event["Interface"]) == (fields["Queue"], fields["Interface"]):
                return time.monotonic() - began_at
