"""The pages, asked over HTTP."""

import json
import logging
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest
import trio

from oms.web.app import Sources, application
from oms.web.readiness import AccountStatus
from oms.web.server import serve


@dataclass
class Daemon:
    """What the pages ask."""

    broken: list[str] = field(default_factory=list)
    accounts: list[AccountStatus] = field(default_factory=list)
    nats: bool = True
    text: bytes = b"# TYPE x counter\nx_total 1.0\n"
    asked_in: set[int] = field(default_factory=set)
    at_once: int = 0
    most_at_once: int = 0

    def metrics(self) -> bytes:
        self.asked_in.add(threading.get_ident())
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(0.02)
        self.at_once -= 1
        return self.text


@asynccontextmanager
async def served(daemon: Daemon) -> AsyncIterator[httpx.AsyncClient]:
    sources = Sources(
        lambda: daemon.broken, lambda: daemon.accounts, lambda: daemon.nats, lambda: daemon.metrics()
    )
    async with trio.open_nursery() as nursery:
        port = await nursery.start(serve, application(sources), "127.0.0.1", 0)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            yield client
        nursery.cancel_scope.cancel()


@pytest.mark.trio
async def test_healthz_names_the_broken_journals() -> None:
    daemon = Daemon()
    async with served(daemon) as client:
        answer = await client.get("/healthz")
        assert (answer.status_code, answer.json()) == (200, {"healthy": True, "broken": []})
        daemon.broken = ["net"]
        answer = await client.get("/healthz")
        assert (answer.status_code, answer.json()) == (503, {"healthy": False, "broken": ["net"]})


@pytest.mark.trio
async def test_readyz_tells_each_account() -> None:
    daemon = Daemon(
        accounts=[
            AccountStatus("hedge", "ready", "active", "ready", "", 118, 117),
            AccountStatus("net", "refused", "active", "refused", "code 3: wrong password", 9, 9),
        ]
    )
    async with served(daemon) as client:
        answer = await client.get("/readyz")
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == "no-store"
        assert json.loads(answer.content) == {
            "ready": False,
            "nats_connected": True,
            "accounts": [
                {
                    "account": "hedge",
                    "link": "ready",
                    "permission": "active",
                    "state": "ready",
                    "reason": "",
                    "seq": 118,
                    "published": 117,
                },
                {
                    "account": "net",
                    "link": "refused",
                    "permission": "active",
                    "state": "refused",
                    "reason": "code 3: wrong password",
                    "seq": 9,
                    "published": 9,
                },
            ],
        }
        daemon.accounts = daemon.accounts[:1]
        assert (await client.get("/readyz")).status_code == 200
        daemon.nats = False
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()["nats_connected"]) == (503, False)


@pytest.mark.trio
async def test_metrics_are_text_made_in_another_thread_one_at_a_time() -> None:
    daemon = Daemon()
    async with served(daemon) as client:
        async with trio.open_nursery() as nursery:
            for _ in range(4):
                nursery.start_soon(client.get, "/metrics")
        answer = await client.get("/metrics")
    assert (answer.status_code, answer.content) == (200, daemon.text)
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert threading.get_ident() not in daemon.asked_in
    assert daemon.most_at_once == 1


@pytest.mark.trio
async def test_what_is_not_there_is_said_and_nothing_can_be_changed() -> None:
    async with served(Daemon()) as client:
        assert (await client.get("/")).status_code == 404
        assert (await client.post("/healthz")).status_code == 405
        assert (await client.head("/healthz")).status_code == 200
        assert "server" not in (await client.get("/healthz")).headers


@pytest.mark.trio
async def test_a_page_that_fails_is_500_and_logged_and_the_rest_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    daemon = Daemon()

    def fails() -> bytes:
        raise RuntimeError("no metrics today")

    daemon.metrics = fails  # type: ignore[method-assign]
    with caplog.at_level(logging.ERROR):
        async with served(daemon) as client:
            answer = await client.get("/metrics")
            assert (await client.get("/healthz")).status_code == 200
    assert answer.status_code == 500
    assert "today" not in answer.text
    assert "no metrics today" in caplog.text
