"""One message through Apprise, in a process of its own: `python -m cti_daemon.shell.notice_child`.

Apprise is blocking, takes a second of CPU to import, and a gateway that hangs would hold a thread for good; a process can be killed,
and a slow one keeps no verdict waiting. The order comes as JSON on standard input (an Apprise URL is a secret: not in the arguments,
where every user of the machine reads it), the answer goes as JSON to standard output."""

import contextlib
import json
import logging
import os
import re
import sys
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote

from typing_extensions import override

NICENESS = 10
"""Far behind the loop that saves calls, but not so far that a busy machine never sends it."""
MOST_REASON = 300
_LEAST_SECRET = 4
_WITH_HOSTS = frozenset({"mailto", "mailtos", "json", "jsons", "xml", "xmls", "form", "forms"})


def main() -> None:
    step_back()
    order: dict[str, Any] = json.load(sys.stdin)
    answer = check(order["url"]) if order.get("check") else send(order["url"], order["title"], order["body"], order["kind"])
    json.dump(answer, sys.stdout)


def step_back() -> None:
    """Behind the daemon. Where the unit forbids it, beside it."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    with contextlib.suppress(OSError):  # the kernel weighs sessions first, where no control group does
        Path("/proc/self/autogroup").write_text(str(NICENESS))


def check(url: str) -> dict[str, Any]:
    """Whether Apprise knows what to do with this URL; nothing is sent."""
    import apprise  # noqa: PLC0415 - this second is spent behind the daemon

    with _Listener() as listener:
        plugin = apprise.Apprise.instantiate(url, suppress_exceptions=True)
    why = listener.last or "Apprise does not know this kind of URL, or something in it is missing"
    return _answer(is_done=plugin is not None, url=url, reason=why)


def send(url: str, title: str, body: str, kind: str) -> dict[str, Any]:
    import apprise  # noqa: PLC0415

    asset = apprise.AppriseAsset(app_id="cti-daemon", async_mode=False, storage_mode=apprise.PersistentStoreMode.MEMORY)
    out = apprise.Apprise(asset=asset)
    with _Listener() as listener:
        if not out.add(url):
            return _answer(is_done=False, url=url, reason=listener.last or "Apprise does not take this URL")
        is_sent = bool(out.notify(body=body, title=title, notify_type=kind, body_format=apprise.NotifyFormat.TEXT))
    return _answer(is_done=is_sent, url=url, reason=listener.last or "the gateway did not take it")


def _answer(*, is_done: bool, url: str, reason: str) -> dict[str, Any]:
    return {"is_delivered": is_done, "reason": "" if is_done else without_secrets(reason, url)[:MOST_REASON]}


def without_secrets(text: str, url: str) -> str:
    """`text` with every part of the URL taken out: users, passwords, keys, addresses. The host stays where it is one: who reads this
    must know which gateway it was; for most services a key stands in its place."""
    scheme, _, rest = url.partition("://")
    user, _, host = rest.partition("/")[0].partition("?")[0].rpartition("@")
    kept = host.partition(":")[0] if scheme in _WITH_HOSTS else ""
    parts = {part for part in re.split(r"[/?&=:@]", rest) if len(part) >= _LEAST_SECRET and part != kept} | {user}
    hidden = sorted((parts | {unquote(part) for part in parts}) - {""}, key=len, reverse=True)
    found = re.compile("|".join(map(re.escape, ([kept] if kept else []) + hidden)) or "(?!)")
    return " ".join(found.sub(lambda match: match[0] if match[0] == kept else "…", text).split())


class _Listener(logging.Handler):
    """Keeps Apprise's last complaint."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.last = ""
        self._logger = logging.getLogger("apprise")

    def __enter__(self) -> Self:
        self._logger.addHandler(self)
        self._logger.propagate = False
        return self

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self)

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self.last = record.getMessage()


if __name__ == "__main__":
    main()
