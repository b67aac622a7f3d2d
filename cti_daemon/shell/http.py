"""Pages for machines on this host: /metrics, /healthz, /readyz, /status. They show names and counts, nothing can be changed."""

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from cti_daemon import __version__
from cti_daemon.model.settings import Settings
from cti_daemon.model.views import SiteView
from cti_daemon.shell import log
from cti_daemon.shell.metrics import Metrics
from cti_daemon.shell.plain_aiohttp import web
from cti_daemon.wire.site_json import of_everything, of_seat

RETRY_SECONDS = 5.0
SHUTDOWN_SECONDS = 1.0
SEATS_A_PIECE = 50
_LOOPBACK = ("127.", "localhost")


class HttpServer:
    """`readiness` names each check and whether it holds. An address that is taken does not stop the daemon: it is said and
    tried again."""

    def __init__(
        self, settings: Settings, metrics: Metrics, view: Callable[[], SiteView], readiness: Callable[[], dict[str, bool]]
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._view = view
        self._readiness = readiness
        self._runner: web.AppRunner | None = None
        self._retry: asyncio.Task[None] | None = None
        self._log = log.get("http")
        self._repeats = log.Repeats(self._log)
        self.port: int | None = None
        """The port that is listened on; None while there is none."""

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/metrics", self._metrics_page)
        app.router.add_get("/healthz", self._health_page)
        app.router.add_get("/readyz", self._ready_page)
        app.router.add_get("/status", self._status_page)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS, handle_signals=False)
        await self._runner.setup()
        if not self._settings.http.listen.startswith(_LOOPBACK):
            self._log.warning("pages are open to the network: anyone who reaches them can read them", listen=self._settings.http.listen)
        if not await self._bind():
            self._retry = asyncio.create_task(self._bind_later(), name="http-bind")

    async def stop(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
        if self._runner is not None:
            await self._runner.cleanup()
        self.port = None

    async def _bind(self) -> bool:
        if self._runner is None:
            return False
        host, _, port = self._settings.http.listen.rpartition(":")
        site = web.TCPSite(self._runner, host, int(port))
        try:
            await site.start()
        except OSError as error:
            self._repeats.failed("bind", "pages cannot be served", listen=self._settings.http.listen, fault=str(error))
            return False
        self.port = self._runner.addresses[0][1]
        self._repeats.well("bind", "pages are served", listen=self._settings.http.listen)
        return True

    async def _bind_later(self) -> None:
        while True:
            await asyncio.sleep(RETRY_SECONDS)
            if await self._bind():
                return

    async def _metrics_page(self, _request: web.Request) -> web.Response:
        return web.Response(body=await self._metrics.page(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    async def _health_page(self, _request: web.Request) -> web.Response:
        return _json({"status": "ok"})  # whoever reads this was answered by the loop: that is the check

    async def _ready_page(self, _request: web.Request) -> web.Response:
        checks = self._readiness()
        ready = all(checks.values())
        return _json({"ready": ready, "checks": checks}, 200 if ready else 503)

    async def _status_page(self, _request: web.Request) -> web.Response:
        text: list[str] = []
        for piece in status_pieces(self._settings, self._view(), datetime.now(UTC)):
            text.append(piece)
            await asyncio.sleep(0)
        return _page("".join(text))


def status_pieces(settings: Settings, view: SiteView, now_wall: datetime) -> Iterator[str]:
    """The picture of the site with names and wall times, as `/status` and `cti-daemon status --format json` give it: JSON, in pieces,
    since there may be thousands of seats and others want the loop too."""
    yield json.dumps(_head(settings, view, now_wall), ensure_ascii=False)[:-1] + ', "seats": ['
    for first in range(0, len(view.seats), SEATS_A_PIECE):
        seats = view.seats[first : first + SEATS_A_PIECE]
        yield (", " if first else "") + ", ".join(json.dumps(of_seat(seat, view.drawn_at), ensure_ascii=False) for seat in seats)
    yield "]}"


def _head(settings: Settings, view: SiteView, now_wall: datetime) -> dict[str, Any]:
    return {
        "site": settings.site.name,
        "daemon": settings.site.daemon,
        "version": __version__,
        "now": now_wall.isoformat(timespec="milliseconds"),
        "since": (now_wall - timedelta(seconds=view.since_seconds)).isoformat(timespec="milliseconds"),
        **of_everything(view),
    }


def _json(value: dict[str, Any], status: int = 200) -> web.Response:
    return _page(json.dumps(value, ensure_ascii=False), status)


def _page(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, content_type="application/json", headers={"Cache-Control": "no-store"})
