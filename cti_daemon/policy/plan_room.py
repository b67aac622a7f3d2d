"""Plans among the other rooms: they look at the picture of the site by tick, and what they want of the telephony is ordered here, through
what every person's order goes through. Saving calls never waits for any of it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cti_daemon.model.effects import Effect
from cti_daemon.model.events import Command
from cti_daemon.model.ids import QueueName, SeatName
from cti_daemon.model.incidents import BACK, OF_THE_REGISTER, VOICES, ActionKind, Step, StepState
from cti_daemon.model.plan_effects import About, InformCallers, TestCalls
from cti_daemon.model.reasons import CommandStatus, Role
from cti_daemon.policy import failover
from cti_daemon.policy.adoption import adopt
from cti_daemon.policy.command import RULES
from cti_daemon.policy.picture import draw
from cti_daemon.policy.plans import Plans, Wish
from cti_daemon.policy.rooms import Rooms
from cti_daemon.policy.ruling import Ruling, Situation
from cti_daemon.policy.seat_verbs import PENALTY, rule_seat

NEVER = float("inf")
_OWNER = "plan "
"""Head of the user of a plan's own orders: no person is called so."""
_SEAT_VERBS = {
    ActionKind.SEATS_LOGIN: "seat-login",
    ActionKind.SEATS_LOGOUT: "seat-logout",
    ActionKind.SEATS_UNPAUSE: "seat-unpause",
    ActionKind.SEATS_PENALTY: PENALTY,
}
SEATS_WITHIN_SECONDS = 30.0
"""So long no media server's seats may be known before a step about seats counts as not done."""
INFORM_AGAIN_SECONDS = 60.0
"""So often it is looked whether somebody has come into the register of an open incident who was not told yet."""
VOICE_WITHIN_SECONDS = 10.0
"""So long an Asterisk may be away before what callers should hear counts as not done."""
BEFORE_SECONDS = 300.0
"""Whom something happened to so long before an incident began is told of it: a condition holds for a while before it opens one *(ours)*."""
_WANTED_ROLES = {
    ActionKind.EMERGENCY_ON: frozenset({Role.EMERGENCY}),
    ActionKind.EMERGENCY_OFF: frozenset({Role.PRIMARY, Role.STANDBY}),
    ActionKind.FAILOVER: frozenset({Role.STANDBY}),
    ActionKind.SWITCHOVER: frozenset({Role.STANDBY}),
}
"""Who serves when the action holds: an action is a level, so what holds already is not ordered."""


class PlanRoom:
    """`situate`: what an order meets at this instant."""

    def __init__(self, rooms: Rooms, plans: Plans, situate: Callable[[float], Situation]) -> None:
        self._rooms, self._plans, self._situate = rooms, plans, situate
        self._open: dict[str, tuple[Wish, set[str], list[str]]] = {}
        """Steps about seats: which orders are not ended yet, and what was refused."""
        self._unplaced: list[tuple[Wish, float]] = []
        """Steps about seats that wait for a media server's seats to be known, and until when."""
        self._spoken: dict[str, tuple[Wish, float]] = {}
        """Steps about what callers hear, until it holds or its time is over."""
        self._informed_at: dict[str, float] = {}
        rooms.voices.use(plans.plans.values())
        rooms.voices.use(incident.plan for incident in plans.incidents.values())

    def attend(self, at: float, out: list[Effect]) -> float:
        """Look, if it is time; when to look again."""
        passed_at = self._rooms.drills.passed_at
        if passed_at is not None and passed_at > self._plans.board.checked_at:
            self._plans.passed_check(passed_at)
        self._plans.look(lambda now: draw(self._rooms, now), at, out)
        while wishes := self._plans.take_wishes():
            for wish in wishes:
                self._order(wish, at, out)
        self._place(at, out)
        self._inform_again(at, out)
        return min(self._plans.next_at, self._speak(at, out))

    def _speak(self, at: float, out: list[Effect]) -> float:
        """Callers hear what the open incidents want them to hear."""
        rooms, voices = self._rooms, self._rooms.voices
        if voices.is_idle:
            return NEVER
        again_at = voices.judge(self._plans.incidents.values(), rooms.aftermath.callbacks.tasks.values(), at, out)
        for key, (wish, until_at) in list(self._spoken.items()):
            is_done, said = voices.outcome(wish.step)
            if is_done is None and at >= until_at:
                is_done, said = False, "no Asterisk that should hold it is reached"
            if is_done is not None:
                del self._spoken[key]
                self._end(wish, said, at, out, is_done=is_done)
                again_at = at  # a failed one does not stand any more
        return min(again_at, *(until_at for _, until_at in self._spoken.values()), NEVER)

    def _place(self, at: float, out: list[Effect]) -> None:
        """Right after a start no seat is known yet. Extra seats are given back as soon as it can be done, and not against a pause."""
        waiting, self._unplaced = self._unplaced, []
        for wish, until_at in waiting:
            is_back = wish.step.id.endswith(BACK)
            if (self._rooms.mirroring.roster is None and at < until_at) or (is_back and self._rooms.book.orders.is_paused):
                self._unplaced.append((wish, until_at))
            else:
                self._order_seats(wish, at, out)

    def _order(self, wish: Wish, at: float, out: list[Effect]) -> None:
        is_back = wish.step.id.endswith(BACK)
        if self._rooms.book.orders.is_paused and not is_back:
            self._end(wish, "automation is paused: this is left to people", at, out, is_done=False)
        elif wish.step.do in OF_THE_REGISTER and self._rooms.settings.affected is None:
            self._end(wish, "there is no register: the configuration has no [register]", at, out, is_done=False)
        elif wish.step.do in VOICES:
            self._rooms.voices.use([self._plans.incidents[wish.incident].plan])
            self._spoken[f"{wish.incident}/{wish.step.id}"] = (wish, at + VOICE_WITHIN_SECONDS)
        elif wish.step.do is ActionKind.INFORM_CALLERS:
            self._inform(wish, at, out)
        elif wish.step.do is ActionKind.TEST_CALLS:
            self._call(wish, at, out)
        elif wish.step.do in _SEAT_VERBS:
            self._unplaced.append((wish, NEVER if is_back else at + SEATS_WITHIN_SECONDS))
        else:
            self._order_move(wish, at, out)

    def _order_move(self, wish: Wish, at: float, out: list[Effect]) -> None:
        serving = self._rooms.routing.serving
        if self._rooms.site.roles[serving] in _WANTED_ROLES[wish.step.do]:
            self._end(wish, f"{serving} serves already", at, out, is_done=True)
            return
        command = Command(f"{wish.incident}/{wish.step.id}", wish.step.do.value, _OWNER + wish.incident)
        ruling = RULES[command.verb](command, self._situate(at))
        if ruling.is_go and ruling.move is not None:
            candidates = self._rooms.candidates()
            decided = failover.serve(self._rooms.routing, candidates[ruling.move.target], ruling.move.reason, at)
            adopt(self._rooms, decided, candidates, at, out)
        self._end(wish, ruling.message, at, out, is_done=ruling.is_go)

    # --- callers and calls --------------------------------------------------------------------------------------------

    def _inform_again(self, at: float, out: list[Effect]) -> None:
        """Who is struck while the incident goes on is told too. It is a level: whoever carries it out knows whom he has told."""
        for incident in self._plans.incidents.values():
            if not incident.is_open or incident.is_drill:
                continue
            for step in incident.plan.steps:
                run = incident.steps.get(step.id)
                if step.do is not ActionKind.INFORM_CALLERS or run is None or run.state is not StepState.DONE:
                    continue
                key = f"{incident.id}/{step.id}"
                if at - max(self._informed_at.get(key, run.since_at), run.since_at) >= INFORM_AGAIN_SECONDS:
                    self._inform(Wish(incident.id, step), at, out)

    def _inform(self, wish: Wish, at: float, out: list[Effect]) -> None:
        incident, step = self._plans.incidents[wish.incident], wish.step
        about = About.RECOVERY if step in incident.plan.recovery.steps else About.FAULT
        words = [f"{step.text.zh} / {step.text.en}"]
        if about is About.FAULT:  # afterwards they would be untrue
            words += [incident.wording, f"预计恢复时间 / expected to be over: {incident.eta}" if incident.eta else ""]
        text = "\n".join(word for word in words if word)
        order, since_seconds = f"{wish.incident}/{step.id}", at - incident.began_at + BEFORE_SECONDS
        scale = incident.plan.time_scale
        self._informed_at[order] = at
        out.append(InformCallers(order, wish.incident, about, step.by, self._rooms.settings.site.name, text, since_seconds, scale))

    def _call(self, wish: Wish, at: float, out: list[Effect]) -> None:
        roles = self._rooms.site.roles
        nodes = tuple(node for node in self._rooms.site.servers if not wish.step.nodes or roles[node].value in wish.step.nodes)
        if not nodes:
            self._end(wish, f"there is no server with role {', '.join(wish.step.nodes)}", at, out, is_done=False)
            return
        out.append(TestCalls(f"{wish.incident}/{wish.step.id}", nodes))

    # --- seats --------------------------------------------------------------------------------------------------------

    def _order_seats(self, wish: Wish, at: float, out: list[Effect]) -> None:
        key = f"{wish.incident}/{wish.step.id}"
        waiting, refused = set[str](), list[str]()
        wish = self._choose_seats(wish, at, out)
        self._open[key] = (wish, waiting, refused)
        for seat in wish.step.seats:
            command = Command(f"{key}/{seat}", _SEAT_VERBS[wish.step.do], _OWNER + wish.incident, args=_args(wish.step, seat))
            ruling = rule_seat(command, self._situate(at))
            if ruling.is_go and ruling.wishes is not None:
                waiting.add(command.id)
                self._rooms.mirroring.order(ruling.wishes, at, out)
                self._rooms.seat_desk.begin(command, ruling, ruling.wishes, at, self._rooms.routing.epoch)
            elif ruling.status is not CommandStatus.OK:
                refused.append(f"{seat}: {ruling.message}")
        self._end_seats(key, at, out)

    def _choose_seats(self, wish: Wish, at: float, out: list[Effect]) -> Wish:
        """Who is out of all its queues already needs no logout; of those to be logged in as many as are wanted, and whom this adds is
        written down first."""
        step, roster = wish.step, self._rooms.mirroring.roster
        if roster is None:
            return wish
        held = {(m.queue, m.seat) for m in roster.values()}

        def is_in(seat: str) -> bool:
            name = SeatName(seat)
            return any((QueueName(queue), name) in held for queue in step.queues) if step.queues else any(m == name for _, m in held)

        if step.do is ActionKind.SEATS_LOGOUT and step.id.endswith(BACK):
            return replace(wish, step=replace(step, seats=tuple(seat for seat in step.seats if is_in(seat))))
        if step.do is not ActionKind.SEATS_LOGIN:
            return wish
        run = self._plans.incidents[wish.incident].steps.get(step.id)
        before = run.added if run is not None else ()
        chosen = tuple(seat for seat in step.seats if not is_in(seat) or seat in before)[: step.most or None]
        if not step.is_taken_back:
            return wish if not step.most else replace(wish, step=replace(step, seats=chosen))
        if chosen:
            self._plans.add_seats(wish, tuple(seat for seat in chosen if not is_in(seat)), at, out)
        return replace(wish, step=replace(step, seats=chosen))

    def owns(self, command: Command) -> bool:
        return command.user.startswith(_OWNER)

    def ended(self, command: Command, ruling: Ruling, at: float, out: list[Effect]) -> None:
        """An order about a seat has come to its end."""
        key, _, seat = command.id.rpartition("/")
        if key not in self._open:
            return
        _, waiting, refused = self._open[key]
        waiting.discard(command.id)
        if ruling.status is not CommandStatus.OK:
            refused.append(f"{seat}: {ruling.message}")
        self._end_seats(key, at, out)

    def _end_seats(self, key: str, at: float, out: list[Effect]) -> None:
        wish, waiting, refused = self._open[key]
        if waiting:
            return
        del self._open[key]
        step, count = wish.step, len(wish.step.seats)
        said = f"{count - len(refused)} of {count} seats hold it" + (f"; {'; '.join(refused)}" if refused else "")
        if not count:
            is_back = step.id.endswith(BACK)
            said = "they are logged out already" if is_back else f"there is no seat left to log in{_of_groups(step)}"
            self._end(wish, said, at, out, is_done=is_back)
            return
        self._end(wish, said, at, out, is_done=len(refused) < count)

    def _end(self, wish: Wish, said: str, at: float, out: list[Effect], *, is_done: bool) -> None:
        self._plans.carried_out(wish, is_done=is_done, said=said, at=at, out=out)


def _of_groups(step: Step) -> str:
    return f" of {', '.join(step.groups)}: [[seat_group]] names them" if step.groups else ""


def _args(step: Step, seat: str) -> dict[str, Any]:
    args: dict[str, Any] = {"seat": seat}
    if step.queues:
        args["queues"] = list(step.queues)
    return args | ({"penalty": step.penalty} if step.do in (ActionKind.SEATS_LOGIN, ActionKind.SEATS_PENALTY) else {})
