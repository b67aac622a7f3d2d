"""The plans as they are shipped, and the rows of the sources that they serve."""

import re
from functools import cache
from pathlib import Path

from cti_daemon.model.incidents import Plan
from cti_daemon.wire.plan_file import Site, read_plan

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "config/plans"
SCENARIOS = Path(__file__).parent / "scenarios"
SOURCES = ROOT / "docs/sources.md"
_ROW = re.compile(r"^\| ([A-G][1-9]) \| ([^|]+) \| ([^|]+) \|", re.MULTILINE)


def texts() -> dict[str, str]:
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.toml"))}


@cache
def plans() -> dict[str, Plan]:
    """Raises for a fault: what is shipped is well."""
    files = texts()
    site = Site(plans=frozenset(files), seat_groups={"spare": ("seat11", "seat12", "seat13")})
    found: dict[str, Plan] = {}
    for name, text in files.items():
        plan = read_plan(text, name, site)
        if isinstance(plan, tuple):
            raise TypeError("\n".join(f"{name}.toml:{fault}" for fault in plan))
        found[name] = plan
    return found


@cache
def rows() -> dict[str, str]:
    """What each row of the sources says, in its own words."""
    return {row: f"{where.strip()}: {words.strip()}" for row, where, words in _ROW.findall(SOURCES.read_text(encoding="utf-8"))}
