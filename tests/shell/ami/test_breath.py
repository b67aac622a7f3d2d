"""Promise: a busy connection costs fewer wakings, and nothing of it is lost, held back for long, or heard in another order."""

import asyncio

from typing_extensions import override

from cti_daemon.shell.ami.breath import Breath


class Reader(asyncio.Protocol):
    def __init__(self) -> None:
        self.reads: list[bytes] = []
        self.ended = asyncio.get_running_loop().create_future()
        self._breath: Breath | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._breath = Breath(transport)

    @override
    def data_received(self, data: bytes) -> None:
        assert self._breath is not None
        self.reads.append(data)
        self._breath.took(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set_result(exc)


async def read(words: list[bytes], pause_seconds: float) -> list[bytes]:
    """What a reader read of words that were written one by one, until their writer closed."""
    reader = Reader()

    async def write(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for word in words:
            writer.write(word)
            await writer.drain()
            await asyncio.sleep(pause_seconds)
        writer.close()

    async with await asyncio.start_server(write, "127.0.0.1", 0) as server:
        await asyncio.get_running_loop().create_connection(lambda: reader, *server.sockets[0].getsockname())
        async with asyncio.timeout(60):
            await reader.ended
    return reader.reads


async def test_a_busy_stream_is_read_in_fewer_pieces_and_whole() -> None:
    words = [b"Event: %d\r\n\r\n" % number for number in range(500)]
    reads = await read(words, 0.001)
    assert b"".join(reads) == b"".join(words)
    assert len(reads) < len(words) / 4


async def test_a_flood_is_read_as_it_comes() -> None:
    words = [b"x" * 1_000_000] * 20
    reads = await read(words, 0.0)
    assert sum(map(len, reads)) == 20_000_000
