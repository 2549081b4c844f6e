"""What was sent and has no outcome yet, counted as if all of it came about: the worse way."""

from decimal import Decimal
from typing import Final

from ..intent import Intent
from ..values import ZERO
from .facts import Facts
from .resolve import CLOSE_BY, CLOSES, DEALS, MODIFY, OPENS, PENDING, SLTP, side_of

_TRADES: Final = DEALS | {PENDING}
CLOSING: Final = CLOSES & ~OPENS  # the bit that says that a position is closed


def on_its_way(facts: Facts, symbol: str, side: str, *, closes: bool = True) -> Decimal:
    """Lots of this side; `closes` False leaves out what only closes positions."""
    return sum(
        (
            one.volume
            for one in facts.in_flight
            if one.action in _TRADES
            and one.symbol == symbol
            and side_of(one.type) == side
            and (closes or not one.flags & CLOSING)
        ),
        ZERO,
    )


def is_closing(facts: Facts, position: str) -> bool:
    """Whether a position is being closed, whole or in part."""
    return any(
        position in (one.position, one.position_by)
        for one in facts.in_flight
        if one.action == CLOSE_BY or (one.action in DEALS and one.flags & CLOSING)
    )


def is_changing(facts: Facts, changed: Intent) -> bool:
    """Whether the order, or the stops of the position, that this would change are being changed."""
    if changed.action == MODIFY:
        return any(one.order == changed.order for one in facts.in_flight if one.action == MODIFY)
    return any(one.position == changed.position for one in facts.in_flight if one.action == SLTP)
