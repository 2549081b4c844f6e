"""What the venue knows: accounts, prices, moments, and the effects of what happens.

State is kept in the wire's own records: what is sent is what is known.  Volumes are lots × 10^8, prices are
doubles on the symbol's digits, money is Decimal on the account's digits and becomes a record's double last.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from protocol.enums import MarginMode
from protocol.records.trade import Deal, Order, Position

LOT = 100_000_000  # one lot on the wire


class Moment(NamedTuple):
    """A point in time, as the venue is told it."""

    utc_ms: int
    server_ms: int  # the same in the server's zone

    @property
    def seconds(self) -> int:
        """Server-time seconds, as records carry them."""
        return self.server_ms // 1000

    @property
    def msc(self) -> int:
        """The milliseconds part beside `seconds`."""
        return self.server_ms % 1000


class Price(NamedTuple):
    """The quote of a symbol as the venue last made it; `last` 0 where the symbol has none."""

    bid: float
    ask: float
    last: float
    server_ms: int


@dataclass(slots=True)
class Account:
    """One account: its terms, its money, its books."""

    login: int
    name: str
    currency: str
    digits: int
    margin_mode: MarginMode
    leverage: int
    password: str = field(repr=False)
    investor_password: str = field(repr=False)
    balance: Decimal = Decimal(0)
    credit: Decimal = Decimal(0)
    rights: int = 0
    margin_free_mode: int = 1
    margin_so_mode: int = 0
    margin_so_call: float = 100.0
    margin_so_so: float = 50.0
    commission_per_lot: Decimal = Decimal(0)  # booked on each deal, a side, in account currency
    commission_daily: Decimal = Decimal(0)  # gathered on the day, booked at the end of it
    otp_secret: str = field(default="", repr=False)
    orders: dict[int, Order] = field(default_factory=dict)  # open, by ticket
    positions: dict[int, Position] = field(default_factory=dict)  # by position_id
    deals: list[Deal] = field(default_factory=list)  # the ledger, in order
    history: list[Order] = field(default_factory=list)  # orders that ended, in order

    @property
    def hedging(self) -> bool:
        """Whether positions of one symbol stand side by side."""
        return self.margin_mode == MarginMode.RETAIL_HEDGING


class Effect(NamedTuple):
    """Something to push: to every session of an account, or to one."""

    login: int
    command: int
    value: Any  # as protocol.commands has it for this push
    session: int | None = None  # None = all sessions of the account


class Outcome(NamedTuple):
    """What a trade request comes to at once: its answer 12, and what is pushed behind it."""

    retcode: int
    effects: Sequence[Effect]
