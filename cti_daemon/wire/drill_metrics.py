"""Drills as Prometheus reads them. Their calls are apart from those of callers: no figure of the hotline takes a test call for one."""

from collections.abc import Iterator

from cti_daemon.model.drills import DrillKind
from cti_daemon.model.views import SiteView
from cti_daemon.wire.exposition import Family, Kind


def families(view: SiteView) -> Iterator[Family]:
    now = view.drill.kind if view.drill is not None else ""
    of_kind = [((kind.value,), int(kind.value == now)) for kind in DrillKind]
    yield Family("cti_drill", Kind.GAUGE, "1 while a drill of this kind is in force: test calls only", ("kind",), of_kind)
    calls = [((node, state), count) for (node, state), count in view.drill_calls.items()]
    yield Family(
        "cti_drill_calls", Kind.GAUGE, "Test calls of drills, by node and what they do; cti_calls is without them", ("node", "state"), calls
    )
    planned = view.drill_schedule
    ages = [((each.name,), each.held_ago_seconds) for each in planned if each.held_ago_seconds is not None]
    yield Family("cti_drill_held_age_seconds", Kind.GAUGE, "Since this drill was held to its end; none: never", ("drill",), ages)
    due = [((each.name,), each.due_for_seconds or 0.0) for each in planned if each.next_in_seconds is not None]
    yield Family("cti_drill_due_seconds", Kind.GAUGE, "For so long this drill is due and not held; 0: not due", ("drill",), due)
    overdue = [((each.name,), int(each.is_overdue)) for each in planned if each.next_in_seconds is not None]
    yield Family("cti_drill_overdue", Kind.GAUGE, "1 while this drill is overdue", ("drill",), overdue)
    coming = [((each.name,), each.next_in_seconds) for each in planned if each.next_in_seconds is not None]
    yield Family("cti_drill_next_seconds", Kind.GAUGE, "Until this drill is due the next time", ("drill",), coming)
