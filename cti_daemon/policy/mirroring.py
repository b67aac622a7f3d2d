"""Seats find themselves logged in and paused as they were, whichever media server serves: the serving one's members are kept as the
*roster*, and every other media server is made to agree with it.

1. The roster follows what the serving server says. It survives that server: when another one takes over, the roster is what
   counts (a change of the last instant may not have come through), and only then does the new one lead.
2. A server that is new to the lead, or has been restarted, is owed the roster before it is believed: what a restarted one has
   read from its own store may be a second old. It is believed member by member, as soon as each agrees or the time is up.
3. Unknown is not empty: nothing is removed because a server, or a queue of it, tells nothing.
4. Nothing is told to a condemned server, with one exception: where its calls are given up as dead and its manager answers, its
   members are paused, until its stale calls are ended. Its queue would ring seats for callers who are gone.
5. A person's change on a server that does not lead is a wish too: after a failover a phone's keys may still reach its first server.
6. Level, not edge: compared on every change, with every snapshot, and whenever an answer is overdue."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from enum import StrEnum

from cti_daemon.model.effects import Effect, Report, SetMember
from cti_daemon.model.events import MemberGone, MemberSeen, Membership, Outcome
from cti_daemon.model.ids import MemberKey, NodeName, QueueName
from cti_daemon.model.reasons import Role
from cti_daemon.policy.health import Health
from cti_daemon.policy.seats import deeds, is_as_wanted, on_hold, taken_over, wanted_elsewhere, without_hold
from cti_daemon.policy.ward import Ward
from cti_daemon.state.site import Site

CALM_SECONDS = 0.02
"""After a change of who serves: the callers' redirects leave first, a comparison of thousands of seats does not hold them up."""
OWED_SECONDS = 5.0
"""How long a server that is new to the lead has to take the roster over; then its own word counts."""


class Place(StrEnum):
    """How far a media server is with one wish."""

    DONE = "done"
    PENDING = "pending"
    AWAY = "away"  # nothing is told to it now, or nothing is known of it
    UNLIKE = "unlike"  # nothing can be done: its queues.conf is another one


Settled = Callable[[NodeName], bool]
"""No stale call is left on this node."""


class Mirroring:
    """`serving`: who serves at the start; where that is a media server, its members are the first roster."""

    def __init__(self, site: Site, ids: Iterator[int], serving: NodeName) -> None:
        self._site = site
        self._ids = ids
        self._wards = {node: Ward(node) for node in site.servers if site.roles[node] is not Role.EMERGENCY}
        self._serving = serving
        self._leader = serving if serving in self._wards else None
        self._roster: dict[MemberKey, Membership] | None = None
        self._owed: dict[MemberKey, float] = {}
        """Members in which the leader must follow the roster first, and until when it may."""
        self._must_follow = False
        """The leader owes the whole roster, as soon as it is known what it has."""
        self._calm_at, self._must_look = float("-inf"), False
        self._lives: dict[NodeName, str] = {}
        self._queues: dict[NodeName, frozenset[QueueName]] = {}
        self._restarted: set[NodeName] = set()
        """Their members have not been listed since."""

    # --- what people see --------------------------------------------------------------------------------------------

    @property
    def roster(self) -> Mapping[MemberKey, Membership] | None:
        """None: unknown."""
        return self._roster

    @property
    def leader(self) -> NodeName | None:
        """The media server that the roster follows: the one that serves, or that served last."""
        return self._leader

    @property
    def queues(self) -> frozenset[QueueName]:
        """Those of the leader, and where it is not known yet those of any media server."""
        return self._queues.get(self._leader or NodeName(""), frozenset()) or frozenset().union(*self._queues.values())

    def places(self, key: MemberKey, wanted: Membership | None) -> dict[NodeName, Place | str]:
        """How far each media server is with making `key` as `wanted`; what one refused is told in its own words."""
        return {node: self._place(ward, key, wanted) for node, ward in self._wards.items()}

    def _place(self, ward: Ward, key: MemberKey, wanted: Membership | None) -> Place | str:
        if self._site.seats.of(ward.node) is None or not ward.is_open or ward.is_held:
            return Place.AWAY
        held = self._held(ward, key)
        here = wanted_elsewhere(wanted) if wanted is not None and ward.node != self._leader else wanted
        if is_as_wanted(here, held):
            return Place.DONE
        return (ward.refusal(key) or Place.PENDING) if deeds(here, held) else Place.UNLIKE

    def difference(self) -> dict[NodeName, int]:
        """Members of each media server that are not as they should be; no entry where that is not known."""
        if self._roster is None:
            return {}
        return {
            node: len(self._owed if node == self._leader else ward.differing)
            for node, ward in self._wards.items()
            if self._site.seats.of(node) is not None
        }

    def next_at(self, now: float) -> float:
        """When something must be looked at again even if nothing is heard."""
        waits = [ward.again_at for ward in self._wards.values()]
        return min((at for at in (*waits, *self._owed.values(), self._calm_at) if at > now), default=float("inf"))

    # --- what is wanted ---------------------------------------------------------------------------------------------

    def order(self, wishes: Mapping[MemberKey, Membership | None], at: float, out: list[Effect]) -> None:
        """A person's wishes for every media server at once, who serves included. Only while `roster` is known."""
        for key, wanted in wishes.items():
            self._put(key, wanted)
            self._owed[key] = at + OWED_SECONDS
            for ward in self._wards.values():
                self._look(ward, key)
        self._work(at, out)

    # --- what is seen -----------------------------------------------------------------------------------------------

    def note(self, event: MemberSeen | MemberGone, at: float, out: list[Effect]) -> None:
        """A member of one node has changed; the state holds it already."""
        ward = self._wards.get(event.node)
        if ward is None or self._site.seats.of(event.node) is None:
            return
        if isinstance(event, MemberSeen):
            key = event.membership.key
            if self._is_of_the_phone_only(ward, key, event.membership):
                return
        else:
            key = (event.queue, event.interface)
        if self._leads(ward) and self._roster is not None and not self._must_follow:
            self._follow(key, self._held(ward, key))
        elif self._roster is not None and ward.is_a_persons(key, at):
            wish = taken_over(self._roster.get(key), self._held(ward, key))
            if wish is not self._roster.get(key):
                self.order({key: wish}, at, out)
        self._look(ward, key)
        self._work(at, out)

    def _is_of_the_phone_only(self, ward: Ward, key: MemberKey, membership: Membership) -> bool:
        """Nothing that is mirrored has changed: true of nearly every event."""
        if self._roster is None or self._roster.get(key) is not membership or ward.is_held:
            return False
        return key not in ward.differing and key not in self._owed and not ward.is_about(key)

    def know_life(self, node: NodeName, life: str) -> None:
        """`life` tells one run of a node's process from the next; it is told before the list of members it belongs to."""
        if node in self._wards:
            if self._lives.get(node, life) != life:
                self._restarted.add(node)
            self._lives[node] = life

    def take_list(self, node: NodeName, queues: frozenset[QueueName], at: float, out: list[Effect]) -> None:
        """A whole list of one node's members; the state holds it already. `queues`: those it has."""
        ward = self._wards.get(node)
        if ward is None:
            return
        self._queues[node] = queues
        is_restarted = node in self._restarted
        self._restarted.discard(node)
        if self._leads(ward):
            if self._roster is not None and (is_restarted or self._must_follow):
                self._owe(ward, at)
            else:
                self._adopt(ward, queues, at)
        self._look_at_all(ward)
        self._work(at, out)

    def learn(self, event: Outcome, at: float, out: list[Effect]) -> bool:
        """Whether this was the answer to a deed of the mirror's."""
        ward = next((ward for ward in self._wards.values() if ward.has_asked(event.effect_id)), None)
        if ward is None:
            return False
        ward.learn(event, at)
        told = ward.tell_refusal(event)
        if told is not None:
            out.append(told)
        self._work(at, out)
        return True

    # --- judge ------------------------------------------------------------------------------------------------------

    def judge(self, serving: NodeName, health: Mapping[NodeName, Health], is_settled: Settled, at: float, out: list[Effect]) -> None:
        """`serving`: who serves now."""
        if serving != self._serving:
            self._serving, self._calm_at, self._must_look = serving, at + CALM_SECONDS, True
        if serving in self._wards and serving != self._leader:
            self._leader, self._must_follow = serving, self._roster is not None
            self._owed.clear()
        if at < self._calm_at:
            return
        for node, ward in self._wards.items():
            self._open_or_close(ward, serving, health[node], is_settled, at)
            if self._must_look:
                self._look_at_all(ward)
        self._must_look = False
        leader = self._wards.get(self._leader) if self._leader is not None else None
        if leader is not None and self._leads(leader) and self._site.seats.of(leader.node) is not None:
            if self._roster is None:
                self._adopt(leader, None, at)
            elif self._must_follow:
                self._owe(leader, at)
            self._believe_the_late(leader, at, out)
        self._work(at, out)

    def _open_or_close(self, ward: Ward, serving: NodeName, health: Health, is_settled: Settled, at: float) -> None:
        if self._site.seats.of(ward.node) is None:
            ward.forget()
        was_held = ward.is_held
        is_changed = ward.judge(health, at, is_serving=ward.node == serving, is_settled=is_settled)
        if was_held and not ward.is_held and ward.node == self._leader and self._roster is not None:
            self._must_follow = True  # our own pauses are no agent's
        if is_changed:
            self._look_at_all(ward)

    # --- who leads --------------------------------------------------------------------------------------------------

    def _leads(self, ward: Ward) -> bool:
        return ward.node == self._leader and not ward.is_held

    def _adopt(self, leader: Ward, queues: frozenset[QueueName] | None, at: float) -> None:
        """Its members are the roster, but for those it owes, and for queues that it does not tell of."""
        before = self._roster or {}
        roster = {key: held for key, held in before.items() if key in self._owed or (queues is not None and key[0] not in queues)}
        for key, member in self._members(leader).items():
            if key in self._owed:
                continue
            roster[key] = without_hold(member.membership)
            if roster[key] is not member.membership:
                self._owed[key] = at + OWED_SECONDS
                leader.todo[key] = None
        is_new = self._roster != roster
        self._roster = roster
        if is_new:
            for ward in self._wards.values():
                self._look_at_all(ward)

    def _owe(self, leader: Ward, at: float) -> None:
        """It is made to agree with the roster before it is believed."""
        self._must_follow = False
        roster, members = self._roster or {}, self._members(leader)
        self._owed = {key: at + OWED_SECONDS for key in {**roster, **members} if not is_as_wanted(roster.get(key), self._held(leader, key))}
        leader.todo |= dict.fromkeys(self._owed)

    def _follow(self, key: MemberKey, held: Membership | None) -> None:
        """The roster follows the leader in one member."""
        before = (self._roster or {}).get(key)
        if before is held and key not in self._owed:
            return
        if key in self._owed:
            if not is_as_wanted(before, held):
                return
            del self._owed[key]
        self._put(key, held)
        has_new_ringinuse = before is not None and held is not None and {before.ringinuse, held.ringinuse} == {True, False}
        for ward in self._wards.values():
            if ward.node != self._leader:
                if has_new_ringinuse:
                    ward.ringinuse_due.add(key)
                self._look(ward, key)

    def _put(self, key: MemberKey, held: Membership | None) -> None:
        if self._roster is not None and held is not None:
            self._roster[key] = held
        elif self._roster is not None:
            self._roster.pop(key, None)

    def _believe_the_late(self, leader: Ward, at: float, out: list[Effect]) -> None:
        late = [key for key, until_at in self._owed.items() if until_at <= at]
        for key in late:
            del self._owed[key]
            self._follow(key, self._held(leader, key))
        if late:
            text = f"{leader.node} did not take over the login or pause of {len(late)} seats in time: from now on its own counts"
            out.append(Report("alarm", "warning", text, {"node": leader.node, "members": len(late)}))

    # --- what must be done ------------------------------------------------------------------------------------------

    def _members(self, ward: Ward) -> Mapping[MemberKey, MemberSeen]:
        seats = self._site.seats.of(ward.node)
        return seats.members if seats is not None else {}

    def _held(self, ward: Ward, key: MemberKey) -> Membership | None:
        return self._site.seats.membership(ward.node, key)

    def _wanted(self, ward: Ward, key: MemberKey, held: Membership | None) -> Membership | None:
        if ward.is_held:
            return on_hold(held)
        if self._roster is None or (ward.node == self._leader and key not in self._owed):
            return held
        wanted = self._roster.get(key)
        return wanted_elsewhere(wanted) if wanted is not None and ward.node != self._leader else wanted

    def _look_at_all(self, ward: Ward) -> None:
        for key in {**(self._roster or {}), **self._members(ward)}:
            self._look(ward, key)

    def _look(self, ward: Ward, key: MemberKey) -> None:
        """Does it differ from the roster, and is there something to do?"""
        held = self._held(ward, key)
        wanted = self._roster.get(key) if self._roster is not None else held
        if wanted is held and not ward.is_held and not ward.is_about(key):
            ward.differing.discard(key)
            return
        if is_as_wanted(wanted_elsewhere(wanted) if wanted is not None else None, held):
            ward.differing.discard(key)
        else:
            ward.differing.add(key)
        ward.todo[key] = None

    def _work(self, at: float, out: list[Effect]) -> None:
        for ward in self._wards.values():
            if self._site.seats.of(ward.node) is None or not ward.is_open:
                continue
            ward.wake(at)
            while ward.todo and not ward.is_full:
                key = next(iter(ward.todo))
                del ward.todo[key]
                self._do(ward, key, at, out)

    def _do(self, ward: Ward, key: MemberKey, at: float, out: list[Effect]) -> None:
        held = self._held(ward, key)
        wanted = self._wanted(ward, key, held)
        if wanted is not None and held is not None and held.ringinuse is None and key in ward.ringinuse_due:
            held = replace(held, ringinuse=not wanted.ringinuse)
        changes = deeds(wanted, held)
        target = wanted or held
        if not changes or target is None:
            ward.settle(key)
        elif ward.may_ask(key, wanted, changes[0], at):
            effects = [SetMember(next(self._ids), ward.node, change, target) for change in changes]
            ward.ask(key, wanted, effects)
            out.extend(effects)
