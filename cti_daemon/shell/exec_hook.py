"""The routing program of the site: called with the whole decision, given a deadline, believed by its exit code.

Contract: argv as configured; the decision as one JSON object on standard input (site, epoch, mode, serving, diverted_from, route, reason)
and, for shell scripts, in the environment (CTI_SITE, CTI_EPOCH, CTI_MODE, CTI_SERVING, CTI_ROUTE); exit code 0: it holds now. Anything
else, or no end within the deadline: it is called again. It must bear being called twice with the same decision."""

import asyncio
import json

from cti_daemon.model.effects import CallHook
from cti_daemon.model.events import Outcome
from cti_daemon.model.reasons import Result
from cti_daemon.shell.child import end

MOST_DETAIL = 200
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class ExecHook:
    """`argv[0]` is an absolute path. No shell is asked, nothing of ours is inherited but the environment above."""

    def __init__(self, site: str, argv: tuple[str, ...], deadline_seconds: float) -> None:
        self._site = site
        self._argv = argv
        self._deadline_seconds = deadline_seconds

    async def call(self, wish: CallHook) -> Outcome:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._argv,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                env=self._environment(wish),
                start_new_session=True,
            )
        except OSError as error:
            return Outcome(wish.effect_id, Result.FAILED, f"{self._argv[0]}: {error.strerror}")
        try:
            async with asyncio.timeout(self._deadline_seconds):
                _, told = await process.communicate(self._decision(wish))
        except TimeoutError:
            return Outcome(wish.effect_id, Result.UNKNOWN, f"{self._argv[0]} did not end within {self._deadline_seconds:g} s")
        finally:
            await end(process)
        if process.returncode == 0:
            return Outcome(wish.effect_id, Result.DONE)
        first = told.decode(errors="replace").strip().partition("\n")[0][:MOST_DETAIL]
        return Outcome(wish.effect_id, Result.FAILED, f"exit code {process.returncode}" + (f": {first}" if first else ""))

    def _decision(self, wish: CallHook) -> bytes:
        decision = {
            "site": self._site,
            "epoch": wish.epoch,
            "mode": wish.mode.value,
            "serving": wish.serving,
            "diverted_from": wish.diverted_from,
            "route": list(wish.route),
            "reason": wish.reason.value,
        }
        return json.dumps(decision).encode() + b"\n"

    def _environment(self, wish: CallHook) -> dict[str, str]:
        return {
            "PATH": _PATH,
            "CTI_SITE": self._site,
            "CTI_EPOCH": str(wish.epoch),
            "CTI_MODE": wish.mode.value,
            "CTI_SERVING": wish.serving,
            "CTI_ROUTE": ",".join(wish.route),
        }
