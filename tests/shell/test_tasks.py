"""Promise: an ear to a node that is lost ends the daemon, to be started anew; what no call depends on ends nothing."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from cti_daemon.shell import tasks
from cti_daemon.shell.tasks import Tasks


class Site:
    def __init__(self) -> None:
        self.failures = 0
        self.failed = asyncio.Event()
        self.tasks = Tasks(self._fail)

    def _fail(self) -> None:
        self.failures += 1
        self.failed.set()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    yield site
    await site.tasks.stop(5.0)


async def until(holds: "asyncio.Event") -> None:
    async with asyncio.timeout(30):
        await holds.wait()


async def fails() -> None:
    raise ValueError("a fault of ours")


async def test_an_organ_that_must_live_ends_us_when_it_ends(site: Site) -> None:
    site.tasks.keep(fails(), "ears")
    await until(site.failed)
    assert site.failures == 1


async def test_an_organ_beside_the_calls_is_begun_anew_and_ends_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "AGAIN_SECONDS", 0.0)
    begun, third = 0, asyncio.Event()

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun == 3:
            third.set()
            await asyncio.Event().wait()
        await fails()

    site.tasks.keep_beside(work, "backups")
    await until(third)
    assert (begun, site.failures) == (3, 0)


async def test_a_deed_that_fails_ends_nothing(site: Site) -> None:
    done = asyncio.Event()

    async def deed() -> None:
        done.set()
        await fails()

    site.tasks.spawn(deed(), "deed")
    await until(done)
    await asyncio.sleep(0)
    assert site.failures == 0


async def test_to_be_stopped_is_no_failure() -> None:
    site, begun = Site(), asyncio.Event()

    async def work() -> None:
        begun.set()
        await asyncio.Event().wait()

    site.tasks.keep(work(), "ears")
    site.tasks.keep_beside(work, "backups")
    await until(begun)
    await site.tasks.stop(5.0)
    assert site.failures == 0
