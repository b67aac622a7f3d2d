"""A document as Markdown (GitHub's tables). Nothing that stands in a value can become markup."""

import re
from collections.abc import Iterator

from cti_daemon.model.document import Blank, Document, Fields, Grid, Language, Paragraph, Section, Words, said

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~$-])")
_HARMLESS = re.compile(r"(?<=[0-9A-Za-z\u4e00-\u9fff])\\([-_])(?=[0-9A-Za-z])|\\([()+-])")
"""Inside a word, and where no line begins, these mean nothing to Markdown: figures, names and dates stay readable and searchable."""


def render(document: Document, language: Language) -> str:
    return "\n".join(_lines(document, language)) + "\n"


def _lines(document: Document, language: Language) -> Iterator[str]:
    yield f"# {_text(document.title, language)}"
    for mark in document.marks:
        yield ""
        yield f"> **{_text(mark, language)}**"
    for section in document.sections:
        yield from _section(section, language)
    yield ""
    yield "---"
    yield ""
    yield _text(document.foot, language)


def _section(section: Section, language: Language) -> Iterator[str]:
    yield ""
    yield f"## {_text(section.title, language)}"
    for block in section.blocks:
        yield ""
        match block:
            case Paragraph(text):
                yield _text(text, language)
            case Fields(rows):
                yield "| | |"
                yield "|---|---|"
                for name, value in rows:
                    yield f"| {_cell(name, language)} | {_cell(value, language)} |"
            case Grid(head, rows) if rows:
                yield f"| {' | '.join(_cell(word, language) for word in head)} |"
                yield f"|{'|'.join('---:' if n in block.numbers else '---' for n in range(len(head)))}|"
                for row in rows:
                    yield f"| {' | '.join(_cell(word, language) for word in row)} |"
            case Grid():
                yield _text(block.empty, language)
            case Blank(name, lines):
                colon = "：" if language is Language.ZH else ":"
                yield f"{_text(name, language)}{colon}" + "  \n\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_" * lines


def _cell(words: Words, language: Language) -> str:
    return _escaped(said(words, language)).replace("\n", "<br>")


def _text(words: Words, language: Language) -> str:
    """One paragraph: a line end of the text is one of the page, and an empty line ends nothing."""
    escaped = _escaped(said(words, language).strip()).replace("\n", "<br>")
    return f"\\{escaped}" if escaped[:1] in ("-", "+") else escaped  # no list


def _escaped(text: str) -> str:
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    escaped = _HARMLESS.sub(lambda found: found[1] or found[2], _SPECIAL.sub(r"\\\1", plain))
    return escaped.replace("://", "\\://").replace("www.", "www\\.").replace("@", "\\@")  # no links by themselves
