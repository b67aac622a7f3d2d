"""The font of printed reports: one that has Chinese, from a file of this machine, and goes into the PDF with the signs that are used."""

from functools import cache
from pathlib import Path
from typing import Any

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont

PLACES = (
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/arphic/uming.ttc",
)
"""Where Debian's packages put fonts with Chinese that can be used."""
NAME = "cti-report"
_PROBE = "预案应急座席"
_MISSING = "□"


class FontError(Exception):
    """No font, or none that can be used; the text says what would be right."""


@cache
def _read(path: Path) -> Any:
    try:
        return TTFont(NAME, str(path))
    except (TTFError, OSError) as fault:
        raise FontError(f"{path}: cannot be used as a font: {fault}; a TrueType font (.ttf, .ttc) with Chinese is wanted") from fault


class Font:
    """Raises FontError."""

    def __init__(self, wanted: str | None) -> None:
        path = Path(wanted) if wanted is not None else next((Path(place) for place in PLACES if Path(place).is_file()), None)
        if path is None:
            raise FontError(
                "no font with Chinese is found: apt-get install fonts-wqy-zenhei, or name one in the configuration: [report] font"
            )
        font = _read(path)
        self._glyphs: dict[int, Any] = font.face.charToGlyph
        lacking = [sign for sign in _PROBE if ord(sign) not in self._glyphs]
        if lacking:
            raise FontError(f"{path}: has no Chinese (no {''.join(lacking)}); Debian's fonts-wqy-zenhei has")
        pdfmetrics.registerFont(font)
        self._widths: dict[str, float] = {}

    def printable(self, text: str) -> str:
        """With a box for each sign that the font lacks."""
        return "".join(sign if sign == "\n" or ord(sign) in self._glyphs else _MISSING for sign in text)

    def width(self, text: str, size: float) -> float:
        for sign in text:
            if sign not in self._widths:
                self._widths[sign] = float(pdfmetrics.stringWidth(sign, NAME, 1.0))
        return size * sum(self._widths[sign] for sign in text)
