"""What is to be sent: one trade request in words (docs/protocol.md 4.7, 6.5).

`sessions.translate` makes the wire's record of it.  Prices that are 0 on the wire are None here.
"""

from decimal import Decimal
from typing import Final

import msgspec

from protocol.enums import TradeAction

from .words import word

REQUEST_PRICES: Final = word(TradeAction, TradeAction.REQUEST_PRICES)


class Intent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One request of command 12."""

    action: str  # request_prices, deal_request, deal_instant, deal_market, deal_exchange, pending, sltp, ...
    symbol: str
    digits: int = 0  # of the symbol
    type: str = ""  # of the order: buy, sell_limit, ...
    volume: Decimal = Decimal("0.00")  # lots
    price: Decimal | None = None  # order price: limit, activation, at a deal the price shown
    limit_price: Decimal | None = None  # of a stop limit: the limit after its activation
    sl: Decimal | None = None
    tp: Decimal | None = None
    deviation: int = 0  # points
    filling: str = ""  # fok, ioc, return, boc
    time_in_force: str = "gtc"  # gtc, day, specified, specified_day
    expires_at: str | None = None  # server time, RFC 3339 with the offset then in force
    order: str | None = None  # ticket: modify, remove
    position: str | None = None
    position_by: str | None = None
    flags: int = 0  # 1 closes a position, 2 "market" (docs/protocol.md 6.4)
    comment: str = ""  # as sent, with its marker


class Replaced(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What stood where a modify puts something else: an order's values, or a position's stops."""

    price: Decimal | None = None
    limit_price: Decimal | None = None
    sl: Decimal | None = None
    tp: Decimal | None = None
    time_in_force: str = ""
    expires_at: str | None = None  # server time without its offset; None where the lifetime has no date
