"""The real queries behind the real micro service, asked by the real command."""

import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio

from oms.bus.bridge import bridged
from oms.bus.options import NatsOptions
from oms.bus.service import Endpoint, serve
from oms.domain.events import CommandReceived
from oms.queries import Reply, View, answer
from tests.cli.process import Command, environ
from tests.nats import nats_server
from tests.queries.scene import Account

pytestmark = [pytest.mark.trio, pytest.mark.slow]
state, watch = Command("oms.cli.state.app:state"), Command("oms.cli.watch.app:watch")


@asynccontextmanager
async def answering(folder: Path) -> AsyncIterator[str]:
    """The URL of a NATS where the account `main` answers."""
    account = Account(folder)
    account.quotes.put("EURUSD", 1.08101, 1.08103)
    account.record(CommandReceived("7f3c", "desk", "submit"))
    view: View = account

    async def handle(what: str, headers: Mapping[str, str], payload: bytes) -> Reply:
        return await answer(view, what, headers, payload)

    with nats_server(folder / "nats") as server:
        async with bridged(NatsOptions(urls=(server.url,))) as bridge, trio.open_nursery() as nursery:
            nursery.start_soon(partial(serve, bridge, [Endpoint("query", "main", handle)], version="0.1.0"))
            await bridge.connection()
            yield server.url
            nursery.cancel_scope.cancel()


async def ran(command: Command, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    with trio.fail_after(30):
        return await trio.run_process(
            [*command.argv, *arguments],
            capture_stdout=True,
            capture_stderr=True,
            check=False,
            env=environ({}),
        )


async def test_every_question_is_answered(tmp_path: Path) -> None:
    async with answering(tmp_path) as url:
        for what in ("orders", "positions", "account", "pnl", "statement", "quotes", "sessions", "commands"):
            done = await ran(state, what, "--nats", url)
            assert (done.returncode, done.stderr) == (0, b""), (what, done)
            assert b"main" in done.stdout, (what, done)
        done = await ran(watch, "--nats", url, "--count", "1")
        assert (done.returncode, done.stderr) == (0, b"")
        assert b'"error"' not in done.stdout
        done = await ran(state, "symbols", "--nats", url, "--symbol", "EURUSD")
        assert b"100000" in done.stdout


async def test_refusals_are_the_daemons_own_words(tmp_path: Path) -> None:
    async with answering(tmp_path) as url:
        done = await ran(state, "sessions", "--nats", url, "--as-of", "1")
        assert done.returncode == 2
        assert done.stderr.startswith(b"oms state: main: sessions: as_of: ")
        done = await ran(state, "orders", "--nats", url, "--as-of", "999999")
        assert (done.returncode, b"999999" in done.stderr) == (2, True)
        done = await ran(state, "orders", "--nats", url, "--account", "x")
        assert (done.returncode, done.stderr) == (3, b"oms state: no account 'x'; there are: main\n")
