"""E7, F1: calendar, readiness and response classes in the configuration: each fault with line, key, and what would be right."""

from datetime import date
from pathlib import Path

import pytest

from cti_daemon.shell import config
from cti_daemon.shell.time_zone import zone_of
from tests.shell.test_config import EXAMPLE, faults, file

__all__ = ["file"]  # a fixture
WELL = """
[plans]
folder = "plans"

[calendar]
opens    = 08:30:00
closes   = 17:30:00
holidays = [2027-01-01]
worked   = [2027-01-03]

[[readiness]]
name = "春节"
from = 2027-02-05
to   = 2027-02-12

[[response]]
name    = "emergency"
grades  = ["P1"]
respond = 900
plan    = 3600
restore = 14400
role    = "maintenance"
late    = ["duty-manager"]

[[response]]
name    = "important"
grades  = ["P2", "P3"]
respond = 3600
plan    = 14400
restore = 86400
hours   = "working"
role    = "supplier"
"""


def told(file: Path, old: str, new: str) -> list[str]:
    """Faults of the well one with one change, each behind the first line of what was added."""
    assert old in WELL
    first = EXAMPLE.count("\n")
    found = (fault.partition(": ") for fault in faults(file, EXAMPLE + WELL.replace(old, new, 1)))
    return [f"{int(line[1:]) - first}: {text}" for line, _, text in found]


def test_the_whole_of_it_is_read(file: Path) -> None:
    file.write_text(EXAMPLE + WELL)
    settings = config.load(file, offline=True).settings
    (window,) = settings.readiness
    assert (window.name, window.begins, window.last_day) == ("春节", date(2027, 2, 5), date(2027, 2, 12))
    assert [(each.name, each.hours) for each in settings.response] == [("emergency", "always"), ("important", "working")]
    assert settings.calendar is not None
    assert settings.calendar.worked == (date(2027, 1, 3),)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("closes   = 17:30:00", "closes   = 08:00:00", "7: calendar.closes: closes = 08:00:00: working time must end later than it begins"),
        ("opens    = 08:30:00", 'opens    = "early"', "6: calendar.opens: must be an hour, such as 08:30:00; found 'early'"),
        ("[2027-01-01]", '["new year"]', "8: calendar.holidays[1]: must be a day, such as 2027-02-05; found 'new year'"),
        ("worked   = [2027-01-03]", "worked   = [2027-01-01]", "8: calendar.holidays: holidays has 2027-01-01 and worked has it too"),
        ("from = 2027-02-05\n", "", "11: readiness[1].from: is missing; add from = 2027-02-05"),
        ("from = 2027-02-05", "form = 2027-02-05", "13: readiness[1].form: is no key of this table; did you mean from?"),
        ("to   = 2027-02-12", "to   = 2027-02-01", "readiness '春节' ends on 2027-02-01, before it begins on 2027-02-05"),
        ("plan    = 3600", "plan    = 60", "20: response[1].plan: plan = 60 is sooner than respond = 900"),
        ("restore = 14400", "restore = 0", "21: response[1].restore: input should be greater than 0; found 0"),
        ('grades  = ["P1"]', 'grades  = ["P0"]', "18: response[1].grades[1]: must be one of 'P1', 'P2', 'P3' or 'P4'; found 'P0'"),
        ('grades  = ["P1"]', 'grades  = ["P2"]', "response 'important' has the grade P2, which 'emergency' has already"),
        (
            'role    = "maintenance"',
            'role    = "janitor"',
            "22: response: response 'emergency' names the role 'janitor', which plans do not know",
        ),
        ('name    = "important"', 'name    = "emergency"', "response 'emergency' is there twice"),
        ('hours   = "working"', 'hours   = "office"', "31: response[2].hours: must be one of 'always' or 'working'; found 'office'"),
        ('[plans]\nfolder = "plans"\n', "", "response needs [plans]: without plans there are no incidents"),
        ('[plans]\nfolder = "plans"\n', "", "readiness needs [plans]: without plans nothing would come of it"),
    ],
)
def test_a_fault_says_where_and_what_would_be_right(file: Path, old: str, new: str, said: str) -> None:
    found = told(file, old, new)
    assert any(said in fault for fault in found), found


def test_working_time_needs_a_calendar(file: Path) -> None:
    found = faults(file, EXAMPLE + WELL.replace(WELL[WELL.index("[calendar]") : WELL.index("[[readiness]]")], ""))
    assert any("response 'important' counts working time, and there is no [calendar]" in fault for fault in found)


def test_two_windows_at_once_are_refused(file: Path) -> None:
    second = '[[readiness]]\nname = "another"\nfrom = 2027-02-12\n'
    found = faults(file, EXAMPLE + WELL + second)
    assert any("readiness 'another' begins on 2027-02-12, while '春节' lasts" in fault for fault in found)


def test_the_time_zone_is_one_of_this_machine(file: Path) -> None:
    found = faults(file, EXAMPLE.replace('name = "95598"', 'name = "95598"\ntime_zone = "Asia/Nowhere"'))
    assert found == [":3: site.time_zone: 'Asia/Nowhere' is no time zone of this machine, such as Asia/Shanghai (package tzdata)"]
    file.write_text(EXAMPLE.replace('name = "95598"', 'name = "95598"\ntime_zone = "Asia/Shanghai"'))
    assert str(zone_of(config.load(file, offline=True).settings)) == "Asia/Shanghai"
