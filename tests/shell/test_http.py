"""4-interfaces: `/metrics`, `/healthz` (loop alive), `/readyz`, `/status` (JSON). Loopback by default."""

# ruff: noqa: ASYNC110 - a test waits for what it sees from outside

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from cti_daemon import __version__
from cti_daemon.model.ids import SeatName
from cti_daemon.model.settings import Settings
from cti_daemon.shell import http as http_module
from cti_daemon.shell.http import HttpServer
from cti_daemon.shell.metrics import Metrics
from tests.shell.conftest import Picture

CHECKS = {"config": True, "journal": True, "links": True}


@pytest.fixture
async def server(listening: Callable[[str], Settings], picture: Picture) -> AsyncIterator[HttpServer]:
    settings = listening("127.0.0.1:0")
    made = HttpServer(settings, Metrics(settings, picture), picture, lambda: dict(CHECKS))
    await made.start()
    yield made
    await made.stop()


async def get(server: HttpServer, page: str) -> tuple[int, str, Any]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{server.port}{page}") as answer:
        is_json = answer.content_type == "application/json"
        return answer.status, answer.content_type, await (answer.json() if is_json else answer.text())


async def test_metrics_are_served_as_prometheus_wants_them(server: HttpServer) -> None:
    status, kind, text = await get(server, "/metrics")
    assert (status, kind) == (200, "text/plain")
    assert 'cti_mode{mode="normal"} 1.0' in text


async def test_health_and_readiness_tell_each_check(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await get(server, "/healthz"))[0] == 200
    assert (await get(server, "/readyz"))[::2] == (200, {"ready": True, "checks": CHECKS})
    monkeypatch.setitem(CHECKS, "links", False)
    assert (await get(server, "/readyz"))[::2] == (503, {"ready": False, "checks": {**CHECKS, "links": False}})


async def test_status_is_the_picture_with_names_and_wall_times(server: HttpServer) -> None:
    status, _, body = await get(server, "/status")
    assert status == 200
    assert (body["site"], body["daemon"], body["version"]) == ("95598", "cti-1", __version__)
    assert (body["mode"], body["serving"], body["epoch"], body["reason"]) == ("normal", "pbx-a", 1, "start")
    assert body["since"] < body["now"]
    assert body["nodes"][1]["callers"] == {"talking": 7, "waiting": 2}
    assert body["nodes"][0]["evidence"]["link_b"] == {"condition": "lost", "age_seconds": None}
    assert {seat["seat"]: seat["state"] for seat in body["seats"]} == {"seat1": "in_call", "seat2": "available"}
    assert body["seats"][1]["queues"] == [{"queue": "hotline", "penalty": 1, "paused": False, "reason": "", "dynamic": True}]
    assert {"node": "pbx-a", "state": "talking", "count": 7} in body["calls"]
    assert body["mirror_difference"] == {"pbx-b": 1}


async def test_the_status_of_thousands_of_seats_is_one_document(server: HttpServer, picture: Picture) -> None:
    many = tuple(replace(picture.now.seats[0], seat=SeatName(f"seat{n}")) for n in range(2 * http_module.SEATS_A_PIECE + 1))
    picture.now = replace(picture.now, seats=many)
    assert [seat["seat"] for seat in (await get(server, "/status"))[2]["seats"]] == [seat.seat for seat in many]
    picture.now = replace(picture.now, seats=())
    assert (await get(server, "/status"))[2]["seats"] == []


async def test_what_is_not_known_is_null(server: HttpServer, picture: Picture) -> None:
    picture.lose_sight_of_queue()
    queue = (await get(server, "/status"))[2]["queues"][0]
    assert (queue["waiting"], queue["longest_wait_seconds"], queue["seats"]) == (None, None, None)


async def test_nothing_can_be_changed_here(server: HttpServer) -> None:
    async with aiohttp.ClientSession() as session:
        for method in ("POST", "PUT", "DELETE"):
            async with session.request(method, f"http://127.0.0.1:{server.port}/status", data=b"x") as answer:
                assert answer.status == 405


async def test_an_address_that_is_taken_does_not_stop_the_daemon(
    listening: Callable[[str], Settings], picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_module, "RETRY_SECONDS", 0.02)
    taken = socket.create_server(("127.0.0.1", 0))
    settings = listening(f"127.0.0.1:{taken.getsockname()[1]}")
    server = HttpServer(settings, Metrics(settings, picture), picture, lambda: dict(CHECKS))
    await server.start()
    assert (before := server.port) is None, before
    taken.close()
    async with asyncio.timeout(20):
        while server.port is None:
            await asyncio.sleep(0.01)
    assert (await get(server, "/healthz"))[0] == 200
    await server.stop()
