"""What every report has around it: which centre, made when, from which journal."""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from cti_daemon.model.document import Words
from cti_daemon.model.incidents import Titled
from cti_daemon.wire.reports.labels import Clock, mixed


@dataclass(frozen=True, slots=True)
class Centre:
    """`name` and `place` as the site writes them; `made` is now; `entries` and `head` say up to where the journal was read."""

    site: str
    name: str
    place: str
    made: datetime
    zone: tzinfo
    entries: int
    head: str
    since: datetime | None = None
    """When the journal begins."""

    @property
    def clock(self) -> Clock:
        return Clock(self.zone)

    @property
    def foot(self) -> Words:
        made = f"{self.clock.local(self.made):%Y-%m-%d %H:%M:%S} {self.clock.zone_at(self.made)}"
        return mixed(
            Titled("由 cti-daemon 依据日志生成，", "made by cti-daemon from the journal, "),
            made,
            Titled(f"；日志共 {self.entries} 条，末条 ", f"; {self.entries} entries, the last one "),
            self.head[:16] or "-",
            Titled("。时间均为 ", ". Times are in "),
            self.clock.zone_at(self.made),
            Titled("。", "."),
        )
