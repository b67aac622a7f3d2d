"""Callers' numbers that are known beforehand, and every spelling in which they could stand somewhere."""

import base64
import re
from collections.abc import Iterable
from functools import cached_property

_BETWEEN = re.compile(rb"(?<=\d)[\s().\-/_]{1,2}(?=\d)")


class Marks:
    """`numbers`: digits only, long enough to stand nowhere by chance."""

    def __init__(self, numbers: Iterable[str]) -> None:
        self.numbers = tuple(numbers)

    @cached_property
    def _spellings(self) -> dict[bytes, str]:
        return {spelling: f"{number} ({how})" for number in self.numbers for how, spelling in spellings(number)}

    @cached_property
    def _search(self) -> re.Pattern[bytes]:
        return re.compile(b"|".join(map(re.escape, self._spellings)), re.IGNORECASE)

    def found_in(self, data: bytes) -> set[str]:
        """Numbers, and how they are spelled there; also with blanks and hyphens between their digits."""
        by_lower = {spelling.lower(): told for spelling, told in self._spellings.items()}
        return {by_lower[hit.lower()] for text in (data, _BETWEEN.sub(b"", data)) for hit in self._search.findall(text)}


def spellings(number: str) -> Iterable[tuple[str, bytes]]:
    """How it is spelled, and the bytes. Base64 at each of its three alignments, without the characters that its neighbours share."""
    digits = number.encode()
    yield "plain", digits
    yield "hex", digits.hex().encode()
    yield "hex, spaced", digits.hex(" ").encode()
    yield "as a number, hex", f"{int(number):x}".encode()
    yield "UTF-16", number.encode("utf-16-le")
    yield "percent", "".join(f"%{digit:02x}" for digit in digits).encode()
    yield "escaped", "".join(f"\\u{digit:04x}" for digit in digits).encode()
    yield "backwards", digits[::-1]
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + digits)
        first = -(-8 * shift // 6)  # the first character that has no bit of what stands before
        last = 8 * (shift + len(digits)) // 6
        yield f"base64 +{shift}", whole[first:last]
