"""Positions valued at the quotes of this moment."""

from typing import Final

from oms.domain.records import PositionRecord
from oms.projections.margin import MarginView
from oms.projections.pnl import Valued, value
from oms.projections.rates import RATE_AGE_S, Price, Rates

from .asked import Asked
from .view import Moment, Shown, View

IN_THE_PAST: Final = "as_of"  # no price of then is known: ticks are no part of the journal


def age(shown: Shown, now: Moment, offset: int) -> float:
    """Seconds since a quote's own time, by our clock and the server's offset; our clock may be behind."""
    return now.utc + offset - shown.time / 1000


def since_receipt(shown: Shown, now: Moment) -> float:
    """Seconds since its last tick came."""
    return now.monotonic - shown.received


class Prices:
    """The prices of one moment."""

    def __init__(self, view: View) -> None:
        self._view, self._now, self._offset = view, view.moment(), view.offset

    def __call__(self, symbol: str) -> Price | None:
        """A symbol's price; None for one without a quote."""
        shown = self._view.quotes.get(symbol)
        if shown is None:
            return None
        oldest = max(age(shown, self._now, self._offset), since_receipt(shown, self._now))
        return Price(shown.bid, shown.ask, shown.last, shown.time, not shown.delayed, oldest <= RATE_AGE_S)


def valued_positions(asked: Asked, positions: list[PositionRecord]) -> list[Valued]:
    """Each with what it is worth, or why that is not known."""
    if asked.past:
        return [Valued(position, reason=IN_THE_PAST) for position in positions]
    prices = Prices(asked.view)
    rates = Rates(asked.view.forex, prices)
    account, symbols, own = asked.books.account(), asked.books.symbol, asked.view.margins.position_rate
    return [value(one, account, symbols, prices, rates, own(one.position)) for one in positions]


def margin_view(asked: Asked) -> MarginView:
    """The account's margin, now."""
    return MarginView(asked.books, Prices(asked.view), asked.view.forex, asked.view.margins)


def by_identifier(asked: Asked, symbol: str | None = None, after: str | None = None) -> list[PositionRecord]:
    """Open positions in the order of their identifiers."""
    least = int(after) if after else 0
    found = [
        one for one in asked.books.positions if int(one.position) > least and symbol in (None, one.symbol)
    ]
    return sorted(found, key=lambda one: int(one.position))
