"""Who takes part in a drill: told when it begins and how it ended, in words that say that it is one. Each notice has a name of its own, so
that it is told once, also over a restart."""

from collections.abc import Iterable

from cti_daemon.model.effects import Effect
from cti_daemon.model.incidents import Grade, Incident
from cti_daemon.model.plan_effects import NoticeKind, Notified, Notify
from cti_daemon.policy.drill_record import content
from cti_daemon.state.drill import Drill, Participant

BEGAN, ENDED = "drill-began", "drill-ended"
_WORDS = {"passed": "通过", "failed": "未通过", "aborted": "中止"}


class Notices:
    def __init__(self, drill: Drill) -> None:
        self._drill = drill

    def begin(self, roles: Iterable[str], out: list[Effect]) -> None:
        for role in roles:
            self._drill.participants[role] = Participant(role)
            out.append(self._began(role))

    def repeat(self, out: list[Effect]) -> None:
        """After a restart: what has no outcome is ordered again, under its old name."""
        out += [self._began(one.role) for one in self._drill.participants.values() if one.is_told is None]

    def learn(self, event: Notified) -> bool:
        head, _, rest = event.notice.partition("/")
        kind, _, role = rest.partition("/")
        one = self._drill.participants.get(role)
        if head != self._drill.id or kind != BEGAN or one is None:
            return False
        one.is_told = event.is_delivered or one.is_told is True
        if event.is_delivered and event.person and event.person not in one.people:
            one.people = (*one.people, event.person)
        return True

    def take_on(self, incidents: Iterable[Incident]) -> None:
        """Whom a plan's drill has told took part as well."""
        for incident in incidents:
            for told in incident.told.values():
                one = self._drill.participants.setdefault(told.role, Participant(told.role))
                one.people = tuple(dict.fromkeys((*one.people, *told.people)))
                if told.is_delivered is not None:
                    one.is_told = told.is_delivered or one.is_told is True

    def end(self, evaluation: str, findings: Iterable[str], out: list[Effect]) -> None:
        """For those whom the drill itself has told; a plan's drill tells its own."""
        found = "".join(f"\n- {finding}" for finding in findings)
        text = f"演练结束：{_WORDS.get(evaluation, '没有测试呼叫')} / The drill is over: {evaluation}{found}"
        told = self._drill.participants.values() if self._drill.planned else ()
        out += [self._notice(f"{ENDED}/{one.role}", one.role, text, one.people) for one in told]

    def _began(self, role: str) -> Notify:
        why = f" ({self._drill.reason})" if self._drill.reason else ""
        began = f"The drill begins, by {self._drill.user}{why}: test calls only, live calls are not touched."
        text = f"演练开始：只影响测试呼叫，真实通话不受影响。 / {began}"
        return self._notice(f"{BEGAN}/{role}", role, text)

    def _notice(self, name: str, role: str, text: str, people: tuple[str, ...] = ()) -> Notify:
        words, drill = content(self._drill), self._drill.id
        title = f"{drill}: {words['zh']} / {words['en']}"
        return Notify(f"{drill}/{name}", drill, role, title, text, is_drill=True, kind=NoticeKind.ALARM, grade=Grade.P4, people=people)
