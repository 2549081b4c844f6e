"""What is special to an execution mode, and what a sender can choose: on the wire, in what comes of it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.flows import wire_sheet as wire
from tests.flows.desk import DONE, FILLED, WORKING, Desk
from tests.flows.pieces import in_modes
from tests.flows.system import until
from tests.flows.trader import Trader
from tests.flows.wire_sheet import BOC, EXCHANGE, FOK, INSTANT, IOC, MARKET, REQUEST, RETURN, SYMBOLS

pytestmark = pytest.mark.slow
BUY = {"side": "buy", "volume": "0.10"}


@contextmanager
def specified(trader: Trader, was: dict[str, Any], shown: dict[str, Any], **changes: Any) -> Iterator[None]:
    """The symbol is so meanwhile; `was` puts it back, `shown` is how the daemon then shows it."""
    control = trader.up.venue.control
    control("spec", symbol=trader.symbol, changes=changes)
    try:
        until(lambda: shown.items() <= trader.specification().items(), what=f"{shown} is not shown")
        yield
    finally:
        control("spec", symbol=trader.symbol, changes=was)
        until(lambda: not shown.items() <= trader.specification().items(), what=f"{shown} is still shown")


# Request execution.


@in_modes(REQUEST)
@pytest.mark.parametrize(("deviation", "moved"), [(None, 21), (3, 4)])
def test_prices_that_moved_too_far_are_not_ordered_at(desk: Desk, deviation: int | None, moved: int) -> None:
    trader, fields = desk.trader, {} if deviation is None else {"deviation": deviation}
    trader.up.venue.control("slow_next", ms=500)
    asked = trader.submit("buy", "0.10", reply="receipt", id=f"moved-{desk.symbol}-{moved}", **fields)
    until(lambda: len(trader.sent()) > trader.seen)
    trader.quote(*(round(price + moved * 0.00001, 5) for price in (1.1, 1.1001)))
    found = trader.submit("buy", "0.10", id=asked["command"], **fields)
    assert (found["status"], found["final"], found["filled"]) == ("denied", True, None)
    (reason,) = found["reasons"]
    assert (reason["code"], reason["field"], reason["retcode"]) == ("price_moved", "deviation", 10020)
    assert float(reason["limit"]) == 1.1001
    (sent,) = trader.arrived()
    assert wire.read(sent)["trade_action"] == 0


@in_modes(REQUEST)
def test_prices_within_the_deviation_are_ordered_at(desk: Desk) -> None:
    trader = desk.trader
    trader.up.venue.control("slow_next", ms=500)
    asked = trader.submit("buy", "0.10", reply="receipt", id=f"within-{desk.symbol}")
    until(lambda: len(trader.sent()) > trader.seen)
    trader.quote(1.1002, 1.1003)
    found = trader.submit("buy", "0.10", id=asked["command"])
    assert (found["status"], found["price"]) == ("filled", "1.1003")
    asking, order = map(wire.read, trader.arrived())
    assert (asking["trade_action"], order["trade_action"], order["price_order"]) == (0, 1, 1.1003)
    desk.closes(found["position"], "buy", "0.10", position=found["position"])


# Instant execution.


@in_modes(INSTANT)
def test_a_deviation_is_sent_in_points(desk: Desk) -> None:
    trader = desk.trader
    (sheet,) = wire.opening(INSTANT, "buy", "0.10", trader.bid, trader.ask)
    found = trader.does(
        "submit", FILLED, [{**sheet, "price_deviation": 30}], symbol=INSTANT, deviation=30, **BUY
    )
    position = found["position"]
    (sheet,) = wire.closing(INSTANT, "buy", "0.10", position, trader.bid, trader.ask)
    trader.does("close", FILLED, [{**sheet, "price_deviation": 0}], position=position, deviation=0)


@in_modes(INSTANT)
def test_a_requote_is_a_rejection_that_carries_the_new_prices(desk: Desk) -> None:
    trader = desk.trader
    trader.up.venue.control("requote_next")
    found = trader.submit("buy", "0.10")
    assert (found["status"], found["final"], found["retcode"]) == ("rejected", True, 10004)
    (reason,) = found["reasons"]
    assert (reason["code"], reason["retcode"]) == ("venue_refused", 10004)
    assert "1.1 / 1.1001" in reason["message"]
    assert (found["quote"]["bid"], found["quote"]["ask"]) == ("1.1", "1.1001")
    assert len(trader.arrived()) == 1


@in_modes(INSTANT)
def test_above_the_instant_volume_prices_are_asked_for(desk: Desk) -> None:
    trader = desk.trader
    with specified(
        trader, {"trade_instant_volume": 0}, {"instant_volume": "0.05"}, trade_instant_volume=5_000_000
    ):
        bid, ask = trader.bid, trader.ask
        (sheet,) = wire.opening(INSTANT, "buy", "0.10", bid, ask)
        sheet = {**sheet, "trade_action": 1}
        asking = {**sheet, "trade_action": 0, "price_order": 0.0}
        found = trader.does("submit", FILLED, [asking, sheet], symbol=INSTANT, **BUY)
        position = found["position"]
        desk.closes(position, "buy", "0.05", position=position, volume="0.05")
    desk.closes(position, "buy", "0.05", position=position)


# Market execution.


@in_modes(MARKET)
@pytest.mark.parametrize(("flags", "filling"), [(1, FOK), (2, IOC), (0, RETURN)])
def test_the_filling_is_what_the_symbol_takes(desk: Desk, flags: int, filling: int) -> None:
    trader = desk.trader
    with specified(trader, {"trade_fill_flags": 3}, {"filling_flags": flags}, trade_fill_flags=flags):
        (sheet,) = wire.opening(MARKET, "buy", "0.10", trader.bid, trader.ask, filling=filling)
        position = trader.does("submit", FILLED, [sheet], symbol=MARKET, **BUY)["position"]
        (sheet,) = wire.closing(MARKET, "buy", "0.10", position, trader.bid, trader.ask)
        trader.does("close", FILLED, [{**sheet, "type_filling": filling}], position=position)


@in_modes(MARKET, EXCHANGE)
@pytest.mark.parametrize(("asked", "filling"), [("fok", FOK), ("ioc", IOC)])
def test_a_filling_that_is_chosen_is_sent(desk: Desk, asked: str, filling: int) -> None:
    trader = desk.trader
    (sheet,) = wire.opening(desk.symbol, "buy", "0.10", trader.bid, trader.ask, filling=filling)
    found = trader.does("submit", FILLED, [sheet], symbol=desk.symbol, filling=asked, **BUY)
    (sheet,) = wire.closing(desk.symbol, "buy", "0.10", found["position"], trader.bid, trader.ask)
    trader.does(
        "close", FILLED, [{**sheet, "type_filling": filling}], position=found["position"], filling=asked
    )


@in_modes(MARKET, EXCHANGE)
def test_what_nothing_holds_is_denied_unless_it_is_advice(desk: Desk) -> None:
    trader = desk.trader
    denied = trader.submit("buy", "0.10", deviation=5)
    assert [one["code"] for one in denied["reasons"]] == ["deviation_not_held"]
    assert trader.arrived() == []
    found = desk.opens("buy", "0.10", deviation=5, deviation_advisory=True)
    desk.closes(found["position"], "buy", "0.10", position=found["position"])


# Exchange execution.


@in_modes(EXCHANGE)
@pytest.mark.parametrize(
    ("kind", "asked", "filling", "lifetime"),
    [
        ("buy_limit", "boc", BOC, wire.DAY),
        ("sell_stop", "ioc", RETURN, wire.GTC),  # stops with a filling become RETURN and GTC (7.7)
        ("sell_stop", "return", RETURN, wire.DAY),
        ("buy_stop_limit", "fok", FOK, wire.DAY),
    ],
)
def test_a_pending_order_carries_the_filling_that_is_chosen(
    desk: Desk, kind: str, asked: str, filling: int, lifetime: int
) -> None:
    price, limit = {"buy_limit": ("1.05", None), "sell_stop": ("1.05", None)}.get(kind, ("1.15", "1.14"))
    sheet = wire.placing(
        EXCHANGE,
        kind,
        "0.10",
        float(price),
        price_trigger=float(limit or 0),
        type_filling=filling,
        type_time=lifetime,
    )
    side, _, sort = kind.partition("_")
    words = {"symbol": EXCHANGE, "side": side, "volume": "0.10", "type": sort, "price": price}
    more = {"limit_price": limit} if limit else {}
    found = desk.trader.does("submit", WORKING, [sheet], **words, **more, filling=asked, time_in_force="day")
    desk.cancels(found["order"], sheet)


# Everywhere.


@in_modes(*SYMBOLS)
def test_lifetimes_and_ends_are_sent_in_server_time(desk: Desk) -> None:
    trader = desk.trader
    clock = trader.up.venue.control("clock")
    offset = timedelta(milliseconds=clock["server_ms"] - clock["utc_ms"])
    end = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    at, day = round((end + offset).timestamp()), 1_893_542_400  # 2030-01-02 00:00:00
    for number, ends, fields in (
        (wire.DAY, 0, {"time_in_force": "day"}),
        (wire.SPECIFIED, at, {"expires_at": "2030-01-02T03:04:05Z"}),
        (wire.SPECIFIED, at, {"time_in_force": "specified", "expires_at": "2030-01-02T05:04:05+02:00"}),
        (
            wire.SPECIFIED_DAY,
            day,
            {"time_in_force": "specified_day", "expires_at": {"server": "2030-01-02 00:00:00"}},
        ),
    ):
        sheet = wire.placing(desk.symbol, "buy_limit", "0.10", 1.05, type_time=number, time_expiration=ends)
        words = {"symbol": desk.symbol, **BUY, "type": "limit", "price": "1.05"}
        desk.cancels(trader.does("submit", WORKING, [sheet], **words, **fields)["order"], sheet)


@in_modes(MARKET, REQUEST)
@pytest.mark.parametrize(
    ("comment", "carried"),
    [("x" * 40, "x" * 20), ("é" * 20, "é" * 20), ("a" * 19 + "😀", "a" * 19), ("😀" * 10, "😀" * 10)],
)
def test_a_comment_has_twenty_units_beside_the_marker(desk: Desk, comment: str, carried: str) -> None:
    trader, words = desk.trader, {"symbol": desk.symbol, **BUY, "comment": comment}
    sheets = wire.opening(desk.symbol, "buy", "0.10", trader.bid, trader.ask)
    found = trader.does("submit", FILLED, sheets, carried, **words)
    sheets = wire.closing(desk.symbol, "buy", "0.10", found["position"], trader.bid, trader.ask)
    trader.does("close", FILLED, sheets, carried, position=found["position"], comment=comment)


@in_modes(*SYMBOLS)
def test_a_change_of_nothing_is_done_and_nothing_is_sent(desk: Desk) -> None:
    nothing = {**DONE, "retcode": 10025, "retcode_name": "NO_CHANGES"}
    order, sheet = desk.places("buy_limit", "0.10", "1.05", None)
    desk.trader.does("modify", nothing, [], order=order, price="1.05000", sl=None)
    desk.cancels(order, sheet)
    position = desk.opens("buy", "0.10", sl="1.05")["position"]
    desk.trader.does("modify", nothing, [], position=position, sl="1.05", tp=None)
    desk.closes(position, "buy", "0.10", position=position)


@in_modes(*SYMBOLS)
def test_one_id_twice_is_one_order_and_the_same_reply(desk: Desk) -> None:
    first = desk.opens("buy", "0.10", id=f"twice-{desk.symbol}")
    again = desk.trader.submit("buy", 0.1, id=f"twice-{desk.symbol}", wait=1)
    assert again == first
    other = desk.trader.submit("buy", "0.20", id=f"twice-{desk.symbol}")
    assert (other["status"], other["reasons"][0]["code"]) == ("conflict", "conflict")
    assert desk.trader.arrived() == []
    desk.closes(first["position"], "buy", "0.10", position=first["position"])


@in_modes(*SYMBOLS)
def test_one_id_many_times_at_once_is_one_order(desk: Desk) -> None:
    trader = desk.trader
    words = {"symbol": desk.symbol, **BUY, "id": f"at-once-{desk.symbol}"}
    front = f"oms.v1.cmd.{trader.account}"
    replies = trader.line.asks(front, [("submit", json.dumps(words).encode())] * 20)
    assert replies == [replies[0]] * 20
    assert replies[0]["status"] == "filled"
    sheets = wire.opening(desk.symbol, "buy", "0.10", trader.bid, trader.ask)
    assert len(trader.arrived()) == len(sheets)
    desk.closes(replies[0]["position"], "buy", "0.10", position=replies[0]["position"])


@in_modes(INSTANT)
def test_who_asks_again_is_answered_as_he_asks(desk: Desk) -> None:
    """Wait and receipt are of the request, not of the command."""
    trader, name = desk.trader, f"again-{desk.trader.account}"
    trader.up.venue.control("slow_next", ms=600)
    assert trader.submit("buy", "0.10", id=name, reply="receipt")["final"] is False
    assert trader.submit("buy", "0.10", id=name, wait=0)["final"] is False
    assert trader.submit("buy", "0.10", id=name, reply="receipt")["final"] is False
    found = trader.submit("buy", "0.10", id=name)
    assert (found["status"], found["final"]) == ("filled", True)
    assert len(trader.arrived()) == 1
    desk.closes(found["position"], "buy", "0.10", position=found["position"])
