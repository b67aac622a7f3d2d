"""How a report leaves the command line: in which language, which format, and where to."""

import dataclasses
import json
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from cti_daemon.model.document import Document, Language
from cti_daemon.shell.cli_options import EX_FAULT, EX_USAGE, fail
from cti_daemon.shell.report_file import UnwritableError, write
from cti_daemon.wire.reports import html, markdown


class Form(StrEnum):
    MD = "md"
    HTML = "html"
    PDF = "pdf"
    JSON = "json"


LanguageOption = Annotated[Language, typer.Option("--language", "-l", help="In Chinese or in English.")]
FormOption = Annotated[Form, typer.Option("--format", "-f", help="Markdown, one HTML file, PDF for the printer, or JSON for programs.")]
OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", help="Into this file, whole or not at all; else to standard output.", show_default=False)
]


@dataclasses.dataclass(frozen=True, slots=True)
class Output:
    """`font`: for PDF, from `[report]`; None: Debian's."""

    language: Language
    form: Form
    path: Path | None
    font: str | None

    def give(self, document: Document, figures: object = None) -> None:
        """Render and write it; ends the program with a clear fault where that cannot be. `figures`: what JSON has besides."""
        if self.form is Form.PDF and self.path is None and sys.stdout.isatty():
            fail("a PDF is no text for a terminal: name a file with --output", EX_USAGE)
        content = self._render(document, figures)
        if self.path is None:
            sys.stdout.buffer.write(content)
            sys.stdout.buffer.flush()
            return
        try:
            write(self.path, content)
        except UnwritableError as fault:
            fail(str(fault), EX_FAULT)

    def _render(self, document: Document, figures: object) -> bytes:
        match self.form:
            case Form.MD:
                return markdown.render(document, self.language).encode()
            case Form.HTML:
                return html.render(document, self.language).encode()
            case Form.PDF:
                from cti_daemon.shell import report_pdf  # noqa: PLC0415 - a large library, and only PDF needs it

                try:
                    return report_pdf.render(document, self.language, self.font)
                except report_pdf.FontError as fault:
                    fail(str(fault), EX_FAULT)
            case Form.JSON:
                data = {"document": plain(document), "figures": plain(figures)}
                return (json.dumps(data, ensure_ascii=False, indent=2) + "\n").encode()


def plain(value: object) -> Any:
    """What JSON can hold: the names of the fields are the keys."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    return value if value is None or isinstance(value, bool | int | float) else str(value)
