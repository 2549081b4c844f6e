"""A valid order of each kind with the view it is valid in: EURUSD, hedging, 10 points of stops level."""

from typing import Any

from protocol.maths.check_input import (
    CheckPosition,
    CheckRequest,
    CheckSymbol,
    View,
)
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
