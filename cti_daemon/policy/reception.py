"""People's orders, from the door to the answer: heard before? ruled by whom they concern, carried out, answered, told to everybody."""

from collections.abc import Iterable

from cti_daemon.model.effects import Answer, Effect
from cti_daemon.model.errands import Errand, ErrandDone
from cti_daemon.model.events import Command
from cti_daemon.model.plan_effects import Summoned, SummonsAnswer
from cti_daemon.model.reasons import CommandStatus
from cti_daemon.model.verbs import VERBS, Kind
from cti_daemon.policy import failover, telling
from cti_daemon.policy.adoption import adopt
from cti_daemon.policy.desk import Desk
from cti_daemon.policy.drill_verbs import rule_planned
from cti_daemon.policy.drills import SCHEDULE
from cti_daemon.policy.plan_room import NEVER, PlanRoom
from cti_daemon.policy.plan_verbs import summonses_of, who_comes
from cti_daemon.policy.plan_words import obey
from cti_daemon.policy.plans import Plans
from cti_daemon.policy.rooms import Rooms
from cti_daemon.policy.ruling import Ruling, Seating, Situation


class Reception:
    """`confirm_key`, `answered`: see `Desk`."""

    def __init__(self, rooms: Rooms, confirm_key: bytes, answered: Iterable[Answer]) -> None:
        self._rooms = rooms
        self._desk = Desk(confirm_key, answered)
        self._errands: dict[tuple[str, str], Command] = {}
        self._plan_room = None if rooms.plans is None else PlanRoom(rooms, rooms.plans, self._situate)

    def take(self, command: Command, at: float, out: list[Effect]) -> bool:
        """True when the judges must look; not when it was heard before."""
        if self._desk.answer_again(command, out):
            return False
        rooms, seats = self._rooms, self._rooms.seat_desk
        situation = self._situate(at)
        candidates, orders = dict(situation.candidates), situation.orders
        callbacks = rooms.aftermath.callbacks
        ruling = self._desk.take(command, situation, out)
        if ruling.is_go and ruling.wishes is not None:
            self._desk.defer(command, ruling, rooms.routing.epoch, out)
            rooms.mirroring.order(ruling.wishes, at, out)
            seats.begin(command, ruling, ruling.wishes, at, rooms.routing.epoch)
            return True
        if ruling.is_go and ruling.is_errand:
            self._desk.defer(command, ruling, rooms.routing.epoch, out)
            self._errands[command.user, command.id] = command
            out.append(Errand(command.user, command.id, command.verb, command.args))
            return False
        if ruling.is_go and ruling.move is not None:
            target = candidates[ruling.move.target]
            adopt(rooms, failover.serve(rooms.routing, target, ruling.move.reason, at), candidates, at, out)
        if ruling.is_go and ruling.order is not None:
            rooms.book.change(ruling.order, command, rooms.verdicts.of, at, out)
        if ruling.is_go and ruling.drill is not None:
            rooms.drills.change(ruling.drill, command.user, command.reason, rooms.plans, at, out)
        if ruling.is_go and ruling.callback is not None:
            callbacks.change(ruling.callback, command.user, at, out)
        if rooms.plans is not None and ruling.drill is None and _is_for_plans(command, ruling):
            obey(rooms.plans, command, at, out)
            self._bring(rooms.plans, command, at, out)
        is_status = command.verb == "status" and ruling.status is CommandStatus.OK
        data = telling.status(rooms.routing, rooms.verdicts.of, is_paused=orders.is_paused) if is_status else {}
        self._desk.close(command, ruling, rooms.routing.epoch, data, out)
        return True

    def learn(self, done: ErrandDone, out: list[Effect]) -> None:
        """Answer the order whose errand this was."""
        command = self._errands.pop((done.user, done.command_id), None)
        if command is not None:
            ruling = Ruling(done.status, done.code, done.message, data=done.data)
            self._desk.close(command, ruling, self._rooms.routing.epoch, {}, out)

    def _bring(self, plans: Plans, command: Command, at: float, out: list[Effect]) -> None:
        """Somebody who was called in has answered in words."""
        contact = who_comes(command, self._rooms.settings.contact) if command.verb == "coming" else None
        if contact is not None:
            answer = SummonsAnswer(command.args["answer"])
            for summons in summonses_of(plans.incidents[str(command.args["incident"])], contact):
                plans.learn(Summoned(summons, contact.name, answer, f"by {command.user}"), at, out)

    def _situate(self, at: float) -> Situation:
        rooms, seats = self._rooms, self._rooms.seat_desk
        seating = Seating(rooms.mirroring.roster, rooms.mirroring.queues, seats.running, seats.last)
        return Situation(
            settings=rooms.settings,
            routing=rooms.routing,
            roles=rooms.site.roles,
            candidates=rooms.candidates(),
            orders=rooms.book.orders,
            last=self._desk.last,
            seating=seating,
            drill=rooms.drills.now,
            look=rooms.look,
            now=at,
            callbacks=rooms.aftermath.callbacks.tasks,
            plans=rooms.plans,
            timetable=rooms.drills.timetable.view(at),
        )

    def attend_plans(self, at: float, out: list[Effect]) -> float:
        """When they want to be looked at again."""
        return NEVER if self._plan_room is None else self._plan_room.attend(at, out)

    def attend_drills(self, at: float, out: list[Effect]) -> float:
        """Begin what is due, and go on with what is in force; when to look again."""
        drills, plans = self._rooms.drills, self._rooms.plans
        drills.judge(self._rooms.look() if drills.now is not None else None, plans, at, out)
        entry = drills.timetable.to_try(at) if drills.now is None else None
        if entry is not None:
            ruling = rule_planned(entry.planned, self._situate(at), entry.planned.longest)
            if ruling.is_go and ruling.drill is not None:
                drills.change(ruling.drill, SCHEDULE, f"{entry.planned.name}: {entry.planned.when}", plans, at, out)
            else:
                drills.refuse(entry, ruling.message, at, out)
            drills.judge(None, plans, at, out)
        return drills.next_at

    def close_seat_orders(self, at: float, out: list[Effect]) -> None:
        """Answer the orders about seats that have come to their end."""
        rooms = self._rooms
        if rooms.seat_desk.is_idle:
            return
        for command, ruling in rooms.seat_desk.ended(at):
            if self._plan_room is not None and self._plan_room.owns(command):
                self._plan_room.ended(command, ruling, at, out)
                continue
            self._desk.close(command, ruling, rooms.routing.epoch, {}, out)


def _is_for_plans(command: Command, ruling: Ruling) -> bool:
    """Was a plan or an incident spoken to, and not in vain?"""
    if VERBS[command.verb].kind is Kind.PLAN:
        return ruling.is_go
    return "incident" in command.args and ruling.status is CommandStatus.OK and not command.dry_run
