"""An Asterisk's AMI as far as the links see it, over a real socket: for faults that a real one cannot be made to have on demand.

Framing and texts are those recorded from 22.10.1. One `FakeNode` listens for both paths; UserEvents go to every session."""

import asyncio
import contextlib
import hashlib
from collections.abc import Awaitable, Callable

from tests.wire.streams import BANNER, NODE_SYSTEM

SECRET = "made-up"
CHALLENGE = "100730334"


class FakeSession:
    """One accepted connection."""

    def __init__(self, node: "FakeNode", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.node, self.reader, self.writer = node, reader, writer
        self.logged_in = False
        self.actions: list[dict[str, str]] = []
        self.gone = asyncio.Event()

    def send(self, data: bytes) -> None:
        if not self.writer.is_closing():
            self.writer.write(data)

    def reply(self, action: dict[str, str], result: str, *lines: str) -> None:
        self.send("\r\n".join((f"Response: {result}", f"ActionID: {action['ActionID']}", *lines, "", "")).encode())

    async def serve(self) -> None:
        if self.node.banner:
            self.send(self.node.banner)
        while True:
            raw = await self.reader.readuntil(b"\r\n\r\n")
            pairs = [line.partition(": ")[::2] for line in raw.decode().strip("\r\n").split("\r\n")]
            action = dict(pairs)
            self.actions.append(action)
            self.node.actions.append(action)
            if self.node.deaf:
                continue
            await self.answer(action)

    async def answer(self, action: dict[str, str]) -> None:
        name = action["Action"]
        handler = self.node.handlers.get(name)
        if handler is not None:
            await handler(self, action)
        elif name == "Challenge":
            self.reply(action, "Success", f"Challenge: {CHALLENGE}")
        elif name == "Login":
            self.log_in(action)
        elif name == "UserEvent":
            self.reply(action, "Success", "Message: Event Sent")
            self.node.user_event(action)
        elif name == "Getvar":
            self.reply(action, "Success", f"Variable: {action['Variable']}", f"Value: {self.node.variables.get(action['Variable'], '')}")
        elif name == "Setvar":
            self.node.variables[action["Variable"]] = action["Value"]
            self.reply(action, "Success", "Message: Variable Set")
        elif name in {"QueueStatus", "CoreShowChannels"}:
            self.list_rows(action)
        elif name == "Redirect":
            self.reply(action, "Error", f"Message: Channel does not exist: {action['Channel']}")
        else:
            self.reply(action, "Success", "Message: Done")

    def log_in(self, action: dict[str, str]) -> None:
        key = hashlib.md5((CHALLENGE + SECRET).encode(), usedforsecurity=False).hexdigest()
        if action.get("Key") != key or self.node.denies:
            self.reply(action, "Error", "Message: Authentication failed")
            return
        self.logged_in = True
        self.reply(action, "Success", "Message: Authentication accepted")
        if self.node.tells_booted:
            self.send(b"Event: FullyBooted\r\nPrivilege: system,all\r\nUptime: 7\r\nLastReload: 7\r\nStatus: Fully Booted\r\n\r\n")

    def list_rows(self, action: dict[str, str]) -> None:
        kind = {"QueueStatus": "QueueStatusComplete", "CoreShowChannels": "CoreShowChannelsComplete"}[action["Action"]]
        wanted = b"Event: Queue" if action["Action"] == "QueueStatus" else b"Event: CoreShowChannel"
        rows = self.node.next_rows(wanted)
        self.reply(action, "Success", "EventList: start", "Message: Rows will follow")
        for row in rows:
            self.send(row.replace(b"@ID@", action["ActionID"].encode()) + b"\r\n\r\n")
        self.send(f"Event: {kind}\r\nActionID: {action['ActionID']}\r\nEventList: Complete\r\nListItems: {len(rows)}\r\n\r\n".encode())


Handler = Callable[[FakeSession, dict[str, str]], Awaitable[None]]


class FakeNode:
    """`await start()`; its faults are plain attributes."""

    def __init__(self) -> None:
        self.banner = BANNER
        self.denies = False
        self.deaf = False  # reads and never answers: SIGSTOP as seen by an established session
        self.tells_booted = True
        self.hears_user_events = True
        self.variables: dict[str, str] = {}
        self.rows: list[list[bytes]] = []
        self.handlers: dict[str, Handler] = {}
        self.actions: list[dict[str, str]] = []
        self.sessions: list[FakeSession] = []
        self.port = 0
        self._server: asyncio.Server | None = None

    async def start(self, port: int = 0) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """As a killed process: the listening socket is closed, then every session."""
        if self._server is not None:
            self._server.close()
        for session in list(self.sessions):
            session.writer.close()
        if self._server is not None:
            await self._server.wait_closed()
        await asyncio.gather(*(session.gone.wait() for session in list(self.sessions)))

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = FakeSession(self, reader, writer)
        self.sessions.append(session)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await session.serve()
        self.sessions.remove(session)
        session.gone.set()
        writer.close()

    def event(self, block: bytes) -> None:
        """To every logged-in session, in the same order with the same bytes."""
        for session in self.sessions:
            if session.logged_in:
                session.send(block + b"\r\n\r\n")

    def user_event(self, action: dict[str, str]) -> None:
        if self.hears_user_events:
            body = "".join(f"\r\n{k}: {v}" for k, v in action.items() if k not in {"Action", "UserEvent"})
            head = f"Event: UserEvent\r\nPrivilege: user,all\r\nSystemName: {NODE_SYSTEM}\r\nUserEvent: {action['UserEvent']}"
            self.event((head + body).encode())

    def next_rows(self, wanted: bytes) -> list[bytes]:
        """The rows of the next list answer, if they are of the list that was asked for; the last ones stay."""
        if not self.rows or not any(row.startswith(wanted) for row in self.rows[0]):
            return []
        return self.rows.pop(0) if len(self.rows) > 1 else self.rows[0]
