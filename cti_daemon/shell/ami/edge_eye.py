"""The edge's word about a node: does it hear it, on the path the calls really take?

`PJSIPQualify` makes the edge send an OPTIONS to each contact; a living path changes `PJSIP_CONTACT(id,rtt)` within two
milliseconds, while `ContactStatus` would take half a second and says nothing when all is well."""

import asyncio
import re
from collections.abc import Callable

from cti_daemon.model.events import EdgeSaw
from cti_daemon.model.ids import PATHS, NodeName, PathName
from cti_daemon.model.reasons import Result
from cti_daemon.model.settings import Detection, Settings
from cti_daemon.shell.ami.node_links import NodeLinks

_FIRST_LOOK_SECONDS = 0.003
_LOOK_SECONDS = 0.01
_PATIENT_LOOK_SECONDS = 0.05
_ACTION_SECONDS = 0.25


class EdgeEye:
    """One per edge."""

    def __init__(self, links: NodeLinks, settings: Settings, post: Callable[[EdgeSaw], None]) -> None:
        self._links = links
        self._post = post
        self._detection: Detection = settings.detection
        self._sip = {NodeName(node.name): node.sip for node in settings.node}
        self._contacts: dict[NodeName, dict[PathName, str]] = {}
        self._asking: set[NodeName] = set()

    async def ask(self, node: NodeName) -> None:
        """Post `EdgeSaw` for each path: heard at once when it answers, unheard after `edge_answer`; and heard after all, should the
        answer come before `edge_silent`. Posts nothing when the edge itself cannot be asked. One question at a time per node."""
        if node in self._asking or node not in self._sip:
            return
        self._asking.add(node)
        try:
            await self._ask(node)
        finally:
            self._asking.discard(node)

    async def _ask(self, node: NodeName) -> None:
        contacts = self._contacts.get(node) or await self._find_contacts(node)
        if not contacts:
            return
        before = await self._round_trips(contacts)
        if before is None or not await self._qualify(node):
            return
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        waiting = dict(contacts)
        answer_at, silent_at = asked_at + self._detection.edge_answer, asked_at + self._detection.edge_silent
        again_at = asked_at + self._detection.edge_answer / 2
        unheard_told = False
        await asyncio.sleep(_FIRST_LOOK_SECONDS)
        while waiting:
            now_seen = await self._round_trips(waiting)
            if now_seen is None:
                return
            for path, microseconds in now_seen.items():
                if microseconds is not None and microseconds != before[path]:
                    del waiting[path]
                    self._saw(node, path, heard=True)
            now = loop.time()
            if now >= again_at and waiting:
                again_at = now + self._detection.edge_answer  # a lost datagram, or a round trip of the very same length
                await self._qualify(node)
            if now >= answer_at and not unheard_told:
                unheard_told = True
                for path in waiting:
                    self._saw(node, path, heard=False)
            if now >= silent_at:
                break
            await asyncio.sleep(_PATIENT_LOOK_SECONDS if unheard_told else _LOOK_SECONDS)

    def _saw(self, node: NodeName, path: PathName, *, heard: bool) -> None:
        self._post(EdgeSaw(self._links.node, node, path, heard))

    async def _qualify(self, node: NodeName) -> bool:
        reply = await self._links.act({"Action": "PJSIPQualify", "Endpoint": node}, _ACTION_SECONDS)
        return reply.result is Result.DONE

    async def _round_trips(self, contacts: dict[PathName, str]) -> dict[PathName, int | None] | None:
        """Microseconds per path, None for a contact that is not reachable; None as a whole if the edge did not answer."""
        questions = [_getvar(f"PJSIP_CONTACT({contact},rtt)") for contact in contacts.values()]
        replies = await self._links.act_many(questions, _ACTION_SECONDS)
        if any(reply.result is not Result.DONE for reply in replies):
            return None
        return {path: int(r.value) if r.value.isdecimal() else None for path, r in zip(contacts, replies, strict=True)}

    async def _find_contacts(self, node: NodeName) -> dict[PathName, str]:
        """The contact of each path, found by the address in its URI. Kept while the edge runs: the ids do not change."""
        reply = await self._links.act(_getvar(f"PJSIP_AOR({node},contact)"), _ACTION_SECONDS)
        ids = [contact for contact in reply.value.split(",") if contact]
        replies = await self._links.act_many([_getvar(f"PJSIP_CONTACT({contact},uri)") for contact in ids], _ACTION_SECONDS)
        found: dict[PathName, str] = {}
        for contact, answer in zip(ids, replies, strict=True):
            for path in PATHS:
                if _address_of(answer.value) == self._sip[node].of(path):
                    found[path] = contact
        if len(found) == len(PATHS):
            self._contacts[node] = found
        return found


def _getvar(variable: str) -> dict[str, str]:
    return {"Action": "Getvar", "Variable": variable}


def _address_of(uri: str) -> str:
    """`sip:user@10.0.0.1:5060;transport=udp` → `10.0.0.1:5060`."""
    found = re.fullmatch(r"<?sips?:(?:[^@]*@)?([^:;>?]+)(?::(\d+))?[;>?]?.*", uri)
    return f"{found[1]}:{found[2] or 5060}" if found else ""
