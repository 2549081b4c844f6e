"""Whether the market is too near to change or take away what waits there (docs/protocol.md 4.2).

Within trade_freeze_level points of its price an order may be neither changed nor removed; within that of its
stop loss or take profit a position may be neither changed nor closed by its owner.  Judged by live quotes
alone: an old one must not keep anybody from closing.  The venue answers 10029.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from protocol.enums import ActivationMode

from ..events.command import Reason
from ..records import OrderRecord, PositionRecord, SymbolRecord
from ..words import BUY, OPPOSITE, word
from .case import Case
from .market import is_live
from .points import distance
from .reasons import reason
from .resolve import CLOSE_BY, DEALS, MARKETS, SLTP, STOP_LIMITS, side_of

WAITING: Final = word(ActivationMode, ActivationMode.NONE)


def nothing_is_frozen(case: Case) -> Iterator[Reason]:
    """The venue answers 10029."""
    symbol, bid, ask = case.symbol, case.bid, case.ask
    if symbol is None or bid is None or ask is None or symbol.freeze_level <= 0 or not is_live(case):
        return
    level = distance(symbol, symbol.freeze_level)
    order = case.named.order
    if order is not None and order.record is not None:
        waits = _waits_for(order.record)
        market = ask if side_of(order.record.type) == BUY else bid
        yield from _near(symbol, (waits,), market, level)
    elif (position := _touched(case)) is not None:
        market = bid if position.side == BUY else ask
        yield from _near(symbol, (position.sl, position.tp), market, level)


def _touched(case: Case) -> PositionRecord | None:
    """The position that the request changes or takes from; adding to one is free."""
    intent, position = case.intent, case.named.position
    if intent is None or position is None:
        return None
    takes = intent.action in DEALS and intent.type == OPPOSITE[position.side]
    return position if takes or intent.action in (SLTP, CLOSE_BY) else None


def _waits_for(order: OrderRecord) -> Decimal | None:
    """The price at which it next does something; what is left of a market order waits for none."""
    if order.type in MARKETS:
        return None
    activated = order.type in STOP_LIMITS and order.activation not in ("", WAITING)
    return order.limit_price if activated else order.price


def _near(
    symbol: SymbolRecord, prices: tuple[Decimal | None, ...], market: Decimal, level: Decimal
) -> Iterator[Reason]:
    for price in prices:
        if price is not None and abs(price - market) <= level:
            message = f"the market at {market:f} is within {symbol.freeze_level} points of {price:f}"
            yield reason("frozen", message, given=market, limit=price)
