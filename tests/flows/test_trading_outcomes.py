"""What becomes of orders that are not simply done: partly filled, overtaken, expired, refused, reduced."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.flows.desk import Desk
from tests.flows.pieces import in_modes
from tests.flows.system import LOGINS, NET, System, until
from tests.flows.trader import Row, Trader
from tests.flows.wire_sheet import EXCHANGE, INSTANT, MARKET, SYMBOLS

pytestmark = pytest.mark.slow
BOOK, MORE = "80.00", "90"  # lots: all that the book of a quote holds, and more


@pytest.fixture(scope="module", autouse=True)
def rich(standing: System) -> None:
    """Margin is no matter here."""
    for login in LOGINS.values():
        standing.venue.control("deposit", login=login, amount="5000000")


def outcomes(trader: Trader, name: str) -> list[tuple[str, str | None]]:
    """Every outcome of a command that was recorded: status, and volume filled."""
    events = trader.up.daemon.journal(trader.account)
    found = [one["data"] for one in events if one["type"] == "command.outcome"]
    return [(one["status"], one["filled"]) for one in found if one["command"] == name]


def closed(trader: Trader, position: str) -> None:
    """All of it, with as many books as that takes."""
    while position in trader.open()[1]:
        trader.quote(trader.bid, trader.ask)
        assert trader.command("close", position=position, filling="ioc")["filled"] != "0.00"
        trader.agrees()


# More than the book holds.


@in_modes(MARKET, EXCHANGE)
def test_tc_o2_what_an_ioc_order_does_not_get_is_canceled(trader: Trader) -> None:
    found = trader.submit("buy", MORE, filling="ioc", id=f"ioc-{trader.symbol}")
    assert (found["status"], found["final"], found["filled"]) == ("canceled", True, BOOK)
    assert (found["volume"], found["retcode_name"]) == ("90.00", "DONE_PARTIAL")
    assert sum(float(one["volume"]) for one in found["deals"]) == float(BOOK)
    assert outcomes(trader, found["command"]) == [("canceled", BOOK)]
    trader.agrees()
    assert trader.open() == ([], [found["position"]])
    closed(trader, found["position"])


@in_modes(MARKET, EXCHANGE)
def test_a_fok_order_that_the_book_cannot_fill_is_refused_whole(trader: Trader) -> None:
    found = trader.submit("buy", MORE, filling="fok")
    assert (found["status"], found["final"], found["retcode"]) == ("rejected", True, 10007)
    assert (found["filled"], found["deals"]) == (None, [])
    trader.agrees()


@in_modes(EXCHANGE)
def test_what_is_left_on_an_exchange_works_on(trader: Trader) -> None:
    name = f"rest-{trader.account}"
    found = trader.submit("buy", MORE, id=name)
    assert (found["status"], found["final"], found["filled"]) == ("partially_filled", True, BOOK)
    trader.agrees()
    assert trader.open() == ([found["order"]], [found["position"]])
    trader.quote(trader.bid, trader.ask)
    until(lambda: trader.submit("buy", MORE, id=name)["status"] == "filled")
    trader.agrees()
    assert trader.submit("buy", MORE, id=name)["filled"] == "90.00"
    assert outcomes(trader, name) == [("partially_filled", BOOK), ("filled", "90.00")]
    closed(trader, found["position"])


# Time, and others.


@in_modes(MARKET)
def test_an_order_expires_by_the_clock_of_the_server(trader: Trader) -> None:
    now = datetime.fromtimestamp(trader.up.venue.control("clock")["server_ms"] / 1000, UTC)
    ends = (now + timedelta(seconds=2)).strftime("%Y-%m-%d %H:%M:%S")
    order: Row = {
        "type": "limit",
        "price": "1.05",
        "expires_at": {"server": ends},
        "id": f"brief-{trader.account}",
    }
    placed = trader.submit("buy", "0.10", **order)
    assert placed["status"] == "working"
    until(lambda: placed["order"] not in trader.open()[0])
    trader.agrees()
    found = trader.submit("buy", "0.10", **order)
    assert (found["status"], found["final"], found["filled"]) == ("expired", True, "0.00")
    assert outcomes(trader, found["command"]) == [("working", "0.00"), ("expired", "0.00")]
    gone = trader.command("cancel", order=placed["order"])
    assert [(one["code"], one["retcode"]) for one in gone["reasons"]] == [("order_ended", 10035)]


@in_modes(*SYMBOLS)
def test_a_cancel_that_the_market_overtakes_is_refused_and_the_fill_stands(trader: Trader) -> None:
    placed = trader.submit("buy", "0.10", type="limit", price="1.05")
    trader.up.venue.control("slow_next", ms=600)
    cancel = {"order": placed["order"], "id": f"late-{trader.symbol}"}
    assert trader.command("cancel", **cancel, wait=0.1)["final"] is False
    trader.quote(1.0499, 1.05)
    until(lambda: trader.command("cancel", **cancel, wait=0)["final"])
    found = trader.command("cancel", **cancel)
    assert (found["status"], found["retcode"]) == ("rejected", 10035)
    (order,) = trader.query("commands", command=placed["command"])["commands"]
    assert (order["status"], order["filled"], order["anomaly"]) == ("filled", "0.10", "")
    trader.agrees()
    assert trader.command("close", position=order["position"])["status"] == "filled"


# Refused, in either channel.


@in_modes(MARKET, INSTANT)
@pytest.mark.parametrize("channel", ["answer", "result"])
@pytest.mark.parametrize("code", [10006, 10018, 10025])
def test_a_refusal_is_a_rejection_and_told_once(trader: Trader, channel: str, code: int) -> None:
    trader.up.venue.control("reject_next", retcode=code, channel=channel)
    found = trader.submit("buy", "0.10", id=f"no-{trader.symbol}-{channel}-{code}")
    assert (found["status"], found["final"], found["retcode"]) == ("rejected", True, code)
    assert [(one["code"], one["retcode"]) for one in found["reasons"]] == [("venue_refused", code)]
    assert outcomes(trader, found["command"]) == [("rejected", None)]
    assert trader.query("state")["permission"] == "active"


# What only reduces.


@pytest.mark.parametrize(("account", "symbol"), [(NET, MARKET)])
def test_a_netting_account_that_reduces_takes_orders_against_its_position(desk: Desk) -> None:
    trader, position = desk.trader, desk.opens("buy", "0.10")["position"]
    assert trader.up.operate(NET, "reduce")["permission"] == "reducing"
    try:
        for words in ({"volume": "0.11"}, {"volume": "0.05", "type": "limit", "price": "1.2"}):
            denied = trader.command("submit", symbol=MARKET, side="sell", **words)
            assert [one["code"] for one in denied["reasons"]] == ["reducing"]
        assert trader.arrived() == []
        desk.protects(position, "buy", "0.10", "1.05", None)
        desk.opens("sell", "0.05")
        desk.closes(position, "buy", "0.05", position=position)
    finally:
        trader.up.operate(NET, "resume")
