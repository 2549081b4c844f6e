"""How a reason is told: its code, a sentence, and the figures as the user wrote them."""

from collections.abc import Iterable
from decimal import Decimal

from protocol.enums import Retcode

from ..events.command import Reason
from .codes import CODES, MOMENTARY, PASSING, RANK


def reason(
    code: str,
    message: str,
    *,
    field: str | None = None,
    given: Decimal | str | None = None,
    limit: Decimal | str | None = None,
    retcode: int | None = None,
) -> Reason:
    """A reason; `retcode` only where it is not the one that its code has."""
    return Reason(
        code, message, field, text(given), text(limit), CODES[code].retcode if retcode is None else retcode
    )


def text(figure: Decimal | str | None) -> str | None:
    """A figure without an exponent, with the digits that it was given with."""
    return f"{figure:f}" if isinstance(figure, Decimal) else figure


def told(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Reasons in the one order in which they are given, each once (see `codes`).

    Where one of them passes by itself, what is true of the moment only is left out.
    """
    found = sorted(dict.fromkeys(reasons), key=_place)
    if any(one.code in PASSING for one in found):
        found = [one for one in found if one.code not in MOMENTARY]
    return tuple(found)


def _place(one: Reason) -> float:
    """Stops are looked at behind the prices of an order, before one is missed."""
    place = RANK[one.code]
    return max(place, RANK["price_missing"] - 0.5) if one.retcode == Retcode.INVALID_STOPS else place


def passes(reasons: Iterable[Reason]) -> bool:
    """Whether all of them pass by themselves."""
    return all(one.code in PASSING for one in reasons)
