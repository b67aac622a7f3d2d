"""Sends one message over one gateway, within a deadline."""

import asyncio
import json
import os
import sys
from typing import Any, NamedTuple
from urllib.parse import quote

from cti_daemon.policy.reaching import TryResult
from cti_daemon.shell.child import end

PLACE_OF_ADDRESS = "{to}"
_PASSED_ON = ("PATH", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "http_proxy", "https_proxy", "no_proxy")
MOST_DETAIL = 200


class Sent(NamedTuple):
    result: TryResult
    reason: str = ""


class Message(NamedTuple):
    title: str
    body: str
    kind: str = "info"
    """As Apprise has it: info, success, warning, failure."""


def address_in(url: str, to: str) -> str:
    """The gateway's URL with the person's address in it."""
    return url.replace(PLACE_OF_ADDRESS, quote(to, safe=""))


async def send(url: str, message: Message, deadline_seconds: float) -> Sent:
    """FAILED: the gateway said so, or there is none. UNKNOWN: no answer in time; perhaps it arrived."""
    return await _ask({"url": url, **message._asdict()}, deadline_seconds)


async def check(url: str, deadline_seconds: float = 60.0) -> Sent:
    """Whether Apprise knows what to do with this URL; nothing is sent."""
    return await _ask({"url": url, "check": True}, deadline_seconds)


async def _ask(order: dict[str, Any], deadline_seconds: float) -> Sent:
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-W", "ignore", "-m", "cti_daemon.shell.notice_child"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            start_new_session=True,
        )
    except OSError as error:
        return Sent(TryResult.FAILED, f"no process for it: {error.strerror}")
    try:
        async with asyncio.timeout(deadline_seconds):
            told, complaint = await process.communicate(json.dumps(order).encode())
    except TimeoutError:
        return Sent(TryResult.UNKNOWN, f"no answer within {deadline_seconds:g} s")
    finally:
        await end(process)
    try:
        answer = json.loads(told)
        return Sent(TryResult.DELIVERED) if answer["is_delivered"] is True else Sent(TryResult.FAILED, str(answer["reason"]))
    except (ValueError, KeyError, TypeError):
        last = complaint.decode(errors="replace").strip().rpartition("\n")[2]
        kind = last.partition(":")[0][:MOST_DETAIL]  # what stands behind the colon may quote the URL
        return Sent(TryResult.FAILED, f"the sender ended with exit code {process.returncode}: {kind}")
