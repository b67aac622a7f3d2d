"""A report into a file: all of it or none. Until it is whole and on the disk, whatever stood there before stays."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

MODE = 0o640
"""Reports may name people."""


class UnwritableError(Exception):
    """Why it was not written, and where."""


def write(path: Path, content: bytes) -> None:
    """Raises UnwritableError; then nothing of it is left behind."""
    part: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        part = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.chmod(MODE)
        part.replace(path)
    except OSError as error:
        if part is not None:
            with suppress(OSError):
                part.unlink()
        raise UnwritableError(f"{path}: {error.strerror or error}; no report was written") from error
