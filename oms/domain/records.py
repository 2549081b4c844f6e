"""What the venue says, in exact values: orders, deals, positions, accounts, symbols.

Tickets are text; volumes are lots; prices, money, rates are decimals; times are the server's wall clock with
the offset then in force; words are MQL5 names in lower case, or the digits of a number without a name.  None
is "none", and for a number also "not a number".  Left out is what changes with every tick (current price,
floating profit, conversion rates): that is a view, and would make every look at a position a change.
"""

from decimal import Decimal
from typing import Final

import msgspec

from . import words
from .values import Ticket, same, total, wall

NOTHING: Final[frozenset[str]] = frozenset()
DATE: Final = len("2026-11-21")  # of a server time


class OrderRecord(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """An order as the open list, the history or a push shows it."""

    order: Ticket
    symbol: str = ""
    type: str = ""  # buy, sell_limit, buy_stop_limit, close_by, ...
    state: str = ""  # the server's: placed, partial, filled, canceled, ...
    volume: Decimal | None = None  # lots asked for
    remaining: Decimal | None = None  # lots not filled yet; of an order that ended, never filled
    price: Decimal | None = None  # limit or stop price; of a stop limit the activation price
    limit_price: Decimal | None = None  # of a stop limit: the limit after its activation
    sl: Decimal | None = None
    tp: Decimal | None = None
    filling: str = ""  # fok, ioc, return, boc
    time_in_force: str = ""  # gtc, day, specified, specified_day
    expires_at: str | None = None
    position: Ticket | None = None  # that it opened, or works on
    reason: str = ""  # client, expert, sl, tp, so, ...
    comment: str = ""
    activation: str = ""  # none, pending, stop_limit
    magic: str = "0"  # number of the expert
    digits: int = 0  # of the symbol
    external_id: str = ""
    setup_at: str | None = None
    done_at: str | None = None

    @property
    def over(self) -> bool:
        """Whether the server calls it ended."""
        return self.state in words.ENDED


class DealRecord(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A deal: the only thing that fills an order, moves a position, books money."""

    deal: Ticket
    order: Ticket | None = None
    position: Ticket | None = None
    symbol: str = ""  # "" for what moves money alone
    type: str = ""  # buy, sell, balance, credit, ...
    entry: str = ""  # in, out, inout, out_by
    volume: Decimal | None = None  # lots
    price: Decimal | None = None
    profit: Decimal | None = None  # this and the next three: account currency, signed, as booked
    commission: Decimal | None = None
    swap: Decimal | None = None
    fee: Decimal | None = None
    sl: Decimal | None = None
    tp: Decimal | None = None
    reason: str = ""
    comment: str = ""
    magic: str = "0"
    digits: int = 0  # of the symbol
    external_id: str = ""
    time: str | None = None
    updated_at: str | None = None

    @property
    def trades(self) -> bool:
        """Whether it is a fill: a canceled one is not (docs/semantics.md 1)."""
        return self.type in words.TRADES

    @property
    def signed(self) -> Decimal:
        """What it adds to a position, long counted up; 0 for what is no fill."""
        if not self.trades or self.volume is None:
            return Decimal(0)
        return self.volume if self.type == words.BUY else -self.volume

    @property
    def amount(self) -> Decimal:
        """What it books altogether."""
        return total((self.profit, self.commission, self.swap, self.fee))

    @property
    def place(self) -> tuple[str, int]:
        """When it was made, by the server's clock; of one moment by its ticket."""
        return wall(self.time), int(self.deal)

    @property
    def date(self) -> str:
        """Its day by the server's clock; "" where its time is not known."""
        return self.time[:DATE] if self.time else ""

    @property
    def turn(self) -> tuple[str, int]:
        """Where it stands among the others: by day of the server, then by ticket.

        Not by time alone: in the night in which summer time ends an hour has the same times twice.
        """
        return self.date, int(self.deal)


class PositionRecord(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """An open position.  Swap and commission are accrued: only deals book them."""

    position: Ticket  # identifier; survives a reversal
    ticket: Ticket | None = None  # the order that opened it; after a reversal the reversing one
    symbol: str = ""
    side: str = ""  # buy, sell
    volume: Decimal = Decimal("0.00")  # lots
    price: Decimal | None = None  # average open price
    sl: Decimal | None = None
    tp: Decimal | None = None
    swap: Decimal | None = None  # accrued, account currency
    commission: Decimal | None = None  # accrued, account currency
    reason: str = ""
    comment: str = ""
    magic: str = "0"
    digits: int = 0  # of the symbol
    external_id: str = ""
    opened_at: str | None = None
    updated_at: str | None = None

    @property
    def signed(self) -> Decimal:
        """Lots, long counted up."""
        return self.volume if self.side == words.BUY else -self.volume

    @property
    def point(self) -> Decimal:
        """The smallest step of its symbol's price."""
        return Decimal(1).scaleb(-self.digits)


class AccountRecord(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """An account's terms; its money is not among them, for that follows from deals."""

    type: str = ""  # real, demo, contest, preliminary
    name: str = ""
    server: str = ""
    company: str = ""
    build: int = 0
    currency: str = ""
    digits: int = 2  # of money
    leverage: int = 0
    margin_mode: str = ""  # retail_netting, exchange, retail_hedging
    margin_free_mode: str = ""  # none, all, profit, loss
    margin_free_profit_mode: int = 0
    stop_out_mode: str = ""  # percent, money
    stop_out_call: Decimal | None = None
    stop_out_level: Decimal | None = None
    rights: int = 0  # what it may not do: 4 trading, 8 investor, 512 read only, 1024 password to be changed
    trade_allowed: bool = True
    investor: bool = False
    utc_offset: int = 0  # seconds east of UTC that the server's clock shows, summer time in it
    trade_flags: int = 0

    @property
    def hedging(self) -> bool:
        """Whether every opening deal makes a position of its own; else one position per symbol."""
        return self.margin_mode == words.HEDGING


class SymbolRecord(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What trading needs of a symbol's specification; symbol ids are left out, they hold for one session."""

    symbol: str
    path: str = ""
    description: str = ""
    isin: str = ""
    exchange: str = ""
    currency_base: str = ""
    currency_profit: str = ""
    currency_margin: str = ""
    base_digits: int = 0
    profit_digits: int = 0
    margin_digits: int = 0
    digits: int = 0
    point: Decimal | None = None
    tick_size: Decimal | None = None
    tick_value: Decimal | None = None
    contract_size: Decimal | None = None
    calc_mode: str = ""  # forex, cfd, futures, ...
    trade_mode: str = ""  # disabled, long_only, short_only, close_only, full
    execution: str = ""  # request, instant, market, exchange
    filling_flags: int = 0  # 1 fok, 2 ioc, 4 boc
    time_flags: int = 0  # 1 gtc, 2 day, 4 specified, 8 specified_day
    order_flags: int = 0  # 1 market, 2 limit, 4 stop, 8 stop limit, 16 sl, 32 tp, 64 close by
    gtc_mode: str = ""  # gtc, today_with_stops, today_without_stops
    volume_min: Decimal | None = None  # lots
    volume_max: Decimal | None = None  # lots
    volume_step: Decimal | None = None  # lots
    volume_limit: Decimal | None = None  # lots; 0 none
    instant_volume: Decimal | None = None  # lots above which prices are asked for; 0 no limit
    request_timeout: int = 0  # seconds that a requested price stays usable
    instant_timeout: int = 0  # seconds that a requote stays usable
    stops_level: int = 0  # points
    freeze_level: int = 0  # points
    spread: int = 0  # points; 0 floating
    spread_diff: int = 0  # points that the account adds
    spread_diff_balance: int = 0  # points
    margin_flags: int = 0
    margin_initial: Decimal | None = None
    margin_maintenance: Decimal | None = None
    margin_hedged: Decimal | None = None
    margin_liquidity: Decimal | None = None
    margin_rate_currency: Decimal | None = None
    margin_rates_initial: tuple[Decimal | None, ...] = ()  # by order type, buy first
    margin_rates_maintenance: tuple[Decimal | None, ...] = ()
    swap_mode: str = ""
    swap_long: Decimal | None = None
    swap_short: Decimal | None = None
    swap_triple_day: str = ""
    swap_rates: tuple[Decimal | None, ...] = ()  # multipliers from Sunday
    quote_sessions: tuple[tuple[tuple[int, int], ...], ...] = ()  # from Sunday: minutes (from, to) of the day
    trade_sessions: tuple[tuple[tuple[int, int], ...], ...] = ()
    trade_flags: int = 0  # 1 conversion by the sign of the profit even for forex
    tick_flags: int = 0  # 8 negative prices allowed
    book_depth: int = 0
    quotes_delayed: bool = False
    price_settle: Decimal | None = None
    price_limit_min: Decimal | None = None
    price_limit_max: Decimal | None = None
    price_strike: Decimal | None = None
    option_mode: str = ""
    face_value: Decimal | None = None
    accrued_interest: Decimal | None = None
    starts_at: str | None = None
    expires_at: str | None = None


ORDER_TIMES: Final = frozenset({"expires_at", "setup_at", "done_at"})
DEAL_TIMES: Final = frozenset({"time"})
POSITION_TIMES: Final = frozenset({"opened_at"})
SYMBOL_TIMES: Final = frozenset({"starts_at", "expires_at"})
UPDATED: Final = frozenset({"updated_at"})  # when a record was touched says nothing of what it says
# What a deal leaves of a position, and what only the venue tells of one.
DEALT: Final = frozenset({"position", "ticket", "symbol", "side", "volume", "price", "opened_at"}) | UPDATED


def same_order(one: OrderRecord, other: OrderRecord) -> bool:
    """Whether two records of an order say the same."""
    return same(one, other, ORDER_TIMES, NOTHING)


def same_deal(one: DealRecord, other: DealRecord) -> bool:
    """Whether two records of a deal say the same."""
    return same(one, other, DEAL_TIMES, UPDATED)


def same_terms(one: PositionRecord, other: PositionRecord) -> bool:
    """Whether two records of a position agree in what deals do not say: stops, accruals, comment."""
    return same(one, other, POSITION_TIMES, DEALT)


def same_symbol(one: SymbolRecord, other: SymbolRecord) -> bool:
    """Whether two specifications say the same."""
    return same(one, other, SYMBOL_TIMES, NOTHING)
