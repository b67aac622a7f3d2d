"""Which channels are due for a test notice: a way to a person that nobody has used for a month is no way."""

from collections.abc import Mapping

from cti_daemon.model.contacts import Contact

DAY_SECONDS = 86_400.0
AGAIN_SECONDS = 0.75 * DAY_SECONDS
"""A test that failed is made again on the next day, at the same hour."""


def due(
    contacts: tuple[Contact, ...],
    last: Mapping[tuple[str, str], tuple[float, float | None]],
    every_days: int,
    now_wall: float,
) -> tuple[tuple[str, int], ...]:
    """Person and place of each channel to test now. `last`: by person and channel, when it was tried and when it last delivered."""
    found: list[tuple[str, int]] = []
    if every_days == 0:
        return ()
    for person in contacts:
        for place, channel in enumerate(person.channels):
            tried, delivered = last.get((person.name, channel.via), (None, None))
            is_old = delivered is None or now_wall - delivered >= every_days * DAY_SECONDS - AGAIN_SECONDS / 2
            if is_old and (tried is None or now_wall - tried >= AGAIN_SECONDS):
                found.append((person.name, place))
    return tuple(found)
