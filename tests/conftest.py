"""What holds for every test: where the lab's tests stand, and what a missing part means."""

import asyncio
import os
import shutil
import signal

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


def missing_part(item: pytest.Item) -> str | None:
    """Why this test cannot run here, or None. `make test` installs the parts, or says in CTI_LAB_MISSING why it could not."""
    if item.get_closest_marker("lab"):
        if reason := os.environ.get("CTI_LAB_MISSING"):
            return f"lab: {reason}"
        if os.geteuid() != 0:
            return "lab: needs root"
    if item.get_closest_marker("broker") and shutil.which("mosquitto", path=f"{os.defpath}:/usr/sbin:/sbin") is None:
        return "broker: Debian's package mosquitto is not installed"
    return None


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
