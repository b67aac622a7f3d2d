"""All that belongs to the register, as one room of the daemon: it is there only where `[register]` is configured and its keys are well."""

import asyncio
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from cti_daemon.model.effects import Record
from cti_daemon.model.events import Event
from cti_daemon.model.ids import NodeName
from cti_daemon.model.plan_effects import InformCallers
from cti_daemon.model.register import Register as RegisterSettings
from cti_daemon.model.settings import Settings
from cti_daemon.shell import log
from cti_daemon.shell.ami.node_links import NodeLinks
from cti_daemon.shell.call_out import CallOutLines
from cti_daemon.shell.control_socket import Private
from cti_daemon.shell.informing import Informing
from cti_daemon.shell.journal import Journal
from cti_daemon.shell.register import Register, RegisterError
from cti_daemon.shell.register_desk import VERB, RegisterDesk
from cti_daemon.shell.register_hands import RegisterHands, Spawn
from cti_daemon.shell.register_keys import KeyRing, read_ring
from cti_daemon.shell.secret_files import Secrets
from cti_daemon.shell.ticket_desk import TICKET, TicketDesk

EXPIRE_SECONDS = 3600.0
RECALL_SECONDS = 5.0
DAY_SECONDS = 86_400.0


class RegisterRoom:
    def __init__(
        self, settings: Settings, own: RegisterSettings, ring: KeyRing, journal: Journal, gateways: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self._gateways = gateways
        self._ring = ring
        self._callback = settings.callback
        self._hands: RegisterHands | None = None
        self._keep_seconds = own.keep_days * DAY_SECONDS
        self._journal = journal
        self.register = Register(own.path, ring)
        self._desk = RegisterDesk(settings, self.register, journal, time.time)
        self.tickets = TicketDesk(settings, self.register, journal, time.time)
        self.private: dict[str, Private] = {VERB: self._desk.take, TICKET: self.tickets.take}
        self._log = log.get("register")

    def doers(
        self, links: Mapping[NodeName, NodeLinks], post: Callable[[Event], None], spawn: Spawn, lines: CallOutLines | None = None
    ) -> dict[type[Any], Callable[[Any], None]]:
        """Who does what the core wants done about affected callers."""
        self._hands = RegisterHands(self.register, self._ring, self._journal, self._callback, links, post, spawn)
        self._desk.tell = self._hands.tell
        informing = Informing(self.register, self._journal, self._gateways, lines, post)

        def inform(orders: list[InformCallers]) -> None:
            for order in orders:
                spawn(informing.inform(order), f"inform-{order.order}")

        return {**self._hands.doers(), InformCallers: inform}

    async def run(self) -> None:
        """Tell the core what the last run left; erase what is older than it may be, now and every hour; until cancelled."""
        await self._recall()
        while True:
            try:
                before_wall = time.time() - self._keep_seconds
                gone = await self.register.ask(lambda file, before=before_wall: file.expire(before))  # type: ignore[misc]
            except RegisterError as fault:
                self._log.warning("rows that are too old could not be erased", fault=str(fault))
            else:
                if gone:
                    await self._journal.append(Record("register_expired", {"rows": gone}))
                    self._log.info("rows of the register were older than they may be, and are erased", rows=len(gone))
            await asyncio.sleep(EXPIRE_SECONDS)

    async def _recall(self) -> None:
        while self._hands is not None:
            try:
                await self._hands.recall()
            except RegisterError:
                await asyncio.sleep(RECALL_SECONDS)  # it has been said
            else:
                return


def open_room(settings: Settings, secrets: Secrets, journal: Journal) -> RegisterRoom | None:
    """The room; None where no register is configured, or where its keys cannot be used, which the daemon has said: the hotline goes on."""
    if settings.affected is None or secrets.register_keys is None:
        return None
    room = RegisterRoom(settings, settings.affected, read_ring(secrets.register_keys), journal, secrets.gateways)
    room.register.start()
    return room
