"""What was tried and what came of it: told line by line, and kept as JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from lab.deadline import LabError
from lab.layout import REPOSITORY

PATH = REPOSITORY / "build/service.json"


@dataclass(slots=True)
class Check:
    """One promise about the service: `passed`, and the figures that show it."""

    name: str
    passed: bool = False
    seconds: float = 0.0
    figures: dict[str, object] = field(default_factory=dict)
    fault: str = ""


@dataclass(slots=True)
class Report:
    """All checks in their order."""

    say: Callable[[str], None]
    checks: list[Check] = field(default_factory=list)

    @contextmanager
    def check(self, name: str) -> Iterator[dict[str, object]]:
        """Yield the place for figures; the check fails by LabError, and the others go on."""
        check = Check(name)
        self.checks.append(check)
        began_at = time.monotonic()
        try:
            yield check.figures
            check.passed = True
        except LabError as fault:
            check.fault = str(fault)
        finally:
            check.seconds = round(time.monotonic() - began_at, 2)
            shown = ", ".join(f"{key} {value}" for key, value in check.figures.items() if isinstance(value, int | float | str))
            self.say(f"{'ok  ' if check.passed else 'FAIL'} {name}: {check.fault or shown}")

    @property
    def passed(self) -> bool:
        """Whether every check did."""
        return bool(self.checks) and all(check.passed for check in self.checks)

    def write(self) -> Path:
        """Keep it; return where."""
        return write({"passed": self.passed, "checks": [asdict(check) for check in self.checks]})


def write(result: dict[str, object]) -> Path:
    """Write a result; return where."""
    PATH.parent.mkdir(exist_ok=True)
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    PATH.write_text(json.dumps({"at": at, **result}, indent=2, ensure_ascii=False) + "\n")
    return PATH


def must(condition: object, what: str) -> None:
    """Raise LabError with `what` unless the condition holds."""
    if not condition:
        raise LabError(what)
