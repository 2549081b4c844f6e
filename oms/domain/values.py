"""Exact values: volumes, prices, money, tickets, server times, and the one way in which each is written.

Two numbers that are equal are written alike, so that equal states have equal bytes whatever way led there.
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Annotated, Any, Final

import msgspec

# Tickets of 64 bits are text, for readers whose numbers are doubles.
Ticket = Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{0,18}$")]

MAX_DIGITS: Final = 8  # more act as 8 (docs/protocol.md 7.1)
ZERO: Final = Decimal(0)
OFF_GRID: Final = Decimal("0.000001")  # money further from its currency's grid than this is no rounding noise

# Wide enough for any double, so that sums and products of amounts are exact.
EXACT: Final = Context(prec=700, rounding=ROUND_HALF_EVEN, Emax=9999, Emin=-9999)
# Averages need not end: 20 significant digits, and every average is rounded once.
AVERAGE: Final = Context(prec=20, rounding=ROUND_HALF_EVEN, Emax=9999, Emin=-9999)

_STEPS: Final = tuple(Decimal(1).scaleb(-digits) for digits in range(MAX_DIGITS + 1))
_ZEROS: Final = tuple(ZERO.quantize(step) for step in _STEPS)
_WALL: Final = len("2026-11-21T10:00:00.123")


def tidy(value: Decimal, least: int = 0) -> Decimal:
    """The same number with `least` decimals (0..8), or as many more as it needs."""
    if not 0 <= least <= MAX_DIGITS:
        least = max(0, min(least, MAX_DIGITS))
    if not value:
        return _ZEROS[least]
    if value.same_quantum(_STEPS[least]):
        return value
    trimmed = value.normalize(EXACT)
    exponent = int(trimmed.as_tuple().exponent)  # ValueError: not a finite number
    return trimmed.quantize(_STEPS[least], context=EXACT) if exponent > -least else trimmed


def on_grid(value: Decimal, digits: int) -> tuple[Decimal, bool]:
    """Money rounded half-even to so many digits, True; beyond OFF_GRID of that as it is, False."""
    if not value:
        return tidy(value, digits), True
    rounded = value.quantize(_STEPS[max(0, min(digits, MAX_DIGITS))], ROUND_HALF_EVEN, EXACT)
    if abs(EXACT.subtract(value, rounded)) > OFF_GRID:
        return tidy(value, digits), False
    return tidy(rounded, digits), True


def total(amounts: Iterable[Decimal | None], digits: int = 2) -> Decimal:
    """The exact sum; an amount that is not known (None) adds nothing."""
    return tidy(exact_sum(amounts), digits)


def exact_sum(amounts: Iterable[Decimal | None]) -> Decimal:
    """Likewise, with the decimals as they come.  Amounts of nothing are many, and cost nothing."""
    found = ZERO
    for amount in amounts:
        if amount:
            found = EXACT.add(found, amount) if found else amount
    return found


def lots(volume: Decimal) -> Decimal:
    """A volume in lots, with at least two decimals."""
    return tidy(volume, 2)


def average(volume: Decimal, price: Decimal, more: Decimal, at: Decimal) -> Decimal:
    """The price of both volumes together: exact where it ends within 20 digits."""
    worth = EXACT.add(EXACT.multiply(volume, price), EXACT.multiply(more, at))
    return tidy(AVERAGE.divide(worth, EXACT.add(volume, more)))


def wall(time: str | None) -> str:
    """A server time without its offset, which sorts and compares; "" for none.

    The wire knows the server's wall clock alone.  The offset written behind it is the one in force when the
    record was read, so after a change to or from summer time the same deal reads with another one.
    """
    return time[:_WALL] if time else ""


def same(one: msgspec.Struct, other: msgspec.Struct, times: frozenset[str], apart: frozenset[str]) -> bool:
    """Whether two records say the same: `times` by the wall clock, the fields `apart` not looked at."""
    for name in one.__struct_fields__:
        a, b = getattr(one, name), getattr(other, name)
        if a != b and name not in apart and not (name in times and wall(a) == wall(b)):
            return False
    return True


_AS_IT_IS: Final = frozenset({str, int, float, bool, type(None)})  # nearly all that there is


def plain(value: Any) -> Any:
    """A value as JSON has it: numbers that must be exact as strings, without an exponent."""
    return _spelled(msgspec.to_builtins(value, builtin_types=(Decimal,)))


def _spelled(value: Any) -> Any:
    kind = type(value)  # exact ones: that is what msgspec makes
    if kind is Decimal:
        return f"{value:f}"
    if kind is dict:
        return {name: item if type(item) in _AS_IT_IS else _spelled(item) for name, item in value.items()}
    if kind is list or kind is tuple:
        return [_spelled(item) for item in value]
    return value
