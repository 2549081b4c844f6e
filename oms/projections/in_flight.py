"""Which of the requests without outcome to count as done: those that leave the larger margin.

In a hedging account what buys and what sells covers each other, and what is covered costs less.  So a request
whose outcome is not known may make the margin larger by having been executed or by not having been: an order
by either, the close of a covered position by having been.  Looked at are the four corners of each symbol: the
most and the least that may be bought by now, each with the most and the least that may be sold.

Not here: netting accounts, where the formula itself takes the dearer side with all its orders
(docs/protocol.md 7.4).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Final, NamedTuple

from msgspec.structs import replace

from oms.domain.decide.facts import Exposure
from oms.domain.intent import Intent
from oms.domain.words import word
from protocol.enums import TradeAction
from protocol.maths.margin_input import MarginOrder, MarginPosition


class Stakes(NamedTuple):
    """What margin is asked for."""

    positions: Mapping[str, MarginPosition]  # by identifier
    orders: Sequence[MarginOrder]

    def of(self, symbol: str) -> "Stakes":
        """Those of one symbol."""
        return Stakes(
            {key: one for key, one in self.positions.items() if one.symbol == symbol},
            [one for one in self.orders if one.symbol == symbol],
        )


ORDERING: Final = frozenset(
    word(TradeAction, one)
    for one in (
        *(TradeAction.DEAL_REQUEST, TradeAction.DEAL_INSTANT, TradeAction.DEAL_MARKET),
        *(TradeAction.DEAL_EXCHANGE, TradeAction.PENDING),
    )
)


def exposures(sent: Iterable[Intent]) -> list[Exposure]:
    """What requests without outcome may have added; those that change or remove something add nothing."""
    return [
        Exposure(one.symbol, one.type, one.volume, one.price, one.limit_price, one.position)
        for one in sent
        if one.action in ORDERING
    ]


class Closing(NamedTuple):
    """Lots of a position that a request closes, if it was executed."""

    position: str
    volume: float


def worst(
    held: Stakes,
    sent: Sequence[MarginOrder],
    closing: Sequence[Closing],
    margin_of: Callable[[Stakes], float],
) -> Stakes:
    """What is held, with those requests counted as done that make each symbol's margin the largest.

    `margin_of` judges one symbol at a time; orders that wait for a price always count.
    """
    known = [one for one in closing if one.position in held.positions]
    touched = dict.fromkeys(
        [*(order.symbol for order in sent), *(held.positions[one.position].symbol for one in known)]
    )
    positions = dict(held.positions)
    orders = [order for order in held.orders if order.symbol not in touched]
    for symbol in touched:
        of_it = held.of(symbol)
        own = [order for order in sent if order.symbol == symbol]
        closed = [one for one in known if one.position in of_it.positions]
        found = max(_corners(of_it, own, closed), key=margin_of)
        positions |= found.positions
        orders += found.orders
    return Stakes(positions, orders)


def _corners(held: Stakes, sent: Sequence[MarginOrder], closing: Sequence[Closing]) -> Iterator[Stakes]:
    """What one symbol may have come to: the most or the least on each side that something is in doubt on."""
    market = [(one.is_buy, one) for one in sent if one.is_market]
    closes = [(held.positions[one.position].is_buy, one) for one in closing]
    doubtful = {is_buy for is_buy, _ in (*market, *closes)}
    waiting = [one for one in sent if not one.is_market]
    for most in product((True, False), repeat=len(doubtful)):
        full = dict(zip(doubtful, most, strict=True))
        closed = [one for is_buy, one in closes if not full[is_buy]]
        done = [one for is_buy, one in market if full[is_buy]]
        yield Stakes(_without(held.positions, closed), [*held.orders, *waiting, *done])


def _without(
    positions: Mapping[str, MarginPosition], closed: Sequence[Closing]
) -> Mapping[str, MarginPosition]:
    """Positions less what was closed of them."""
    left = dict(positions)
    for one in closed:
        held = left[one.position]
        left[one.position] = replace(held, volume=max(0.0, held.volume - one.volume))
    return left
