"""The broker's spread adjustment of quotes (docs/protocol.md 7.5).

`spread_diff` (t) widens the spread by t points, `spread_diff_balance` (e) shifts the widened spread.  With
t = 0 nothing is adjusted, whatever e says.
"""

from .doubles import divide
from .rounding import normalize


def _half(spread_diff: int) -> int:
    """trunc(t / 2): towards zero, unlike Python's //."""
    return spread_diff // 2 if spread_diff >= 0 else -(-spread_diff // 2)


def _bid_shift(spread_diff: int, balance: int) -> int:
    rest = spread_diff - _half(spread_diff)
    return rest - balance if spread_diff > 0 else rest + balance


def adjust_pair(
    bid: float, ask: float, point: float, digits: int, spread_diff: int, balance: int
) -> tuple[float, float]:
    """The adjusted (bid, ask) of docs/protocol.md 7.5; both sides must be known.

    The pair may come out crossed (bid above ask): what is shown then is the caller's rule (5.1, 5.2).  A
    point of 0 makes the ask nan.
    """
    if spread_diff == 0:
        return bid, ask
    new_bid = normalize(bid - point * _bid_shift(spread_diff, balance), digits)
    points = normalize(divide(ask - bid, point) + spread_diff, 0)
    return new_bid, normalize(new_bid + point * points, digits)


def adjust_bid_extreme(price: float, point: float, digits: int, spread_diff: int, balance: int) -> float:
    """bid_high or bid_low adjusted (docs/protocol.md 5.2, end); a result of 0 or less gives the raw price."""
    if spread_diff == 0:
        return price
    adjusted = normalize(price - point * _bid_shift(spread_diff, balance), digits)
    return price if adjusted <= 0 else adjusted


def adjust_ask_extreme(price: float, point: float, digits: int, spread_diff: int, balance: int) -> float:
    """ask_high or ask_low adjusted (docs/protocol.md 5.2, end); a result of 0 or less gives the raw price."""
    if spread_diff == 0:
        return price
    half = _half(spread_diff)
    shift = half + balance if spread_diff > 0 else half - balance
    adjusted = normalize(price + point * shift, digits)
    return price if adjusted <= 0 else adjusted
