"""Callers who were lost are rung up again, as soon as a seat is free for each of them.

A seat is *reserved* by counting, not by pausing it: a call-back begins only while nobody waits and more seats are free than calls are on
their way to one, and who answers goes to the head of the queue. So nothing has to be taken back when we die in the middle. A call-back is
a call like any other from the moment it is answered: it can be rescued. What is under way is in the register before it leaves; after a
restart it is recognised by its token, and never begun twice."""

import hashlib
from collections.abc import Callable, Iterator

from cti_daemon.model.affected import CallBack, CallerKnown, NoteRow, RowSeen
from cti_daemon.model.effects import Effect, Record, Report
from cti_daemon.model.events import Outcome, SeatTalking
from cti_daemon.model.ids import CallToken, NodeName
from cti_daemon.model.reasons import LegState, Result, SeatState
from cti_daemon.model.register import CallbackSettings, CallerKey, Harm, RowNumber, RowState
from cti_daemon.policy.failover import Routing
from cti_daemon.state.callback import Attempt, CallbackChange, Task
from cti_daemon.state.site import Site
from cti_daemon.state.stay import Stage

ANSWER_SLACK_SECONDS = 10.0
"""From the end of ringing until it is certain that nobody will be sent to a seat."""
REFUSED_REST_SECONDS = 60.0
"""When the edge takes no call-back at all (a right is missing, the line is down): not tried again before."""
RANG_IN_REST_SECONDS = 60.0
"""Who rang in himself and was not served is not called sooner than this."""
OUTCOMES = ("reached", "no_number", "refused", "rang_in", "hung_up", "not_reached", "closed_by_people")
"""What is counted: of an attempt, or of a row that is closed."""
_RANK = (Harm.LOST, Harm.HUNG_UP, Harm.ASKED, Harm.EMERGENCY)


class Callbacks:
    """`settings` None: nobody is called, rows wait for people. `count` is told what came of each attempt and row."""

    def __init__(self, settings: CallbackSettings | None, site: Site, ids: Iterator[int], count: Callable[[str], None]) -> None:
        self._settings = settings
        self._count = count
        self._site = site
        self._ids = ids
        self.tasks: dict[RowNumber, Task] = {}
        self._attempts: dict[CallToken, Task] = {}
        self._callers: dict[CallToken, CallerKey] = {}
        """Who is on the line now."""
        self._rest_until_at = float("-inf")

    def owns(self, token: CallToken) -> bool:
        """Is it the call of a call-back?"""
        return token in self._attempts

    # --- what is seen -----------------------------------------------------------------------------------------------

    def see(self, event: RowSeen, at: float) -> None:
        """A row is new, or was read at the start."""
        held = self.tasks.get(event.row)
        if event.state is RowState.CLOSED:  # a person has erased it
            if held is not None:
                held.state = RowState.CLOSED
                del self.tasks[event.row]
            return
        if held is not None:  # it happened to him again
            held.has_number, held.caller = event.has_number, event.caller
            return
        task = Task(
            event.row,
            event.token,
            event.harm,
            event.caller,
            event.has_number,
            event.state,
            event.attempts,
            at - event.ago_seconds,
            at + event.in_seconds,
            event.result,
            event.by,
        )
        self.tasks[event.row] = task
        if task.state is RowState.CALLING:  # a former life of ours began it
            self._begin(task, at)
        task.rang = self._call_of(task)
        if task.state is RowState.RANG_IN:
            task.state = RowState.OPEN

    def know(self, event: CallerKnown) -> None:
        """Somebody is on the line: if he is to be called back he need not be, as it looks."""
        self._callers[event.token] = event.caller
        for task in self.tasks.values():
            task.rang = task.rang or self._call_of(task)

    def _call_of(self, task: Task) -> CallToken | None:
        """The call by which he is on the line himself."""
        if not task.caller:
            return None
        calls = (token for token, caller in self._callers.items() if caller == task.caller)
        return next((token for token in calls if token != task.token and token not in self._attempts), None)

    def route(self, token: CallToken, out: list[Effect]) -> bool:
        """True for the call of a call-back: he has answered."""
        task = self._attempts.get(token)
        if task is not None and task.attempt is not None and not task.attempt.is_answered:
            task.attempt.is_answered = True
            out.append(_record(task, "answered"))
        return task is not None

    def talk(self, event: SeatTalking, out: list[Effect]) -> bool:
        """True for the call of a call-back: a seat talks to him."""
        task = self._attempts.get(event.token)
        if task is None:
            return False
        if task.state is not RowState.CLOSED:
            self._count("reached")
            self._close(task, f"reached, by {event.seat} on {event.node}", out)
        return True

    def learn(self, event: Outcome, at: float, out: list[Effect]) -> bool:
        """Did the edge take the order to ring him?"""
        task = next((task for task in self._attempts.values() if task.attempt and task.attempt.effect_id == event.effect_id), None)
        if task is None:
            return False
        if event.result is Result.GONE:
            self._count("no_number")
            self._drop(task, task.attempts, event.detail, REFUSED_REST_SECONDS, at, out)
        elif event.result is Result.FAILED:
            self._count("refused")
            self._rest_until_at = at + REFUSED_REST_SECONDS
            text = f"call-backs rest for {REFUSED_REST_SECONDS:.0f} s: the edge does not take them: {event.detail}"
            out.append(Report("alarm", "warning", text, {"detail": event.detail}))
            self._drop(task, task.attempts - 1, "the edge did not take the order", 0.0, at, out)
        return True

    # --- judge ------------------------------------------------------------------------------------------------------

    def look(self, routing: Routing, *, is_ready: bool, at: float, out: list[Effect]) -> None:
        legs = self._site.legs
        for token in [token for token in self._callers if legs.of_token(token) is None]:
            del self._callers[token]
        for task in list(self.tasks.values()):
            self._follow_caller(task, at, out)
            if task.attempt is not None and task.state is not RowState.CLOSED:
                self._follow_attempt(task, at, out)
        for token in [t for t, task in self._attempts.items() if task.state is RowState.CLOSED and legs.of_token(t) is None]:
            del self._attempts[token]
        if is_ready and self._settings is not None and at >= self._rest_until_at:
            self._ring(self._settings, routing, at, out)

    def _follow_caller(self, task: Task, at: float, out: list[Effect]) -> None:
        """He rang in himself: is he served, or gone again?"""
        if task.rang is None:
            return
        leg = self._site.legs.of_token(task.rang)
        if leg is None:
            task.rang = None
            if task.state is RowState.RANG_IN:
                self._set(task, RowState.OPEN, "rang in, was not served", RANG_IN_REST_SECONDS, at, out)
        elif leg.state is LegState.TALKING:
            self._count("rang_in")
            self._close(task, "rang in himself, served", out)
        elif task.state is RowState.OPEN:
            self._set(task, RowState.RANG_IN, "is on the line himself", 0.0, at, out)

    def _follow_attempt(self, task: Task, at: float, out: list[Effect]) -> None:
        attempt = task.attempt
        if attempt is None:
            return
        is_there = self._site.legs.of_token(attempt.token) is not None
        attempt.is_answered = attempt.is_answered or is_there
        if not is_there and (attempt.is_answered or at >= attempt.until_at):
            why = "answered, and hung up before a seat had him" if attempt.is_answered else "not reached"
            self._count("hung_up" if attempt.is_answered else "not_reached")
            retry_seconds = self._settings.retry_seconds if self._settings is not None else RANG_IN_REST_SECONDS
            self._drop(task, task.attempts, why, retry_seconds, at, out)

    def _ring(self, settings: CallbackSettings, routing: Routing, at: float, out: list[Effect]) -> None:
        edge = next((edge for edge in self._site.edges if self._site.evidence[edge].connected), None)
        if edge is None or routing.diverted_from is not None:
            return
        under_way = sum(task.attempt is not None for task in self.tasks.values())
        seats = self._free_seats(routing.serving, at) - settings.spare_seats - under_way
        for task in self._due(settings, at)[: max(0, min(seats, settings.lines - under_way))]:
            self._call(task, edge, at, out)

    def _free_seats(self, node: NodeName, at: float) -> int:
        """None is free while somebody waits."""
        held = self._site.seats.of(node)
        if held is None or any(stay.stage is Stage.WAITING for stay in self._site.queues.callers.stays(node)):
            return 0
        return sum(seat.state(at)[0] is SeatState.AVAILABLE for seat in held.seats.values())

    def _due(self, settings: CallbackSettings, at: float) -> list[Task]:
        due = [
            task
            for task in self.tasks.values()
            if task.state is RowState.OPEN
            and task.has_number
            and task.harm in settings.harms
            and task.attempts < settings.attempts
            and task.attempt is None
            and task.rang is None
            and at >= task.due_at
        ]
        return sorted(due, key=lambda task: (_RANK.index(task.harm), task.since_at, task.row))

    def _call(self, task: Task, edge: NodeName, at: float, out: list[Effect]) -> None:
        task.state, task.attempts = RowState.CALLING, task.attempts + 1
        attempt = self._begin(task, at)
        attempt.effect_id = next(self._ids)
        note = NoteRow(task.row, task.state, task.attempts, 0.0, task.result)
        out.append(_record(task, task.state.value))  # what a restart goes by is the row, which is durable before the edge is asked
        out.append(CallBack(attempt.effect_id, edge, attempt.token, note))

    def _begin(self, task: Task, at: float) -> Attempt:
        ring_seconds = self._settings.ring_seconds if self._settings is not None else 0.0
        task.attempt = Attempt(token_of(task.token, task.attempts), at + ring_seconds + ANSWER_SLACK_SECONDS)
        self._attempts[task.attempt.token] = task
        return task.attempt

    # --- how a row goes on --------------------------------------------------------------------------------------------

    def change(self, change: CallbackChange, by: str, at: float, out: list[Effect]) -> None:
        """A person's word."""
        task = self.tasks[change.row]
        task.by = by
        if change.state is RowState.CLOSED:
            self._count("closed_by_people")
            self._close(task, change.result, out)
        else:
            self._set(task, change.state, change.result, change.rest_seconds, at, out)

    def _drop(self, task: Task, attempts: int, why: str, rest_seconds: float, at: float, out: list[Effect]) -> None:
        """The attempt has come to nothing."""
        if task.attempt is not None:
            self._attempts.pop(task.attempt.token, None)
        task.attempt, task.attempts = None, attempts
        state = RowState.OPEN if task.state is RowState.CALLING else task.state
        self._set(task, state, why, rest_seconds, at, out)

    def _set(self, task: Task, state: RowState, result: str, rest_seconds: float, at: float, out: list[Effect]) -> None:
        task.state, task.result, task.due_at = state, result, at + rest_seconds
        out.append(_record(task, state.value))
        out.append(NoteRow(task.row, state, task.attempts, rest_seconds, result, task.by))

    def _close(self, task: Task, result: str, out: list[Effect]) -> None:
        task.state, task.result = RowState.CLOSED, result
        self.tasks.pop(task.row, None)
        out.append(_record(task, RowState.CLOSED.value))
        out.append(NoteRow(task.row, RowState.CLOSED, task.attempts, 0.0, result, task.by))
        out.append(Report("callback", "info", f"row {task.row} of the register: {result}", {"row": task.row, "result": result}))


def token_of(harmed: CallToken, attempt: int) -> CallToken:
    """The token of the call of this attempt: the same in every life of ours."""
    return CallToken(hashlib.sha1(f"call-back {attempt} of {harmed}".encode(), usedforsecurity=False).hexdigest())


def _record(task: Task, state: str) -> Record:
    return Record("callback", {"row": task.row, "state": state, "attempt": task.attempts, "result": task.result}, is_awaited=False)
