"""`--write` makes the golden reports anew."""

import sys

from cti_daemon.model.document import Language
from cti_daemon.wire.reports import markdown
from tests.reports.test_incident_report import CASES, GOLDEN, course, document


def main() -> int:
    for case, (plan, stand) in CASES.items():
        made = document(course(plan), case.split(".", maxsplit=1)[0], stand)
        for language in Language:
            (GOLDEN / f"{case}.{language}.md").write_text(markdown.render(made, language), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
