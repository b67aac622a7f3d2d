"""Parts of the site that cannot be used for want of a secret: said alike, wherever they belong. The daemon runs all the same."""

from collections.abc import Iterable, Iterator

from cti_daemon.model.settings import Settings
from cti_daemon.shell import log
from cti_daemon.shell.secret_files import Lack
from cti_daemon.wire.exposition import Family, Kind

_WITHOUT = {
    "register": "affected callers are not written down",
    "gateway": "its messages go over each contact's next channel",
    "call_out": "nobody is called",
}
"""What its want means."""


def tell(lacks: Iterable[Lack]) -> None:
    """In the log, loudly."""
    for lack in lacks:
        text = "a part of the configuration cannot be used; calls are guarded all the same"
        log.get("daemon").error(text, part=lack.part, name=lack.name, means=_WITHOUT[lack.part], fault=lack.fault)


def words(lack: Lack) -> str:
    """For people."""
    return f"{lack.fault}; the daemon runs, and {_WITHOUT[lack.part]}"


def families(settings: Settings, lacks: Iterable[Lack]) -> Iterator[Family]:
    """1 for each part that cannot be used, 0 for each that can; no sample where none is configured."""
    parts = {("gateway", gateway.name): 0 for gateway in settings.gateway}
    parts |= {("register", ""): 0} if settings.affected is not None else {}
    parts |= {("call_out", ""): 0} if settings.call_out is not None else {}
    parts |= {(lack.part, lack.name): 1 for lack in lacks}
    text = "1: this part of the configuration cannot be used for want of its secret"
    yield Family("cti_part_unusable", Kind.GAUGE, text, ("part", "name"), parts.items())
