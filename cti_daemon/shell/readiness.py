"""What `/readyz` tells whoever started us: did we get as far as to guard the site? Not whether the site is well."""

from collections.abc import Callable, Iterable

from cti_daemon.model.ids import NodeName
from cti_daemon.model.reasons import NodeState
from cti_daemon.model.views import SiteView

_KNOWN_WITHOUT_A_LINK = frozenset({NodeState.DOWN, NodeState.MAINTENANCE})


class Readiness:
    """A node's check holds for good once a link to it was up: who waits for a start must not see a later fault of the site as ours. A node
    that is condemned, or out of judgement by a person's order, is not waited for: a daemon that starts beside a dead server guards."""

    def __init__(self, nodes: Iterable[NodeName], view: Callable[[], SiteView], journal_is_healthy: Callable[[], bool]) -> None:
        self._never_linked = dict.fromkeys(nodes, True)
        self._view = view
        self._journal_is_healthy = journal_is_healthy

    def link_is_up(self, node: NodeName) -> None:
        self._never_linked[node] = False

    def checks(self) -> dict[str, bool]:
        """Each check by name, and whether it holds."""
        known = {node.name for node in self._view().nodes if node.state in _KNOWN_WITHOUT_A_LINK}
        links = {f"link {node}": not never or node in known for node, never in self._never_linked.items()}
        return {"config": True, "journal": self._journal_is_healthy()} | links
