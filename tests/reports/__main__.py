"""Makes the golden reports anew; with `--freeze` the journals they are made from, too, by today's plans."""

import sys

from cti_daemon.model.document import Language
from cti_daemon.wire.reports import markdown
from tests.reports.played import freeze, scenario
from tests.reports.test_incident_report import CASES, GOLDEN, NOTE, course, document


def main() -> int:
    if "--freeze" in sys.argv:
        for plan, _ in CASES.values():
            freeze(plan, scenario(plan, *((NOTE,) if plan == "media-server-failure" else ())))
    for case, (plan, stand) in CASES.items():
        made = document(course(plan), case.split(".", maxsplit=1)[0], stand)
        for language in Language:
            (GOLDEN / f"{case}.{language}.md").write_text(markdown.render(made, language), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
