"""The watches of all plans: one for each version that is loaded or that an incident began with, and, where a plan runs for each seat or
queue, one for each that is struck. What nothing counts for any more is forgotten, so that a site of thousands of seats pays for the few."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from cti_daemon.model.incidents import Incident, Plan, Test
from cti_daemon.state.hold import Judge
from cti_daemon.state.watch import Watch, each_of


class Watches:
    def __init__(self) -> None:
        self._of: dict[tuple[str, str], Watch] = {}
        self._each: dict[str, list[Test]] = {}
        """By digest: the tests that say whom a plan that runs for each may concern."""

    def __iter__(self) -> Iterator[Watch]:
        return iter(self._of.values())

    def load(self, plan: Plan, at: float) -> None:
        """It is looked at from now on. A plan that runs for each counts nothing of the whole site."""
        if plan.per:
            self._each[plan.digest] = each_of(plan)
        else:
            self.keep(plan, at, "")

    def keep(self, plan: Plan, at: float, subject: str) -> None:
        """It counts from now on, if it does not yet."""
        if (plan.digest, subject) not in self._of:
            self._of[plan.digest, subject] = Watch(plan, at, subject)

    def of(self, incident: Incident) -> Watch:
        return self._of[incident.plan.digest, incident.subject]

    def of_plan(self, plan: Plan) -> list[Watch]:
        """Those of the version that is loaded, by which it opens by itself."""
        if not plan.per:
            return [self._of[plan.digest, ""]]
        return [watch for (digest, subject), watch in self._of.items() if digest == plan.digest and subject]

    def look(
        self,
        plans: Iterable[Plan],
        struck: Callable[[list[Test]], set[str]],
        judge: Judge,
        at: float,
        *,
        is_maintenance: bool,
        pace: float = 1.0,
    ) -> None:
        """Count. Who is newly struck is watched from now on."""
        for plan in plans:
            if plan.per:
                for subject in sorted(struck(self._each[plan.digest])):
                    self.keep(plan, at, subject)
        for watch in self._of.values():
            for hold in watch.holds:
                hold.look(judge, at, is_maintenance=is_maintenance, pace=pace)

    def forget(self, plans: Collection[Plan], incidents: Collection[Incident]) -> None:
        """Versions that nobody needs any more, and subjects of whom nothing counts."""
        loaded = {plan.digest for plan in plans}
        used = {(incident.plan.digest, incident.subject) for incident in incidents}
        for key, watch in list(self._of.items()):
            is_idle = key[1] and not watch.is_counting
            if key not in used and (key[0] not in loaded or is_idle):
                del self._of[key]
        self._each = {digest: tests for digest, tests in self._each.items() if digest in loaded}

    # --- kept over a restart --------------------------------------------------------------------------------------------

    def as_data(self, at: float) -> dict[str, Any]:
        return {f"{digest}/{of}" if of else digest: [h.to_plain(at) for h in watch.holds] for (digest, of), watch in self._of.items()}

    def recount(self, counts: Mapping[str, Any], known: Mapping[str, Plan], elapsed_seconds: float, at: float) -> Iterator[Exception]:
        """Go on with what `as_data` gave; the faults of counts that cannot be read. Those of a version that is not known are left."""
        for key, plain in counts.items():
            digest, _, subject = key.partition("/")
            plan = known.get(digest)
            if plan is None or (not subject and (digest, "") not in self._of) or (subject and not plan.per):
                continue
            self.keep(plan, at, subject)
            watch = self._of[digest, subject]
            try:
                for hold, kept in zip(watch.holds, plain, strict=True):
                    hold.take_plain(kept, elapsed_seconds, at)
            except (KeyError, TypeError, ValueError, AttributeError) as fault:
                yield fault
