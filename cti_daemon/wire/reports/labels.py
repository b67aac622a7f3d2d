"""Words of reports in both languages, and how figures and instants are written: the same way in each."""

from datetime import datetime, timedelta, tzinfo

from cti_daemon.model.document import Language, Words, said
from cti_daemon.model.incidents import ActionKind, Grade, IncidentState, StepState, Titled
from cti_daemon.model.plan_tables import ROLES
from cti_daemon.model.register import Harm, RowState
from cti_daemon.model.report_items import ITEM_TITLES

UNKNOWN = Titled("不详", "not known")
NOBODY = Titled("无", "none")
AUTOMATIC = Titled("自动", "automatic")
DAEMON = Titled("系统", "the daemon")

STATES: dict[IncidentState, Titled] = {
    IncidentState.DETECTED: Titled("发现", "detected"),
    IncidentState.NOTIFIED: Titled("已通知", "notified"),
    IncidentState.ASSESSED: Titled("已评估", "assessed"),
    IncidentState.RESPONDING: Titled("响应中", "responding"),
    IncidentState.RECOVERED: Titled("已恢复", "recovered"),
    IncidentState.REVIEWED: Titled("已总结", "reviewed"),
    IncidentState.CLOSED: Titled("已关闭", "closed"),
}
GRADES: dict[Grade, Titled] = {
    Grade.P1: Titled("P1 系统瘫痪", "P1 paralysed"),
    Grade.P2: Titled("P2 部分失效，业务受限", "P2 part failed, business limited"),
    Grade.P3: Titled("P3 故障，系统运行", "P3 a fault, the system runs"),
    Grade.P4: Titled("P4 咨询、检查", "P4 a question, a check"),
}
STEP_STATES: dict[StepState, Titled] = {
    StepState.WAITING: Titled("未到时间", "not due yet"),
    StepState.BEGUN: Titled("进行中", "under way"),
    StepState.OPEN: Titled("未完成", "open"),
    StepState.DONE: Titled("完成", "done"),
    StepState.FAILED: Titled("失败", "failed"),
    StepState.SKIPPED: Titled("略过", "passed over"),
}
ACTIONS: dict[ActionKind, Titled] = {
    ActionKind.NOTIFY: Titled("通知", "notice"),
    ActionKind.TASK: Titled("任务", "task"),
    ActionKind.ASK: Titled("决策", "question"),
    ActionKind.CALL_IN: Titled("召集", "call-in"),
    ActionKind.EMERGENCY_ON: Titled("切换到应急座席", "emergency seats on"),
    ActionKind.EMERGENCY_OFF: Titled("退出应急座席", "emergency seats off"),
    ActionKind.FAILOVER: Titled("故障切换", "failover"),
    ActionKind.SWITCHOVER: Titled("计划切换", "switchover"),
    ActionKind.SEATS_LOGIN: Titled("座席签入", "seats log in"),
    ActionKind.SEATS_LOGOUT: Titled("座席签出", "seats log out"),
    ActionKind.SEATS_UNPAUSE: Titled("座席置闲", "seats unpaused"),
    ActionKind.SEATS_PENALTY: Titled("调整座席优先级", "penalty of seats"),
    ActionKind.ANNOUNCE_ON: Titled("播放公告", "announcement on"),
    ActionKind.ANNOUNCE_OFF: Titled("停止公告", "announcement off"),
    ActionKind.CALLER_PRIORITY: Titled("来电优先级", "caller priority"),
    ActionKind.OFFER_CALL_BACK: Titled("提供回拨", "call-back offered"),
    ActionKind.INFORM_CALLERS: Titled("告知客户", "callers informed"),
    ActionKind.TEST_CALLS: Titled("测试呼叫", "test calls"),
    ActionKind.NOTE: Titled("记录", "remark"),
    ActionKind.GRADE: Titled("定级", "grade"),
    ActionKind.SNAPSHOT: Titled("指标快照", "snapshot of facts"),
    ActionKind.PLAN: Titled("子预案", "child plan"),
}
HARMS: dict[Harm, Titled] = {
    Harm.LOST: Titled("中断", "lost"),
    Harm.HUNG_UP: Titled("恢复后挂断", "kept, then hung up"),
    Harm.EMERGENCY: Titled("应急座席受理", "served by an emergency seat"),
}
ROW_STATES: dict[RowState, Titled] = {
    RowState.OPEN: Titled("待回访", "to be called back"),
    RowState.CALLING: Titled("正在回访", "being called"),
    RowState.RANG_IN: Titled("已自行来电", "rang in himself"),
    RowState.TAKEN: Titled("人工处理", "a person looks after it"),
    RowState.CLOSED: Titled("已结", "closed"),
}
WAS: dict[str, Titled] = {
    "talking": Titled("通话中", "talking"),
    "waiting": Titled("排队中", "waiting"),
    "ringing": Titled("振铃中", "ringing"),
}
SAID_FIELDS: dict[str, Titled] = {
    "eta": Titled("预计恢复时间", "expected recovery"),
    "wording": Titled("统一解释口径", "wording for everybody"),
    "cause_class": Titled("原因类别", "class of cause"),
    "vendor_case": Titled("供应商工单", "supplier's case"),
}


def mixed(*parts: Words) -> Titled:
    """One after the other, in each language."""
    zh, en = ("".join(part if isinstance(part, str) else said(part, language) for part in parts) for language in (Language.ZH, Language.EN))
    return Titled(zh, en)


def listed(parts: list[Words], empty: Words = NOBODY) -> Words:
    """With the comma of the language."""
    if not parts:
        return empty
    out = mixed(parts[0])
    for part in parts[1:]:
        out = mixed(out, Titled("、", ", "), part)
    return out


def role(name: str) -> Words:
    return ROLES.get(name, name)


def who(by: str) -> Words:
    return {"": AUTOMATIC, "automatic": AUTOMATIC, "silence": Titled("无人答复", "silence"), "cti-daemon": DAEMON}.get(by, by)


def count(value: float | None) -> Words:
    if value is None:
        return UNKNOWN
    return str(int(value)) if float(value).is_integer() else f"{value:g}"


def share(part: float | None) -> Words:
    """A ratio as per cent, to a tenth."""
    return UNKNOWN if part is None else f"{100 * part:.1f} %"


def share_of(part: int | None, whole: int | None) -> Words:
    return UNKNOWN if part is None or not whole else share(part / whole)


def span(seconds: float | None) -> Words:
    """`0:10:00.5`: hours, minutes, seconds to a tenth."""
    if seconds is None:
        return UNKNOWN
    tenths = round(abs(seconds) * 10)
    sign = "-" if seconds < 0 and tenths else ""
    return f"{sign}{tenths // 36000}:{tenths // 600 % 60:02d}:{tenths // 10 % 60:02d}.{tenths % 10}"


def after(seconds: float | None) -> Words:
    written = span(seconds)
    return f"+{written}" if isinstance(written, str) and not written.startswith("-") else written


class Clock:
    """Instants in the time of the site."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone

    def local(self, wall: datetime) -> datetime:
        return wall.astimezone(self._zone)

    def tell(self, wall: datetime | None) -> Words:
        return UNKNOWN if wall is None else f"{self.local(wall):%Y-%m-%d %H:%M:%S}"

    def zone_at(self, wall: datetime) -> str:
        offset = self.local(wall).utcoffset() or timedelta()
        minutes = round(offset.total_seconds() / 60)
        return f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def of_action(word: str) -> Words:
    return next((label for key, label in ACTIONS.items() if key == word), word)


def item(word: str) -> Words:
    return next((label for key, label in ITEM_TITLES.items() if key == word), word)


def grade(word: str) -> Words:
    return next((label for key, label in GRADES.items() if key == word), word or UNKNOWN)


def state(word: str) -> Words:
    return next((label for key, label in STATES.items() if key == word), word or UNKNOWN)
