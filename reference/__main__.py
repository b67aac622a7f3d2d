"""`make docs`: write the references anew."""

from __future__ import annotations

from pathlib import Path

from reference import commands, configuration

FOLDER = Path(__file__).resolve().parent.parent / "docs"


def files() -> dict[Path, str]:
    """Return what every file should hold."""
    return {FOLDER / "commands.md": commands.text(), FOLDER / "configuration.md": configuration.text()}


def main() -> None:
    """Write the files."""
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
