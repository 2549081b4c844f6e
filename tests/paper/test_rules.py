"""Every refusal, one row of docs/protocol.md 7.7 after the other, and those that the table leaves to servers.

The market is 1.10000 / 1.10010; the stops level of the symbols here is 50 points where a row needs one.
"""

from decimal import Decimal
from math import inf, nan
from typing import Any

import pytest

from oms.paper.catalog import Instrument
from protocol.records.trade import TradeRequest

from .venue_scene import BUY, EURO, HEDGE, KNOWN, NET, SELL, Scene, account, instrument, wire

BUY_LIMIT, SELL_LIMIT, BUY_STOP, SELL_STOP, BUY_STOP_LIMIT, SELL_STOP_LIMIT = 2, 3, 4, 5, 6, 7
FOK, IOC, RETURN, BOC = 0, 1, 2, 3
DEAL, PENDING, SLTP, MODIFY, REMOVE, CLOSE_BY = 3, 5, 6, 7, 8, 10
MARKET = (1.10000, 1.10010)
LEVEL: dict[str, Any] = {"trade_stops_level": 50}


def scene_of(
    *more: Instrument, login: int = HEDGE, terms: dict[str, Any] | None = None, **changes: Any
) -> Scene:
    behaviour = changes.pop("behaviour", {})
    scene = Scene([instrument("EURUSD", **changes), *more], [account(login, **(terms or {}))], **behaviour)
    for name in scene.venue.specs:
        scene.quote(*MARKET, name)
    return scene


def deal(scene: Scene, kind: int = BUY, lots: str = "0.10", **more: Any) -> TradeRequest:
    return scene.request(DEAL, kind, lots, **({"type_filling": IOC} | more))


def pending(scene: Scene, kind: int, price: float, **more: Any) -> TradeRequest:
    return scene.request(PENDING, kind, **({"type_filling": RETURN, "price_order": price} | more))


def code_of_deal(
    kind: int = BUY, lots: str = "0.10", request: dict[str, Any] | None = None, **changes: Any
) -> int:
    scene = scene_of(**changes)
    login = next(iter(scene.venue.accounts))
    return scene.code(login, deal(scene, kind, lots, **(request or {})))


def code_of_pending(kind: int, price: float, request: dict[str, Any] | None = None, **changes: Any) -> int:
    scene = scene_of(**changes)
    return scene.code(HEDGE, pending(scene, kind, price, **(request or {})))


# Rights.


@pytest.mark.parametrize(
    ("rights", "code"), [(4, 10017), (8, 10017), (512, 10017), (1024, 10017), (0, 10009)]
)
def test_rights_of_the_account_or_of_the_session(rights: int, code: int) -> None:
    scene = scene_of(terms={"rights": rights})
    assert scene.code(HEDGE, deal(scene)) == code
    scene = scene_of()
    assert scene.code(HEDGE, deal(scene), rights=rights) == code


def test_investors_may_be_told_that_they_have_no_permission() -> None:
    scene = scene_of(behaviour={"permission_code": 8})
    assert scene.code(HEDGE, deal(scene), rights=8) == 8
    assert scene.code(HEDGE, deal(scene), rights=4) == 10017


def test_an_account_that_is_not_there() -> None:
    scene = scene_of()
    assert scene.code(77, deal(scene)) == 10013


# The table.


def test_symbol_not_loaded() -> None:
    assert code_of_deal(request={"trade_symbol": "NONE"}) == 10013


@pytest.mark.parametrize(
    ("mode", "kind", "code"),
    [
        (0, BUY, 10017),
        (1, SELL, 10042),
        (2, BUY, 10043),
        (3, BUY, 10044),
        (3, SELL, 10044),
        (1, BUY, 10009),
        (2, SELL, 10009),
        (4, BUY, 10009),
    ],
)
def test_trade_mode(mode: int, kind: int, code: int) -> None:
    assert code_of_deal(kind, trade_mode=mode) == code


@pytest.mark.parametrize("login", [HEDGE, NET])
def test_reducing_is_allowed_in_close_only(login: int) -> None:
    scene = scene_of(login=login)
    scene.deal(login, BUY, "0.10")
    closed = instrument("EURUSD", trade_mode=3).spec
    scene.venue.set_spec(closed)
    over = deal(scene, SELL, "0.20", trade_position=1)
    assert scene.code(login, over) == 10044
    assert scene.code(login, deal(scene, SELL, "0.10", trade_position=1)) == 10009


@pytest.mark.parametrize(
    ("lots", "code"),
    [("0", 10014), ("0.01", 10009), ("0.015", 10014), ("0.005", 10014), ("2.01", 10014), ("2", 10009)],
)
def test_volume(lots: str, code: int) -> None:
    assert code_of_deal(lots=lots, volume_max=wire(2)) == code


def test_volume_below_the_minimum_may_reduce() -> None:
    scene = scene_of(volume_min=wire("0.10"))
    scene.deal(HEDGE, BUY, "0.15")
    assert scene.code(HEDGE, deal(scene, SELL, "0.05")) == 10014
    assert scene.code(HEDGE, deal(scene, SELL, "0.05", trade_position=1)) == 10009


def test_a_close_is_no_more_than_its_position() -> None:
    scene = scene_of()
    scene.deal(HEDGE, BUY, "0.15")
    assert scene.code(HEDGE, deal(scene, SELL, "0.16", trade_position=1)) == 10014


def test_volume_limit_counts_positions_and_orders_of_one_direction() -> None:
    scene = scene_of(volume_limit=wire("0.30"))
    scene.deal(HEDGE, BUY, "0.10")
    scene.pending(HEDGE, BUY_LIMIT, "0.15", 1.09)
    assert scene.code(HEDGE, deal(scene, BUY, "0.06")) == 10034
    assert scene.code(HEDGE, deal(scene, SELL, "0.30")) == 10009
    assert scene.code(HEDGE, deal(scene, BUY, "0.05")) == 10009


@pytest.mark.parametrize("price", [nan, inf, -1.0, 2e9, 1.123456])
def test_price_of_an_order(price: float) -> None:
    assert code_of_pending(BUY_LIMIT, price) == 10015
    assert code_of_pending(BUY_LIMIT, 1.09, {"price_sl": price}) == 10016
    assert code_of_deal(request={"price_tp": price}) == 10016


@pytest.mark.parametrize(("flags", "code"), [(0, 10015), (8, 10009)])
def test_negative_prices_where_they_are_allowed(flags: int, code: int) -> None:
    """Oil, as in April 2020, with a margin that is an amount: a forex pair has no rate below zero."""
    oil = instrument("BRN.dec30.x", trade_exemode=2, margin_initial=500.0, ticks_flags=flags)
    scene = scene_of(oil)
    scene.quote(2.00, 2.10, "BRN.dec30.x")
    request = pending(scene, BUY_LIMIT, -1.0, trade_symbol="BRN.dec30.x", price_sl=-2.0, price_tp=0.5)
    assert scene.code(HEDGE, request) == code


def test_prices_go_by_the_tick_size() -> None:
    assert code_of_pending(BUY_LIMIT, 1.09005, trade_tick_size=0.0001) == 10015
    assert code_of_pending(BUY_LIMIT, 1.0901, trade_tick_size=0.0001) == 10009


@pytest.mark.parametrize(("flag", "kind"), [(1, BUY), (2, BUY_LIMIT), (4, SELL_STOP), (8, BUY_STOP_LIMIT)])
def test_order_flags(flag: int, kind: int) -> None:
    without: dict[str, Any] = {"trade_order_flags": 127 - flag}
    prices = {BUY_LIMIT: 1.09, SELL_STOP: 1.09, BUY_STOP_LIMIT: 1.12}
    if kind == BUY:
        assert code_of_deal(**without) == 10035
    else:
        assert code_of_pending(kind, prices[kind], {"price_trigger": 1.11}, **without) == 10035


def test_flags_of_stop_loss_and_take_profit() -> None:
    assert code_of_deal(request={"price_sl": 1.09}, trade_order_flags=127 - 16) == 10035
    assert code_of_deal(request={"price_tp": 1.12}, trade_order_flags=127 - 32) == 10035


@pytest.mark.parametrize(("action", "kind"), [(DEAL, BUY_LIMIT), (PENDING, BUY), (PENDING, 8), (DEAL, 99)])
def test_a_type_that_is_not_the_actions(action: int, kind: int) -> None:
    scene = scene_of()
    assert scene.code(HEDGE, scene.request(action, kind, price_order=1.09)) == 10035


@pytest.mark.parametrize(
    ("flags", "filling", "code"),
    [
        (1, FOK, 10009),
        (2, FOK, 10030),
        (2, IOC, 10009),
        (1, IOC, 10030),
        (3, RETURN, 10030),
        (0, RETURN, 10009),
        (7, BOC, 10030),
        (3, 9, 10030),
    ],
)
def test_filling_in_market_execution(flags: int, filling: int, code: int) -> None:
    assert code_of_deal(request={"type_filling": filling}, trade_fill_flags=flags) == code


@pytest.mark.parametrize(
    ("flags", "filling", "code"),
    [(0, RETURN, 10009), (0, FOK, 10030), (1, FOK, 10009), (0, IOC, 10030), (2, IOC, 10009), (3, BOC, 10030)],
)
def test_filling_in_exchange_execution(flags: int, filling: int, code: int) -> None:
    changes: dict[str, Any] = {"trade_exemode": 3, "trade_fill_flags": flags}
    scene = scene_of(**changes)
    assert scene.code(HEDGE, scene.request(4, BUY, type_filling=filling)) == code


@pytest.mark.parametrize("mode", [0, 1])
def test_filling_of_the_dealers_modes(mode: int) -> None:
    scene = scene_of(trade_exemode=mode)
    if mode == 0:
        scene.ask(HEDGE, scene.request(0, BUY))
    request = {"price_order": MARKET[1]}
    assert scene.code(HEDGE, scene.request(mode + 1, BUY, type_filling=IOC, **request)) == 10030
    assert scene.code(HEDGE, scene.request(mode + 1, BUY, type_filling=FOK, **request)) == 10009
    assert code_of_pending(BUY_LIMIT, 1.09, {"type_filling": FOK}, trade_exemode=mode) == 10030
    assert code_of_pending(BUY_LIMIT, 1.09, trade_exemode=mode) == 10009


def test_stops_on_an_exchange_are_turned_into_return_and_gtc() -> None:
    scene = scene_of(trade_exemode=3, trade_fill_flags=0)
    asked = pending(scene, BUY_STOP, 1.12, type_filling=BOC, type_time=1)
    assert scene.code(HEDGE, asked) == 10009
    (order,) = scene.account(HEDGE).orders.values()
    assert (order.type_filling, order.type_time) == (RETURN, 0)


@pytest.mark.parametrize(
    ("flags", "lifetime", "ahead_s", "code"),
    [
        (15 - 1, 0, 0, 10022),
        (15 - 2, 1, 0, 10022),
        (15 - 4, 2, 600, 10022),
        (15 - 8, 3, 600, 10022),
        (15, 2, 600, 10009),
        (15, 2, 0, 10022),
        (15, 2, -600, 10022),
        (15, 3, -600, 10009),  # the end of the same day is still ahead
        (15, 3, -86_400, 10022),
        (15, 2, None, 10022),
        (15, 2, 2**32, 10022),
        (15, 7, 600, 10022),
    ],
)
def test_expiration(flags: int, lifetime: int, ahead_s: int | None, code: int) -> None:
    scene = scene_of(trade_time_flags=flags)
    ends = 0 if ahead_s is None else min(scene.moment.seconds + ahead_s, 2**32 - 1)
    request = pending(scene, BUY_LIMIT, 1.09, type_time=lifetime, time_expiration=ends)
    assert scene.code(HEDGE, request) == code


def test_no_tick_yet() -> None:
    scene = Scene([instrument("EURUSD")], [account(HEDGE)])
    assert scene.code(HEDGE, deal(scene)) == 10021
    assert scene.code(HEDGE, pending(scene, BUY_LIMIT, 1.09)) == 10021
    scene.quote(0.0, 1.10010)
    assert scene.code(HEDGE, deal(scene)) == 10021


def test_no_rate_for_the_profit() -> None:
    """Yen cannot be booked in an account of euros before EURJPY, or USDJPY and EURUSD, are quoted."""
    scene = Scene([instrument("USDJPY"), instrument("EURUSD")], [account(EURO)])
    scene.quote(150.0, 150.01, "USDJPY")
    assert scene.code(EURO, deal(scene, trade_symbol="USDJPY")) == 10021
    scene.quote(1.1, 1.1001)
    assert scene.code(EURO, deal(scene, trade_symbol="USDJPY")) == 10009


@pytest.mark.parametrize(
    ("kind", "price", "code"),
    [
        (BUY_LIMIT, 1.09960, 10009),
        (BUY_LIMIT, 1.09961, 10015),
        (SELL_LIMIT, 1.10050, 10009),
        (SELL_LIMIT, 1.10049, 10015),
        (BUY_STOP, 1.10060, 10009),
        (BUY_STOP, 1.10059, 10015),
        (SELL_STOP, 1.09950, 10009),
        (SELL_STOP, 1.09951, 10015),
        (BUY_LIMIT, 0.0, 10015),
    ],
)
def test_limits_and_stops_keep_the_stops_level(kind: int, price: float, code: int) -> None:
    assert code_of_pending(kind, price, **LEVEL) == code


@pytest.mark.parametrize(
    ("kind", "activation", "limit", "code"),
    [
        (BUY_STOP_LIMIT, 1.10060, 1.10010, 10009),
        (BUY_STOP_LIMIT, 1.10060, 1.10011, 10015),
        (BUY_STOP_LIMIT, 1.10059, 1.09000, 10015),
        (SELL_STOP_LIMIT, 1.09950, 1.10000, 10009),
        (SELL_STOP_LIMIT, 1.09950, 1.09999, 10015),
        (SELL_STOP_LIMIT, 1.09951, 1.11000, 10015),
        (BUY_STOP_LIMIT, 1.10060, 0.0, 10015),
    ],
)
def test_stop_limits_activate_at_price_order_and_limit_at_price_trigger(
    kind: int, activation: float, limit: float, code: int
) -> None:
    assert code_of_pending(kind, activation, {"price_trigger": limit}, **LEVEL) == code


def test_on_an_exchange_limits_may_cross_the_market() -> None:
    assert code_of_pending(BUY_LIMIT, 1.11, trade_exemode=3) == 10009
    assert code_of_pending(BUY_STOP, 1.09, trade_exemode=3) == 10015
    crossing = {"price_trigger": 1.13}
    assert code_of_pending(BUY_STOP_LIMIT, 1.12, crossing, trade_exemode=3) == 10009


@pytest.mark.parametrize(
    ("kind", "price", "sl", "tp", "code"),
    [
        (BUY_LIMIT, 1.09, 1.08950, 1.09050, 10009),
        (BUY_LIMIT, 1.09, 1.08951, 0.0, 10016),
        (BUY_LIMIT, 1.09, 0.0, 1.09049, 10016),
        (SELL_LIMIT, 1.12, 1.12050, 1.11950, 10009),
        (SELL_LIMIT, 1.12, 1.12049, 0.0, 10016),
        (SELL_LIMIT, 1.12, 0.0, 1.11951, 10016),
    ],
)
def test_stops_of_pending_orders_stand_against_their_price(
    kind: int, price: float, sl: float, tp: float, code: int
) -> None:
    assert code_of_pending(kind, price, {"price_sl": sl, "price_tp": tp}, **LEVEL) == code


def test_stops_of_stop_limits_stand_against_the_limit() -> None:
    prices = {"price_trigger": 1.11, "price_sl": 1.10950}
    assert code_of_pending(BUY_STOP_LIMIT, 1.12, prices, **LEVEL) == 10009
    assert code_of_pending(BUY_STOP_LIMIT, 1.12, prices | {"price_sl": 1.10951}, **LEVEL) == 10016


@pytest.mark.parametrize(
    ("kind", "sl", "tp", "code"),
    [
        (BUY, 1.09950, 1.10050, 10009),
        (BUY, 1.09951, 0.0, 10016),
        (BUY, 0.0, 1.10049, 10016),
        (SELL, 1.10060, 1.09960, 10009),
        (SELL, 1.10059, 0.0, 10016),
        (SELL, 0.0, 1.09961, 10016),
    ],
)
def test_stops_of_deals_stand_against_the_closing_price(kind: int, sl: float, tp: float, code: int) -> None:
    stops = {"price_sl": sl, "price_tp": tp}
    assert code_of_deal(kind, request=stops, **LEVEL) == code
    lenient = {"check_market_stops": False}
    assert code_of_deal(kind, request=stops, behaviour=lenient, **LEVEL) == 10009


def test_only_the_stop_that_changes_is_judged() -> None:
    scene = scene_of(**LEVEL)
    scene.deal(HEDGE, BUY, "0.10", price_sl=1.09950)
    scene.quote(1.09960, 1.09970)
    ask = {"trade_position": 1, "type_flags": 0}
    near = scene.request(SLTP, BUY, price_sl=1.09940, **ask)
    assert scene.code(HEDGE, near) == 10016
    keep = scene.request(SLTP, BUY, price_sl=1.09950, price_tp=1.12, **ask)
    assert scene.code(HEDGE, keep) == 10009
    assert scene.code(HEDGE, keep) == 10025


def test_pending_unchanged() -> None:
    scene = scene_of()
    ends = scene.moment.seconds + 3600
    lifetime = {"type_time": 2, "time_expiration": ends}
    scene.pending(HEDGE, BUY_LIMIT, "0.10", 1.09, **lifetime)
    same = scene.request(MODIFY, BUY_LIMIT, trade_order=1, price_order=1.09, **lifetime)
    assert scene.code(HEDGE, same) == 10025
    later = {"type_time": 2, "time_expiration": ends + 1}
    assert (
        scene.code(HEDGE, scene.request(MODIFY, BUY_LIMIT, trade_order=1, price_order=1.09, **later)) == 10009
    )


def close_by(scene: Scene, one: int, other: int, **more: Any) -> TradeRequest:
    return scene.request(CLOSE_BY, SELL, trade_position=one, position_by=other, **more)


def test_close_by() -> None:
    other = KNOWN["EURUSD.exc"]
    scene = scene_of(other)
    scene.deal(HEDGE, BUY, "0.10")
    scene.deal(HEDGE, BUY, "0.10")
    scene.deal(HEDGE, SELL, "0.10", trade_symbol="EURUSD.exc", action=4, type_filling=RETURN)
    scene.deal(HEDGE, SELL, "0.10")
    assert scene.code(HEDGE, close_by(scene, 1, 2)) == 10013  # the same side
    assert scene.code(HEDGE, close_by(scene, 1, 3)) == 10013  # another symbol
    assert scene.code(HEDGE, close_by(scene, 1, 1)) == 10013
    assert scene.code(HEDGE, close_by(scene, 1, 99)) == 10013
    scene.venue.set_spec(instrument("EURUSD", trade_order_flags=127 - 64).spec)
    assert scene.code(HEDGE, close_by(scene, 1, 4)) == 10035
    scene.venue.set_spec(instrument("EURUSD").spec)
    assert scene.code(HEDGE, close_by(scene, 1, 4)) == 10009
    assert scene.code(HEDGE, close_by(scene, 2, 4)) == 10036


def test_close_by_is_for_hedging() -> None:
    scene = scene_of(login=NET)
    scene.deal(NET, BUY, "0.10")
    assert scene.code(NET, close_by(scene, 1, 1)) == 10013


def test_limit_orders_keep_the_price_limits() -> None:
    limits: dict[str, Any] = {"trade_price_limit_min": 1.05, "trade_price_limit_max": 1.15}
    assert code_of_pending(BUY_LIMIT, 1.04, **limits) == 10015
    assert code_of_pending(SELL_LIMIT, 1.16, **limits) == 10015
    assert code_of_pending(BUY_LIMIT, 1.06, **limits) == 10009
    assert code_of_pending(BUY_STOP, 1.16, **limits) == 10009


# What the table leaves to the server.


def test_market_closed() -> None:
    """On Saturday the index and gold rest, while EURUSD in all four modes goes on."""
    names = ("EURUSD.req", "EURUSD.ins", "EURUSD.exc", "US500", "XAUUSD")
    scene = scene_of(*(instrument(name) for name in names))
    scene.quote(5200.0, 5200.5, "US500")
    gold: dict[str, Any] = {"trade_symbol": "XAUUSD", "digits": 2}
    scene.quote(2349.00, 2349.30, "XAUUSD")
    scene.told(HEDGE, pending(scene, BUY_LIMIT, 2300.0, **gold))
    scene.wait(3 * 86_400_000)
    assert scene.code(HEDGE, deal(scene, trade_symbol="US500", lots="1")) == 10018
    assert scene.code(HEDGE, deal(scene, **gold)) == 10018
    assert scene.code(HEDGE, pending(scene, BUY_LIMIT, 2290.0, **gold)) == 10018
    modify = scene.request(MODIFY, BUY_LIMIT, trade_order=1, price_order=2290.0, **gold)
    away = scene.request(REMOVE, BUY_LIMIT, trade_order=1, price_order=2300.0, **gold)
    assert [scene.code(HEDGE, modify), scene.code(HEDGE, away)] == [10018, 10018]
    scene.code(HEDGE, scene.request(0, BUY, trade_symbol="EURUSD.req"))
    modes = (("EURUSD.req", 1, FOK), ("EURUSD.ins", 2, FOK), ("EURUSD", 3, IOC), ("EURUSD.exc", 4, FOK))
    for name, action, filling in modes:
        price = MARKET[1] if action < 3 else 0.0
        request: dict[str, Any] = {"trade_symbol": name, "price_order": price, "type_filling": filling}
        assert scene.code(HEDGE, scene.request(action, BUY, **request)) == 10009


def test_no_money() -> None:
    """10 000 USD at 1:100 hold 9.09 lots at 1.10010: 0.10 lots need 110.01."""
    assert code_of_deal(lots="9.08") == 10009
    assert code_of_deal(lots="9.10") == 10019
    assert code_of_pending(BUY_LIMIT, 1.09, {"trade_volume": wire("9.18")}) == 10019
    poor = {"balance": Decimal("110.00")}
    assert code_of_deal(lots="0.10", terms=poor) == 10019
    assert code_of_deal(lots="0.10", terms={"balance": Decimal("110.01")}) == 10009


def test_reducing_needs_no_money() -> None:
    for login in (HEDGE, NET):
        scene = scene_of(login=login, terms={"balance": Decimal("111.00")})
        scene.deal(login, BUY, "0.10")
        assert scene.code(login, deal(scene, SELL, "0.10", trade_position=1)) == 10009


def test_freeze_level() -> None:
    scene = scene_of(trade_freeze_level=100)
    scene.deal(HEDGE, BUY, "0.10", price_sl=1.09900)
    scene.pending(HEDGE, BUY_LIMIT, "0.10", 1.09910)
    change = {"trade_position": 1, "type_flags": 0}
    assert scene.code(HEDGE, scene.request(SLTP, BUY, price_tp=1.12, **change)) == 10029
    assert scene.code(HEDGE, deal(scene, SELL, trade_position=1)) == 10029
    modify = scene.request(MODIFY, BUY_LIMIT, trade_order=2, price_order=1.09)
    remove = scene.request(REMOVE, BUY_LIMIT, trade_order=2, price_order=1.0991)
    assert scene.code(HEDGE, modify) == 10029
    assert scene.code(HEDGE, remove) == 10029
    scene.quote(1.10001, 1.10011)
    assert scene.code(HEDGE, remove) == 10009
    assert scene.code(HEDGE, deal(scene, SELL, trade_position=1)) == 10009


def test_order_and_position_limits() -> None:
    scene = scene_of(behaviour={"max_orders": 1, "max_positions": 1})
    scene.pending(HEDGE, BUY_LIMIT, "0.10", 1.09)
    assert scene.code(HEDGE, pending(scene, BUY_LIMIT, 1.08)) == 10033
    scene.deal(HEDGE, BUY, "0.10")
    assert scene.code(HEDGE, deal(scene)) == 10040


def test_orders_and_positions_that_are_gone() -> None:
    scene = scene_of()
    scene.pending(HEDGE, BUY_LIMIT, "0.10", 1.09)
    remove = scene.request(REMOVE, BUY_LIMIT, trade_order=1)
    assert scene.code(HEDGE, remove) == 10009
    assert scene.code(HEDGE, remove) == 10035
    assert scene.code(HEDGE, scene.request(MODIFY, BUY_LIMIT, trade_order=1, price_order=1.08)) == 10035
    scene.deal(HEDGE, BUY, "0.10")
    scene.close(HEDGE, 2)
    sltp = {"trade_position": 2, "price_sl": 1.09}
    assert scene.code(HEDGE, scene.request(SLTP, BUY, **sltp)) == 10036
    assert scene.code(HEDGE, scene.request(SLTP, BUY, **(sltp | {"trade_position": 99}))) == 10013


def test_stops_without_a_position_in_netting() -> None:
    scene = scene_of(login=NET)
    assert scene.code(NET, scene.request(SLTP, BUY, trade_position=1, price_sl=1.09)) == 10036


def test_a_modification_describes_its_order() -> None:
    scene = scene_of()
    scene.pending(HEDGE, BUY_LIMIT, "0.10", 1.09)
    for wrong, code in (({"trade_type": SELL_LIMIT}, 10013), ({"trade_volume": wire("0.2")}, 10014)):
        fields: dict[str, Any] = {"trade_order": 1, "price_order": 1.08} | wrong
        kind = fields.pop("trade_type", BUY_LIMIT)
        assert scene.code(HEDGE, scene.request(MODIFY, kind, **fields)) == code


@pytest.mark.parametrize("action", [9, 11, 100, 200, 2**32 - 1])
def test_actions_that_clients_have_not(action: int) -> None:
    scene = scene_of()
    assert scene.code(HEDGE, scene.request(action, BUY)) == 10013


@pytest.mark.parametrize(("mode", "fits"), [(0, 1), (1, 2), (2, 3), (3, 4)])
def test_the_action_fits_the_execution_mode(mode: int, fits: int) -> None:
    scene = scene_of(trade_exemode=mode)
    for action in {1, 2, 3, 4} - {fits}:
        assert scene.code(HEDGE, scene.request(action, BUY, price_order=MARKET[1])) == 10013
    assert (scene.code(HEDGE, scene.request(0, BUY)) == 10005) is (mode == 0)


def test_above_the_instant_volume_the_request_flow_is_used() -> None:
    scene = scene_of(trade_exemode=1, trade_instant_volume=wire(1))
    price = {"price_order": MARKET[1]}
    assert scene.code(HEDGE, scene.request(2, BUY, "1.00", **price)) == 10009
    assert scene.code(HEDGE, scene.request(2, BUY, "1.01", **price)) == 10013
    assert scene.code(HEDGE, scene.request(0, BUY, "1.01")) == 10005
    assert scene.code(HEDGE, scene.request(1, BUY, "1.01", **price)) == 10009


def test_a_price_is_named_to_a_dealer() -> None:
    scene = scene_of(trade_exemode=1)
    assert scene.code(HEDGE, scene.request(2, BUY, price_order=0.0)) == 10015


def test_a_second_close_while_the_first_is_with_the_dealer() -> None:
    scene = scene_of()
    scene.deal(HEDGE, BUY, "0.10")
    first, second = (deal(scene, SELL, "0.10", trade_position=1) for _ in range(2))
    assert scene.told(HEDGE, first, delay_ms=500) == ["12 0"]
    assert scene.code(HEDGE, second) == 10039
    scene.wait(500)
    assert scene.books(HEDGE) == []
    assert scene.code(HEDGE, second) == 10036


def test_the_first_row_of_the_table_decides() -> None:
    """A request wrong in every way is refused by the row that comes first."""
    wrong = {"price_sl": nan, "type_filling": 9, "type_time": 9, "price_order": nan}
    rows: tuple[tuple[dict[str, Any], dict[str, Any], int], ...] = (
        ({"trade_mode": 0}, {"trade_volume": 0}, 10017),
        ({"trade_mode": 3}, {"trade_volume": 0}, 10044),
        ({}, {"trade_volume": 0}, 10014),
        ({}, {}, 10015),
        ({"trade_order_flags": 0}, {"price_order": 1.5, "price_sl": 0.0}, 10035),
        ({}, {"price_order": 1.5, "price_sl": 0.0}, 10030),
        ({}, {"price_order": 1.5, "price_sl": 0.0, "type_filling": RETURN}, 10022),
        ({}, {"price_order": 1.5, "price_sl": 1.6, "type_filling": RETURN, "type_time": 0}, 10015),
        ({}, {"price_order": 1.05, "price_sl": 1.6, "type_filling": RETURN, "type_time": 0}, 10016),
    )
    for changes, fields, code in rows:
        assert code_of_pending(BUY_LIMIT, 1.09, wrong | fields, **changes) == code
