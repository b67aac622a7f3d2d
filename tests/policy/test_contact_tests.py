"""A periodic test notice proves the contacts (6-plans.md)."""

from cti_daemon.model.contacts import Channel, Contact
from cti_daemon.policy.contact_tests import DAY_SECONDS, due

PEOPLE = (Contact(name="wang", roles=("duty",), channels=(Channel(via="mail"), Channel(via="sms"))),)
NOW = 1e9


def test_what_was_never_tried_is_due() -> None:
    assert due(PEOPLE, {}, 30, NOW) == (("wang", 0), ("wang", 1))


def test_what_delivered_within_the_month_is_not() -> None:
    last = {("wang", "mail"): (NOW - DAY_SECONDS, NOW - DAY_SECONDS), ("wang", "sms"): (NOW - 31 * DAY_SECONDS, NOW - 31 * DAY_SECONDS)}
    assert due(PEOPLE, last, 30, NOW) == (("wang", 1),)


def test_a_test_that_failed_is_made_again_the_next_day_and_not_in_the_next_minute() -> None:
    assert due(PEOPLE[:1], {("wang", "mail"): (NOW - 60, None), ("wang", "sms"): (NOW - DAY_SECONDS, None)}, 30, NOW) == (("wang", 1),)


def test_monthly_tests_stay_in_their_hour() -> None:
    """A test at 10:59 is due again 30 days later at 10:00."""
    last = {("wang", "mail"): (NOW, NOW), ("wang", "sms"): (NOW, NOW)}
    assert due(PEOPLE, last, 30, NOW + 30 * DAY_SECONDS - 3540) == (("wang", 0), ("wang", 1))
    assert due(PEOPLE, last, 30, NOW + 29 * DAY_SECONDS) == ()


def test_never_is_never() -> None:
    assert due(PEOPLE, {}, 0, NOW) == ()
