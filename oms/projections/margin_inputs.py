"""What figures of money take from the venue that no journal holds.

Leverage rules and margin rates are the venue's to change, with prices and at any time; they are figures for a
view, and a journal of them would make every look at a position a change.
"""

from collections.abc import Mapping
from math import isfinite

import msgspec

from protocol.maths.margin_input import LeverageRule


class MarginInputs(msgspec.Struct, frozen=True):
    """The venue's latest word (docs/protocol.md 4.2, 4.3, 5.3); doubles as they came."""

    rules: tuple[LeverageRule, ...] | None = None  # None: the account was not asked for yet
    commission_daily: float = 0.0  # account currency, not booked yet; likewise the next
    commission_monthly: float = 0.0
    acc_profit: float = 0.0  # the day's, that some accounts keep out of free margin
    positions: Mapping[str, float] = {}  # rate_margin by identifier
    orders: Mapping[str, float] = {}  # margin_rate by ticket, of open orders

    @property
    def asked(self) -> bool:
        """Whether the venue has said any of it."""
        return self.rules is not None

    def position_rate(self, position: str) -> float:
        """The margin rate of a position, by its identifier; 0 is none."""
        return _usable(self.positions.get(position))

    def order_rate(self, order: str) -> float:
        """The margin rate of an open order, by its ticket; 0 is none."""
        return _usable(self.orders.get(order))


def _usable(rate: float | None) -> float:
    """A rate that may be reckoned with."""
    return rate if rate is not None and isfinite(rate) and rate > 0 else 0.0


NOT_ASKED = MarginInputs()
