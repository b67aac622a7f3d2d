"""What the tables of the configuration are made of."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")]
Address = Annotated[str, Field(pattern=r"^(\d{1,3}(\.\d{1,3}){3}|[A-Za-z0-9][A-Za-z0-9.-]*):\d{1,5}$")]
Seconds = Annotated[float, Field(gt=0, le=86_400)]


class Table(BaseModel):
    """A table of the file: unknown keys are faults, every key's docstring is its line in docs/configuration.md."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Secret(Table):
    """Where a secret is: a file, or a systemd credential's name."""

    file: str | None = None
    """A file of one line, mode 0600; relative to the configuration."""
    credential: str | None = None
    """A systemd credential's name."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.file is None) == (self.credential is None):
            raise ValueError('name exactly one source: { file = "…" } or { credential = "…" }')
        return self
