"""The folder of plan files: all of them, checked together, or every fault with file, line and key."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from types import MappingProxyType

from cti_daemon.model.contacts import VOICE
from cti_daemon.model.incidents import OF_THE_REGISTER, Plan
from cti_daemon.model.settings import Settings
from cti_daemon.shell.config_faults import Fault
from cti_daemon.wire.exposition import Family, Kind
from cti_daemon.wire.plan_file import MOST_BYTES, Site, read_plan

MOST_FILES = 200


def read(settings: Settings, config: Path) -> tuple[tuple[Plan, ...], list[Fault]]:
    """The plans of the site; none without `[plans]`. `config` is the configuration's own file."""
    if settings.plans is None:
        return (), []
    folder = config.parent / settings.plans.folder
    roles = frozenset(settings.plans.roles) | {role for contact in settings.contact for role in contact.roles}
    return read_folder(folder, config, roles, settings.plans.time_scale, {group.name: group.seats for group in settings.seat_group})


def unmanned(settings: Settings, plans: Iterable[Plan]) -> dict[str, list[str]]:
    """Roles that nobody has, each with the plans that would tell it."""
    manned = {role for contact in settings.contact for role in contact.roles}
    nobody: dict[str, list[str]] = {}
    for plan in plans:
        named = {role for step in plan.steps for role in (*step.roles, *step.late)} | {plan.approver, plan.recovery.review_role}
        for role in sorted(named - manned - {""}):
            nobody.setdefault(role, []).append(plan.name)
    return nobody


def without_seats(plans: Iterable[Plan]) -> dict[str, list[str]]:
    """Groups of seats that plans name and the site has not, each with those plans: their steps will fail."""
    found: dict[str, list[str]] = {}
    for plan in plans:
        for group in (group for group, seats in plan.seat_groups.items() if not seats):
            found.setdefault(group, []).append(plan.name)
    return found


def unable(settings: Settings, plans: Iterable[Plan]) -> list[str]:
    """What plans would do to callers and cannot on this site, each with its step."""
    ways = {gateway.name for gateway in settings.gateway} | ({VOICE} if settings.call_out is not None else set())
    found: list[str] = []
    for plan in plans:
        for step in plan.steps:
            if step.do in OF_THE_REGISTER and settings.affected is None:
                found.append(f"{plan.name}/{step.id} needs [register]")
            elif step.by and not ways.intersection(step.by):
                found.append(f"{plan.name}/{step.id} would tell callers by {', '.join(step.by)}: no [[gateway]] and no [call_out] for it")
    return found


def read_folder(
    folder: Path, config: Path, roles: frozenset[str], time_scale: float, seat_groups: Mapping[str, tuple[str, ...]] = MappingProxyType({})
) -> tuple[tuple[Plan, ...], list[Fault]]:
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix == ".toml")
    except OSError as error:
        return (), [Fault(config, None, "plans.folder", f"{folder} cannot be read: {error.strerror}; it must be a folder of plan files")]
    if not files or len(files) > MOST_FILES:
        text = f"{folder} holds {len(files)} plan files (*.toml); right is 1 to {MOST_FILES}"
        return (), [Fault(config, None, "plans.folder", text)]
    site = Site(roles, frozenset(path.stem for path in files), time_scale, seat_groups)
    plans: list[Plan] = []
    faults: list[Fault] = []
    for path in files:
        found = read_file(path, site)
        if isinstance(found, Plan):
            plans.append(found)
        else:
            faults += found
    return tuple(plans), faults


def read_file(path: Path, site: Site) -> Plan | list[Fault]:
    try:
        with path.open("rb") as file:
            text = file.read(MOST_BYTES + 1).decode()
    except OSError as error:
        return [Fault(path, None, "", f"cannot be read: {error.strerror}")]
    except UnicodeDecodeError:
        return [Fault(path, None, "", "is not UTF-8; save the file as UTF-8")]
    found = read_plan(text, path.stem, site)
    return found if isinstance(found, Plan) else [Fault(path, fault.line, fault.key, fault.text) for fault in found]


def families(plans: Iterable[Plan]) -> Iterator[Family]:
    """What Prometheus reads of the files in force: until when each is to be reviewed (E5), the end of that day in UTC."""
    due = (((plan.name,), datetime.combine(date.fromisoformat(plan.review_due), time.max, UTC).timestamp()) for plan in plans)
    yield Family("cti_plan_review_due_timestamp_seconds", Kind.GAUGE, "Until when the plan is to be reviewed", ("plan",), due)
