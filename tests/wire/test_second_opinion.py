"""A parser by other people reads the same headers from the same recorded stream."""

from asterisk.manager import ManagerMsg

from cti_daemon.wire.ami_message import read_headers
from tests.wire.streams import blocks_of, queue_calls


def _their_reading(block: bytes) -> dict[str, str]:
    headers: dict[str, str] = ManagerMsg([line + "\r\n" for line in block.decode().split("\r\n") if line]).headers
    return headers


def test_pyst2_reads_the_same_headers() -> None:
    """Blocks with ChanVariable are left out: pyst2 0.5.1 still asks for `dict.has_key`, which Python 3 does not have."""
    blocks = [block for block in blocks_of(queue_calls()) if b"ChanVariable" not in block]
    assert len(blocks) > 1000
    for block in blocks:
        ours = {key: value.strip() for key, value in read_headers(block)}
        assert ours == _their_reading(block)
