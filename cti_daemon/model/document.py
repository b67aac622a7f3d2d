"""A report as data: what is said, in both languages, and no word of how it looks. Every renderer shows all of it.

Text that people or machines wrote is a plain `str` and is the same in both languages; it may hold anything (callers and clients control
it), so each renderer escapes it for its own format."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from cti_daemon.model.incidents import Titled

Words = Titled | str
NONE = Titled("无", "none")


class Language(StrEnum):
    ZH = "zh"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: Words


@dataclass(frozen=True, slots=True)
class Fields:
    """Names and values, one under the other."""

    rows: tuple[tuple[Words, Words], ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table. `widths`: shares of the width, one for each column. `empty` is said in its place when it has no rows."""

    head: tuple[Words, ...]
    rows: tuple[tuple[Words, ...], ...]
    widths: tuple[int, ...]
    empty: Words = NONE
    numbers: frozenset[int] = frozenset()
    """Columns of figures: set to the right."""


@dataclass(frozen=True, slots=True)
class Blank:
    """To be filled in by hand."""

    name: Words
    lines: int = 1


Block = Paragraph | Fields | Grid | Blank


@dataclass(frozen=True, slots=True)
class Section:
    title: Words
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """`marks`: what nobody may overlook (a drill, shortened times, a report that is not the last word). `foot`: where it comes from."""

    title: Words
    marks: tuple[Words, ...]
    sections: tuple[Section, ...]
    foot: Words

    def words(self) -> Iterator[Words]:
        """All that is said, in its order."""
        yield self.title
        yield from self.marks
        for section in self.sections:
            yield section.title
            for block in section.blocks:
                yield from _words_of(block)
        yield self.foot


def said(words: Words, language: Language) -> str:
    """In this language, without control characters and marks that turn the direction of writing: those can make a line read as another."""
    text = words if isinstance(words, str) else words.zh if language is Language.ZH else words.en
    return "".join(c if c == "\n" or not _is_hidden(c) else "�" for c in text.replace("\r\n", "\n").replace("\t", " "))


def _is_hidden(char: str) -> bool:
    code = ord(char)
    return (
        code < 0x20
        or 0x7F <= code < 0xA0
        or 0x200B <= code <= 0x200F
        or 0x2028 <= code <= 0x202E
        or 0x2060 <= code <= 0x206F
        or (0xD800 <= code <= 0xDFFF or code in (0xFEFF, 0xFFFE, 0xFFFF))
    )


def _words_of(block: Block) -> Iterator[Words]:
    match block:
        case Paragraph(text):
            yield text
        case Fields(rows):
            for row in rows:
                yield from row
        case Grid(head, rows):
            if not rows:
                yield block.empty
                return
            yield from head
            for line in rows:
                yield from line
        case Blank(name):
            yield name
