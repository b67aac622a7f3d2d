"""The searcher must find what it is there to find."""

import base64

import pytest

from tests.leaks.marks import Marks

NUMBER = "13900004501"
MARKS = Marks([NUMBER, "15711112222"])


@pytest.mark.parametrize(
    "leak",
    [
        NUMBER,
        f"+86{NUMBER}",
        "139 0000 4501",
        "139-0000-4501",
        "(139) 0000-4501",
        NUMBER.encode().hex(),
        NUMBER.encode().hex().upper(),
        hex(int(NUMBER)),
        *(base64.b64encode(b"x" * before + NUMBER.encode() + b"tail").decode() for before in range(5)),
        "".join(f"%{ord(c):x}" for c in NUMBER),
    ],
)
def test_a_leak_is_found_in_every_spelling(leak: str) -> None:
    assert {told.split()[0] for told in MARKS.found_in(f"…{leak}…".encode())} == {NUMBER}


@pytest.mark.parametrize("text", ["*********01", "1390000450", "13900004503", "1763775600.13900", "139 0000 45 x 01", ""])
def test_what_is_no_number_of_ours_is_not_found(text: str) -> None:
    assert MARKS.found_in(text.encode()) == set()
