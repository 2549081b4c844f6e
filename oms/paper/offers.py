"""Prices that a dealer gave a client, and how long he stands by them (docs/protocol.md 5.4, 6.5).

An answer to action 0 is good for trade_request_timeout seconds, a requote for trade_instant_timeout; where
the symbol says 0, for as long as the client assumes itself.
"""

from typing import NamedTuple

from protocol.enums import Side

from .answers import Asked
from .floor import Floor


class Offer(NamedTuple):
    """A pair of prices and the end of its time."""

    bid: float
    ask: float
    until_ms: int  # UTC


class Offers:
    """What each session was offered last for each symbol."""

    def __init__(self) -> None:
        self._given: dict[tuple[int, int, str], Offer] = {}

    def give(self, floor: Floor, asked: Asked, seconds: int) -> None:
        """Stand by the present prices towards this session."""
        symbol, now = asked.request.trade_symbol, floor.now.utc_ms
        self._given = {key: offer for key, offer in self._given.items() if offer.until_ms >= now}
        price, lasts = floor.prices[symbol], seconds or floor.behaviour.default_price_timeout_s
        self._given[_key(asked)] = Offer(price.bid, price.ask, now + lasts * 1000)

    def holds(self, floor: Floor, asked: Asked, side: Side) -> bool:
        """Whether the request names the price that its session was offered, in time."""
        offer = self._given.get(_key(asked))
        if offer is None or offer.until_ms < floor.now.utc_ms:
            return False
        return asked.request.price_order == (offer.ask if side == Side.BUY else offer.bid)


def _key(asked: Asked) -> tuple[int, int, str]:
    return asked.login, asked.session, asked.request.trade_symbol
