from typing import Any

import msgspec
import pytest

from protocol.maths.check_input import (
    CheckOrder,
    CheckRequest,
)
from tests.protocol.maths.check_scene import (
    LOT,
    codes,
    held,
    pending,
    stops,
    symbol,
    view,
)


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
    taken_off = msgspec.structs.replace(ORDER, time_expiration=1_700_000_000)
    assert codes(modification(), view(order=taken_off)) == []
    assert codes(modification(time_expiration=1_700_000_000), view(order=ORDER)) == []


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
