"""Every emergency seat is called by a test call, one after the other; a seat that is in a call is left alone until it is free.

A test call is recognised by its token. It ends by itself: ringing at its time-out, talk after a few seconds of speech (dialplan). When the
drill ends before, what is left of it is hung up, as a level: for as long as anything of it may be there, also after a restart of ours."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cti_daemon.model.drills import CallSeat, SeatResult
from cti_daemon.model.effects import Effect, HangUp
from cti_daemon.model.events import Outcome
from cti_daemon.model.ids import CallToken, ChannelName, NodeName, SeatName
from cti_daemon.model.reasons import Result, SeatState
from cti_daemon.state.channels import Call
from cti_daemon.state.drill import Drill
from cti_daemon.state.seat_call import SeatCall
from cti_daemon.state.site import Site

LOOK_SECONDS = 0.5
SPEECH_SECONDS = 15.0
"""A test call that was answered is over by then: the dialplan says a few words."""
SLACK_SECONDS = 5.0
"""Between the end of ringing and the last event about it."""
HANG_UP_AGAIN_SECONDS = 1.0
_BUSY = "in a call"
_IN_USE = frozenset({SeatState.IN_CALL, SeatState.RINGING})


class SeatCalls:
    def __init__(self, site: Site, ids: Iterator[int]) -> None:
        self._site = site
        self._ids = ids
        self._leftover: dict[CallToken, tuple[NodeName, float]] = {}
        """Calls of drills that have ended: where, and until when something of them may be there."""
        self._hung_up_at = float("-inf")

    # --- what a drill has to try ------------------------------------------------------------------------------------

    def seats_of(self, node: NodeName, wanted: Iterable[str]) -> dict[SeatName, SeatCall]:
        """The seats that are to be called: those that must be there, or else all that the node knows."""
        held = self._site.seats.of(node)
        known = held.seats if held is not None else {}
        names = [SeatName(name) for name in wanted] or sorted(known)
        found: dict[SeatName, SeatCall] = {}
        for name in names:
            place = next(iter(known[name].places.values()), None) if name in known else None
            found[name] = SeatCall(name, place.membership.interface if place is not None else "")
            if place is None:
                found[name].result, found[name].why = SeatResult.UNREACHABLE, f"not logged in at {node}"
        return found

    @property
    def under_way(self) -> Iterable[CallToken]:
        """Calls of drills that have ended, of which something may be there."""
        return self._leftover

    def unnamed(self, drill: Drill, node: NodeName) -> list[Call]:
        """Test calls of which the node has shown the channel, and not the token yet: it does so when the telephone rings."""
        seats = {call.seat for call in drill.seat_calls.values() if call.token is not None and not call.is_seen}
        held = self._site.calls.channels(node) if seats else None
        if held is None:
            return []
        return [c.part.call for c in held.by_id.values() if c.endpoint in seats and c.part.call.token is None]

    def is_under_way(self, token: CallToken) -> bool:
        return token in self._leftover

    # --- what is seen -----------------------------------------------------------------------------------------------

    def answer(self, drill: Drill, token: CallToken, at: float) -> SeatCall | None:
        """A seat has answered its test call; None: it is none of this drill's, or was known."""
        call = next((call for call in drill.seat_calls.values() if call.token == token), None)
        if call is None or call.result is not None:
            return None
        call.result, call.seconds, call.why = SeatResult.ANSWERED, at - call.began_at, ""
        call.until_at = at + SPEECH_SECONDS
        return call

    def learn(self, drill: Drill | None, event: Outcome) -> bool:
        """Did the node take the order?"""
        calls = drill.seat_calls.values() if drill is not None else ()
        call = next((call for call in calls if call.effect_id == event.effect_id), None)
        if call is None or not event.effect_id:
            return False
        if event.result in (Result.FAILED, Result.GONE) and call.result is None:
            call.result, call.why, call.token = SeatResult.REFUSED, event.detail, None
        return True

    # --- judge ------------------------------------------------------------------------------------------------------

    def look(self, drill: Drill, node: NodeName, at: float, out: list[Effect]) -> bool:
        """Take every call on; True when something is known that was not."""
        is_changed = False
        for call in drill.seat_calls.values():
            if call.token is not None:
                is_changed = self._follow(call, call.token, node, at) or is_changed
        waiting = [call for call in drill.seat_calls.values() if call.result is None and call.token is None]
        for call in waiting:
            if sum(other.token is not None for other in drill.seat_calls.values()) >= drill.together:
                break
            is_changed = self._begin(drill, call, node, at, out) or is_changed
        return is_changed

    def _follow(self, call: SeatCall, token: CallToken, node: NodeName, at: float) -> bool:
        is_there = bool(self._channels(node, token))
        call.is_seen = call.is_seen or is_there
        if (is_there and at < call.until_at) or (not call.is_seen and at < call.until_at):
            return False
        if call.result is None:
            has_rung = at >= call.until_at - SLACK_SECONDS - LOOK_SECONDS
            call.result = SeatResult.SILENT if has_rung else SeatResult.DECLINED
            call.why = f"not answered within {round(at - call.began_at)} s" if has_rung else f"ended after {at - call.began_at:.0f} s"
        if is_there:  # longer than it should be
            self._leftover[token] = (node, at + SLACK_SECONDS)
        call.token = None
        return True

    def _begin(self, drill: Drill, call: SeatCall, node: NodeName, at: float, out: list[Effect]) -> bool:
        state = self._state(call.seat, node, at)
        if self._site.seats.of(node) is None:
            call.why = f"what {node} does is not known"
            return False
        if state in _IN_USE:
            call.why = _BUSY
            return False
        if state in (None, SeatState.UNREACHABLE):
            call.result, call.why = (
                SeatResult.UNREACHABLE,
                "its telephone is not reached" if state is not None else f"not logged in at {node}",
            )
            return True
        call.attempts += 1
        call.token, call.effect_id, call.why, call.is_seen = token_of(drill.id, call.seat, call.attempts), next(self._ids), "", False
        call.began_at, call.until_at = at, at + drill.ring_seconds + SLACK_SECONDS
        out.append(CallSeat(call.effect_id, node, call.seat, call.interface, call.token, drill.ring_seconds))
        return True

    def _state(self, seat: SeatName, node: NodeName, at: float) -> SeatState | None:
        """What its telephone does: a call on any node counts, since it may be one telephone. None: it is not known here."""
        home = self._site.seats.of(node)
        if home is None or seat not in home.seats:
            return None
        for server in self._site.servers:
            held = self._site.seats.of(server)
            state = held.seats[seat].state(at)[0] if held is not None and seat in held.seats else None
            if state in _IN_USE:
                return state
        return home.seats[seat].state(at)[0]

    # --- the end ----------------------------------------------------------------------------------------------------

    def stop(self, drill: Drill, node: NodeName, at: float) -> None:
        """The drill ends: what is under way is hung up, what has no result has none."""
        for call in drill.seat_calls.values():
            if call.token is not None:
                self._leftover[call.token] = (node, max(call.until_at, at + SLACK_SECONDS))
                call.token = None
            if call.result is None:
                call.result = SeatResult.BUSY if call.why == _BUSY else SeatResult.NOT_CALLED

    def interrupt(self, drill: Drill, node: NodeName, at: float) -> None:
        """We were away while these calls were made: what came of them nobody heard. They are hung up, and made again."""
        for call in drill.seat_calls.values():
            if call.token is not None:
                self._leftover[call.token] = (node, max(call.until_at, at + SLACK_SECONDS))
                call.token = None
                call.why = "the daemon was restarted meanwhile"

    def clear(self, at: float, out: list[Effect]) -> None:
        """Hang up what is left of drills that have ended."""
        if at < self._hung_up_at + HANG_UP_AGAIN_SECONDS:
            return
        for token, (node, until_at) in list(self._leftover.items()):
            channels = self._channels(node, token)
            out += [HangUp(next(self._ids), node, channel) for channel in channels]
            if channels:
                self._hung_up_at = at
            elif at >= until_at:
                del self._leftover[token]

    @property
    def is_clear(self) -> bool:
        return not self._leftover

    def _channels(self, node: NodeName, token: CallToken) -> list[ChannelName]:
        """Asterisk takes a channel's uniqueid for its name."""
        call = self._site.calls.of_token(token)
        parts = call.parts if call is not None else ()
        return [ChannelName(channel.uniqueid) for part in parts if part.node == node for channel in part.channels]

    # --- kept over a restart ------------------------------------------------------------------------------------------

    def to_plain(self, at: float) -> list[list[Any]]:
        return [[token, node, round(until_at - at, 3)] for token, (node, until_at) in self._leftover.items()]

    def take_plain(self, plain: Iterable[Iterable[Any]], elapsed_seconds: float, at: float, nodes: Mapping[NodeName, object]) -> None:
        """Raises TypeError or ValueError for what cannot be read."""
        for token, node, left in plain:
            if NodeName(str(node)) in nodes:
                until_at = max(at - elapsed_seconds + float(left), at + SLACK_SECONDS)
                self._leftover[CallToken(str(token))] = (NodeName(str(node)), until_at)


def token_of(drill: str, seat: SeatName, attempt: int) -> CallToken:
    """The same in every life of ours."""
    return CallToken(hashlib.sha1(f"test call {attempt} of {drill} to {seat}".encode(), usedforsecurity=False).hexdigest())
