"""Two daemons of one site, each on its own machine: only the one that holds the lease acts."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from cti_daemon.model.fields import Name, Table

MARGIN_SECONDS = 0.25
"""What two monotonic clocks may differ by over one lease, and what an effect may be under way when the lease ends."""

Short = Annotated[float, Field(ge=0.02, le=60)]


class Pair(Table):
    """The same figures on both machines."""

    peer: Name
    """The other one's `site.daemon`."""
    edge: Name | None = None
    """The edge that holds the lease. Left out: the first one of this file. While it cannot be reached neither daemon acts."""
    renew: Short = 0.2
    """So often the lease is looked at, and renewed by its holder."""
    stop_after: Short = 1.5
    """The holder stops acting when its last good look began so long ago."""
    silent_after: Short = 1.0
    """The other one claims the lease when the holder has shown no new pulse for so long."""
    take_after: Short = 2.0
    """And acts when its claim has stood for so long: the former holder has stopped by then, whatever became of it."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults: list[str] = []
        if self.stop_after < 4 * self.renew:
            faults.append(f"stop_after = {self.stop_after} is lost by one late answer; it must be at least 4 x renew = {4 * self.renew:g}")
        if self.silent_after < 3 * self.renew:
            least = f"{3 * self.renew:g}"
            faults.append(
                f"silent_after = {self.silent_after} would claim from a holder that lives; it must be at least 3 x renew = {least}"
            )
        if self.take_after < self.stop_after + MARGIN_SECONDS:
            faults.append(
                f"take_after = {self.take_after}: the other one may still act then; "
                f"it must be at least stop_after + {MARGIN_SECONDS:g} = {self.stop_after + MARGIN_SECONDS:g}"
            )
        if faults:
            raise ValueError("\n".join(faults))
        return self
