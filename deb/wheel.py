"""`make wheel`: the source package, and the wheel built from it, so that neither takes anything from this checkout by accident."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from deb import papers
from deb.environment import REPOSITORY, BuildError, run

DIST = REPOSITORY / "dist"
_BUILD = "import sys; from setuptools import build_meta; print(getattr(build_meta, sys.argv[1])(sys.argv[2]))"


def main() -> int:
    """Build both; 0 and their names, or 1 and why not."""
    try:
        for path in build():
            print(path)
    except BuildError as fault:
        print(f"wheel: {fault}", file=sys.stderr)
        return 1
    return 0


def build() -> list[Path]:
    """Return the source package and the wheel; older ones are removed."""
    _, epoch = papers.release_of((REPOSITORY / "CHANGELOG.md").read_text())
    os.environ["SOURCE_DATE_EPOCH"] = str(epoch)
    os.umask(0o022)
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.mkdir()
    with tempfile.TemporaryDirectory(prefix="cti-wheel-") as name:
        folder = Path(name)
        source = _run(REPOSITORY, "build_sdist")
        run("tar", "--extract", "--no-same-owner", "--file", str(source), "--directory", str(folder))
        wheel = _run(folder / source.name.removesuffix(".tar.gz"), "build_wheel")
    return [source, wheel]


def _run(where: Path, what: str) -> Path:
    # The build tool of the lock, in a process of its own: it changes its folder and its arguments.
    said = run("env", "-C", str(where), sys.executable, "-W", "ignore", "-c", _BUILD, what, str(DIST))
    return DIST / said.splitlines()[-1]


if __name__ == "__main__":
    sys.exit(main())
