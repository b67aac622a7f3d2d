"""Issue 5: "encrypted at rest (AES-GCM, key from a credential, rotation)"; docs/design/privacy.md: "a fresh nonce for each value, row and
column as associated data: a value that is moved to another row does not open"."""

import base64

import pytest

from cti_daemon.shell.register_keys import LostKeyError, TornError, draw_line, read_ring
from cti_daemon.shell.secret_files import KeyRingError
from tests.leaks.marks import Marks

NUMBER = "13900004501"


def ring_text(*names: str) -> str:
    return "\n".join(draw_line(name) for name in names)


TEXT = ring_text("k2", "k1", "find")


def test_what_is_sealed_comes_back_and_is_never_sealed_the_same_twice() -> None:
    ring = read_ring(f"# the ring\n\n{TEXT}\n")
    sealed = [ring.seal(NUMBER, 7, "number") for _ in range(50)]
    assert len(set(sealed)) == 50
    assert {ring.open(each, 7, "number") for each in sealed} == {NUMBER}
    assert Marks([NUMBER]).found_in(b"".join(sealed)) == set()


@pytest.mark.parametrize(("row", "column"), [(8, "number"), (7, "other"), (77, "number")])
def test_a_value_that_was_moved_does_not_open(row: int, column: str) -> None:
    ring = read_ring(TEXT)
    with pytest.raises(TornError):
        ring.open(ring.seal(NUMBER, 7, "number"), row, column)


def test_no_changed_or_cut_byte_passes() -> None:
    ring = read_ring(TEXT)
    sealed = ring.seal(NUMBER, 7, "number")
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises((TornError, LostKeyError)):
            ring.open(bytes(changed), 7, "number")
        with pytest.raises((TornError, LostKeyError)):
            ring.open(sealed[:place], 7, "number")


def test_the_first_key_writes_and_all_read() -> None:
    first, second, finder = (draw_line(name) for name in ("k1", "k2", "find"))
    old, new = read_ring(f"{first}\n{finder}"), read_ring(f"{second}\n{first}\n{finder}")
    sealed = old.seal(NUMBER, 1, "number")
    assert new.open(sealed, 1, "number") == NUMBER
    assert (new.writes, new.is_old(sealed), new.is_old(new.seal(NUMBER, 1, "number"))) == ("k2", True, False)
    with pytest.raises(LostKeyError, match="'k1'"):
        read_ring(f"{second}\n{finder}").open(sealed, 1, "number")


def test_a_caller_is_found_however_his_number_is_spelled_and_only_with_the_key() -> None:
    ring, other = read_ring(TEXT), read_ring(ring_text("k1", "find"))
    assert ring.digest("+139 0000-4501") == ring.digest(NUMBER)
    assert len({ring.digest(NUMBER), ring.digest("13900004502"), other.digest(NUMBER)}) == 3


def broken_rings() -> dict[str, str]:
    """What is told of each, and the ring."""
    line, finder = draw_line("k1"), draw_line("find")
    return {
        "no key that writes": finder,
        "no line `find BASE64`": line,
        "line 2 of the key ring is no `ID BASE64`": f"{finder}\nk1",
        "'k1' is not base64": f"{finder}\nk1 !!!",
        "has 16 bytes; AES-256 wants 32": f"{finder}\nk1 {base64.b64encode(b'x' * 16).decode()}",
        "'k1' stands twice": f"{line}\n{finder}\n{draw_line('k1')}",
        "draw each of its own": f"{line}\nfind{line[2:]}",
    }


@pytest.mark.parametrize("told", broken_rings())
def test_a_ring_that_cannot_be_used_says_why_and_shows_no_key(told: str) -> None:
    text = broken_rings()[told]
    with pytest.raises(KeyRingError) as fault:
        read_ring(text)
    assert told in str(fault.value)
    assert not any(word in str(fault.value) for line in text.splitlines() for word in line.split()[1:] if len(word) > 8)


def test_an_empty_ring_is_none() -> None:
    with pytest.raises(KeyRingError, match="no key that writes"):
        read_ring("# nothing yet\n")


def test_neither_ring_nor_its_parts_print_a_key() -> None:
    assert all(line.split()[1] not in repr(read_ring(TEXT)) for line in TEXT.splitlines())
