"""Numbered paper tickets, for the hour in which the seat system is out: a page of HTML that any printer takes, two forms a sheet."""

from collections.abc import Iterable
from html import escape

FIELDS: tuple[tuple[str, str, int], ...] = (
    ("日期、时间", "Date, time", 1),
    ("座席、受理人", "Seat, taken by", 1),
    ("客户姓名", "Caller's name", 1),
    ("客户电话", "Caller's number", 1),
    ("地址、户号", "Address, account", 1),
    ("业务类型", "Kind of matter", 1),
    ("客户原话", "The caller's own words", 5),
    ("答复、承诺时限", "Answer given, promised until", 2),
    ("补录系统工单号、补录人", "Number in the system, entered by", 1),
)
"""Chinese, English, and how many lines are left free."""

_STYLE = """@page { size: A4; margin: 12mm }
body { font: 11pt "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; margin: 0 }
section { height: 128mm; border: 1px solid #000; padding: 5mm; margin: 0 0 6mm; break-inside: avoid; box-sizing: border-box }
section:nth-of-type(2n) { break-after: page; margin: 0 }
h1 { font-size: 14pt; margin: 0 0 3mm; display: flex; justify-content: space-between }
table { width: 100%; border-collapse: collapse }
td { border: 1px solid #666; padding: 1mm 2mm; vertical-align: top }
td:first-child { width: 42mm } small { color: #444; display: block; font-size: 7pt }"""


def pages(site: str, numbers: Iterable[int]) -> str:
    """The whole document."""
    forms = "\n".join(_form(site, number) for number in numbers)
    head = (
        f'<!doctype html>\n<html lang="zh"><head><meta charset="utf-8"><title>{escape(site)} 纸质工单</title><style>{_STYLE}</style></head>'
    )
    return f"{head}\n<body>\n{forms}\n</body></html>\n"


def _form(site: str, number: int) -> str:
    rows = "".join(
        f'<tr><td>{chinese}<small>{english}</small></td><td style="height:{6 * lines}mm"></td></tr>' for chinese, english, lines in FIELDS
    )
    return f"<section><h1><span>{escape(site)} 应急纸质工单</span><span>No. {number:06d}</span></h1><table>{rows}</table></section>"
