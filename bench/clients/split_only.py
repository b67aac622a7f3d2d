"""The limit: asyncio receives, bytes are split on blank lines, blocks are counted. Nothing is read."""

import asyncio

from typing_extensions import override

from bench.clients.stopwatch import LOGIN, Stopwatch


class Splitter(asyncio.Protocol):
    def __init__(self, watch: Stopwatch, done: "asyncio.Future[None]") -> None:
        self._watch, self._done = watch, done
        self._tail = b""
        self._seen = -1  # the answer to the login is a block, too

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            transport.write(LOGIN)

    @override
    def data_received(self, data: bytes) -> None:
        self._watch.start()
        blocks = (self._tail + data).split(b"\r\n\r\n")
        self._tail = blocks.pop()
        self._seen += len(blocks)
        if self._seen >= self._watch.events and not self._done.done():
            self._done.set_result(None)


async def main() -> None:
    watch = Stopwatch()
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()
    transport, _ = await loop.create_connection(lambda: Splitter(watch, done), "127.0.0.1", watch.port)
    await done
    watch.stop()
    transport.abort()


if __name__ == "__main__":
    asyncio.run(main())
