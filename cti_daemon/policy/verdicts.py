"""The standing verdict on every node: all of them are judged together, since each edge is witness about the others."""

from cti_daemon.model.ids import NodeName
from cti_daemon.model.reasons import Verdict
from cti_daemon.model.settings import Detection
from cti_daemon.policy import health
from cti_daemon.policy.health import Health
from cti_daemon.state.site import Site

Change = tuple[NodeName, Health | None, Health]
"""Before and after; before is None at the first look."""


class Verdicts:
    def __init__(self, site: Site, detection: Detection) -> None:
        self._site = site
        self._detection = detection
        self.of: dict[NodeName, Health] = {}
        self.next_at = 0.0
        """When silence alone may change a verdict."""

    def judge(self, at: float) -> list[Change]:
        """Look at all evidence; what became different."""
        detection, site = self._detection, self._site
        isolated = health.is_isolated(site.evidence, at, detection)
        deaf = all(site.evidence[server].is_unheard for server in site.servers)
        late = not any(health.is_steady(self.of.get(edge), at) for edge in site.edges)
        changes: list[Change] = []
        looks: list[float] = []
        for node, evidence in site.evidence.items():
            before = self.of.get(node)
            after = health.judge(before, evidence, at, detection, isolated=isolated, edge_is_deaf=deaf, edge_is_late=late)
            self.of[node] = after
            if before is None or before.verdict is not after.verdict or before.degraded_paths != after.degraded_paths:
                changes.append((node, before, after))
            looks.append(health.next_look_at(after, evidence, at, detection))
        self.next_at = min(looks)
        return changes

    def is_healthy(self, node: NodeName) -> bool:
        """False for a node that is not judged."""
        return node in self.of and self.of[node].verdict is Verdict.HEALTHY

    @property
    def is_edge_heard(self) -> bool:
        return any(self.is_healthy(edge) for edge in self._site.edges)
