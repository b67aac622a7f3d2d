"""PDF: "Chinese text renders, nothing overflows": the text is read back out of the file, and every word stands within its page."""

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.lib.pagesizes import A4

from cti_daemon.model.document import Blank, Document, Fields, Grid, Language, Paragraph, Section, said
from cti_daemon.model.incidents import Titled
from cti_daemon.shell import report_pdf
from cti_daemon.shell.report_font import PLACES, Font, FontError
from cti_daemon.shell.report_lines import wrapped
from cti_daemon.wire.reports.incident_report import Stand
from tests.reports.test_incident_report import course, document
from tests.reports.test_renderers import EVIL

pytestmark = pytest.mark.slow  # each draws pages

FONT = PLACES[0]
WITHOUT_CHINESE = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
has_font = pytest.mark.file(FONT, "fonts-wqy-zenhei")
reads_pdf = pytest.mark.program("pdftotext", "poppler-utils")
LONG = "停电后全部坐席无法登录，客户反映查询缓慢；" * 60
_WORD = re.compile(r'<word xMin="([\d.]+)" yMin="[\d.]+" xMax="([\d.]+)" yMax="([\d.]+)">')
WORD = "supercalifragilistic" * 12


def text_of(pdf: bytes, folder: Path, *options: str) -> str:
    file = folder / "report.pdf"
    file.write_bytes(pdf)
    return subprocess.run(["pdftotext", *options, str(file), "-"], capture_output=True, check=True, text=True).stdout


def joined(text: str) -> str:
    return "".join(text.split())


def hard() -> Document:
    """Long Chinese, long words, a wide table, 300 lines."""
    grid = Grid(
        tuple(Titled(f"第{n}列", f"column {n}") for n in range(12)),
        tuple(tuple(f"{row * 12 + n + 10_000}" for n in range(12)) for row in range(5)),
        (1,) * 12,
    )
    lines = Grid(
        (Titled("时间", "time"), Titled("事项", "what")),
        tuple(
            (f"06:{n // 60:02d}:{n % 60:02d}", Titled(f"第{n}项：已通知值班负责人", f"entry {n}: the leader on duty is told"))
            for n in range(300)
        ),
        (1, 4),
    )
    return Document(
        Titled("很长的标题" * 20, "a long title " * 12),
        (Titled("演练", "DRILL"), LONG),
        (
            Section(Titled("长文本", "long text"), (Paragraph(LONG), Paragraph(WORD), Fields(((WORD, LONG), (LONG, WORD))))),
            Section(Titled("宽表", "wide table"), (grid,)),
            Section(Titled("时间线", "timeline"), (lines,)),
            Section(Titled("手填", "by hand"), (Blank(Titled("签字", "signature"), 3), Grid((WORD, "x"), ((LONG * 4, WORD),), (1, 1)))),
        ),
        Titled("页脚", "foot"),
    )


@has_font
@reads_pdf
@pytest.mark.parametrize("language", Language)
def test_every_word_of_a_real_report_can_be_read_back(language: Language, tmp_path: Path) -> None:
    made = document(course("media-server-failure"), "media-server-failure-1", Stand.PROMPT)
    text = joined(text_of(report_pdf.render(made, language, None), tmp_path, "-raw"))
    for words in made.words():
        wanted = joined(said(words, language))
        assert wanted in text or all(figure in text for figure in re.findall(r"\d+", wanted)), wanted
    assert "第1页，共" in text if language is Language.ZH else "page1of" in text


@has_font
@reads_pdf
@pytest.mark.parametrize("language", Language)
def test_nothing_runs_over_the_page_and_every_figure_is_there(language: Language, tmp_path: Path) -> None:
    pdf = report_pdf.render(hard(), language, None)
    boxes = text_of(pdf, tmp_path, "-bbox")
    assert boxes.count("<page ") > 8
    words = [(float(left), float(right), float(low)) for left, right, low in _WORD.findall(boxes)]
    assert len(words) > 1000
    assert min(left for left, _, _ in words) >= report_pdf.MARGIN - 1
    assert max(right for _, right, _ in words) <= A4[0] - report_pdf.MARGIN + 1
    assert max(low for _, _, low in words) <= A4[1]
    text = joined(text_of(pdf, tmp_path, "-raw"))
    for n in (0, 150, 299):
        assert joined(said(Titled(f"第{n}项：已通知值班负责人", f"entry {n}: the leader on duty is told"), language)) in text
    assert all(str(n + 10_000) in text for n in range(60))


@has_font
@reads_pdf
def test_the_same_report_is_the_same_file_and_text_is_no_markup(tmp_path: Path) -> None:
    sections = tuple(Section(evil, (Paragraph(evil), Fields(((evil, evil),)))) for evil in EVIL)
    made = Document(EVIL[0], EVIL, sections, "x")
    pdf = report_pdf.render(made, Language.EN, None)
    assert pdf == report_pdf.render(made, Language.EN, None)
    assert b"/URI" not in pdf
    assert b"/JavaScript" not in pdf
    text = joined(text_of(pdf, tmp_path, "-raw")).replace("�", "").replace("□", "")
    for evil in EVIL:
        assert joined(said(evil, Language.EN).replace("�", "")) in text


@has_font
def test_a_font_that_cannot_be_used_is_a_clear_fault(tmp_path: Path) -> None:
    empty = tmp_path / "empty.ttf"
    empty.write_bytes(b"")
    for path, why in ((str(tmp_path / "none.ttf"), "cannot be used as a font"), (str(empty), "cannot be used as a font")):
        with pytest.raises(FontError, match=why):
            Font(path)


@pytest.mark.file(WITHOUT_CHINESE, "fonts-dejavu-core")
def test_a_font_without_chinese_is_a_clear_fault() -> None:
    with pytest.raises(FontError, match="has no Chinese"):
        Font(WITHOUT_CHINESE)


def test_without_any_font_it_is_said_which_package_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cti_daemon.shell.report_font.PLACES", ())
    with pytest.raises(FontError, match="apt-get install fonts-wqy-zenhei"):
        Font(None)


def narrow(text: str) -> float:
    """A sign as wide as it is in any font: Chinese two, all else one."""
    return sum(2.0 if ord(sign) > 0x2E7F else 1.0 for sign in text)


def test_chinese_breaks_anywhere_but_before_a_closing_sign_and_words_stay_whole() -> None:
    assert wrapped("坐席全部占满，立即通知", 12, narrow) == ["坐席全部占", "满，立即通知"]
    assert wrapped("the emergency seats answer", 14, narrow) == ["the emergency", "seats answer"]
    assert wrapped("通知 supervisor 主管", 12, narrow) == ["通知", "supervisor", "主管"]
    assert wrapped("abcdefghij", 4, narrow) == ["abcd", "efgh", "ij"]
    assert wrapped("", 4, narrow) == [""]
    assert wrapped("a\n\nb", 4, narrow) == ["a", "", "b"]


@given(st.text(st.sampled_from("ab 中文，（）.\n-"), max_size=60), st.integers(2, 20))
@settings(deadline=None)
def test_no_line_is_too_wide_and_nothing_is_lost(text: str, width: int) -> None:
    lines = wrapped(text, width, narrow)
    assert all(narrow(line) <= width for line in lines)
    assert joined("".join(lines)) == joined(text)
