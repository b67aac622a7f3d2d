"""Retained states: what the site looks like now, published when it changes. Time that passes is not a change.

States of queues and seats expire on the broker unless they are said again, so that one of a daemon that is gone, or of a seat that
a restarted daemon does not know, is not shown as now for ever."""

import time
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cti_daemon.model.settings import Settings
from cti_daemon.model.views import SeatView, SiteView
from cti_daemon.wire.mqtt_payload import encode
from cti_daemon.wire.mqtt_topics import Topics
from cti_daemon.wire.site_json import of_gone_seat, of_node, of_queue, of_seat, of_site, of_unknown_queue, without_ages

EXPIRY_SECONDS = 600
SAY_AGAIN_SECONDS = 240.0
MOST_SEATS = 100
"""Published in one round: a shift of two thousand that logs in must not keep the site's own state waiting."""


@dataclass(frozen=True, slots=True)
class Retained:
    topic: str
    body: bytes
    expiry_seconds: int | None


@dataclass(frozen=True, slots=True)
class _State:
    """`key` changes when the state does; `make` spells it."""

    topic: str
    key: Hashable
    make: Callable[[], dict[str, Any]]
    expires: bool


class RetainedStates:
    """Remembers what the broker holds from this connection."""

    def __init__(self, settings: Settings, view: Callable[[], SiteView], clock: Callable[[], float] = time.monotonic) -> None:
        self._topics = Topics(settings.site.name, settings.site.daemon)
        self._view = view
        self._clock = clock
        self._published: dict[str, tuple[Hashable, float]] = {}
        self._queues: dict[str, str] = {}
        self._seats: dict[str, str] = {}
        """Topic of each seat ever seen, by name."""
        self._looks: dict[str, tuple[SeatView, float]] = {}
        """What each seat looked like when the broker had it right, and until when it need not be said again."""
        self.has_more = False
        """Are there changes that wait for the next round?"""

    def changes(self) -> list[Retained]:
        """Every state that differs from what was published, the site's own first."""
        view, at = self._view(), self._clock()
        found = [self._publish(state, at) for state in self._site(view) if self._differs(state, at)]
        seats = [*self._changed_seats(view, at), *(state for state in self._gone_seats(view) if self._differs(state, at))]
        self.has_more = len(seats) > MOST_SEATS
        return found + [self._publish(state, at) for state in seats[:MOST_SEATS]]

    def _differs(self, state: _State, at: float) -> bool:
        known = self._published.get(state.topic)
        return known is None or known[0] != state.key or (state.expires and at - known[1] > SAY_AGAIN_SECONDS)

    def _publish(self, state: _State, at: float) -> Retained:
        self._published[state.topic] = (state.key, at)
        body, now = state.make(), datetime.now(UTC)
        since = body.get("since_seconds")
        wall = {} if since is None else {"since": (now - timedelta(seconds=since)).isoformat(timespec="milliseconds")}
        text = encode({**body, **wall, "at": now.isoformat(timespec="milliseconds")})
        return Retained(state.topic, text, EXPIRY_SECONDS if state.expires else None)

    def _site(self, view: SiteView) -> Iterator[_State]:
        yield _spelled(self._topics.state, of_site(view))
        for node in view.nodes:
            yield _spelled(self._topics.node(node.name), of_node(node))
        seen = {self._topics.queue(queue.name): queue for queue in view.queues}
        self._queues |= {topic: queue.name for topic, queue in seen.items()}
        for topic, name in self._queues.items():
            yield _spelled(topic, of_queue(seen[topic]) if topic in seen else of_unknown_queue(name), expires=True)

    def _changed_seats(self, view: SiteView, at: float) -> Iterator[_State]:
        """There may be thousands, and few change: a seat that is the same object as before is passed by at once."""
        for seat in view.seats:
            look = self._looks.get(seat.seat)
            if look is not None and look[0] is seat and at < look[1]:
                continue
            topic = self._seats.get(seat.seat)
            if topic is None:
                topic = self._seats[seat.seat] = self._topics.seat(seat.seat)
            state = _of_seat(topic, seat, view.drawn_at)
            if self._differs(state, at):
                yield state
            else:
                self._looks[seat.seat] = (seat, self._published[topic][1] + SAY_AGAIN_SECONDS)

    def _gone_seats(self, view: SiteView) -> Iterator[_State]:
        """Those that were published and are in the picture no more: logged out of every queue, or out of sight when no seat at all is
        seen."""
        for name in self._seats.keys() - {seat.seat for seat in view.seats}:
            self._looks.pop(name, None)
            yield _gone(self._seats[name], name, is_seen=bool(view.seats))


def _spelled(topic: str, body: dict[str, Any], *, expires: bool = False) -> _State:
    return _State(topic, encode(without_ages(body)), lambda: body, expires)


def _of_seat(topic: str, seat: SeatView, drawn_at: float) -> _State:
    """Spelled only when it has changed: there may be thousands."""
    return _State(topic, (seat.state, seat.memberships), lambda: of_seat(seat, drawn_at), expires=True)


def _gone(topic: str, name: str, *, is_seen: bool) -> _State:
    return _State(topic, is_seen, lambda: of_gone_seat(name, is_seen=is_seen), expires=True)
