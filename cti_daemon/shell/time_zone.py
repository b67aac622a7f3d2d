"""The site's time zone, in which days and hours of its calendars are meant."""

from datetime import UTC, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cti_daemon.model.settings import Settings
from cti_daemon.shell.config_faults import Fault
from cti_daemon.wire.toml_lines import TomlLines

MACHINE_ZONE = Path("/etc/localtime")


def zone_of(settings: Settings) -> tzinfo:
    """The site's, or else the machine's own. Raises what `ZoneInfo` does for a name that is none."""
    if settings.site.time_zone is not None:
        return ZoneInfo(settings.site.time_zone)
    try:
        with MACHINE_ZONE.open("rb") as stream:
            return ZoneInfo.from_file(stream)
    except (OSError, ValueError):
        return UTC


def zone_faults(file: Path, lines: TomlLines, settings: Settings) -> list[Fault]:
    """A name that is no time zone of this machine."""
    try:
        zone_of(settings)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        text = f"{settings.site.time_zone!r} is no time zone of this machine, such as Asia/Shanghai (package tzdata)"
        return [Fault.at(file, lines, ("site", "time_zone"), text)]
    return []
