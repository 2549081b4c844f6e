import msgspec
import pytest

from protocol.maths.check_input import (
    CheckRequest,
)
from protocol.maths.checks import check
from tests.protocol.maths.check_scene import (
    ASK,
    EXCHANGE,
    PENDING_PRICES,
    codes,
    deal,
    held,
    pending,
    stops,
    symbol,
    view,
)


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
    other_flags = msgspec.structs.replace(oil, ticks_flags=7)
    assert codes(deal(price_order=-37.60), view(other_flags)) == [("price_negative", 10015)]


def test_the_largest_price_is_allowed() -> None:
    assert codes(deal(price_order=1e9)) == []


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
    short = held(is_buy=False, price_sl=1.08013, price_tp=1.08011)
    assert codes(stops(1.08013, 1.07, kind=1), view(position=short)) == []
    assert codes(stops(1.09, 1.08011, kind=1), view(position=short)) == []


@pytest.mark.parametrize("action", [3, 4])
def test_stops_of_deals_without_a_price_are_not_checked(action: int) -> None:
    mode = view(symbol(trade_exemode=action - 1))
    assert codes(deal(trade_action=action, price_order=0.0, price_sl=1.2), mode) == []
    assert codes(deal(trade_action=action, price_sl=1.2), mode) == [("sl_too_near", 10016)]


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
