"""The table `[report]`: what reports say of the centre, and with which font they are printed."""

from typing import Annotated

from pydantic import Field

from cti_daemon.model.fields import Table


class ReportTable(Table):
    """For `cti-daemon report`; the daemon itself needs none of it."""

    centre: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    """The centre's name as its reports have it. Left out: the site's name."""
    place: Annotated[str, Field(max_length=200)] = ""
    """Where it is."""
    font: Annotated[str, Field(pattern=r"^/", max_length=400)] | None = None
    """A TrueType font with Chinese, for PDF: a .ttf or .ttc. Left out: that of Debian's fonts-wqy-zenhei."""
