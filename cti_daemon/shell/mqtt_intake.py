"""How requests come out of the MQTT client: at once, where they are read.

aiomqtt reads faster than its iterator hands on. A queue with a bound loses orders in a flood, acknowledged and without a word to
anybody; one without a bound fills memory. Taken where they are read, those that we have no time for wait at the broker."""

import asyncio
from collections.abc import Callable

from aiomqtt import Message
from typing_extensions import override


def straight_to(take: Callable[[Message], None]) -> type[asyncio.Queue[Message]]:
    """A queue for an aiomqtt client in which nothing waits: `take` is called for each message, on the loop."""

    class Straight(asyncio.Queue[Message]):
        @override
        def put_nowait(self, item: Message) -> None:
            take(item)

    return Straight
