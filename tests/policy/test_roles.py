""" "Role x verb matrix, every cell, plus unknown user: as configured, deny by default.\""""

from itertools import count, product

import pytest

from cti_daemon.engine import Engine
from cti_daemon.model.effects import Answer, Effect, Record, Report
from cti_daemon.model.errands import Errand, ErrandDone
from cti_daemon.model.events import Command
from cti_daemon.model.reasons import CommandStatus
from cti_daemon.model.settings import RoleOfUsers, Settings
from cti_daemon.model.verbs import VERBS
from cti_daemon.shell import config
from tests.shell.conftest import SAMPLE
from tests.wire.requests import ARGS

STRANGERS = ("mallory", "root", "Alice", "alice2", "alic", "engineer", "*", "", "cti-daemon")
"""Nobody's name, a role's name, names that look like one."""
SITE = config.load(SAMPLE, offline=True).settings
SHARES = (("reader", ("eve", "carol"), ("status",)), ("seats", ("carol", "dave"), ("seat-pause", "note")), ("nothing", ("frank",), ()))
"""Carol has two roles, Frank's allows nothing."""


def with_roles(*roles: tuple[str, tuple[str, ...], tuple[str, ...]]) -> Settings:
    made = tuple(RoleOfUsers(name=name, users=users, verbs=verbs) for name, users, verbs in roles)
    return SITE.model_copy(update={"role": made})


SITES = {"sample": SITE, "shares": with_roles(*SHARES), "no-roles": with_roles()}


def users_of(settings: Settings) -> list[str]:
    return sorted({user for role in settings.role for user in role.users}) + list(STRANGERS)


class Desk:
    """An engine that is asked one thing after another. What is allowed does not hang on what was done before."""

    def __init__(self, settings: Settings) -> None:
        self._engine = Engine(settings, None, b"key", 0.0)
        self._ids = count()

    def ask(self, user: str, verb: str, *, dry_run: bool = True) -> tuple[Answer, list[Effect]]:
        command = Command(f"c{next(self._ids)}", verb, user, reason="test", dry_run=dry_run, args=ARGS.get(verb, {}))
        effects = self._engine.feed(command, 0.0)
        if any(isinstance(effect, Errand) for effect in effects):
            effects += self._engine.feed(ErrandDone(user, command.id, CommandStatus.OK, "done", "it is done"), 0.0)
        return next(effect for effect in effects if isinstance(effect, Answer)), effects


def cells() -> list[tuple[str, str, str]]:
    return [(site, user, verb) for site, settings in SITES.items() for user, verb in product(users_of(settings), VERBS)]


def is_configured(settings: Settings, user: str, verb: str) -> bool:
    """By the words of the file alone."""
    return any(user in role.users and verb in role.verbs for role in settings.role)


@pytest.mark.slow
@pytest.mark.parametrize("dry_run", [True, False], ids=["dry", "wet"])
def test_every_cell_is_as_configured(dry_run: bool) -> None:
    desks = {site: Desk(settings) for site, settings in SITES.items()}
    found = {cell: desks[cell[0]].ask(*cell[1:], dry_run=dry_run)[0].code != "not_allowed" for cell in cells()}
    assert found == {cell: is_configured(SITES[cell[0]], *cell[1:]) for cell in cells()}
    assert sum(found.values()) > len(VERBS)
    assert not any(may for (_, user, _), may in found.items() if user in STRANGERS)


def test_who_may_not_is_told_so_and_written_down_and_nothing_else_is_done() -> None:
    for verb in VERBS:
        answer, effects = Desk(SITE).ask("mallory", verb, dry_run=False)
        assert (answer.status, answer.code, answer.data) == ("rejected", "not_allowed", {})
        assert [e.data["code"] for e in effects if isinstance(e, Record) and e.kind == "command"] == ["not_allowed"]
        told = [e for e in effects if isinstance(e, Report) and e.kind == "command"]
        assert [(e.data["user"], e.data["verb"]) for e in told] == [("mallory", verb)]


@pytest.mark.parametrize("verb", ["", "STATUS", "failover ", "shell", "status/failover"])
def test_a_verb_that_there_is_not_is_nobodys(verb: str) -> None:
    everything = with_roles(("all", ("alice",), (*VERBS, "shell")))
    assert Desk(everything).ask("alice", verb)[0].code == "unknown_verb"


def test_the_sample_names_only_verbs_that_there_are() -> None:
    assert {verb for role in SITE.role for verb in role.verbs} <= VERBS.keys()
