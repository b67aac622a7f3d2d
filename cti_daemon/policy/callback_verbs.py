"""The worklist of call-backs in people's hands: show it, take one, put one off, close one with what came of it."""

from collections.abc import Callable

from cti_daemon.model.events import Command
from cti_daemon.model.reasons import CommandStatus
from cti_daemon.model.register import RowState
from cti_daemon.policy.order_verbs import span_of, tell_span
from cti_daemon.policy.ruling import Ruling, Situation, accept, refuse
from cti_daemon.state.callback import CallbackChange, Task

MOST_LISTED = 200


def show_worklist(now: Situation) -> Ruling:
    """Everybody who is not closed, the oldest first. No number: whoever may see one asks `cti-daemon privacy show`."""
    if now.settings.affected is None:
        return refuse("wrong_mode", "no register is kept: [register] is not configured")
    tasks = sorted(now.callbacks.values(), key=lambda task: task.row)
    rows = [_as_data(task, now.now) for task in tasks[:MOST_LISTED]]
    lines = [f"{len(tasks)} to be called back", *(_line(task, now.now) for task in tasks[:MOST_LISTED])]
    return Ruling(CommandStatus.OK, "ok", "\n".join(lines), data={"callbacks": rows, "count": len(tasks)})


def rule_take(command: Command, now: Situation) -> Ruling:
    task = _task(command, now)
    if isinstance(task, Ruling):
        return task
    if task.state is RowState.TAKEN:
        return refuse("conflict", f"{task.by} has taken row {task.row} already")
    plan = f"{command.user} looks after row {task.row}; it is not called by itself any more"
    return accept(plan, callback=CallbackChange(task.row, RowState.TAKEN, task.result, 0.0))


def rule_postpone(command: Command, now: Situation) -> Ruling:
    task = _task(command, now)
    if isinstance(task, Ruling):
        return task
    seconds = span_of(command)
    plan = f"row {task.row} is not called for {tell_span(seconds)}"
    return accept(plan, callback=CallbackChange(task.row, RowState.OPEN, task.result, seconds))


def rule_close(command: Command, now: Situation) -> Ruling:
    task = _task(command, now)
    if isinstance(task, Ruling):
        return task
    result = str(command.args["result"])
    text = str(command.args.get("text", ""))
    plan = f"row {task.row} is closed: {result}"
    return accept(plan, callback=CallbackChange(task.row, RowState.CLOSED, f"{result}: {text}" if text else result, 0.0))


CALLBACKS: dict[str, Callable[[Command, Situation], Ruling]] = {
    "callback-take": rule_take,
    "callback-postpone": rule_postpone,
    "callback-close": rule_close,
}


def _task(command: Command, now: Situation) -> Task | Ruling:
    row = command.args["row"]
    return now.callbacks.get(row) or refuse("wrong_target", f"row {row} is not to be called back: see callback-list")


def _as_data(task: Task, at: float) -> dict[str, object]:
    return {
        "row": task.row,
        "harm": task.harm.value,
        "state": task.state.value,
        "attempts": task.attempts,
        "result": task.result,
        "by": task.by,
        "age_seconds": round(at - task.since_at, 1),
        "due_in_seconds": round(max(task.due_at - at, 0.0), 1),
        "has_number": task.has_number,
    }


def _line(task: Task, at: float) -> str:
    by = f" by {task.by}" if task.by else ""
    number = "" if task.has_number else "; no number"
    tried = f"; tried {task.attempts} times" if task.attempts else ""
    result = f"; {task.result}" if task.result else ""
    return f"{task.row:>6}  {task.harm.value}, {at - task.since_at:.0f} s ago  {task.state.value}{by}{tried}{result}{number}"
