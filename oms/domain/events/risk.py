"""Events of risk rules."""

from decimal import Decimal

import msgspec

from ..limits import Told
from .fact import Fact


class RiskLimits(Fact, frozen=True, tag="risk.limits"):
    """The limits from now on, whole."""

    limits: Told = {}  # of the account
    by: str = ""  # config, or who
    clients: dict[str, Told] = {}  # of each client that has its own
    comment: str = ""


class RiskBreached(Fact, frozen=True, tag="risk.breached"):
    """A limit was passed; `permission` is what that leads to."""

    rule: str
    value: str
    limit: str
    permission: str = ""
    symbol: str = ""


class ConversionRate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A price that converted profits to account currency (docs/protocol.md 7.2)."""

    pair: str  # the symbol
    side: str  # bid, ask
    price: Decimal
    inverse: bool  # the rate is 1 / price
    time: str  # of the price: server time, RFC 3339 with the offset in force


class EquityMark(Fact, frozen=True, tag="equity.mark"):
    """What rules over time need of floating profit: equity at a moment, with what it was made of."""

    kind: str  # day_start, peak, sample
    balance: Decimal
    credit: Decimal
    floating: Decimal | None = None  # profit + swap; None where a price or a rate is missing
    equity: Decimal | None = None
    margin: Decimal | None = None
    unvalued: tuple[str, ...] = ()  # positions without a price or a rate
    rates: tuple[ConversionRate, ...] = ()  # what floating was converted with; none: no other currency
    at: str = ""  # server time, RFC 3339 with the offset in force


class AliveArmed(Fact, frozen=True, tag="alive.armed"):
    """A dead-man's switch: from now on somebody has to say again and again that he is there."""

    client: str = ""  # who: a client; "" the account's operator
    within: Decimal | None = None  # seconds from one word to the next; None: not watched any more
    by: str = ""


class AliveCleared(Fact, frozen=True, tag="alive.cleared"):
    """Of a silent client no pending order is left, nor anything on its way that may become one."""

    client: str


class AliveMissed(Fact, frozen=True, tag="alive.missed"):
    """Somebody who was watched did not say in time that he is there."""

    client: str = ""
    within: Decimal | None = None  # seconds
    action: str = ""  # what that leads to: reduce, panic, cancel
