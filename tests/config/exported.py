"""All that a daemon with everything configured exports, by name."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cti_daemon.model.backups import Backup
from cti_daemon.model.pair import Pair
from cti_daemon.model.recording import RecordingView
from cti_daemon.model.views import SiteView
from cti_daemon.shell import config, lacks, plan_files
from cti_daemon.shell.backups import Backups
from cti_daemon.shell.journal import Journal
from cti_daemon.shell.messengers import Messengers
from cti_daemon.shell.metrics import Metrics
from cti_daemon.shell.mqtt import MqttBridge
from cti_daemon.shell.pair_room import PairRoom
from cti_daemon.shell.secret_files import Lack, Secrets
from tests.shell.conftest import SAMPLE, Picture


class _Register:
    """As the metrics see one."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.lost = 0
        self.backlog = 0


NO_RECORDING = RecordingView({}, {}, (1.0,), (0, 0), 0.0)


def everything_exported(picture: Picture, folder: Path) -> set[str]:
    """Names of metrics, as `# TYPE` has them."""
    settings = config.load(SAMPLE, offline=True).settings
    planned: Callable[[], SiteView] = lambda: replace(picture(), incidents=(), recording=NO_RECORDING)  # noqa: E731
    metrics = Metrics(settings, planned)
    metrics.watch_journal(Journal(folder / "journal.sqlite"))
    metrics.watch_mqtt(MqttBridge(settings, None, lambda _: None, picture))
    metrics.watch_register(_Register())
    metrics.add(Backups(SAMPLE, Backup(folder=str(folder)), Journal(folder / "none").append, lambda _: None, lambda: False).families)
    metrics.add(Messengers(settings, Secrets(), lambda _: None, lambda work, _: work.close()).families)
    metrics.add(lambda: plan_files.families(()))
    metrics.add(lambda: lacks.families(settings, [Lack("gateway", "hook", "is missing")]))
    metrics.add(PairRoom(settings, Pair(peer="other"), "", dict).families)
    return set(re.findall(r"^# TYPE (\w+)", "".join(metrics.pieces()), re.MULTILINE))
