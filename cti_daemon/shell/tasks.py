"""What runs beside the loop's own callbacks: single deeds, organs that must live as long as the daemon, and organs beside the calls."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from cti_daemon.shell import log

AGAIN_SECONDS = 10.0


class Tasks:
    """`failed` is called when an organ that must live has ended by itself. Nothing here raises."""

    def __init__(self, failed: Callable[[], None]) -> None:
        self._failed = failed
        self._running: set[asyncio.Task[Any]] = set()
        self._log = log.get("daemon")

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> None:
        """Do what ends by itself. A failure is logged, and is nobody else's."""
        _ = self._start(work, name)

    def keep(self, work: Coroutine[Any, Any, Any], name: str) -> None:
        """Run what must run as long as we do: a daemon that has lost its ear to a node must not look alive."""
        self._start(work, name).add_done_callback(self._organ_ended)

    def keep_beside(self, work: Callable[[], Coroutine[Any, Any, Any]], name: str) -> None:
        """Run what no call depends on: where it fails, that is said, it is begun anew after a while, and the watch over calls goes on."""
        self.spawn(self._again(work, name), name)

    async def stop(self, seconds: float) -> None:
        """Cancel all, and wait so long for their ends."""
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)

    def _start(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._finished)
        return task

    async def _again(self, work: Callable[[], Coroutine[Any, Any, Any]], name: str) -> None:
        while True:
            try:
                await work()
            except Exception:  # noqa: BLE001 - whatever it is: it must not end the watch over calls
                self._log.exception("an organ beside the calls failed; it is begun anew", task=name, after_seconds=AGAIN_SECONDS)
            await asyncio.sleep(AGAIN_SECONDS)

    def _organ_ended(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled():
            self._log.critical("an organ of the daemon ended by itself; stopping, to be started anew", task=task.get_name())
            self._failed()

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log.error("a task failed", task=task.get_name(), exc_info=error)
