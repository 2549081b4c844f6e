"""All that a decision is made on: values of one moment, gathered by whoever asks for the decision."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

import msgspec

from ..calls import CallClass
from ..events.command import JudgedMargin, JudgedQuote
from ..intent import Intent
from ..lifecycle import Order
from ..limits import AccountLimits, Limits
from ..records import AccountRecord, PositionRecord, SymbolRecord

MarginCheck = Literal["client", "server"]


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings say about deciding."""

    quote_age_s: float = 10.0  # an older quote is not fresh
    deviation: int = 20  # points that requested prices may be off, where the command says nothing
    margin_check: MarginCheck = "client"  # server: the venue's own check is enough
    reduce_while_reconciling: bool = True


class Sent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An order, or a change of one, that was sent."""

    at_ms: int  # milliseconds of UTC
    client: str
    symbol: str
    type: str  # buy, sell_limit, ...; "" of a change
    volume: Decimal  # lots
    price: Decimal | None = None  # of a pending order


class Restraint(msgspec.Struct, frozen=True, kw_only=True):
    """What risk is limited to, and what limits look at beside the other facts.

    What no limit asks for is not gathered.
    """

    version: int = 0  # of the limits: how many risk.limits the journal has
    account: AccountLimits | None = None
    client: Limits | None = None  # of the command's client
    unreadable: str = ""  # why the limits cannot be read
    client_permission: str = "active"  # reducing, halted: the command's client alone
    client_reason: str = ""
    own: frozenset[str] = frozenset()  # tickets of orders and positions that are the client's
    own_in_flight: tuple[Intent, ...] = ()
    sent: tuple[Sent, ...] = ()  # within the last minute
    lot_values: Mapping[str, Decimal] = {}  # by symbol: account currency of a lot, per unit of its price
    prices: Mapping[str, Decimal] = {}  # by symbol: the larger of bid and ask
    equity: Decimal | None = None  # None: a position has no value
    day_start: Decimal | None = None  # equity when the server's day began, less what was paid in or out since
    peak: Decimal | None = None  # the most that equity was, likewise


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
    orders: tuple[Order, ...] = ()  # all open ones, and those that ended with fills nobody has seen yet
    in_flight: tuple[Intent, ...] = ()
    margin: JudgedMargin | None = None  # what the order would leave; None: not computed
    client: str = ""  # whose command it is
    risk: Restraint = Restraint()
    policy: Policy = Policy()


class Exposure(msgspec.Struct, frozen=True):
    """The risk that an order would add, for whoever computes the margin after it."""

    symbol: str
    type: str  # of the order: buy, sell_limit, ...
    volume: Decimal  # lots
    price: Decimal | None  # at which it is valued: its own, or of a market order the quote's
    limit_price: Decimal | None = None
    position: str | None = None  # that it closes, which in a hedging account opens nothing
