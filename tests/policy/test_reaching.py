"""Who is told next. "in time -> the deputy"; "a failed notification tries the next channel" (6-plans.md)."""

from hypothesis import given
from hypothesis import strategies as st

from cti_daemon.model.contacts import Channel, Contact
from cti_daemon.model.plan_effects import Notify
from cti_daemon.policy.reaching import Next, Reaching, Tried, TryResult
from cti_daemon.state.contact_book import ContactBook

FAILED, DELIVERED, UNKNOWN = TryResult.FAILED, TryResult.DELIVERED, TryResult.UNKNOWN


def person(name: str, *ways: str, roles: tuple[str, ...] = (), deputies: tuple[str, ...] = ()) -> Contact:
    return Contact(name=name, roles=roles, channels=tuple(Channel(via=way) for way in ways), deputies=deputies)


BOOK = ContactBook(
    (
        person("wang", "mail", "sms", roles=("duty",), deputies=("li",)),
        person("li", "sms", deputies=("zhao", "wang")),
        person("zhao", "mail"),
        person("chen", "mail", roles=("leading-group",)),
        person("sun", "sms", roles=("leading-group",), deputies=("zhao",)),
    )
)


def notice(role: str = "duty", *people: str, deputy: bool = False) -> Notify:
    return Notify("i1/s1/" + role, "i1", role, "title", "text", is_drill=False, people=people, is_to_deputy=deputy)


def tries(step: Next) -> list[tuple[str, str]]:
    return [(each.person, each.channel.via) for each in step.tries]


def ends(step: Next) -> list[tuple[str, str, bool]]:
    return [(each.person, each.channel, each.is_delivered) for each in step.ended]


def test_who_is_reached_by_the_first_channel_is_asked_by_no_other() -> None:
    reaching = Reaching(notice(), BOOK)
    assert tries(reaching.begin()) == [("wang", "mail")]
    step = reaching.learn("wang", DELIVERED)
    assert (tries(step), ends(step)) == ([], [("wang", "mail", True)])
    assert reaching.is_over
    assert reaching.learn("wang", DELIVERED) == Next()


def test_a_failed_notification_tries_the_next_channel_and_then_the_deputy() -> None:
    reaching = Reaching(notice(), BOOK)
    reaching.begin()
    assert tries(reaching.learn("wang", FAILED, "refused")) == [("wang", "sms")]
    step = reaching.learn("wang", UNKNOWN, "no answer within 20 s")
    assert tries(step) == [("li", "sms")]
    assert ends(step) == [("wang", "", False)]
    assert step.ended[0].reason == "mail: refused; sms: no answer within 20 s"
    assert ends(reaching.learn("li", DELIVERED)) == [("li", "sms", True)]
    assert reaching.is_over


def test_deputies_go_on_until_nobody_is_left_and_nobody_is_turned_to_twice() -> None:
    reaching = Reaching(notice(), BOOK)
    reaching.begin()
    for _ in range(2):
        reaching.learn("wang", FAILED)
    assert tries(reaching.learn("li", FAILED)) == [("zhao", "mail")]  # wang, the other deputy of li, was tried
    step = reaching.learn("zhao", FAILED)
    assert ends(step) == [("zhao", "", False)]
    assert reaching.is_over


def test_everybody_of_a_role_is_told() -> None:
    assert tries(Reaching(notice("leading-group"), BOOK).begin()) == [("chen", "mail"), ("sun", "sms")]


def test_recovery_is_told_to_the_same_people_whoever_has_the_role_now() -> None:
    assert tries(Reaching(notice("duty", "zhao"), BOOK).begin()) == [("zhao", "mail")]


def test_silence_tells_the_deputy_and_not_the_silent_one_again() -> None:
    assert tries(Reaching(notice(deputy=True), BOOK).begin()) == [("li", "sms")]


def test_a_role_with_nobody_or_without_a_deputy_says_so_at_once() -> None:
    nobody = Reaching(notice("hr"), BOOK)
    assert [each.reason for each in nobody.begin().ended] == ["nobody has role hr"]
    assert nobody.is_over
    alone = Reaching(notice("duty", "chen", deputy=True), BOOK).begin()
    assert [(each.person, each.is_delivered, each.reason) for each in alone.ended] == [("", False, "nobody of role duty has a deputy")]


def test_after_a_restart_nothing_that_was_begun_is_sent_again() -> None:
    """A try whose end nobody wrote down may have been delivered: the next channel has its turn, never the same one."""
    begun = Reaching(notice(), BOOK, [Tried("wang", 0, "mail", None)])
    assert tries(begun.begin()) == [("wang", "sms")]
    told = Reaching(notice(), BOOK, [Tried("wang", 0, "mail", FAILED, "x"), Tried("wang", 1, "sms", DELIVERED)])
    step = told.begin()
    assert (tries(step), ends(step)) == ([], [("wang", "sms", True)])


@given(
    st.lists(st.sampled_from([*TryResult]), min_size=12, max_size=12),
    st.integers(0, 12),
    st.booleans(),
    st.sampled_from(["duty", "leading-group"]),
)
def test_no_channel_is_used_twice_and_everybody_comes_to_an_end(results: list[TryResult], killed_after: int, lost: bool, role: str) -> None:
    """A restart in the middle, with or without the last note: each (person, channel) at most once, everybody ends exactly once."""
    used: list[tuple[str, str]] = []
    notes: dict[tuple[str, int], Tried] = {}
    outcomes = iter(results)

    def drive(reaching: Reaching, most: int) -> list[tuple[str, str, bool]]:
        step, ended, done = reaching.begin(), [], 0
        waiting = list(step.tries)
        ended += ends(step)
        while waiting:
            each = waiting.pop(0)
            used.append((each.person, each.channel.via))
            notes[each.person, each.place] = Tried(each.person, each.place, each.channel.via, None)
            result = next(outcomes)
            done += 1
            if done > most:
                if not lost:
                    notes[each.person, each.place] = Tried(each.person, each.place, each.channel.via, result)
                return ended
            notes[each.person, each.place] = Tried(each.person, each.place, each.channel.via, result)
            step = reaching.learn(each.person, result)
            waiting += step.tries
            ended += ends(step)
        assert reaching.is_over
        return ended

    drive(Reaching(notice(role), BOOK), killed_after)
    ended = drive(Reaching(notice(role), BOOK, notes.values()), 99)
    assert len(used) == len(set(used))
    assert len(ended) == len({name for name, _, _ in ended})
