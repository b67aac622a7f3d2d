"""What one check found."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Grade(StrEnum):
    OK = "ok"
    WARNING = "warning"  # works today; will hurt one day
    FAULT = "fault"  # something promised does not hold
    UNSEEN = "unseen"  # cannot be looked at from here: look yourself


@dataclass(frozen=True, slots=True)
class Finding:
    """`subject` is the node, file or service that was looked at; `fix` says what to do unless all is well."""

    check: str
    subject: str
    grade: Grade
    text: str
    fix: str = ""

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "grade": self.grade.value}


def ok(check: str, subject: str, text: str) -> Finding:
    return Finding(check, subject, Grade.OK, text)


def warning(check: str, subject: str, text: str, fix: str) -> Finding:
    return Finding(check, subject, Grade.WARNING, text, fix)


def fault(check: str, subject: str, text: str, fix: str) -> Finding:
    return Finding(check, subject, Grade.FAULT, text, fix)


def unseen(check: str, subject: str, text: str, fix: str) -> Finding:
    return Finding(check, subject, Grade.UNSEEN, text, fix)


def judged(good: bool, finding: Finding, well: str) -> Finding:  # noqa: FBT001 - reads as a sentence: judged(x, fault(…), "…")
    """`finding` unless it is good; then a plain OK of the same check."""
    return ok(finding.check, finding.subject, well) if good else finding
