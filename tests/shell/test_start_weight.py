"""What the daemon loads is paid at each start and held all its life: no certificates of the world, no drawing of tracebacks."""

import subprocess
import sys

import pytest

LOOK = """
import sys
import cti_daemon.shell.daemon
import aiohttp.connector
heavy = {"rich", "pygments", "apprise", "cryptography", "reportlab"}
print(len(aiohttp.connector._SSL_CONTEXT_VERIFIED.get_ca_certs()), sorted(heavy & set(sys.modules)))
"""


@pytest.mark.slow  # a process of its own
def test_a_start_loads_nothing_that_the_daemon_does_not_use() -> None:
    done = subprocess.run([sys.executable, "-c", LOOK], check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout == "0 []\n"
