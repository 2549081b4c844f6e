"""All that a decision is made on: values of one moment, gathered by whoever asks for the decision."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

import msgspec

from ..calls import CallClass
from ..events.command import JudgedMargin, JudgedQuote
from ..intent import Intent
from ..lifecycle import Order
from ..records import AccountRecord, PositionRecord, SymbolRecord

MarginCheck = Literal["client", "server"]


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings say about deciding."""

    quote_age_s: float = 10.0  # an older quote is not fresh
    deviation: int = 20  # points that requested prices may be off, where the command says nothing
    margin_check: MarginCheck = "client"  # server: the venue's own check is enough
    reduce_while_reconciling: bool = True


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """The account, the symbol, the market and what the command names, as they are now.

    `position` is the one that the command names; in a netting account the one of its symbol.  `in_flight` is
    what was sent and has no outcome yet, unknown ones too.  `never_held`: of the tickets that the command
    names as positions those that no deal ever had, which the venue answers otherwise than closed ones.
    """

    server_now: str  # the server's wall clock, RFC 3339 with the offset in force
    offset: int = 0  # seconds that the server's clock is ahead of UTC
    link: str = "ready"  # connecting, reconciling, ready, refused, closed
    restrictions: Mapping[str, str] = {}  # permission -> why; none: active
    venue_reached: bool = True  # there is a session, and its trade server is reachable (push 15)
    nats_away: bool = False  # NATS is required, and not there
    refusing: Mapping[CallClass, str] = {}  # classes of calls that are not let through -> until when, or ""
    account: AccountRecord | None = None
    symbol: SymbolRecord | None = None  # None: the venue has none of that name
    quote: JudgedQuote | None = None  # None: never quoted
    position: PositionRecord | None = None
    position_by: PositionRecord | None = None
    never_held: frozenset[str] = frozenset()
    order: Order | None = None
    positions: tuple[PositionRecord, ...] = ()  # all open ones
    orders: tuple[Order, ...] = ()  # all open ones
    in_flight: tuple[Intent, ...] = ()
    margin: JudgedMargin | None = None  # what the order would leave; None: not computed
    policy: Policy = Policy()


class Exposure(msgspec.Struct, frozen=True):
    """The risk that an order would add, for whoever computes the margin after it."""

    symbol: str
    type: str  # of the order: buy, sell_limit, ...
    volume: Decimal  # lots
    price: Decimal | None  # at which it is valued: its own, or of a market order the quote's
    limit_price: Decimal | None = None
    position: str | None = None  # that it closes, which in a hedging account opens nothing
