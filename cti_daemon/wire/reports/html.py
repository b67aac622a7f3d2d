"""A document as one HTML file that needs nothing else: it prints on A4, runs no script and loads nothing."""

from collections.abc import Iterator
from html import escape

from cti_daemon.model.document import Blank, Block, Document, Fields, Grid, Language, Paragraph, Words, said

_STYLE = """@page { size: A4; margin: 16mm 14mm }
:root { color-scheme: light }
body { font: 11pt/1.55 "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", "WenQuanYi Zen Hei", sans-serif;
  max-width: 182mm; margin: 8mm auto; padding: 0 4mm; color: #111; overflow-wrap: anywhere }
h1 { font-size: 18pt; margin: 0 0 4mm } h2 { font-size: 13pt; margin: 7mm 0 2mm; border-bottom: 1px solid #888; break-after: avoid }
.mark { border: 2px solid #a00; color: #a00; font-weight: bold; padding: 1.5mm 3mm; margin: 0 0 2mm }
table { width: 100%; border-collapse: collapse; table-layout: fixed; margin: 0 0 3mm; font-size: 9.5pt }
th, td { border: 1px solid #999; padding: 1mm 1.5mm; vertical-align: top; text-align: left; white-space: pre-line }
th { background: #eee } tr { break-inside: avoid } thead { display: table-header-group } .n { text-align: right }
.blank { border-bottom: 1px solid #666; height: 8mm } footer { margin-top: 8mm; color: #555; font-size: 8.5pt }
p { white-space: pre-line }
@media print { body { margin: 0; padding: 0; max-width: none } }
@media (max-width: 600px) { body { margin: 3mm } table { font-size: 8.5pt } }"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_LANG = {Language.ZH: "zh-CN", Language.EN: "en"}


def render(document: Document, language: Language) -> str:
    return "\n".join(_lines(document, language)) + "\n"


def _lines(document: Document, language: Language) -> Iterator[str]:
    title = _text(document.title, language)
    yield f'<!doctype html>\n<html lang="{_LANG[language]}"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"><meta name="viewport" content="width=device-width">'
    yield f"<title>{title}</title>\n<style>{_STYLE}</style></head>\n<body>\n<h1>{title}</h1>"
    for mark in document.marks:
        yield f'<p class="mark">{_text(mark, language)}</p>'
    for section in document.sections:
        yield f"<section><h2>{_text(section.title, language)}</h2>"
        for block in section.blocks:
            yield from _block(block, language)
        yield "</section>"
    yield f"<footer>{_text(document.foot, language)}</footer>\n</body></html>"


def _block(block: Block, language: Language) -> Iterator[str]:
    match block:
        case Paragraph(text):
            yield f"<p>{_text(text, language)}</p>"
        case Fields(rows):
            yield '<table><colgroup><col style="width:28%"><col></colgroup><tbody>'
            for name, value in rows:
                yield f'<tr><th scope="row">{_text(name, language)}</th><td>{_text(value, language)}</td></tr>'
            yield "</tbody></table>"
        case Grid(head, rows) if rows:
            whole = sum(block.widths)
            columns = "".join(f'<col style="width:{100 * width / whole:.4g}%">' for width in block.widths)
            heads = "".join(f'<th scope="col"{_side(block, n)}>{_text(word, language)}</th>' for n, word in enumerate(head))
            yield f"<table><colgroup>{columns}</colgroup><thead><tr>{heads}</tr></thead><tbody>"
            for row in rows:
                cells = "".join(f"<td{_side(block, n)}>{_text(word, language)}</td>" for n, word in enumerate(row))
                yield f"<tr>{cells}</tr>"
            yield "</tbody></table>"
        case Grid():
            yield f"<p>{_text(block.empty, language)}</p>"
        case Blank(name, lines):
            yield f"<p>{_text(name, language)}</p>" + '<div class="blank"></div>' * lines


def _side(grid: Grid, column: int) -> str:
    return ' class="n"' if column in grid.numbers else ""


def _text(words: Words, language: Language) -> str:
    return escape(said(words, language))
