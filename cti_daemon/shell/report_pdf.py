"""A document as PDF, A4, with its font inside. Every line is broken by us, so nothing runs over its column; no text is read as markup."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import CondPageBreak, SimpleDocTemplate, Spacer, Table

from cti_daemon.model.document import Blank, Block, Document, Fields, Grid, Language, Paragraph, Words, said
from cti_daemon.shell.report_font import NAME, Font, FontError
from cti_daemon.shell.report_lines import wrapped

__all__ = ["FontError", "render"]

MARGIN = 16 * mm
WIDTH = A4[0] - 2 * MARGIN
PAD = 1.3 * mm
LEADING = 1.42
MOST_LINES = 40
"""Of a row on one page: a longer one goes on in a row below."""
TEXT, CELL, SMALL, HEADING, TITLE = 10.0, 8.5, 7.5, 13.0, 18.0
_INK, _LINE, _SHADE, _ALARM = HexColor("#111111"), HexColor("#999999"), HexColor("#eeeeee"), HexColor("#aa0000")

Rows = list[list[str]]


def render(document: Document, language: Language, font_path: str | None) -> bytes:
    """Raises FontError."""
    sheet = _Sheet(language, Font(font_path))
    pages = sheet.print(document, 0)[1]
    return sheet.print(document, pages)[0]


class _Sheet:
    def __init__(self, language: Language, font: Font) -> None:
        self._language, self._font = language, font

    def print(self, document: Document, pages: int) -> tuple[bytes, int]:
        """The file, and how many pages it has: they are named on each, so it is printed twice."""
        out = BytesIO()
        title = self._said(document.title)
        template = SimpleDocTemplate(
            out,
            pagesize=A4,
            leftMargin=MARGIN,
            rightMargin=MARGIN,
            topMargin=MARGIN,
            bottomMargin=MARGIN + 4 * mm,
            title=title,
            author="cti-daemon",
            lang="zh-CN" if self._language is Language.ZH else "en",
            invariant=1,
        )

        def foot(canvas: Any, page: Any) -> None:
            canvas.setFont(NAME, SMALL)
            canvas.setFillColor(HexColor("#555555"))
            number = f"第 {page.page} 页，共 {pages} 页" if self._language is Language.ZH else f"page {page.page} of {pages}"
            canvas.drawRightString(A4[0] - MARGIN, MARGIN - 2 * mm, number)
            room = WIDTH - self._font.width(number, SMALL) - 6 * mm
            canvas.drawString(MARGIN, MARGIN - 2 * mm, self._lines(title, room, SMALL)[0])

        template.build(list(self._flow(document)), onFirstPage=foot, onLaterPages=foot)
        return out.getvalue(), int(template.page)

    def _flow(self, document: Document) -> Iterator[Any]:
        yield self._block_of_text(document.title, TITLE)
        for mark in document.marks:
            yield Spacer(1, 2 * mm)
            yield self._block_of_text(mark, TEXT, box=True)
        for section in document.sections:
            yield CondPageBreak(38 * mm)
            yield Spacer(1, 5 * mm)
            yield self._block_of_text(section.title, HEADING, rule=True)
            for block in section.blocks:
                yield Spacer(1, 2 * mm)
                yield from self._block(block)
        yield Spacer(1, 8 * mm)
        yield self._block_of_text(document.foot, SMALL)

    def _block(self, block: Block) -> Iterator[Any]:
        match block:
            case Paragraph(text):
                yield self._block_of_text(text, TEXT)
            case Fields(rows):
                widths = [0.28 * WIDTH, 0.72 * WIDTH]
                cells = [list(row) for row in rows]
                yield self._table(cells, widths, [("BACKGROUND", (0, 0), (0, -1), _SHADE)])
            case Grid(head, rows) if rows:
                whole = sum(block.widths)
                widths = [WIDTH * width / whole for width in block.widths]
                style: list[Any] = [("BACKGROUND", (0, 0), (-1, 0), _SHADE)]
                style += [("ALIGN", (n, 0), (n, -1), "RIGHT") for n in sorted(block.numbers)]
                yield self._table([list(head), *(list(row) for row in rows)], widths, style, heads=1)
            case Grid():
                yield self._block_of_text(block.empty, TEXT)
            case Blank(name, lines):
                yield CondPageBreak(LEADING * TEXT + lines * 9 * mm + 2 * mm)  # the name stays with its lines
                yield self._block_of_text(name, TEXT)
                blank = Table([[""]] * lines, colWidths=[WIDTH], rowHeights=[9 * mm] * lines)
                blank.setStyle([("LINEBELOW", (0, 0), (-1, -1), 0.5, _LINE)])
                yield blank

    def _table(self, rows: list[list[Words]], widths: list[float], style: list[Any], heads: int = 0) -> Any:
        broken = [self._broken(row, widths) for row in rows]
        cells = [part for row in broken for part in _parts(row)]
        table = Table(cells, colWidths=widths, repeatRows=heads)
        table.setStyle([*_plain(CELL), ("GRID", (0, 0), (-1, -1), 0.4, _LINE), *style])
        return table

    def _broken(self, row: list[Words], widths: list[float]) -> Rows:
        return [self._lines(self._said(word), width - 2 * PAD, CELL) for word, width in zip(row, widths, strict=True)]

    def _block_of_text(self, words: Words, size: float, *, box: bool = False, rule: bool = False) -> Any:
        """One line a row, so that it may go on on the next page."""
        pad = PAD if box else 0.0
        lines = self._lines(self._said(words), WIDTH - 2 * pad, size)
        table = Table([[line] for line in lines], colWidths=[WIDTH], rowHeights=[LEADING * size] * len(lines))
        style = [*_plain(size), ("LEFTPADDING", (0, 0), (-1, -1), pad), ("RIGHTPADDING", (0, 0), (-1, -1), pad)]
        style += [("TOPPADDING", (0, 0), (-1, -1), 0), ("BOTTOMPADDING", (0, 0), (-1, -1), 0)]
        if box:
            style += [("BOX", (0, 0), (-1, -1), 1.2, _ALARM), ("TEXTCOLOR", (0, 0), (-1, -1), _ALARM)]
        if rule:
            style.append(("LINEBELOW", (0, -1), (-1, -1), 0.6, _LINE))
        table.setStyle(style)
        return table

    def _said(self, words: Words) -> str:
        return self._font.printable(said(words, self._language))

    def _lines(self, text: str, width: float, size: float) -> list[str]:
        return wrapped(text, width, lambda part: self._font.width(part, size))


def _plain(size: float) -> list[Any]:
    everywhere = ((0, 0), (-1, -1))
    return [
        ("FONT", *everywhere, NAME, size, LEADING * size),
        ("TEXTCOLOR", *everywhere, _INK),
        ("VALIGN", *everywhere, "TOP"),
        ("LEFTPADDING", *everywhere, PAD),
        ("RIGHTPADDING", *everywhere, PAD),
        ("TOPPADDING", *everywhere, 0.7 * mm),
        ("BOTTOMPADDING", *everywhere, 0.9 * mm),
    ]


def _parts(row: Rows) -> Iterator[list[str]]:
    """A row that is longer than a page allows, as several."""
    longest = max(len(lines) for lines in row)
    for start in range(0, longest, MOST_LINES):
        yield ["\n".join(lines[start : start + MOST_LINES]) for lines in row]
