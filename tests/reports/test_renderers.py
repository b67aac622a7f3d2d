"""Callers and MQTT clients control text that stands in reports: no renderer lets it become markup, and no figure is lost on the way."""

import re
from html import unescape

from hypothesis import given, settings
from hypothesis import strategies as st

from cti_daemon.model.document import Blank, Document, Fields, Grid, Language, Paragraph, Section, Words, said
from cti_daemon.model.incidents import Titled
from cti_daemon.wire.reports import html, markdown
from tests.reports.test_incident_report import of_html, of_markdown

EVIL = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></title><b>",
    "| a | b |\n|---|---|",
    "[click](javascript:alert(1)) ![x](http://evil.example/p.png) <http://evil.example> www.evil.example a@evil.example",
    "`code` **bold** _it_ ~~no~~ $x$ &lt; # h",
    "- list\n- list",
    "\x1b[31mred\x07\x00",
    "\u202egnp.exe\u200b",
)
LINKS = re.compile(r"(?<!\\)\[[^\]\\]*(?<!\\)\]\(|https?://|www\.\w|\w@\w")


def of(words: Words) -> Document:
    grid = Grid((words, "2"), ((words, "17"),), (1, 1))
    return Document(words, (words,), (Section(words, (Paragraph(words), Fields(((words, words),)), grid, Blank(words))),), words)


def test_html_has_no_element_attribute_or_address_but_our_own() -> None:
    harmless = html.render(of("x"), Language.EN)
    for text in EVIL:
        page = html.render(of(text), Language.EN)
        assert re.findall(r"<[^>]*>", page) == re.findall(r"<[^>]*>", harmless)
        assert "src=x" not in re.sub(r">[^<]*<", "><", page)
    assert "default-src 'none'" in harmless
    assert not re.search(r"(?:src|href)=|url\(|@import|https?:", harmless), "it loads nothing"


def test_markdown_has_no_table_link_image_or_element_but_our_own() -> None:
    shape = [line.count("|") for line in markdown.render(of("x"), Language.EN).splitlines()]
    for text in EVIL:
        page = markdown.render(of(text), Language.EN)
        assert [re.sub(r"\\\|", "", line).count("|") for line in page.splitlines()] == shape
        assert set(re.findall(r"<[^>]*>", page)) <= {"<br>"}
        assert not LINKS.search(page)


def test_control_characters_and_turned_writing_do_not_get_in() -> None:
    for render in (html.render, markdown.render):
        page = render(of("a\x1b[31mb\u202ec\u200bd\x00"), Language.EN)
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e]", page)
        assert "�" in page


WORDS = st.one_of(
    st.text(max_size=40),
    st.integers(0, 10**9).map(str),
    st.builds(Titled, st.text(max_size=20), st.text(max_size=20)),
)
DOCUMENTS = st.builds(
    Document,
    WORDS,
    st.lists(WORDS, max_size=2).map(tuple),
    st.lists(
        st.builds(
            Section,
            WORDS,
            st.lists(
                st.one_of(
                    st.builds(Paragraph, WORDS),
                    st.builds(Fields, st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=3).map(tuple)),
                    st.builds(
                        Grid,
                        st.tuples(WORDS, WORDS),
                        st.lists(st.tuples(WORDS, WORDS), max_size=3).map(tuple),
                        st.just((1, 3)),
                        WORDS,
                    ),
                ),
                max_size=3,
            ).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
    WORDS,
)


@given(DOCUMENTS)
@settings(max_examples=60, deadline=None)
def test_no_word_and_no_figure_is_lost_between_the_data_and_a_page(document: Document) -> None:
    for language in Language:
        page, text = of_html(html.render(document, language)), of_markdown(markdown.render(document, language))
        for words in document.words():
            wanted = "".join(said(words, language).split())
            assert wanted in page
            assert "".join(unescape(wanted).split()) in unescape(text)
