"""4-interfaces: the topics; "the broker's ACL proves who sent it", so the user is the topic's."""

import pytest

from cti_daemon.wire.mqtt_topics import Topics

TOPICS = Topics("95598", "cti-1")


def test_the_names_are_those_of_the_interfaces() -> None:
    assert TOPICS.daemon_state == "cti/v1/95598/daemon/cti-1/state"
    assert TOPICS.state == "cti/v1/95598/state"
    assert TOPICS.node("pbx-a") == "cti/v1/95598/nodes/pbx-a/state"
    assert TOPICS.queue("hotline") == "cti/v1/95598/queues/hotline/stats"
    assert TOPICS.seat("seat1") == "cti/v1/95598/seats/seat1/state"
    assert TOPICS.event("failover") == "cti/v1/95598/events/failover"
    assert TOPICS.requests == "cti/v1/95598/request/+/+"
    assert TOPICS.response("engineer-1", "failover") == "cti/v1/95598/response/engineer-1/failover"


def test_a_seats_name_stays_one_level_of_the_topic() -> None:
    assert TOPICS.seat("Local/7@agents+#") == "cti/v1/95598/seats/Local%2F7@agents%2B%23/state"
    assert TOPICS.seat("王 5%") == "cti/v1/95598/seats/王 5%25/state"


@pytest.mark.parametrize(
    ("topic", "asked"),
    [
        ("cti/v1/95598/request/engineer-1/failover", ("engineer-1", "failover")),
        ("cti/v1/95598/request/a/b/c", None),
        ("cti/v1/95598/request//failover", None),
        ("cti/v1/95598/request/engineer-1/", None),
        ("cti/v1/95598/request/engineer 1/failover", None),
        ("cti/v1/95598/request/engineer-1/FAIL OVER", None),
        ("cti/v1/other/request/engineer-1/failover", None),
        ("x/cti/v1/95598/request/engineer-1/failover", None),
    ],
)
def test_user_and_verb_are_read_from_the_topic(topic: str, asked: tuple[str, str] | None) -> None:
    assert TOPICS.asked_by(topic) == asked


@pytest.mark.parametrize(
    ("topic", "allowed"),
    [
        ("cti/v1/95598/response/engineer-1/failover", True),
        ("cti/v1/95598/response/engineer-1/console/42", True),
        ("cti/v1/95598/response/engineer-2/failover", False),
        ("cti/v1/95598/response/engineer-1", False),
        ("reply/console/42", True),
        ("cti/v1/95598/state", False),
        ("cti/v1/95598/request/engineer-1/failover", False),
        ("cti/v1/95598/response/", False),
        ("reply/", False),
        ("reply/#", False),
        ("reply/a/+/b", False),
        ("reply/a\x00b", False),
        ("reply//a", False),
        ("$SYS/reply/a", False),
        ("reply/" + "x" * 300, False),
    ],
)
def test_answers_go_only_below_ones_own_responses_and_below_reply(topic: str, allowed: bool) -> None:
    """Else whoever may ask could have us write where he may not."""
    assert TOPICS.may_answer_to("engineer-1", topic) is allowed
