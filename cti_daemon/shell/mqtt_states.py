"""Retained states: what the site looks like now, published when it changes. Time that passes is not a change."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from cti_daemon.model.settings import Settings
from cti_daemon.model.views import SiteView
from cti_daemon.wire.mqtt_payload import encode
from cti_daemon.wire.mqtt_topics import Topics
from cti_daemon.wire.site_json import of_node, of_queue, of_site, without_ages


class RetainedStates:
    """Remembers what the broker holds from this connection."""

    def __init__(self, settings: Settings, view: Callable[[], SiteView]) -> None:
        self._topics = Topics(settings.site.name, settings.site.daemon)
        self._view = view
        self._published: dict[str, Any] = {}

    def changes(self) -> list[tuple[str, bytes]]:
        """Topic and body of every state that differs from what was published."""
        now = datetime.now(UTC)
        found: list[tuple[str, bytes]] = []
        for topic, body in self._bodies().items():
            key = without_ages(body)
            if self._published.get(topic) != key:
                since = body.get("since_seconds")
                wall = {} if since is None else {"since": (now - timedelta(seconds=since)).isoformat(timespec="milliseconds")}
                found.append((topic, encode({**body, **wall, "at": now.isoformat(timespec="milliseconds")})))
                self._published[topic] = key
        return found

    def _bodies(self) -> dict[str, dict[str, Any]]:
        view = self._view()
        bodies = {self._topics.state: of_site(view)}
        bodies |= {self._topics.node(n.name): of_node(n) for n in view.nodes}
        bodies |= {self._topics.queue(q.name): of_queue(q) for q in view.queues}
        return bodies
