"""`oms demo`: the one line that it says, what stands behind it, how it ends (docs/design.md 8)."""

import asyncio
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import nats
import pytest
import trio

from protocol.records.trade import OpenTrades
from tests.flows.pieces import children, command, gone, journal
from tests.flows.system import HEDGE, NET, OMS, until
from tests.paper.terminal import connected

pytestmark = pytest.mark.slow
SAID_S, ENDED_S = 30.0, 15.0  # the contract's
EURUSD = "oms.v1.tick.hedge.EURUSD"


class Demo:
    """One demo; its temporary files are in a folder of the test's."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.temporary = folder / "tmp"
        self.temporary.mkdir(exist_ok=True)
        self.log = folder / "demo.log"
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [*OMS, "demo", "--json", *options],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, "TMPDIR": str(self.temporary)},
            )
        self.where: dict[str, Any] = {}
        self.started: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()
        until(lambda: all(map(gone, self.started)))

    def up(self) -> Self:
        """As soon as it has said where it is."""
        began = time.monotonic()
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.log.read_text()
        assert time.monotonic() - began < SAID_S
        self.where = json.loads(line)
        self.started = children(self.process.pid)
        return self

    def end(self, how: signal.Signals) -> int:
        """The exit code; nothing that it started is left, nor a second line on its output."""
        self.process.send_signal(how)
        said, _ = self.process.communicate(timeout=ENDED_S)
        assert said == ""
        assert all(map(gone, self.started))
        assert list(self.temporary.iterdir()) == []
        return self.process.returncode

    def ask(self, account: str, what: str) -> Any:
        async def ask() -> Any:
            client = await nats.connect(self.where["nats"])
            try:
                subject = f"oms.v1.query.{account}.{what}"
                return json.loads((await client.request(subject, b"", timeout=8)).data)
            finally:
                await client.close()

        return asyncio.run(ask())

    def trade(self, login: int, lots: float) -> None:
        """Buy, as another client of the account."""

        async def run() -> None:
            async with connected(self.where["venue"]) as terminal:
                await terminal.bootstrap()
                await terminal.login(login)
                assert await terminal.buy(lots) in (0, 10008, 10009)
                await terminal.push(19)

        trio.run(run)

    def truth(self, login: int) -> tuple[str, dict[str, int]]:
        """What the venue tells another client: balance, and volumes of positions."""

        async def run() -> tuple[str, dict[str, int]]:
            async with connected(self.where["venue"]) as terminal:
                await terminal.bootstrap()
                await terminal.login(login)
                account, trades = await terminal.ask(3), await terminal.ask(4)
                assert isinstance(trades, OpenTrades)
                held = {str(one.position_id): one.trade_volume for one in trades.positions}
                return f"{account.main.balance:.2f}", held

        return trio.run(run)

    def told(self, account: str) -> tuple[str, dict[str, int]]:
        """The same, asked of the daemon."""
        held = self.ask(account, "positions")["positions"]
        volumes = {one["position"]: round(float(one["volume"]) * 10**8) for one in held}
        return self.ask(account, "account")["balance"], volumes


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with Demo(tmp_path_factory.mktemp("demo")) as demo:
        yield demo.up()


def test_it_says_where_everything_is(up: Demo) -> None:
    assert list(up.where) == ["nats", "venue", "http", "data", "accounts"]
    assert re.fullmatch(r"nats://127\.0\.0\.1:[1-9]\d*", up.where["nats"])
    assert re.fullmatch(r"ws://127\.0\.0\.1:[1-9]\d*/terminal", up.where["venue"])
    assert re.fullmatch(r"http://127\.0\.0\.1:[1-9]\d*", up.where["http"])
    assert Path(up.where["data"], "journal", "hedge.db").exists()
    assert up.where["accounts"] == [
        {"name": "hedge", "login": 1001, "margin_mode": "hedging"},
        {"name": "net", "login": 1002, "margin_mode": "netting"},
    ]
    assert len(up.started) == 2  # a NATS server and a venue


def test_its_accounts_are_ready_and_in_dollars(up: Demo) -> None:
    for account, mode in ((HEDGE, "retail_hedging"), (NET, "retail_netting")):
        assert up.ask(account, "sessions")["link"] == "ready"
        found = up.ask(account, "account")
        assert (found["currency"], found["margin_mode"]) == ("USD", mode)
        assert up.ask(account, "quotes")["quotes"]


def test_eurusd_ticks_at_least_five_times_a_second(up: Demo) -> None:
    async def listen() -> list[float]:
        client = await nats.connect(up.where["nats"])
        try:
            ticks = await client.subscribe(EURUSD)
            times = []
            for _ in range(30):
                tick = json.loads((await ticks.next_msg(timeout=5)).data)
                assert (tick["account"], tick["symbol"]) == (HEDGE, "EURUSD")
                assert 0 < tick["bid"] < tick["ask"]
                times.append(time.monotonic())
            return times
        finally:
            await client.close()

    times = asyncio.run(listen())
    assert 29 / (times[-1] - times[0]) >= 5


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_everything_it_started(tmp_path: Path, how: signal.Signals) -> None:
    with Demo(tmp_path) as demo:
        demo.up()
        assert demo.end(how) == 0
        assert "Traceback" not in demo.log.read_text()


def test_two_signals_in_a_row_end_it_in_good_order(tmp_path: Path) -> None:
    with Demo(tmp_path) as demo:
        demo.up()
        demo.process.send_signal(signal.SIGINT)
        assert demo.end(signal.SIGTERM) == 0
        assert "Traceback" not in demo.log.read_text()


@pytest.mark.parametrize("step", ["nats-server", "oms.cli.main paper"])
def test_a_signal_while_it_starts_ends_what_was_started(tmp_path: Path, step: str) -> None:
    with Demo(tmp_path) as demo:
        until(lambda: any(step in command(one) for one in children(demo.process.pid)))
        demo.started = children(demo.process.pid)
        assert demo.end(signal.SIGTERM) == 0
        assert "Traceback" not in demo.log.read_text()


def test_killed_it_leaves_no_process_behind(tmp_path: Path) -> None:
    with Demo(tmp_path) as demo:
        demo.up()
        demo.process.kill()
        demo.process.wait(ENDED_S)
        until(lambda: all(map(gone, demo.started)), ENDED_S)


def test_kept_data_are_gone_on_from(tmp_path: Path) -> None:
    data = tmp_path / "kept"
    for start in (1, 2):
        with Demo(tmp_path, "--data", str(data)) as demo:
            demo.up()
            assert demo.where["data"] == str(data)
            demo.trade(1001, 0.1)
            until(lambda: demo.told(HEDGE) == demo.truth(1001))
            assert len(demo.told(HEDGE)[1]) == start
            assert demo.end(signal.SIGTERM) == 0
    for account in (HEDGE, NET):
        events = journal(data, account)
        kinds = [one["type"] for one in events]
        assert kinds.count("account.opened") == kinds.count("ledger.opened") == 1
        assert kinds.count("session.ready") == 2
        assert all(one["data"]["equal"] for one in events if one["type"] == "reconcile.report")
        states = [one["data"]["permission"] for one in events if one["type"] == "account.state"]
        assert "difference" not in states
        assert states[-1] == "active"


def test_a_port_that_is_taken_is_told(tmp_path: Path, up: Demo) -> None:
    port = up.where["http"].rpartition(":")[2]
    with Demo(tmp_path, "--http-port", port) as demo:
        said, _ = demo.process.communicate(timeout=SAID_S)
        assert (demo.process.returncode, said) == (1, "")
        told = f"oms demo: 127.0.0.1:{port}: cannot listen: Address already in use\n"
        assert demo.log.read_text().endswith(told)
        assert list(demo.temporary.iterdir()) == []
