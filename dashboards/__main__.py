"""`make dashboards`: writes every dashboard in both languages into config/grafana/."""

from __future__ import annotations

from pathlib import Path

from dashboards.grafana import to_json
from dashboards.pages import daemon, failover, nodes, operations, plans, queues
from dashboards.words import Language

FOLDER = Path(__file__).resolve().parent.parent / "config" / "grafana"
PAGES = (operations.PAGE, queues.PAGE, failover.PAGE, plans.PAGE, nodes.PAGE, daemon.PAGE)


def files() -> dict[Path, str]:
    """Return what every file should hold."""
    return {FOLDER / language.value / f"{page.uid}.json": to_json(page, language) for language in Language for page in PAGES}


def main() -> None:
    """Write the files, and remove a dashboard that is gone."""
    wanted = files()
    for known in FOLDER.glob("*/*.json"):
        if known not in wanted:
            known.unlink()
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    main()
