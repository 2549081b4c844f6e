"""Exact numbers: doubles as decimals, rounding as money is rounded, and None where there is no number.

The public functions of money and margin are marked `number_or_none`.  Inside them whatever has no number, be
it a rate that nobody quotes, a NaN in a specification or a division by zero, is an ArithmeticError; the mark
turns it into the answer None, so no formula on the way has to ask.
"""

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal, DivisionByZero, InvalidOperation, Overflow, localcontext
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

# 60 digits: prices, volumes and rates multiply without a rounding of their own that money could notice.
WIDE = Context(prec=60, traps=[InvalidOperation, DivisionByZero, Overflow])
MAX_DIGITS = 8  # more act as 8 (docs/protocol.md 7.1)
_STEPS = tuple(Decimal(1).scaleb(-digits) for digits in range(MAX_DIGITS + 1))


class NoNumberError(ArithmeticError):
    """A figure that cannot be known from what there is."""


def exact(double: float) -> Decimal:
    """The decimal that a double is written as: its shortest repr.  NaN and infinities stay what they are."""
    return Decimal(repr(double))


def finite(double: float) -> Decimal:
    """As `exact`, but NaN and infinities are no number: NoNumberError."""
    value = exact(double)
    if not value.is_finite():
        raise NoNumberError(f"{double!r} is not a number to reckon with")
    return value


def rounded(value: Decimal, digits: int) -> Decimal:
    """A value on so many decimal digits, half away from zero; digits act as 0..8 (docs/protocol.md 7.1).

    The client adds 0.5000001 instead of 0.5 to make up for its doubles; decimals have nothing to make up for.
    Raises decimal.InvalidOperation for an infinite value or one of more than 60 digits.
    """
    return value.quantize(_STEPS[max(0, min(digits, MAX_DIGITS))], ROUND_HALF_UP, WIDE)


def lots(volume: int) -> Decimal:
    """A volume of the wire, lots × 10^8, in lots."""
    return Decimal(volume).scaleb(-8, WIDE)


def number_or_none(function: Callable[P, R]) -> Callable[P, R | None]:
    """Let a function reckon on 60 digits, and answer None where there is no number."""

    @wraps(function)
    def answer(*args: P.args, **kwargs: P.kwargs) -> R | None:
        with localcontext(WIDE):
            try:
                return function(*args, **kwargs)
            except ArithmeticError:
                return None

    return answer
