"""Programs that we start."""

import asyncio
import os
import signal
from contextlib import suppress


async def end(process: asyncio.subprocess.Process) -> None:
    """It and its children, also when we are stopped in the middle. It was started with `start_new_session`."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
