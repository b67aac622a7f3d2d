"""What holds for every test: where the lab's tests stand, and what a missing part means."""

import asyncio
import os
import shutil
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# No test's outcome may depend on how fast the machine is.
settings.register_profile("house", deadline=None, print_blob=True)
settings.load_profile("house")


# Say that there is no event loop, else pytest-asyncio asks for one, gets a new one made, and never closes it: with warnings as
# errors some later test then fails for it.
asyncio.set_event_loop(None)


# A shell that starts us in the background has interrupts ignored, and so would every program that a test interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


PLACES = f"{os.defpath}:/usr/sbin:/sbin"
"""Where Debian's programs are, also those that only root has in his PATH."""


def missing_part(item: pytest.Item) -> str | None:
    """Why this test cannot run here, or None. `make test` installs the parts, or says in CTI_LAB_MISSING why it could not."""
    if item.get_closest_marker("lab") and (reason := os.environ.get("CTI_LAB_MISSING")):
        return f"lab: {reason}"
    if (item.get_closest_marker("lab") or item.get_closest_marker("root")) and os.geteuid() != 0:
        return "needs root"
    wanted = [mark.args for mark in item.iter_markers("program")]
    wanted += [("mosquitto", "mosquitto") for _ in item.iter_markers("broker")]
    lacking = [package for program, package in wanted if shutil.which(program, path=PLACES) is None]
    lacking += [package for path, package in (mark.args for mark in item.iter_markers("file")) if not Path(path).exists()]
    return f"Debian's package {lacking[0]} is not installed" if lacking else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Cheap tests first: a fault in the core is told before the lab takes its minutes."""
    items.sort(key=lambda item: item.get_closest_marker("lab") is not None)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip with the reason what cannot run; fail it where CTI_LAB=required says that it must."""
    reason = missing_part(item)
    if reason is None:
        return
    if os.environ.get("CTI_LAB") == "required":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
