"""Events of risk rules."""

from decimal import Decimal

from .fact import Fact


class RiskLimits(Fact, frozen=True, tag="risk.limits"):
    """The limits from now on, whole."""

    limits: dict[str, str | int | bool | None] = {}
    by: str = ""  # config, or who


class RiskBreached(Fact, frozen=True, tag="risk.breached"):
    """A limit was passed; `permission` is what that leads to."""

    rule: str
    value: str
    limit: str
    permission: str = ""
    symbol: str = ""


class EquityMark(Fact, frozen=True, tag="equity.mark"):
    """What rules over time need of floating profit: equity at a moment, with what it was made of."""

    kind: str  # day_start, peak, sample
    balance: Decimal
    credit: Decimal
    floating: Decimal | None = None  # profit + swap; None where a price or a rate is missing
    equity: Decimal | None = None
    margin: Decimal | None = None
    unvalued: tuple[str, ...] = ()  # positions without a price or a rate
