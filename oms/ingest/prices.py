"""The quotes of one account at one moment, as valuation takes prices."""

from oms.projections.rates import RATE_AGE_S, Price

from .quotes import QuoteBoard

NS: int = 1_000_000_000


class Prices:
    """Made for one look, then thrown away."""

    def __init__(self, board: QuoteBoard, at: int, offset: int) -> None:
        """`at` is now, nanoseconds of UTC; `offset` the seconds that the server's clock is ahead of it."""
        self._board, self._at, self._offset = board, at, offset

    def __call__(self, symbol: str) -> Price | None:
        """A symbol's price; None for one that was never quoted."""
        shown = self._board.get(symbol)
        if shown is None:
            return None
        by_its_time = self._at / NS + self._offset - shown.time / 1000
        since_receipt = (self._at - shown.received_at) / NS
        return Price(
            shown.bid or 0.0,
            shown.ask or 0.0,
            shown.last or 0.0,
            shown.time,
            not shown.delayed,
            max(by_its_time, since_receipt) <= RATE_AGE_S,
        )
