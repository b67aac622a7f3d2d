"""docs/design/package.md: "the same bytes for the same source, lock and compressor". Builds the package twice."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deb.environment import REPOSITORY, SYSTEM_PYTHON

pytestmark = [
    pytest.mark.slow,
    pytest.mark.program("dpkg-deb", "dpkg"),
    pytest.mark.timeout(2400),
    pytest.mark.skipif(Path(sys.executable).resolve() != SYSTEM_PYTHON.resolve(), reason="the package is built with Debian's own Python"),
]


def built(umask: int, **environment: str) -> str:
    """Digest of a package built in these surroundings."""
    said = ""
    for what in ("deb.wheel", "deb"):
        words = [sys.executable, "-m", what]
        run = subprocess.run(
            words, cwd=REPOSITORY, env={**os.environ, **environment}, umask=umask, capture_output=True, text=True, check=False, timeout=1000
        )
        assert run.returncode == 0, run.stderr
        said = run.stdout.strip()
    return hashlib.sha256(Path(said).read_bytes()).hexdigest()


def test_another_clock_another_umask_and_another_language_give_the_same_package() -> None:
    first = built(0o022, TZ="UTC", LC_ALL="C.UTF-8", PYTHONHASHSEED="1")
    assert built(0o077, TZ="Asia/Shanghai", LC_ALL="C", PYTHONHASHSEED="2") == first
