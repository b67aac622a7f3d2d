"""What people write for a report, by the item of the source documents it belongs to (D7, A6). A note with such an item is appended to what
was written before, with its author and time, and nothing of it is ever taken back."""

from enum import StrEnum

from cti_daemon.model.incidents import Titled


class ReportItem(StrEnum):
    KIND = "kind"
    CONTROL = "control"
    MEASURES = "measures"
    DEVELOPMENT = "development"
    LOSS = "loss"
    FURTHER = "further"
    OTHER = "other"
    CAUSE = "cause"
    COURSE = "course"
    ANALYSIS = "analysis"
    RECTIFICATION = "rectification"
    PARTICIPANTS = "participants"
    EVALUATION = "evaluation"
    REVISION = "revision"
    OPTIMISATION = "optimisation"
    UPGRADE = "upgrade"
    NEED = "need"


ITEM_TITLES: dict[ReportItem, Titled] = {
    ReportItem.KIND: Titled("事件类别", "kind"),
    ReportItem.CONTROL: Titled("控制程度", "degree of control"),
    ReportItem.MEASURES: Titled("已采取的措施", "measures taken"),
    ReportItem.DEVELOPMENT: Titled("发展趋势", "how it develops"),
    ReportItem.LOSS: Titled("可能造成的损失", "possible loss"),
    ReportItem.FURTHER: Titled("拟采取的措施", "further measures"),
    ReportItem.OTHER: Titled("其他", "other"),
    ReportItem.CAUSE: Titled("原因", "cause"),
    ReportItem.COURSE: Titled("经过", "course"),
    ReportItem.ANALYSIS: Titled("分析", "analysis"),
    ReportItem.RECTIFICATION: Titled("整改项", "rectification"),
    ReportItem.PARTICIPANTS: Titled("参加人员", "participants"),
    ReportItem.EVALUATION: Titled("评估", "evaluation"),
    ReportItem.REVISION: Titled("预案修订", "revision of the plan"),
    ReportItem.OPTIMISATION: Titled("优化", "optimisation"),
    ReportItem.UPGRADE: Titled("升级", "upgrade"),
    ReportItem.NEED: Titled("新需求", "new need"),
}
