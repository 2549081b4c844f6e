import msgspec
import pytest

from protocol.maths.check_input import (
    CheckRequest,
)
from protocol.maths.check_terms import client_filling
from tests.protocol.maths.check_scene import (
    EXCHANGE,
    INSTANT,
    LOT,
    MARKET,
    REQUEST,
    close,
    codes,
    deal,
    held,
    pending,
    stops,
    symbol,
    view,
)


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
