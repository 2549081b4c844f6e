"""Rounding to decimal digits as the official client does it (docs/protocol.md 7.1).

The half is 0.5000001, so a value that a binary double holds a little below a tie still rounds away from
zero.  `normalize` sits on the tick path: it clamps, multiplies, floors, divides, no more.
"""

import math
from decimal import ROUND_HALF_UP, Context, Decimal

from .doubles import divide

MAX_DIGITS = 8
LOT = 100_000_000  # one lot on the wire

_POWERS = tuple(float(10**digits) for digits in range(MAX_DIGITS + 1))
_HALF = 0.5000001
_TO_FIXED_LIMIT = 1e21  # from here on the client's formatting turns to an exponent, which no wire field holds
_EXACT = Context(prec=60)  # 21 digits before the point, 8 after it, room to spare
_WIRE_STEP = Decimal(1).scaleb(-MAX_DIGITS)


def _power(digits: int) -> float:
    return _POWERS[min(max(digits, 0), MAX_DIGITS)]


def normalize(value: float, digits: int) -> float:
    """N(x, d) of docs/protocol.md 7.1: `value` rounded to `digits` decimals, digits clamped to 0..8.

    inf and nan come back unchanged; a value whose scaled form exceeds every double becomes inf.
    """
    power = _POWERS[digits] if 0 <= digits <= MAX_DIGITS else _power(digits)
    scaled = value * power
    try:
        if value >= 0:
            return math.floor(scaled + _HALF) / power
        return math.ceil(scaled - _HALF) / power
    except (OverflowError, ValueError):  # floor of inf, of nan
        return scaled


def size(lots: float, contract_size: float) -> float:
    """S of docs/protocol.md 7.1: `lots` in units of the contract, rounded to 8 digits."""
    return normalize(lots * contract_size, MAX_DIGITS)


def scale_price(wire: float, digits: int) -> float:
    """The price behind a scaled wire price (docs/protocol.md 5.1), rounded to min(digits, 8) digits."""
    power = _POWERS[digits] if 0 <= digits <= MAX_DIGITS else _power(digits)
    return normalize(wire / power, digits)


def snap_price(price: float, tick_size: float, digits: int) -> float:
    """A typed price put on the grid: first `tick_size`, then `digits` (docs/protocol.md 7.1).

    A tick size of 0 or less snaps to the digits alone.
    """
    if tick_size > 0:
        price = normalize(divide(price, tick_size), 0) * tick_size
    return normalize(price, digits)


def volume_to_wire(lots: float) -> int:
    """`lots` as the integer the client sends: N(lots, 8) written with 8 decimals, the point removed.

    Above 2^53 this differs from lots x 10^8: it is the exact decimal form of the double (docs/protocol.md
    12, topic volume).  ValueError for nan, inf and magnitudes from 10^21 lots on.
    """
    rounded = normalize(lots, MAX_DIGITS)
    if not abs(rounded) < _TO_FIXED_LIMIT:
        raise ValueError("lots: no decimal form with 8 digits")
    fixed = Decimal(rounded).quantize(_WIRE_STEP, ROUND_HALF_UP, context=_EXACT)
    return int(fixed.scaleb(MAX_DIGITS, context=_EXACT))


def volume_from_wire(wire: int) -> float:
    """An integer volume in lots, the double nearest to wire / 10^8 (docs/protocol.md 6.9)."""
    return wire / LOT
