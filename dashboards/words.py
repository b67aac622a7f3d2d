"""What a dashboard is made of, before it is Grafana's: pages of panels, each text in two languages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Language(StrEnum):
    """A set of dashboards."""

    EN = "en"
    ZH = "zh"


@dataclass(frozen=True, slots=True)
class Words:
    """One text, for people who read English and for people who read Chinese."""

    en: str
    zh: str

    def to(self, language: Language) -> str:
        """Return the text in one language."""
        return self.en if language is Language.EN else self.zh


class Look(StrEnum):
    """How a panel shows its numbers."""

    LINES = "lines"
    STACKED = "stacked"
    BARS = "bars"
    NUMBER = "number"
    NAME = "name"
    """The name of the series that is there, large: which mode, which node."""
    TIMELINE = "timeline"
    TABLE = "table"
    HEATMAP = "heatmap"


@dataclass(frozen=True, slots=True)
class Query:
    """`expr` in PromQL, where `{@` stands for the chosen daemon and `{@q` for that and the chosen queues. `legend` is Grafana's
    template, or words; in a table it is the column's title."""

    expr: str
    legend: str | Words = ""
    unit: str = ""
    """Of a table's column."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a value or a name means to people, and its colour."""

    of: float | str
    words: Words
    colour: str


@dataclass(frozen=True, slots=True)
class Panel:
    """`width` of 24 columns, `height` in Grafana's lines. `steps`: a colour from each value on, the first one below all."""

    title: Words
    look: Look
    queries: tuple[Query, ...]
    about: Words
    unit: str = "short"
    width: int = 12
    height: int = 8
    most: float | None = None
    is_logarithmic: bool = False
    steps: tuple[tuple[float | None, str], ...] = ()
    meanings: tuple[Meaning, ...] = ()
    if_none: Words = Words("not known", "未知")
    """Shown where there is no sample: unknown, or truly nothing."""
    joined_by: str = ""
    """The label whose values are a table's rows."""


@dataclass(frozen=True, slots=True)
class Row:
    """Panels below one headline."""

    title: Words
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """One dashboard. `uid` without language."""

    uid: str
    title: Words
    about: Words
    rows: tuple[Row, ...]
    span: str = "now-1h"
    refresh: str = "5s"


GREEN, YELLOW, ORANGE, RED, PURPLE, BLUE, GREY = "green", "yellow", "orange", "red", "purple", "blue", "text"
NOTHING = Words("none", "无")

MODES = (
    Meaning("normal", Words("normal", "正常"), GREEN),
    Meaning("diverted", Words("DIVERTED", "分流"), YELLOW),
    Meaning("failed_over", Words("FAILED OVER", "已切换到备用"), RED),
    Meaning("emergency", Words("EMERGENCY SEATS", "应急座席"), RED),
    Meaning("paused", Words("automation paused", "自动化暂停"), PURPLE),
)
NODE_STATES = (
    Meaning(0, Words("healthy", "健康"), GREEN),
    Meaning(1, Words("suspect", "可疑"), YELLOW),
    Meaning(2, Words("maintenance", "维护"), BLUE),
    Meaning(3, Words("unknown", "未知"), PURPLE),
    Meaning(4, Words("down", "故障"), RED),
)
"""The numbers that `NODE_STATE` gives."""
NODE_STATE = (
    'sum by (node) (0 * cti_node_state{@, state="healthy"} or 1 * cti_node_state{@, state="suspect"} or '
    '2 * cti_node_state{@, state="maintenance"} or 3 * cti_node_state{@, state="unknown"} or 4 * cti_node_state{@, state="down"})'
)
