"""Quotes as prices: which are live, which are young enough to convert with (docs/semantics.md 5)."""

import pytest

from oms.ingest.prices import Prices
from oms.ingest.quotes import QuoteBoard, Shown
from oms.projections.rates import Price

NOON = 1_795_255_200  # seconds of UTC
OFFSET = 7200
NS = 1_000_000_000


class Board(QuoteBoard):
    """One quote."""

    def __init__(self, shown: Shown) -> None:
        super().__init__()
        self._one = shown

    def get(self, symbol: str) -> Shown | None:
        return self._one if symbol == self._one.symbol else None


def priced(quoted_s: float, received_s: float, *, delayed: bool = False) -> Price | None:
    """The price a moment after noon, of a quote so many seconds older."""
    time = int((NOON + OFFSET - quoted_s) * 1000)
    shown = Shown("EURUSD", time, 1.1, 1.2, None, 0.0, delayed, int((NOON - received_s) * NS))
    return Prices(Board(shown), NOON * NS, OFFSET)("EURUSD")


@pytest.mark.parametrize(
    ("quoted_s", "received_s", "fresh"),
    [(0, 0, True), (300, 300, True), (300.5, 1, False), (1, 300.5, False), (-3600, 1, True)],
)
def test_a_quote_is_as_old_as_its_time_or_its_receipt_say(
    quoted_s: float, received_s: float, fresh: bool
) -> None:
    price = priced(quoted_s, received_s)
    assert price is not None
    assert (price.bid, price.ask, price.last, price.live, price.fresh) == (1.1, 1.2, 0.0, True, fresh)


def test_a_delayed_quote_is_not_live() -> None:
    price = priced(0, 0, delayed=True)
    assert price is not None
    assert not price.live


def test_a_symbol_without_a_quote_has_no_price() -> None:
    shown = Shown("EURUSD", 0, 1.1, 1.2, None, 0.0, False, 0)
    assert Prices(Board(shown), NOON * NS, OFFSET)("GBPUSD") is None
