"""Everything the doctor asks, and how it is told."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from cti_daemon.model.events import QueuesListed
from cti_daemon.model.ids import PATHS
from cti_daemon.model.incidents import ActionKind
from cti_daemon.model.reasons import Role
from cti_daemon.model.settings import Node
from cti_daemon.shell.ami.life import LifeFailedError
from cti_daemon.shell.config import Loaded
from cti_daemon.shell.doctor import asterisk, broker, dialplan, host, included, people, plans
from cti_daemon.shell.doctor.finding import Finding, Grade
from cti_daemon.shell.doctor.visit import Visit, visit

_MARKS = {Grade.OK: "✔", Grade.WARNING: "!", Grade.FAULT: "✘", Grade.UNSEEN: "?"}


async def examine(loaded: Loaded, tell: Callable[[Iterable[Finding]], None]) -> list[Finding]:
    """Ask everything; `tell` is given each group of findings as it is there."""
    settings, secrets = loaded.settings, loaded.secrets
    found: list[Finding] = []

    def add(findings: Iterable[Finding]) -> None:
        group = list(findings)
        found.extend(group)
        tell(group)

    add(await host.questions(settings))
    add(await broker.questions(settings, secrets.mqtt_password, secrets.mqtt_tls))
    add(await people.questions(settings, secrets))
    add(plans.questions(loaded, datetime.now(UTC).date()))
    listed: dict[Role, QueuesListed] = {}
    for node in settings.node:
        ways = await asterisk.ways_in(node, secrets.of(node.name))
        add(ways)
        open_path = next((path for path, way in zip(PATHS, ways, strict=True) if way.grade is not Grade.FAULT), None)
        if open_path is None:
            continue
        try:
            async with visit(node, open_path, secrets.of(node.name)) as guest:
                add(await _ask(guest, node, loaded, listed))
        except LifeFailedError as failed:
            add([Finding("ami", node.name, Grade.FAULT, f"was lost while we asked: {failed}", "ask again")])
    if Role.PRIMARY in listed and Role.STANDBY in listed:
        add([dialplan.compare_members(listed[Role.PRIMARY], listed[Role.STANDBY])])
    return found


async def _ask(guest: Visit, node: Node, loaded: Loaded, listed: dict[Role, QueuesListed]) -> list[Finding]:
    """What a server has in its queues is noted in `listed`: they are compared at the end."""
    await asyncio.sleep(1.0)  # listen a moment: what the site sends by itself is judged too
    if node.role is Role.EDGE:
        calls_back = loaded.settings.callback is not None
        tries_paths = any(step.do is ActionKind.TEST_CALLS for plan in loaded.plans for step in plan.steps)
        of_edge = await asterisk.questions(guest, is_edge=True, places_calls=calls_back, tries_paths=tries_paths)
        return [*await dialplan.edge_questions(guest, loaded.settings), *await dialplan.plan_questions(guest, loaded.plans), *of_edge]
    queues = await guest.queues()
    if isinstance(queues, QueuesListed):
        listed[node.role] = queues
    return [
        *await dialplan.server_questions(guest, queues),
        *await included.server_questions(guest, loaded.settings, queues),
        *await dialplan.plan_questions(guest, loaded.plans),
        *await asterisk.questions(guest, is_edge=False, places_calls=included.calls_seats(node, loaded.settings)),
    ]


def line_of(finding: Finding) -> str:
    """One finding as text, its fix on a line of its own."""
    line = f"{_MARKS[finding.grade]} {finding.subject:<14} {finding.check}: {finding.text}"
    return line if finding.grade is Grade.OK or not finding.fix else f"{line}\n    → {finding.fix}"


def sum_of(found: Iterable[Finding]) -> str:
    grades = [finding.grade for finding in found]
    counts = ", ".join(f"{grades.count(grade)} {grade.value}" for grade in Grade if grade in grades)
    return f"{len(grades)} checks: {counts}"
