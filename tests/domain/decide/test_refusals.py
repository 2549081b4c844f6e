"""Every reason for a denial: what sets it off, how it is told, its retcode (docs/protocol.md 6.8, 7.7)."""

from typing import Any, NamedTuple

import pytest

from oms.domain.commands import Cancel, Check, CloseBy, Verb
from oms.domain.decide import CODES, Approved, Denied, Facts, decide, on_prices
from oms.domain.decide.facts import Policy
from oms.domain.events.command import JudgedMargin, Reason

from . import test_limits
from .scene import (
    ASK,
    BID,
    EXCHANGE,
    INSTANT,
    MARKET,
    NETTING,
    NOW,
    REQUEST,
    account,
    at_server,
    close,
    codes_of,
    d,
    denied,
    facts,
    flying,
    modify,
    order,
    pending,
    position,
    quote,
    reasons_of,
    submit,
)


class Row(NamedTuple):
    """A command that is denied for one thing, and that thing."""

    verb: Verb
    facts: Facts
    retcode: int | None
    field: str | None = None
    given: str | None = None
    limit: str | None = None
    message: str | None = None


HELD = position()
BY = CloseBy(position="1001", position_by="1002")
LEVEL: dict[str, Any] = {"stops_level": 50}
FROZEN: dict[str, Any] = {"freeze_level": 100}
SUNDAYS = (((0, 1440),), *((),) * 6)

ROWS: dict[str, list[Row]] = {
    "venue_unavailable": [Row(submit(), facts(link="connecting"), None)],
    "reconciling": [Row(submit(), facts(link="reconciling"), None)],
    "halted": [Row(submit(), facts(restrictions={"halted": "operator"}), None)],
    "read_only": [Row(submit(), facts(restrictions={"read_only": "rights"}), 10017)],
    "difference": [Row(submit(), facts(restrictions={"difference": ""}), None)],
    "restored": [Row(submit(), facts(restrictions={"restored": ""}), None)],
    "dirty": [Row(submit(), facts(restrictions={"dirty": ""}), None)],
    "reducing": [Row(submit(), facts(restrictions={"reducing": "operator"}), None)],
    "nats_away": [Row(submit(), facts(nats_away=True), None)],
    "breaker_open": [
        Row(submit(), facts(refusing={"opening": ""}), None),
        Row(close(), facts(refusing={"closing": "2026-11-21T10:00:10Z"}, position=HELD), None),
    ],
    "account_trade_disabled": [Row(submit(), facts(account=account(rights=4, trade_allowed=False)), 10017)],
    "account_read_only": [
        Row(submit(), facts(account=account(rights=8, trade_allowed=False, investor=True)), 10017),
        Row(close(), facts(account=account(rights=512, trade_allowed=False), position=HELD), 10017),
    ],
    "password_change_required": [Row(submit(), facts(account=account(rights=1024)), 10017)],
    "nothing_named": [
        Row(modify(sl="1.07"), facts(), None),
        Row(close(position=None), facts(), None),
        Row(Cancel(), facts(), None),
    ],
    "position_required": [Row(close(symbol="EURUSD"), facts(position=HELD), None, "position")],
    "field_not_used": [
        Row(submit(price="1.08"), facts(), None, "price", "1.08"),
        Row(submit(limit_price="1.08"), facts(), None, "limit_price", "1.08"),
        Row(submit(time_in_force="day"), facts(), None, "time_in_force", "day"),
        Row(submit(expires_at=at_server("2026-12-01 00:00:00")), facts(), None, "expires_at"),
        Row(pending("buy_stop", limit_price="1.08"), facts(), None, "limit_price", "1.08"),
        Row(
            pending(time_in_force="gtc", expires_at=at_server("2026-12-01 00:00:00")),
            facts(),
            None,
            "expires_at",
        ),
        Row(modify(position="1001", sl="1.07", price="1.08"), facts(position=HELD), None, "price", "1.08"),
        Row(modify(order="2001", limit_price="1.06"), facts(order=order()), None, "limit_price", "1.06"),
        Row(
            modify(order="2001", time_in_force="day", expires_at=at_server("2026-12-01 00:00:00")),
            facts(order=order()),
            None,
            "expires_at",
        ),
    ],
    "number_out_of_range": [
        Row(submit(volume="NaN"), facts(), 10014, "volume", "NaN"),
        Row(pending(price="Infinity"), facts(), 10015, "price", "Infinity"),
        Row(submit(sl="1E+400"), facts(), 10016, "sl", "1E+400"),
    ],
    "deviation_not_held": [
        Row(submit(deviation=20), facts(execution=MARKET), None, "deviation", "20"),
        Row(submit(deviation=20), facts(execution=EXCHANGE), None, "deviation", "20"),
        Row(close(deviation=0), facts(execution=MARKET, position=HELD), None, "deviation", "0"),
        Row(pending(deviation=20), facts(execution=INSTANT), None, "deviation", "20"),
    ],
    "unknown_symbol": [
        Row(submit(symbol="NONE"), facts(symbol=None), 10013, "symbol", "NONE"),
        Row(close(), facts(symbol=None, position=HELD), 10013, "symbol", "EURUSD"),
        Row(modify(order="2001", price="1.06"), facts(symbol=None, order=order()), 10013, None, "EURUSD"),
    ],
    "execution_unknown": [Row(submit(), facts(execution="7"), 10013, "symbol", "7")],
    "trade_disabled": [
        Row(
            submit(),
            facts(trade_mode="disabled"),
            10017,
            "symbol",
            "EURUSD",
            None,
            "trading EURUSD is disabled",
        ),
        Row(close(), facts(trade_mode="disabled", position=HELD), 10017, "symbol", "EURUSD"),
        Row(
            modify(order="2001", price="1.06"),
            facts(trade_mode="disabled", order=order()),
            10017,
            None,
            "EURUSD",
        ),
    ],
    "symbol_not_started": [
        Row(submit(), facts(starts_at="2026-11-20T10:00:01.000+02:00"), 10018, "symbol", "EURUSD")
    ],
    "symbol_expired": [
        Row(submit(), facts(expires_at="2026-11-20T10:00:00.000+02:00"), 10018, "symbol", "EURUSD")
    ],
    "market_closed": [
        Row(submit(), facts(trade_sessions=SUNDAYS), 10018, "symbol", "EURUSD"),
        Row(pending(), facts(trade_sessions=((),) * 7), 10018, "symbol", "EURUSD"),
        Row(close(), facts(trade_sessions=SUNDAYS, position=HELD), 10018, "symbol", "EURUSD"),
        Row(
            modify(position="1001", sl="1.07"),
            facts(trade_sessions=SUNDAYS, position=HELD),
            10018,
            None,
            "EURUSD",
        ),
    ],
    "close_by_needs_hedging": [
        Row(BY, facts(account=NETTING, position=HELD, position_by=position("1002", "sell")), 10013)
    ],
    "unknown_position": [
        Row(close(), facts(never_held=frozenset({"1001"})), 10013, "position", "1001"),
        Row(BY, facts(position=HELD, never_held=frozenset({"1002"})), 10013, "position_by", "1002"),
    ],
    "position_closed": [
        Row(close(), facts(), 10036, "position", "1001"),
        Row(close(symbol="EURUSD"), facts(account=NETTING), 10036, "symbol", "EURUSD"),
        Row(close(position="1002"), facts(position=HELD), 10036, "position", "1002"),
        Row(modify(position="1001", sl="1.07"), facts(), 10036, "position", "1001"),
        Row(BY, facts(position_by=position("1002", "sell")), 10036, "position", "1001"),
    ],
    "close_by_other_symbol": [
        Row(
            BY,
            facts(position=HELD, position_by=position("1002", "sell", symbol="GBPUSD")),
            10013,
            "position_by",
        )
    ],
    "close_by_same_side": [Row(BY, facts(position=HELD, position_by=position("1002")), 10013, "position_by")],
    "close_by_not_allowed": [
        Row(BY, facts(order_flags=63, position=HELD, position_by=position("1002", "sell")), 10035)
    ],
    "order_not_found": [
        Row(Cancel(order="2001"), facts(), 10035, "order", "2001"),
        Row(Cancel(order="2002"), facts(order=order()), 10035, "order", "2002"),
        Row(Cancel(command="7f3c"), facts(), 10035, "command", "7f3c"),
        Row(modify(order="2001", price="1.06"), facts(), 10035, "order", "2001"),
    ],
    "order_ended": [
        Row(Cancel(order="2001"), facts(order=order(state="canceled", ended=True)), 10035, "order", "2001"),
        Row(Cancel(command="7f3c"), facts(order=order(state="filled")), 10035, "command", "7f3c"),
        Row(
            modify(order="2001", price="1.06"),
            facts(order=order(state="partially_filled", ended=True)),
            10035,
            "order",
            "2001",
        ),
    ],
    "order_not_pending": [
        Row(
            modify(order="2001", price="1.06"),
            facts(execution=EXCHANGE, order=order("buy", "1.08003")),
            10035,
            "order",
            "2001",
        )
    ],
    "long_only": [
        Row(submit("sell"), facts(trade_mode="long_only"), 10042, "side", "sell", "buy"),
        Row(pending("sell_stop"), facts(trade_mode="long_only"), 10042, "side", "sell", "buy"),
    ],
    "short_only": [Row(submit(), facts(trade_mode="short_only"), 10043, "side", "buy", "sell")],
    "close_only": [Row(submit(), facts(trade_mode="close_only"), 10044, "side", "buy")],
    "volume_not_positive": [
        Row(submit(volume="0"), facts(), 10014, "volume", "0.00", "0", "0.00 is not above 0"),
        Row(pending(volume="-1"), facts(), 10014, "volume", "-1.00", "0"),
        Row(close("0"), facts(position=HELD), 10014, "volume", "0.00", "0"),
    ],
    "volume_above_max": [Row(submit(volume="500.01"), facts(), 10014, "volume", "500.01", "500.00")],
    "volume_off_step": [
        Row(
            submit(volume="0.015"),
            facts(),
            10014,
            "volume",
            "0.015",
            "0.01",
            "0.015 is not a multiple of 0.01",
        ),
        Row(close("0.015"), facts(position=HELD), 10014, "volume", "0.015", "0.01"),
        Row(
            submit(volume="0.0100000001"),
            facts(volume_step=d("0.00000001")),
            10014,
            "volume",
            "0.0100000001",
            "0.00000001",
        ),
    ],
    "volume_below_min": [
        Row(submit(volume="0.05"), facts(volume_min=d("0.10")), 10014, "volume", "0.05", "0.10")
    ],
    "volume_above_position": [
        Row(close("0.11"), facts(position=HELD), 10014, "volume", "0.11", "0.10"),
        Row(
            close("0.11", symbol="EURUSD"),
            facts(account=NETTING, position=HELD),
            10014,
            "volume",
            "0.11",
            "0.10",
        ),
    ],
    "volume_above_limit": [
        Row(submit(volume="0.31"), facts(volume_limit=d("0.30")), 10034, "volume", "0.31", "0.30"),
        Row(submit(), facts(volume_limit=d("0.19"), positions=(HELD,)), 10034, "volume", "0.10", "0.19"),
        Row(submit(), facts(volume_limit=d("0.19"), orders=(order(),)), 10034, "volume", "0.10", "0.19"),
        Row(
            pending("buy_stop"),
            facts(volume_limit=d("0.19"), in_flight=(flying(),)),
            10034,
            "volume",
            "0.10",
            "0.19",
        ),
    ],
    "frozen": [
        Row(close(), facts(**FROZEN, position=position(sl=d("1.07901"))), 10029, None, "1.08001", "1.07901"),
        Row(
            modify(position="1001", sl="1.07"),
            facts(**FROZEN, position=position(tp=d("1.08101"))),
            10029,
            None,
            "1.08001",
            "1.08101",
        ),
        Row(
            close(),
            facts(**FROZEN, position=position(side="sell", tp=d("1.07903"))),
            10029,
            None,
            "1.08003",
            "1.07903",
        ),
        Row(
            Cancel(order="2001"),
            facts(**FROZEN, order=order(price="1.07903")),
            10029,
            None,
            "1.08003",
            "1.07903",
        ),
        Row(
            modify(order="2001", price="1.10"),
            facts(**FROZEN, order=order("sell_limit", "1.08101")),
            10029,
            None,
            "1.08001",
            "1.08101",
        ),
        Row(
            submit("sell"),
            facts(**FROZEN, account=NETTING, position=position(sl=d("1.07950"))),
            10029,
            None,
            "1.08001",
            "1.07950",
        ),
    ],
    "outcome_pending": [
        Row(
            close(),
            facts(position=HELD, in_flight=(flying(type="sell", flags=3, position="1001", volume="0.01"),)),
            10039,
            "position",
            "1001",
        ),
        Row(
            BY,
            facts(
                position=HELD,
                position_by=position("1002", "sell"),
                in_flight=(flying(action="close_by", flags=3, position="1003", position_by="1002"),),
            ),
            10039,
            "position",
            "1002",
        ),
        Row(
            close("0.05"),
            facts(account=NETTING, position=HELD, in_flight=(flying(type="sell", volume="0.06"),)),
            10039,
            "volume",
            "0.05",
        ),
    ],
    "modify_pending": [
        Row(
            modify(order="2001", price="1.06"),
            facts(order=order(), in_flight=(flying(action="modify", order="2001"),)),
            10028,
            "order",
            "2001",
        ),
        Row(
            modify(position="1001", sl="1.07"),
            facts(position=HELD, in_flight=(flying(action="sltp", position="1001"),)),
            10028,
            "position",
            "1001",
        ),
    ],
    "price_too_large": [
        Row(pending("sell_limit", price="1000000001"), facts(), 10015, "price", "1000000001", "1000000000")
    ],
    "price_negative": [
        Row(pending(price="-1.07"), facts(), 10015, "price", "-1.07", "0"),
        Row(submit(sl="-1.07"), facts(), 10016, "sl", "-1.07", "0"),
    ],
    "price_missing": [
        Row(pending(price=None), facts(), 10015, "price"),
        Row(pending(price="0"), facts(), 10015, "price", "0"),
        Row(pending("buy_stop_limit", limit_price=None), facts(), 10015, "limit_price"),
    ],
    "price_off_tick": [
        Row(
            pending(price="1.070001"),
            facts(),
            10015,
            "price",
            "1.070001",
            "0.00001",
            "1.070001 is not a multiple of 0.00001",
        ),
        Row(pending(price="1.0701"), facts(tick_size=d("0.0005")), 10015, "price", "1.0701", "0.0005"),
        Row(
            pending("buy_stop_limit", limit_price="1.085001"),
            facts(),
            10015,
            "limit_price",
            "1.085001",
            "0.00001",
        ),
        Row(submit(sl="1.070001"), facts(), 10016, "sl", "1.070001", "0.00001"),
        Row(pending(tp="1.090001"), facts(), 10016, "tp", "1.090001", "0.00001"),
        Row(pending(price="1.0700000001"), facts(), 10015, "price", "1.0700000001", "0.00001"),
        Row(pending(price="1.070001"), facts(tick_size=d("0")), 10015, "price", "1.070001", "0.00001"),
        Row(modify(position="1001", tp="1.090001"), facts(position=HELD), 10016, "tp", "1.090001", "0.00001"),
    ],
    "order_type_not_allowed": [
        Row(submit(), facts(order_flags=126), 10035, "type", "market", "limit, stop, stop_limit"),
        Row(pending("buy_limit"), facts(order_flags=125), 10035, "type", "limit", "market, stop, stop_limit"),
        Row(pending("sell_stop"), facts(order_flags=123), 10035, "type", "stop", "market, limit, stop_limit"),
        Row(
            pending("buy_stop_limit"),
            facts(order_flags=119),
            10035,
            "type",
            "stop_limit",
            "market, limit, stop",
        ),
    ],
    "sl_not_allowed": [
        Row(submit(sl="1.07"), facts(order_flags=127 - 16), 10035, "sl", "1.07"),
        Row(
            modify(position="1001", sl="1.07"),
            facts(order_flags=127 - 16, position=HELD),
            10035,
            "sl",
            "1.07",
        ),
    ],
    "tp_not_allowed": [Row(pending(tp="1.09"), facts(order_flags=127 - 32), 10035, "tp", "1.09")],
    "filling_not_allowed": [
        Row(submit(filling="return"), facts(execution=MARKET), 10030, "filling", "return", "fok, ioc"),
        Row(submit(filling="fok"), facts(execution=MARKET, filling_flags=2), 10030, "filling", "fok", "ioc"),
        Row(submit(filling="ioc"), facts(execution=MARKET, filling_flags=1), 10030, "filling", "ioc", "fok"),
        Row(
            submit(filling="boc"),
            facts(execution=MARKET, filling_flags=7),
            10030,
            "filling",
            "boc",
            "fok, ioc, boc",
        ),
        Row(submit(filling="boc"), facts(execution=EXCHANGE), 10030, "filling", "boc", "fok, ioc"),
        Row(
            pending(filling="fok"), facts(execution=EXCHANGE, filling_flags=2), 10030, "filling", "fok", "ioc"
        ),
        Row(
            close(filling="return"),
            facts(execution=MARKET, position=HELD),
            10030,
            "filling",
            "return",
            "fok, ioc",
        ),
    ],
    "lifetime_not_allowed": [
        Row(
            pending(time_in_force="day"),
            facts(time_flags=13),
            10022,
            "time_in_force",
            "day",
            "gtc, specified, specified_day",
        ),
        Row(pending(), facts(time_flags=2), 10022, "time_in_force", "gtc", "day"),
        Row(
            modify(order="2001", time_in_force="day"),
            facts(time_flags=1, order=order()),
            10022,
            "time_in_force",
            "day",
            "gtc",
        ),
    ],
    "expiration_invalid": [
        Row(pending(time_in_force="specified"), facts(), 10022, "expires_at"),
        Row(pending(time_in_force="specified_day"), facts(), 10022, "expires_at"),
        Row(
            pending(expires_at=at_server("2038-01-19 03:14:08")),
            facts(),
            10022,
            "expires_at",
            "2038-01-19 03:14:08",
        ),
        Row(
            pending(expires_at=at_server("1970-01-01 00:00:00")),
            facts(),
            10022,
            "expires_at",
            "1970-01-01 00:00:00",
        ),
    ],
    "expiration_past": [
        Row(
            pending(expires_at=at_server("2026-11-20 10:00:00")),
            facts(),
            10022,
            "expires_at",
            "2026-11-20T10:00:00.000",
            NOW[:23],
        ),
        Row(
            pending(time_in_force="specified_day", expires_at=at_server("2026-11-19 23:59:59")),
            facts(),
            10022,
            "expires_at",
            "2026-11-19T23:59:59.000",
            NOW[:23],
        ),
    ],
    "no_quote": [
        Row(submit(), facts(quote=None), 10021, "symbol", "EURUSD", None, "EURUSD has no quote yet"),
        Row(submit(), facts(quote=quote(None)), 10021, "symbol", "EURUSD"),
        Row(submit(), facts(quote=quote(ask=d("0"))), 10021, "symbol", "EURUSD"),
        Row(submit(), facts(quote=None, execution=INSTANT), 10021, "symbol", "EURUSD"),
        Row(pending(), facts(quote=None), 10021, "symbol", "EURUSD"),
        Row(close(), facts(quote=None, execution=INSTANT, position=HELD), 10021, "symbol", "EURUSD"),
        Row(modify(position="1001", sl="1.07"), facts(quote=None, position=HELD), 10021, None, "EURUSD"),
    ],
    "delayed_quote": [Row(submit(), facts(quote=quote(delayed=True)), 10021, "symbol")],
    "stale_quote": [
        Row(submit(), facts(quote=quote(age=10.1)), 10021, "symbol", "10.100", "10"),
        Row(submit(), facts(quote=quote(age=None)), 10021, "symbol", None, "10"),
        Row(
            submit(),
            facts(quote=quote(age=3.0), policy=Policy(quote_age_s=2.5)),
            10021,
            "symbol",
            "3.000",
            "2.5",
        ),
    ],
    "price_moved": [],  # only of prices that were asked for: below
    "price_too_near": [
        Row(
            pending("buy_limit", price="1.08004"),
            facts(),
            10015,
            "price",
            "1.08004",
            "1.08003",
            "1.08004 must be at most 1.08003",
        ),
        Row(pending("buy_limit", price="1.07954"), facts(**LEVEL), 10015, "price", "1.07954", "1.07953"),
        Row(pending("sell_limit", price="1.08050"), facts(**LEVEL), 10015, "price", "1.08050", "1.08051"),
        Row(pending("buy_stop", price="1.08052"), facts(**LEVEL), 10015, "price", "1.08052", "1.08053"),
        Row(pending("sell_stop", price="1.07952"), facts(**LEVEL), 10015, "price", "1.07952", "1.07951"),
        Row(
            pending("buy_stop_limit", price="1.08052", limit_price="1.07"),
            facts(**LEVEL),
            10015,
            "price",
            "1.08052",
            "1.08053",
        ),
        Row(
            pending("buy_stop_limit", price="1.09", limit_price="1.08951"),
            facts(**LEVEL),
            10015,
            "limit_price",
            "1.08951",
            "1.08950",
        ),
        Row(
            pending("sell_stop_limit", price="1.07", limit_price="1.07049"),
            facts(**LEVEL),
            10015,
            "limit_price",
            "1.07049",
            "1.07050",
        ),
        Row(
            modify(order="2001", price="1.08004"), facts(order=order()), 10015, "price", "1.08004", "1.08003"
        ),
    ],
    "sl_too_near": [
        Row(pending("buy_limit", sl="1.06951"), facts(**LEVEL), 10016, "sl", "1.06951", "1.06950"),
        Row(pending("buy_stop_limit", sl="1.08451"), facts(**LEVEL), 10016, "sl", "1.08451", "1.08450"),
        Row(submit(sl="1.08002"), facts(execution=INSTANT), 10016, "sl", "1.08002", "1.08001"),
        Row(submit("sell", sl="1.08002"), facts(execution=REQUEST), 10016, "sl", "1.08002", "1.08003"),
        Row(
            modify(position="1001", sl="1.07952"),
            facts(**LEVEL, position=HELD),
            10016,
            "sl",
            "1.07952",
            "1.07951",
        ),
    ],
    "tp_too_near": [
        Row(pending("sell_limit", tp="1.08951"), facts(**LEVEL), 10016, "tp", "1.08951", "1.08950"),
        Row(submit(tp="1.08050"), facts(**LEVEL, execution=INSTANT), 10016, "tp", "1.08050", "1.08051"),
    ],
    "price_outside_limits": [
        Row(pending(price="1.04"), facts(price_limit_min=d("1.05")), 10015, "price", "1.04", "1.05.."),
        Row(
            pending("sell_limit", price="1.12"),
            facts(price_limit_min=d("1.05"), price_limit_max=d("1.11")),
            10015,
            "price",
            "1.12",
            "1.05..1.11",
        ),
    ],
    "margin_unknown": [
        Row(submit(), facts(margin=None), None),
        Row(pending(), facts(margin=JudgedMargin(gaps=("no_rate EURUSD",))), None),
        Row(submit(), facts(margin=JudgedMargin(free=d("1.00"), gaps=("calc_mode 34",))), None),
    ],
    "no_money": [
        Row(
            submit(),
            facts(margin=JudgedMargin(free=d("-0.01"), added=d("108.00"))),
            10019,
            None,
            "108.00",
            "107.99",
            "it needs 108.00 of margin, and 107.99 is free",
        ),
        Row(pending(), facts(margin=JudgedMargin(free=d("-5.00"))), 10019, None, None, "0"),
    ],
}

CASES = [
    pytest.param(code, row, id=f"{code}-{at}") for code, rows in ROWS.items() for at, row in enumerate(rows)
]


def test_the_rows_are_the_codes() -> None:
    of_limits = {row.code for row in test_limits.ROWS} | test_limits.BESIDE
    assert set(ROWS) | of_limits == set(CODES)
    assert all(code.meaning for code in CODES.values())


@pytest.mark.parametrize(("code", "row"), CASES)
def test_denied(code: str, row: Row) -> None:
    (found,) = reasons_of(row.verb, row.facts)
    expected = Reason(code, found.message, row.field, row.given, row.limit, row.retcode)
    assert found == expected
    assert found.message == (row.message or found.message) != ""


@pytest.mark.parametrize(("code", "row"), CASES)
def test_codes_have_the_retcode_but_where_it_depends(code: str, row: Row) -> None:
    by_field = code == "number_out_of_range" or (row.field in ("sl", "tp") and row.retcode == 10016)
    assert by_field or CODES[code].retcode == row.retcode


def test_the_denial_in_the_design() -> None:
    """design.md 5: {"code": "volume_off_step", "field": "volume", "message": ..., "given": "0.015", ...}."""
    assert reasons_of(submit(volume="0.015"), facts()) == (
        Reason("volume_off_step", "0.015 is not a multiple of 0.01", "volume", "0.015", "0.01", 10014),
    )


def test_all_reasons_come_at_once_the_venues_first() -> None:
    verb = pending(
        "buy_limit", volume="500.015", price="1.080041", sl="1.09", deviation=5, time_in_force="specified"
    )
    given = facts(
        order_flags=16, trade_mode="short_only", quote=quote(), restrictions={"reducing": ""}, margin=None
    )
    assert codes_of(verb, given) == [
        "reducing",
        "deviation_not_held",
        "short_only",
        "volume_above_max",
        "volume_off_step",
        "price_off_tick",
        "order_type_not_allowed",
        "expiration_invalid",
        "price_too_near",
        "sl_too_near",
        "margin_unknown",
    ]


def test_a_denial_keeps_what_it_was_judged_against() -> None:
    given = facts()
    found = denied(decide(submit(volume="0.015"), given))
    assert (found.quote, found.margin, found.passing) == (given.quote, given.margin, False)


def test_a_tick_size_that_is_noise_is_left_to_the_checks_in_doubles() -> None:
    noisy = facts(digits=1, point=d("0.1"), tick_size=d(repr(0.1 + 0.2)))
    assert codes_of(pending(price="0.9"), noisy) == []
    assert codes_of(pending(price="0.8"), noisy) == ["price_off_tick"]


# Prices that were asked for.


def asked(verb: Verb, given: Facts) -> Approved:
    question = decide(verb, given)
    assert isinstance(question, Approved)
    assert question.intent.action == "request_prices"
    return question


ASKING = facts(execution=REQUEST, position=HELD)


@pytest.mark.parametrize(
    ("verb", "bid", "ask", "moved"),
    [
        (submit(), "1.08001", "1.08023", False),
        (submit(), "1.08001", "1.08024", True),
        (submit(), "1.07980", "1.07983", False),
        (submit(), "1.07980", "1.07982", True),
        (submit("sell"), "1.08021", "1.09000", False),
        (submit("sell"), "1.07980", "1.08003", True),
        (submit(deviation=3), "1.08001", "1.08006", False),
        (submit(deviation=3), "1.08001", "1.08007", True),
        (submit(deviation=0), "1.08000", "1.08003", False),
        (submit(deviation=0), "1.08001", "1.08002", True),
        (close(), "1.07981", "1.09000", False),
        (close(), "1.07980", "1.08003", True),
        (close(deviation=2), "1.08003", "1.08004", False),
        (close(deviation=2), "1.08004", "1.08005", True),
    ],
)
def test_prices_lie_within_the_deviation(verb: Verb, bid: str, ask: str, moved: bool) -> None:
    """20 points where the command says nothing; whether the price moved for us or against us."""
    decision = on_prices(asked(verb, ASKING), verb, ASKING, d(bid), d(ask))
    if moved:
        (found,) = denied(decision).reasons
        assert (found.code, found.field, found.retcode) == ("price_moved", "deviation", 10020)
        assert not denied(decision).passing
    else:
        assert isinstance(decision, Approved)


def test_the_deviation_without_one_is_the_policys() -> None:
    given = facts(execution=REQUEST, policy=Policy(deviation=2))
    verb = submit()
    question = asked(verb, given)
    assert isinstance(on_prices(question, verb, given, BID, d("1.08005")), Approved)
    (found,) = denied(on_prices(question, verb, given, BID, d("1.08006"))).reasons
    assert (found.code, found.given, found.limit) == ("price_moved", "1.08006", "1.08003")


def test_everything_is_judged_again_when_prices_come() -> None:
    verb = submit(sl="1.07999")
    question = asked(verb, ASKING)
    now = facts(execution=REQUEST, restrictions={"halted": "operator"}, order_flags=126)
    found = denied(on_prices(question, verb, now, d("1.07995"), d("1.07999")))
    assert [one.code for one in found.reasons] == ["halted", "order_type_not_allowed", "sl_too_near"]
    assert found.quote is not None
    assert (found.quote.bid, found.quote.ask) == (d("1.07995"), d("1.07999"))


def test_a_lost_session_does_not_pass_any_more_once_prices_were_asked_for() -> None:
    found = denied(on_prices(asked(submit(), ASKING), submit(), facts(link="closed"), BID, ASK))
    assert [one.code for one in found.reasons] == ["venue_unavailable"]
    assert not found.passing


def test_prices_that_came_are_live_whatever_the_feed_does() -> None:
    now = facts(execution=REQUEST, quote=quote(age=400.0, delayed=True))
    decision = on_prices(asked(submit(), ASKING), submit(), now, BID, ASK)
    assert isinstance(decision, Approved)
    assert decision.quote is not None
    assert (decision.quote.bid, decision.quote.ask, decision.quote.delayed) == (BID, ASK, False)


def test_prices_of_nothing_are_no_quote() -> None:
    decision = on_prices(asked(submit(), ASKING), submit(), ASKING, d("0"), d("0"))
    assert isinstance(decision, Denied)
    assert {one.code for one in decision.reasons} == {"no_quote", "price_moved"}


def test_a_check_is_judged_as_its_submit() -> None:
    bad = Check(symbol="EURUSD", side="buy", volume=d("0.015"))
    assert decide(bad, facts()) == decide(submit(volume="0.015"), facts())
    good = Check(symbol="EURUSD", side="buy", volume=d("0.10"))
    assert decide(good, facts()) == decide(submit(), facts())
