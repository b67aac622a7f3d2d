"""What is left of a drill of an incident, in build/drills: NAME.json, and in the folder NAME the daemon's own journal and log, all that
people were told, and what carrier and telephones saw."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from lab import daemon, engineer, tally
from lab.count import Count
from lab.layout import REPOSITORY, RUN


def keep(name: str) -> None:
    """Keep the evidence, while the lab stands."""
    folder = tally.FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    for path in (*daemon.FOLDER.glob("journal.sqlite*"), daemon.LOG, RUN / "sinks.jsonl", *(RUN / name).glob("*.pcap")):
        if path.exists():
            (folder / path.name).write_bytes(path.read_bytes())


def entries(name: str, incident: str) -> list[dict[str, Any]]:
    """The journal's words on one incident, in order, from what was kept; each with its `wall`."""
    path = tally.FOLDER / name / "journal.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as journal:
        rows = journal.execute("SELECT wall, data FROM entries WHERE kind = 'incident' ORDER BY seq").fetchall()
    found = [{**json.loads(data), "wall": wall} for wall, data in rows]
    return [entry for entry in found if entry.get("incident") == incident]


def stages(name: str, incident: str) -> dict[str, float]:
    """When each stage came into force, as the journal has it: wall time. What people are told leaves at that instant."""
    found = [entry for entry in entries(name, incident) if entry["what"] == "stage"]
    return {str(entry["stage"]): datetime.fromisoformat(entry["wall"]).timestamp() for entry in reversed(found)}


_REPORT = (("zh", "md"), ("en", "md"), ("zh", "html"), ("en", "json"))
_FAULT_FORM = (("zh", "md"), ("zh", "pdf"))


def report(name: str, incident: str, wrong: list[str]) -> list[str]:
    """Have the report printed from what was kept, as an engineer does it; the files, in build/drills."""
    return _print(name, "incident", incident, _REPORT, wrong)


def fault_form(name: str, incident: str, wrong: list[str]) -> list[str]:
    """The same with the fault form (故障单)."""
    return _print(name, "fault-form", incident, _FAULT_FORM, wrong)


def _print(name: str, what: str, incident: str, forms: Iterable[tuple[str, str]], wrong: list[str]) -> list[str]:
    folder, files = tally.FOLDER / name, list[str]()
    for language, form in forms:
        path = folder / f"{what}.{language}.{form}"
        words = ("report", what, incident, "--journal", str(folder / "journal.sqlite"), "--language", language, "--format", form)
        done = engineer.here(*words, "--output", str(path))
        if done.returncode:
            wrong.append(f"report {what}: {done.stderr.strip().splitlines()[-1:]}")
        else:
            files.append(str(path.relative_to(tally.FOLDER)))
    return files


def write(name: str, record: dict[str, Any], count: Count, wrong: list[str]) -> int:
    """Write the record and show it; 0 when nothing was wrong."""
    tally.FOLDER.mkdir(parents=True, exist_ok=True)
    path = tally.FOLDER / f"{name}.json"
    path.write_text(json.dumps({"drill": name, "passed": not wrong, **record}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(path.read_text(encoding="utf-8"), flush=True)
    print(count.in_short(), flush=True)
    print(f"{'FAILED ' + '; '.join(wrong) if wrong else 'passed'}; {path.relative_to(REPOSITORY)}", flush=True)
    return 1 if wrong else 0
