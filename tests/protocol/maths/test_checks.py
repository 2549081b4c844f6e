"""Every row of docs/protocol.md 7.7, on a valid order with one thing wrong."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.maths.check_input import (
    CheckOrder,
    CheckPosition,
    CheckRequest,
    CheckSymbol,
    Refusal,
    View,
    show_volume,
)
from protocol.maths.check_terms import client_filling
from protocol.maths.checks import check

LOT = 100_000_000
REQUEST, INSTANT, MARKET, EXCHANGE = 0, 1, 2, 3
BID, ASK = 1.08003, 1.08012
LEVEL = 10  # points: 0.0001


def symbol(**changes: Any) -> CheckSymbol:
    values: dict[str, Any] = {
        "digits": 5,
        "point": 1e-5,
        "trade_tick_size": 1e-5,
        "trade_mode": 4,
        "trade_exemode": INSTANT,
        "trade_fill_flags": 3,
        "trade_time_flags": 15,
        "trade_order_flags": 127,
        "volume_min": LOT // 100,
        "volume_max": 500 * LOT,
        "volume_step": LOT // 100,
        "trade_stops_level": LEVEL,
    }
    return CheckSymbol(**{**values, **changes})


def view(one: CheckSymbol | None = None, **changes: Any) -> View:
    return View(**{"symbol": one or symbol(), "hedging": True, "bid": BID, "ask": ASK, **changes})


def held(**changes: Any) -> CheckPosition:
    return CheckPosition(**{"trade_symbol": "EURUSD", "is_buy": True, "volume": LOT, **changes})


def deal(kind: int = 0, **changes: Any) -> CheckRequest:
    """An instant deal at the shown price."""
    values: dict[str, Any] = {
        "trade_action": 2,
        "trade_type": kind,
        "trade_volume": LOT,
        "price_order": BID if kind else ASK,
        "type_flags": 2,
    }
    return CheckRequest(**{**values, **changes})


def close(kind: int = 1, **changes: Any) -> CheckRequest:
    return deal(kind, **{"trade_position": 77, "type_flags": 3, **changes})


PENDING_PRICES = {
    2: (1.07, 0.0),
    3: (1.09, 0.0),
    4: (1.09, 0.0),
    5: (1.07, 0.0),
    6: (1.09, 1.085),
    7: (1.07, 1.075),
}


def pending(kind: int = 2, **changes: Any) -> CheckRequest:
    price, trigger = PENDING_PRICES[kind]
    values: dict[str, Any] = {
        "trade_action": 5,
        "trade_type": kind,
        "trade_volume": LOT,
        "price_order": price,
        "price_trigger": trigger,
        "type_filling": 2,
        "type_flags": 2,
    }
    return CheckRequest(**{**values, **changes})


def stops(sl: float, tp: float, kind: int = 0) -> CheckRequest:
    return CheckRequest(trade_action=6, trade_type=kind, trade_volume=LOT, price_sl=sl, price_tp=tp)


def codes(request: CheckRequest, given: View | None = None) -> list[tuple[str, int]]:
    return [(refusal.code, refusal.retcode) for refusal in check(request, given or view())]


@pytest.mark.parametrize("mode", [REQUEST, INSTANT, MARKET, EXCHANGE])
@pytest.mark.parametrize(
    "request_", [deal(0), deal(1), close(1), stops(1.07, 1.09), *(pending(kind) for kind in PENDING_PRICES)]
)
def test_valid_requests_pass(mode: int, request_: CheckRequest) -> None:
    assert codes(request_, view(symbol(trade_exemode=mode), position=held())) == []


def test_a_symbol_that_is_not_loaded_is_the_only_reason() -> None:
    unloaded = View(symbol=None, hedging=True)
    assert codes(deal(trade_volume=0, price_order=-1.0), unloaded) == [("symbol_not_loaded", 2)]


@pytest.mark.parametrize("request_", [deal(), close(), pending(), stops(1.07, 1.09)])
def test_trade_mode_0_refuses_everything(request_: CheckRequest) -> None:
    assert codes(request_, view(symbol(trade_mode=0), position=held())) == [("trade_disabled", 10017)]


@pytest.mark.parametrize(
    ("mode", "kind", "expected"),
    [
        (1, 0, []),
        (1, 1, [("long_only", 10042)]),
        (2, 0, [("short_only", 10043)]),
        (2, 1, []),
        (3, 0, [("close_only", 10044)]),
        (3, 1, [("close_only", 10044)]),
        (4, 1, []),
    ],
)
def test_new_exposure_by_trade_mode(mode: int, kind: int, expected: list[tuple[str, int]]) -> None:
    restricted = view(symbol(trade_mode=mode))
    assert codes(deal(kind), restricted) == expected
    assert codes(pending(2 + kind), restricted) == expected
    assert codes(CheckRequest(trade_action=8, trade_type=kind), restricted) == []


def test_reducing_is_always_allowed() -> None:
    closing = view(symbol(trade_mode=3), position=held())
    assert codes(close(1), closing) == []
    assert codes(close(1, trade_volume=LOT // 2), closing) == []
    # netting: no position has to be named, and a pending may reduce too
    netted = view(symbol(trade_mode=3), position=held(), hedging=False)
    assert codes(deal(1), netted) == []
    assert codes(pending(3), netted) == []


def test_what_does_not_only_reduce_is_new_exposure() -> None:
    only_close = symbol(trade_mode=3)
    refused = [("close_only", 10044)]
    assert codes(deal(0), view(only_close, position=held(), hedging=False)) == refused
    assert codes(deal(1, trade_volume=2 * LOT), view(only_close, position=held(), hedging=False)) == refused
    assert codes(deal(1), view(only_close, position=held())) == refused  # hedging, not addressed
    assert codes(pending(3), view(only_close, position=held())) == refused


@pytest.mark.parametrize(
    ("volume", "expected"),
    [
        (0, ["volume_not_positive"]),
        (-LOT, ["volume_not_positive"]),
        (501 * LOT, ["volume_above_max"]),
        (1_500_000, ["volume_off_step"]),
        (500_000, ["volume_off_step", "volume_below_min"]),
        (500 * LOT + 1, ["volume_above_max", "volume_off_step"]),
        (500 * LOT, []),
        (1_000_000, []),
    ],
)
def test_volume(volume: int, expected: list[str]) -> None:
    found = [(code, 10014) for code in expected]
    assert codes(deal(trade_volume=volume)) == found
    assert codes(pending(trade_volume=volume)) == found
    assert codes(deal(trade_action=0, price_order=0.0, trade_volume=volume)) == found


def test_the_minimum_does_not_bind_what_only_reduces() -> None:
    rough = symbol(volume_min=LOT)
    part = close(1, trade_volume=LOT // 2)
    assert codes(part, view(rough, position=held())) == []
    assert codes(part, view(rough, position=held(is_buy=False))) == [("volume_below_min", 10014)]


def test_a_step_of_zero_sets_no_grid() -> None:
    assert codes(deal(trade_volume=LOT + 1), view(symbol(volume_step=0))) == []


def test_a_close_stays_within_its_position() -> None:
    assert codes(close(1, trade_volume=2 * LOT), view(position=held())) == [("volume_above_position", 10014)]
    # netting: a deal that is no close may turn the position round
    netted = view(position=held(), hedging=False)
    assert codes(deal(1, trade_volume=2 * LOT), netted) == []
    assert codes(deal(1, trade_volume=2 * LOT, type_flags=3), netted) == [("volume_above_position", 10014)]


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        (float("nan"), "price_not_finite"),
        (float("inf"), "price_not_finite"),
        (1e9 + 1, "price_too_large"),
        (-1.0, "price_negative"),
        (0.0, "price_missing"),
        (1.080125, "price_off_tick"),
    ],
)
def test_form_of_prices(price: float, expected: str) -> None:
    # 10015 first; distance to the market is another row, so it may follow
    assert codes(deal(price_order=price)) == [(expected, 10015)]
    assert codes(pending(4, price_order=price))[0] == (expected, 10015)
    assert codes(pending(6, price_trigger=price))[0] == (expected, 10015)
    if price:
        assert codes(stops(price, 0.0))[0] == (expected, 10016)
        assert codes(stops(0.0, price))[0] == (expected, 10016)


def test_negative_prices_where_allowed() -> None:
    oil = symbol(ticks_flags=8, trade_tick_size=0.01, digits=2, point=0.01, trade_stops_level=0)
    quoted = view(oil, bid=-37.63, ask=-37.60)
    assert codes(deal(price_order=-37.60), quoted) == []
    assert codes(deal(price_order=0.0), quoted) == []
    assert codes(pending(2, price_order=-40.0), quoted) == []
    assert codes(deal(price_order=-1e9 - 1), quoted) == [("price_too_large", 10015)]


@pytest.mark.parametrize("action", [3, 4])
def test_market_deals_need_no_price(action: int) -> None:
    assert codes(deal(trade_action=action, price_order=0.0), view(symbol(trade_exemode=action - 1))) == []


@pytest.mark.parametrize(
    ("tick", "price", "fits"), [(0.25, 4500.25, True), (0.25, 4500.3, False), (0.0, 1.23, True)]
)
def test_tick_size(tick: float, price: float, *, fits: bool) -> None:
    future = symbol(trade_tick_size=tick, digits=2, point=0.01, trade_stops_level=0)
    found = codes(deal(price_order=price), view(future))
    assert found == ([] if fits else [("price_off_tick", 10015)])


def test_large_prices_on_a_fine_tick_are_on_it() -> None:
    for price in (123456789.12345, 999999999.99999, 90071993.0):
        assert codes(deal(price_order=price)) == []
    assert codes(deal(price_order=123456.123451)) == [("price_off_tick", 10015)]


def test_a_computed_price_counts_as_the_one_it_means() -> None:
    tenth = symbol(trade_tick_size=0.1, digits=1, point=0.1)
    assert codes(deal(price_order=0.1 + 0.2), view(tenth)) == []


@pytest.mark.parametrize(("kind", "flag"), [(0, 1), (1, 1), (2, 2), (3, 2), (4, 4), (5, 4), (6, 8), (7, 8)])
def test_the_type_must_be_allowed(kind: int, flag: int) -> None:
    request = deal(kind) if kind < 2 else pending(kind)
    assert codes(request, view(symbol(trade_order_flags=flag))) == []
    assert codes(request, view(symbol(trade_order_flags=127 - flag))) == [("order_type_not_allowed", 10035)]


def test_stops_must_be_allowed() -> None:
    bare = view(symbol(trade_order_flags=15), position=held())
    both = [("sl_not_allowed", 10035), ("tp_not_allowed", 10035)]
    assert codes(stops(1.07, 1.09), bare) == both
    assert codes(deal(price_sl=1.07, price_tp=1.09), bare) == both
    assert codes(pending(price_sl=1.06, price_tp=1.08), bare) == both


REFUSED = [("filling_not_allowed", 10030)]


@pytest.mark.parametrize(
    ("flags", "filling", "expected"),
    [
        (1, 0, []),
        (2, 0, REFUSED),
        (2, 1, []),
        (1, 1, REFUSED),
        (7, 2, REFUSED),
        (7, 3, REFUSED),
        (7, 9, REFUSED),
    ],
)
def test_filling_of_deals_by_market_execution(
    flags: int, filling: int, expected: list[tuple[str, int]]
) -> None:
    market = view(symbol(trade_exemode=MARKET, trade_fill_flags=flags))
    assert codes(deal(trade_action=3, type_filling=filling), market) == expected


def test_filling_of_pendings_by_market_execution() -> None:
    market = view(symbol(trade_exemode=MARKET, trade_fill_flags=1))
    assert codes(pending(type_filling=2), market) == []
    assert codes(pending(type_filling=0), market) == []
    assert codes(pending(type_filling=1), market) == REFUSED
    assert codes(pending(type_filling=3), market) == REFUSED


@pytest.mark.parametrize(("filling", "flag"), [(0, 1), (1, 2), (3, 4)])
@pytest.mark.parametrize("kind", [0, 1, 2, 3, 6, 7])
def test_filling_on_an_exchange_needs_its_flag(kind: int, filling: int, flag: int) -> None:
    build = deal if kind < 2 else pending
    request = msgspec.structs.replace(build(kind), type_filling=filling)
    if kind < 2:
        request = msgspec.structs.replace(request, trade_action=4)
    assert codes(request, view(symbol(trade_exemode=EXCHANGE, trade_fill_flags=flag))) == []
    assert codes(request, view(symbol(trade_exemode=EXCHANGE, trade_fill_flags=7 - flag))) == REFUSED


def test_return_is_always_allowed_on_an_exchange() -> None:
    bare = view(symbol(trade_exemode=EXCHANGE, trade_fill_flags=0))
    assert codes(deal(trade_action=4, type_filling=2), bare) == []
    assert codes(pending(2, type_filling=2), bare) == []


@pytest.mark.parametrize("filling", [0, 1, 3])
def test_stops_on_an_exchange_are_turned_into_return_gtc(filling: int) -> None:
    exchange = symbol(trade_exemode=EXCHANGE, trade_fill_flags=0, trade_time_flags=1)
    request = pending(4, type_filling=filling, type_time=2, time_expiration=0)
    assert client_filling(request, exchange) == (2, 0)
    assert codes(request, view(exchange)) == []
    kept = pending(4, type_filling=2, type_time=1)
    assert client_filling(kept, exchange) == (2, 1)


@pytest.mark.parametrize("mode", [REQUEST, INSTANT])
def test_request_and_instant_execution_force_the_filling(mode: int) -> None:
    forced = symbol(trade_exemode=mode, trade_fill_flags=0)
    assert client_filling(deal(type_filling=1), forced) == (0, 0)
    assert client_filling(pending(type_filling=1, type_time=1), forced) == (2, 1)
    assert codes(deal(type_filling=3), view(forced)) == []


@pytest.mark.parametrize(("time", "flag"), [(0, 1), (1, 2), (2, 4), (3, 8)])
@pytest.mark.parametrize("action", [5, 7])
def test_the_lifetime_must_be_allowed(time: int, flag: int, action: int) -> None:
    request = pending(trade_action=action, type_time=time, time_expiration=1_700_000_000 if time > 1 else 0)
    assert codes(request, view(symbol(trade_time_flags=flag))) == []
    assert codes(request, view(symbol(trade_time_flags=15 - flag))) == [("lifetime_not_allowed", 10022)]
    unknown = msgspec.structs.replace(request, type_time=4)
    assert codes(unknown) == [("lifetime_not_allowed", 10022)]


@pytest.mark.parametrize("time", [2, 3])
def test_a_dated_order_needs_its_date(time: int) -> None:
    for moment, fits in ((0, False), (-1, False), (1, True), (2**31 - 1, True), (2**31, False)):
        found = codes(pending(type_time=time, time_expiration=moment))
        assert found == ([] if fits else [("expiration_invalid", 10022)]), moment


def test_deals_have_no_lifetime() -> None:
    assert codes(deal(type_time=2), view(symbol(trade_time_flags=0))) == []


@pytest.mark.parametrize("missing", [{"bid": None}, {"ask": None}])
def test_without_a_tick_nothing_can_be_priced(missing: dict[str, None]) -> None:
    quoteless = view(position=held(), **missing)
    for request in (deal(), *(pending(kind) for kind in PENDING_PRICES), stops(1.07, 1.09)):
        assert codes(request, quoteless) == [("no_tick", 10021)]
    assert codes(CheckRequest(trade_action=8), quoteless) == []


NEAR = [("price_too_near", 10015)]


# level = 0.0001, bid 1.08003, ask 1.08012
@pytest.mark.parametrize(
    ("kind", "best", "near"),
    [
        (2, 1.08002, 1.08003),  # ask - level
        (3, 1.08013, 1.08012),  # bid + level
        (4, 1.08022, 1.08021),  # ask + level
        (5, 1.07993, 1.07994),  # bid - level
    ],
)
@pytest.mark.parametrize("action", [5, 7])
def test_pendings_keep_their_distance(kind: int, best: float, near: float, action: int) -> None:
    assert codes(pending(kind, trade_action=action, price_order=best)) == []
    assert codes(pending(kind, trade_action=action, price_order=near)) == NEAR


@pytest.mark.parametrize(("kind", "best", "near"), [(6, 1.08022, 1.08021), (7, 1.07993, 1.07994)])
def test_stop_limits_are_activated_like_stops(kind: int, best: float, near: float) -> None:
    trigger = 1.07 if kind == 6 else 1.09
    assert codes(pending(kind, price_order=best, price_trigger=trigger)) == []
    assert codes(pending(kind, price_order=near, price_trigger=trigger)) == NEAR
    exchange = view(symbol(trade_exemode=EXCHANGE))
    assert codes(pending(kind, price_order=near, price_trigger=trigger), exchange) == NEAR


@pytest.mark.parametrize(("kind", "best", "near"), [(6, 1.08990, 1.08991), (7, 1.07010, 1.07009)])
def test_the_limit_keeps_its_distance_from_the_activation(kind: int, best: float, near: float) -> None:
    assert codes(pending(kind, price_trigger=best)) == []
    found = check(pending(kind, price_trigger=near), view())
    assert [(refusal.code, refusal.field) for refusal in found] == [("price_too_near", "price_trigger")]


def test_exchange_limits_need_no_distance() -> None:
    exchange = view(symbol(trade_exemode=EXCHANGE))
    assert codes(pending(2, price_order=1.2), exchange) == []
    assert codes(pending(3, price_order=1.0), exchange) == []
    assert codes(pending(6, price_trigger=1.2), exchange) == []
    assert codes(pending(4, price_order=1.0), exchange) == NEAR


@pytest.mark.parametrize(
    ("kind", "base"), [(2, 1.07), (3, 1.09), (4, 1.09), (5, 1.07), (6, 1.085), (7, 1.075)]
)
def test_stops_of_a_pending_keep_their_distance_from_it(kind: int, base: float) -> None:
    sign = 1 if kind % 2 == 0 else -1
    far, near = round(base - sign * 0.0001, 5), round(base - sign * 0.00009, 5)
    assert codes(pending(kind, price_sl=far)) == []
    assert codes(pending(kind, price_sl=near)) == [("sl_too_near", 10016)]
    far, near = round(base + sign * 0.0001, 5), round(base + sign * 0.00009, 5)
    assert codes(pending(kind, price_tp=far)) == []
    assert codes(pending(kind, price_tp=near)) == [("tp_too_near", 10016)]


# a buy's stops keep 0.0001 from the bid 1.08003, a sell's from the ask 1.08012
@pytest.mark.parametrize(
    ("kind", "sl", "tp"),
    [(0, (1.07993, 1.07994), (1.08013, 1.08012)), (1, (1.08022, 1.08021), (1.08002, 1.08003))],
)
def test_stops_of_a_position_keep_their_distance_from_the_market(
    kind: int, sl: tuple[float, float], tp: tuple[float, float]
) -> None:
    position = view(position=held(is_buy=kind == 0))
    for request in (stops(sl[0], tp[0], kind), deal(kind, price_sl=sl[0], price_tp=tp[0])):
        assert codes(request, position) == []
    for request in (stops(sl[1], tp[1], kind), deal(kind, price_sl=sl[1], price_tp=tp[1])):
        assert codes(request, position) == [("sl_too_near", 10016), ("tp_too_near", 10016)]


def test_unchanged_stops_are_not_checked() -> None:
    near = held(price_sl=1.08002, price_tp=1.08004)
    assert codes(stops(1.08002, 1.09), view(position=near)) == []
    assert codes(stops(1.07, 1.08004), view(position=near)) == []
    assert codes(stops(1.08001, 1.08004), view(position=near)) == [("sl_too_near", 10016)]
    assert codes(stops(1.08002, 1.08005)) == [("sl_too_near", 10016), ("tp_too_near", 10016)]


@pytest.mark.parametrize("action", [3, 4])
def test_stops_of_deals_without_a_price_are_not_checked(action: int) -> None:
    mode = view(symbol(trade_exemode=action - 1))
    assert codes(deal(trade_action=action, price_order=0.0, price_sl=1.2), mode) == []
    assert codes(deal(trade_action=action, price_sl=1.2), mode) == [("sl_too_near", 10016)]


@pytest.mark.parametrize(("sl", "tp"), [(0.0, 0.0), (1.07, 0.0), (1.07, 1.09)])
def test_stops_equal_to_the_current_ones_are_no_change(sl: float, tp: float) -> None:
    position = view(position=held(price_sl=sl, price_tp=tp))
    assert codes(stops(sl, tp), position) == [("stops_unchanged", 10025)]
    assert codes(stops(sl, 1.1), position) == []


ORDER = CheckOrder(price_order=1.07, price_sl=1.06, price_tp=1.09, type_time=0)


def modification(**changes: Any) -> CheckRequest:
    return pending(2, **{"trade_action": 7, "price_sl": 1.06, "price_tp": 1.09, **changes})


def test_an_unchanged_pending_is_no_change() -> None:
    assert codes(modification(), view(order=ORDER)) == [("order_unchanged", 10025)]
    assert codes(modification()) == []  # nothing known to compare with


@pytest.mark.parametrize(
    "change",
    [
        {"price_order": 1.0701},
        {"price_sl": 1.0601},
        {"price_tp": 1.0901},
        {"type_time": 1},
        {"type_time": 2, "time_expiration": 1_700_000_000},
        {"price_trigger": 1.05},
    ],
)
def test_any_change_of_a_pending_counts(change: dict[str, Any]) -> None:
    assert codes(modification(**change), view(order=ORDER)) == []


def test_an_order_with_an_expiration_never_counts_as_unchanged() -> None:
    dated = msgspec.structs.replace(ORDER, type_time=2, time_expiration=1_700_000_000)
    request = modification(type_time=2, time_expiration=1_700_000_000)
    assert codes(request, view(order=dated)) == []


def close_by() -> CheckRequest:
    return CheckRequest(trade_action=10, trade_type=1, trade_volume=LOT, trade_position=1, type_flags=3)


def test_close_by() -> None:
    opposite = held(is_buy=False)
    assert codes(close_by(), view(position=held(), position_by=opposite)) == []
    netting = view(position=held(), position_by=opposite, hedging=False)
    assert codes(close_by(), netting) == [("close_by_needs_hedging", 10013)]
    other = held(is_buy=False, trade_symbol="GBPUSD")
    assert codes(close_by(), view(position=held(), position_by=other)) == [("close_by_other_symbol", 10013)]
    assert codes(close_by(), view(position=held(), position_by=held())) == [("close_by_same_side", 10013)]
    assert codes(close_by(), view(position=held())) == [("close_by_without_position", 10013)]
    assert codes(close_by(), view()) == [("close_by_without_position", 10013)] * 2
    forbidden = view(symbol(trade_order_flags=63), position=held(), position_by=opposite)
    assert codes(close_by(), forbidden) == [("close_by_not_allowed", 10035)]


def test_an_instant_price_must_have_been_shown() -> None:
    shown = view(usable_prices=(1.08010, ASK))
    assert codes(deal(), shown) == []
    assert codes(deal(price_order=1.08011), shown) == [("price_not_shown", 10021)]
    assert codes(deal(), view(usable_prices=())) == [("price_not_shown", 10021)]
    assert codes(deal(price_order=1.08011), view(usable_prices=None)) == []
    assert codes(deal(trade_action=1, price_order=1.08011), shown) == []


@pytest.mark.parametrize("kind", [2, 3])
def test_limits_stay_within_the_days_prices(kind: int) -> None:
    outside = [("price_outside_limits", 10015)]
    price = PENDING_PRICES[kind][0]
    assert codes(pending(kind), view(symbol(trade_price_limit_min=price, trade_price_limit_max=price))) == []
    assert codes(pending(kind), view(symbol(trade_price_limit_min=price + 0.001))) == outside
    assert codes(pending(kind), view(symbol(trade_price_limit_max=price - 0.001))) == outside


def test_stops_need_not_stay_within_the_days_prices() -> None:
    assert codes(pending(4), view(symbol(trade_price_limit_max=1.0))) == []


def test_a_refusal_says_what_where_and_what_would_do() -> None:
    assert check(deal(trade_volume=1_500_000), view()) == (
        Refusal(
            code="volume_off_step",
            field="trade_volume",
            message="the volume is no multiple of the step",
            given="0.015",
            limit="0.01",
            retcode=10014,
        ),
    )


def test_all_reasons_come_at_once_in_table_order() -> None:
    request = pending(2, trade_volume=501 * LOT, price_order=1.2, price_sl=1.3, type_time=2, trade_action=5)
    assert codes(request, view(symbol(trade_mode=2, trade_order_flags=16))) == [
        ("short_only", 10043),
        ("volume_above_max", 10014),
        ("order_type_not_allowed", 10035),
        ("expiration_invalid", 10022),
        ("price_too_near", 10015),
        ("sl_too_near", 10016),
    ]


@pytest.mark.parametrize(("volume", "shown"), [(LOT, "1"), (100 * LOT, "100"), (1, "0.00000001"), (0, "0")])
def test_volumes_are_shown_in_lots(volume: int, shown: str) -> None:
    assert show_volume(volume) == shown


def official_refusals() -> list[Any]:
    text = (Path(__file__).parents[1] / "vectors" / "scalars_and_checks.json").read_text("utf-8")
    vectors = [vector for vector in json.loads(text) if vector["topic"] == "client-side-check"]
    # One asks for prices with a volume that the vector does not name as it was sent: nothing to compare.
    return [
        pytest.param(vector, id=vector["name"])
        for vector in vectors
        if vector["name"] != "refusal-request-request-prices"
    ]


@pytest.mark.parametrize("vector", official_refusals())
def test_the_official_client_refuses_with_the_same_retcode(vector: dict[str, Any]) -> None:
    fields = vector["fields"]
    mode, kind = fields["trade_exemode"], fields.get("type", 0)
    changes: dict[str, Any] = {}
    if "volume" in fields:
        changes["trade_volume"] = round(fields["volume"] * LOT)
    if "price" in fields:
        changes["price_order"] = fields["price"]
    if "fill" in fields:
        changes["type_filling"] = fields["fill"]
    if "time" in fields:
        changes |= {"type_time": fields["time"], "time_expiration": fields["exp"]}
    if "sltp" in vector["name"]:
        request = stops(1.07, 1.09)
    elif kind >= 2:
        request = pending(kind, **changes)
    else:
        request = deal(kind, **{"trade_action": mode + 1, **changes})
    position = held(price_sl=1.07, price_tp=1.09)
    flat = view(symbol(trade_exemode=mode), position=position if "sltp" in vector["name"] else None)
    assert [refusal.retcode for refusal in check(request, flat)] == [vector["parsed"]["retcode"]]


ANY = st.floats(allow_nan=True, allow_infinity=True)
SMALL = st.integers(0, 11)
REQUESTS = st.builds(
    CheckRequest,
    trade_action=SMALL,
    trade_volume=st.integers(-(2**63), 2**64),
    trade_type=SMALL,
    type_filling=SMALL,
    type_time=SMALL,
    type_flags=SMALL,
    price_order=ANY,
    price_trigger=ANY,
    price_sl=ANY,
    price_tp=ANY,
    trade_position=SMALL,
    time_expiration=st.integers(0, 2**32),
)
SYMBOLS = st.builds(
    CheckSymbol,
    digits=SMALL,
    point=ANY,
    trade_tick_size=ANY,
    trade_mode=SMALL,
    trade_exemode=SMALL,
    trade_fill_flags=SMALL,
    trade_time_flags=SMALL,
    trade_order_flags=st.integers(0, 127),
    volume_min=st.integers(0, 2**64 - 1),
    volume_max=st.integers(0, 2**64 - 1),
    volume_step=st.integers(0, 2**64 - 1),
    trade_stops_level=st.integers(-(2**31), 2**31 - 1),
    trade_price_limit_min=ANY,
    trade_price_limit_max=ANY,
    ticks_flags=SMALL,
)
POSITIONS = st.none() | st.builds(
    CheckPosition,
    trade_symbol=st.text(max_size=2),
    is_buy=st.booleans(),
    volume=st.integers(0, 2**64 - 1),
    price_sl=ANY,
    price_tp=ANY,
)
VIEWS = st.builds(
    View,
    symbol=st.none() | SYMBOLS,
    hedging=st.booleans(),
    bid=st.none() | ANY,
    ask=st.none() | ANY,
    position=POSITIONS,
    position_by=POSITIONS,
    order=st.none() | st.builds(CheckOrder, price_order=ANY, price_sl=ANY, type_time=SMALL),
    usable_prices=st.none() | st.lists(ANY, max_size=2).map(tuple),
)


@given(REQUESTS, VIEWS)
def test_checks_are_total(request_: CheckRequest, given_view: View) -> None:
    for refusal in check(request_, given_view):
        assert refusal.code
        assert refusal.retcode == 2 or 10013 <= refusal.retcode <= 10044
