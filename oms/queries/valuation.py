"""Positions valued at the quotes of this moment."""

from typing import Final

from oms.domain.records import PositionRecord
from oms.projections.pnl import Valued, value
from oms.projections.rates import Price, Rates
from oms.projections.specification import calc_mode, number_of
from protocol.enums import CalcMode

from .asked import Asked
from .view import Moment, Shown, View

RATE_AGE_S: Final = 300.0  # an older quote is no rate (docs/semantics.md 5)
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
    rates = Rates(_modes(asked).items(), prices)
    account, symbols = asked.books.account(), asked.books.symbol
    return [value(position, account, symbols, prices, rates) for position in positions]


def _modes(asked: Asked) -> dict[str, int]:
    """The calc modes of all symbols that the venue lists, and of those that it no longer does."""
    known: dict[str, int] = {one.symbol: calc_mode(one) for one in asked.books.symbols}
    return known | {one.symbol: number_of(CalcMode, one.calc_mode) for one in asked.view.listed()}


def by_identifier(asked: Asked, symbol: str | None = None, after: str | None = None) -> list[PositionRecord]:
    """Open positions in the order of their identifiers."""
    least = int(after) if after else 0
    found = [
        one for one in asked.books.positions if int(one.position) > least and symbol in (None, one.symbol)
    ]
    return sorted(found, key=lambda one: int(one.position))
