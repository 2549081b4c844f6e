"""Orders and deals made at the venue by another client, as others hear of them."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
import trio

from protocol.records.trade import TradeRequest
from tests.flows.system import HEDGE, LOGINS, NET, System, system, until
from tests.paper.terminal import Terminal, connected

pytestmark = pytest.mark.slow
Step = tuple[int, int, float, dict[str, float]]
ROOT = Path(__file__).parent.parent.parent


def trade(where: System, account: str, make: list[Step]) -> None:
    """Trade as another client of the account does, each request to its outcome."""

    async def run() -> None:
        async with connected(where.venue.url) as terminal:
            await terminal.bootstrap()
            await terminal.login(LOGINS[account])
            await terminal.settled()
            for action, kind, lots, more in make:
                await _one(terminal, terminal.request(action, kind, lots, **more))

    trio.run(run)


async def _one(terminal: Terminal, request: TradeRequest) -> None:
    assert await terminal.trade(request) in (0, 10008, 10009)
    with trio.fail_after(10):
        await terminal.push(19)


def buy(lots: float) -> Step:
    return 3, 0, lots, {"type_filling": 1}


def sell(lots: float) -> Step:
    return 3, 1, lots, {"type_filling": 1}


def limit(lots: float) -> Step:
    return 5, 2, lots, {"price_order": 0.9, "type_filling": 2}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with system(tmp_path_factory.mktemp("push")) as found:
        yield found


@pytest.mark.parametrize("account", [HEDGE, NET])
def test_every_step_at_the_venue_is_an_event_and_the_projections_are_its_truth(
    up: System, account: str
) -> None:
    for step in (buy(0.3), buy(0.1), limit(0.2), sell(0.25), sell(0.5), limit(0.1)):
        before = up.ask(account, "state")["seq"]
        trade(up, account, [step])
        until(lambda: up.agrees(account), what=f"{up.told(account)} is not {up.truth(account)}")
        assert up.ask(account, "state")["seq"] > before
    up.venue.control("deposit", login=LOGINS[account], amount="12.34")
    until(lambda: up.agrees(account))
    up.check_stream(account)


def test_the_example_in_the_docs_listens_and_asks(up: System) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "listen.py", up.nats.url, NET],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[0]["account"] == NET
    assert lines[0]["currency"] == "USD"
    assert {"bid", "ask", "time", "symbol"} <= lines[2].keys()
    assert lines[5]["type"] == "account.opened"
    assert lines[-1]["events"] == len(lines) - 6
    nobody = subprocess.run(
        [sys.executable, ROOT / "docs" / "listen.py", up.nats.url, "nobody"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (nobody.returncode, nobody.stderr) == (1, "nobody holds an account 'nobody'\n")


def test_the_example_in_the_docs_joins_late_and_misses_nothing(up: System) -> None:
    """Begun in the middle, and told nothing twice while the account goes on."""
    before = up.ask(NET, "state")["seq"]
    last = before + 6  # an order, its deal, its end, twice, and what comes of them: at least
    command = [sys.executable, str(ROOT / "docs" / "join.py"), up.nats.url, NET]
    with subprocess.Popen(
        [*command, str(last)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as joining:
        assert joining.stdout is not None
        first = [json.loads(joining.stdout.readline()) for _ in range(before)]
        assert [event["seq"] for event in first] == list(range(1, before + 1))
        trade(up, NET, [buy(0.1), sell(0.1)])
        rest, told = joining.communicate(timeout=60)
    assert (joining.returncode, told) == (0, "")
    live = [json.loads(line)["seq"] for line in rest.splitlines()]
    assert live == list(range(before + 1, last + 1))
    deals = subprocess.run(
        [*command, str(last), "deal.*"], capture_output=True, text=True, timeout=60, check=True
    )
    types = {json.loads(line)["type"] for line in deals.stdout.splitlines()}
    assert types == {"deal.booked"}


@pytest.mark.parametrize("account", [HEDGE, NET])
def test_the_example_in_the_docs_trades(up: System, account: str) -> None:
    before = up.told(account)["positions"]
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "trade.py", up.nats.url, account, "EURUSD.exc"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    outcomes = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(one["verb"], one["status"]) for one in outcomes] == [
        *[("submit", "filled"), ("submit", "filled"), ("modify", "done"), ("close", "filled")],
    ]
    assert outcomes[0] == outcomes[1]
    until(lambda: up.agrees(account))
    assert up.told(account)["positions"] == before


@pytest.mark.parametrize(
    ("payload", "code", "field"),
    [
        (b"{", "bad_request", None),
        (b'{"symbl": "EURUSD"}', "bad_request", "symbl"),
        (b'{"min_seq": true}', "bad_request", "min_seq"),
    ],
)
def test_a_bad_question_is_told_by_its_field(
    up: System, payload: bytes, code: str, field: str | None
) -> None:
    body, headers = up.request(f"oms.v1.query.{HEDGE}.orders", payload)
    error = json.loads(body)["error"]
    assert (error["code"], error["field"]) == (code, field)
    assert headers["Nats-Service-Error-Code"] == "400"


def test_a_megabyte_is_refused_and_the_next_question_answered(up: System) -> None:
    body, headers = up.request(f"oms.v1.query.{HEDGE}.orders", b"x" * 1_000_000)
    assert headers["Nats-Service-Error-Code"] == "413"
    assert json.loads(body)["error"]["code"] == "too_large"
    assert up.ask(HEDGE, "orders")["account"] == HEDGE


def test_rates_come_from_the_venue(up: System) -> None:
    found = up.ask(HEDGE, "rates", b'{"symbol": "EURUSD", "timeframe": "M1", "count": 10}')
    assert len(found["rates"]) == 10
    first = found["rates"][0]
    assert first["low"] <= first["open"] <= first["high"]


def test_a_symbol_is_specified_whole(up: System) -> None:
    (spec,) = up.ask(NET, "symbols", b'{"symbol": "EURUSD.ins"}')["symbols"]
    assert spec["execution"] == "instant"
    assert spec["volume_step"] == "0.01"
    assert len(spec["trade_sessions"]) == 7


def test_a_killed_daemon_comes_back_without_loss_or_double(tmp_path: Path) -> None:
    chance = Random(3)
    with system(tmp_path) as up:
        for _ in range(4):
            steps = [chance.choice((buy, sell))(0.01) for _ in range(5)]
            trade(up, HEDGE, steps)
            up.daemon.kill()
            trade(up, HEDGE, [chance.choice((buy, sell))(0.02)])
            up.daemon.start()
            up.daemon.until_ready()
            until(lambda: up.agrees(HEDGE))
            up.check_stream(HEDGE)
        assert len([one for one in up.daemon.journal(HEDGE) if one["type"] == "deal.booked"]) == 25


def test_nats_killed_and_back_loses_nothing(tmp_path: Path) -> None:
    with system(tmp_path) as up:
        trade(up, HEDGE, [buy(0.1)])
        up.nats.kill()
        trade(up, HEDGE, [buy(0.2), sell(0.1)])
        until(lambda: not up.daemon.ready().get("nats_connected"))
        up.nats.start()
        until(lambda: up.daemon.ready().get("ready"))
        until(lambda: up.agrees(HEDGE))
        up.check_stream(HEDGE)


def test_a_venue_killed_and_back_is_reconciled(tmp_path: Path) -> None:
    with system(tmp_path) as up:
        trade(up, NET, [buy(0.1)])
        until(lambda: up.agrees(NET))
        up.venue.end()
        until(lambda: up.ask(NET, "state")["link"] == "connecting")
        assert up.ask(NET, "positions")["stale"] is True
        assert len(up.ask(NET, "positions")["positions"]) == 1
        up.venue.start()
        trade(up, NET, [buy(0.2)])
        up.daemon.until_ready()
        until(lambda: up.agrees(NET))
        up.check_stream(NET)


def test_a_stop_ends_in_good_order_and_publishes_all(tmp_path: Path) -> None:
    with system(tmp_path) as up:
        trade(up, HEDGE, [buy(0.1)])
        until(lambda: up.agrees(HEDGE))
        assert up.daemon.stop() == 0
        journal = up.daemon.journal(HEDGE)
        assert [one["type"] for one in journal[-2:]] == ["session.ended", "account.state"]
        assert [json.loads(body) for *_, body in up.stream(HEDGE)] == journal
        assert up.daemon.journal("_daemon")[-1]["type"] == "daemon.stopped"
