"""An AMI server that says nothing but the recorded stream, as fast as the reader takes it. A process of its own, on its own core.

Usage: python -m bench.feeder COPIES MOST_EVENTS; prints its port, serves one reader, ends."""

import os
import re
import socket
import sys

from bench import stream

_BANNER = b"Asterisk Call Manager/11.0.0\r\n"
_ACTION_ID = re.compile(rb"^actionid:[ ]*([^\r\n]+)", re.IGNORECASE | re.MULTILINE)
CHUNK_BYTES = 256 * 1024


def serve(copies: int, most_events: int) -> None:
    body = stream.calls()
    if most_events:
        blocks = body.split(b"\r\n\r\n")[:most_events]
        body = b"\r\n\r\n".join(blocks) + b"\r\n\r\n"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        peer, _ = listener.accept()
    with peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer.sendall(_BANNER)
        asked = b""
        while b"\r\n\r\n" not in asked:
            asked += peer.recv(4096)
        found = _ACTION_ID.search(asked)
        action_id = b"ActionID: " + found[1] + b"\r\n" if found else b""
        peer.sendall(b"Response: Success\r\n" + action_id + b"Message: Authentication accepted\r\n\r\n")
        view = memoryview(body)
        try:
            for _ in range(copies):
                for at in range(0, len(body), CHUNK_BYTES):
                    peer.sendall(view[at : at + CHUNK_BYTES])
            while peer.recv(65536):  # until the reader has had enough
                pass
        except OSError:
            return


if __name__ == "__main__":
    if hasattr(os, "sched_setaffinity") and len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    serve(int(sys.argv[1]), int(sys.argv[2]))
