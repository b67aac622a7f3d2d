"""The table `[backup]`: copies of the journal, and how often it is tried that they can be used."""

from typing import Annotated

from pydantic import Field

from cti_daemon.model.fields import Table

DAY_SECONDS = 86_400


class Backup(Table):
    """Verified copies of the journal. Left out: there are none."""

    folder: str = "/var/lib/cti-daemon/backups"
    """Where they are kept; on another disk, if there is one. The unit must let the daemon write there (`ReadWritePaths=`)."""
    every: Annotated[float, Field(ge=60, le=7 * DAY_SECONDS)] = DAY_SECONDS
    """Seconds from one to the next; a week at most."""
    keep: Annotated[int, Field(ge=2, le=1000)] = 14
    """So many are kept, the newest."""
    drill_every_days: Annotated[int, Field(ge=1, le=366)] = 30
    """A restore drill so often: the newest is put back in a scratch place and compared with the journal."""
