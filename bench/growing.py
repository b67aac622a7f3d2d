"""The recorded calls without their ends, again and again under other ids, to standard output: a process of its own, so that whoever
reads holds nothing but what it makes of them. Usage: python -m bench.growing COPIES"""

import re
import sys

from bench import stream

CALLS_IN_STREAM = 400
_ENDS = (b"Event: Hangup\r\n", b"Event: BridgeLeave\r\n", b"Event: QueueCallerAbandon\r\n", b"Event: AgentComplete\r\n")
_ID = re.compile(rb"a-([0-9]+)\.")


def main(copies: int) -> None:
    blocks = [block for block in stream.calls().split(b"\r\n\r\n") if not block.startswith(_ENDS)]
    body = b"\r\n\r\n".join(blocks)
    for copy in range(1, copies + 1):
        sys.stdout.buffer.write(_ID.sub(b"a-%d\\1." % copy, body))


if __name__ == "__main__":
    main(int(sys.argv[1]))
