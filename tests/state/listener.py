"""A daemon's ear and memory without its sockets: bytes of one node's stream in, `Site` out."""

from collections.abc import Callable, Iterable

from cti_daemon.engine import Engine
from cti_daemon.model.events import Event
from cti_daemon.model.ids import NodeName, PathName
from cti_daemon.model.settings import Settings
from cti_daemon.wire.ami_proof import Proof
from cti_daemon.wire.ami_stream import Sort, Stream
from cti_daemon.wire.one_stream import OneStream

NODE = NodeName("pbx-a")
A = PathName("a")


def settings(*queues: dict[str, object]) -> Settings:
    def node(name: str, role: str, number: int) -> dict[str, object]:
        paths = {"a": f"10.0.1.{number}:1", "b": f"10.0.2.{number}:1"}
        file = {"file": "/none"}
        return {"name": name, "role": role, "control": paths, "sip": paths, "username": "cti", "secret": file, "system_name": file}

    nodes = [node("edge1", "edge", 1), node("pbx-a", "primary", 2), node("pbx-b", "standby", 3), node("emg", "emergency", 4)]
    return Settings.model_validate({"site": {"name": "test"}, "node": nodes, "queue": list(queues)})


class Listener:
    """Feeds an engine; `seen` is called after each event. One hundredth of a second passes between two of them."""

    def __init__(self, system_name: str, *queues: dict[str, object]) -> None:
        self.engine = Engine(settings(*queues), None, b"k" * 32, 0.0)
        self.site = self.engine.site
        self.posted: list[Event] = []
        self.seen: Callable[[Event], None] | None = None
        self._stream = Stream(Proof(system_name))
        self.one = OneStream(NODE, Proof(system_name), self._post, lambda: None)
        self.one.begin(A)

    @property
    def now(self) -> float:
        return len(self.posted) / 100

    def hear(self, chunks: Iterable[bytes]) -> None:
        for chunk in chunks:
            for sort, kind, block in self._stream.feed(chunk):
                if sort is Sort.STREAM:
                    self.one.hear(A, 1, kind, block, is_mark=False)

    def _post(self, event: Event) -> None:
        self.posted.append(event)
        self.engine.feed(event, self.now)
        if self.seen is not None:
            self.seen(event)
