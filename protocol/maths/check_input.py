"""What the order checks look at: a request, the view it is judged in, a refusal (docs/protocol.md 7.7)."""

from decimal import Decimal

import msgspec

from ..enums import Execution, Retcode, TradeAction, TypeFlags
from .families import BUY_TYPES
from .rounding import LOT, normalize

NEGATIVE_PRICES = 8  # ticks_flags
_CLOSE = int(TypeFlags.CLOSE)  # as a number: flags of the standard library take a microsecond each time

DEALS: frozenset[int] = frozenset(
    {
        TradeAction.DEAL_REQUEST,
        TradeAction.DEAL_INSTANT,
        TradeAction.DEAL_MARKET,
        TradeAction.DEAL_EXCHANGE,
    }
)
# Asking for prices leads to a deal of the same volume, so its terms are checked beforehand.
DEALS_OR_PRICES: frozenset[int] = DEALS | {TradeAction.REQUEST_PRICES}
PENDINGS: frozenset[int] = frozenset({TradeAction.PENDING, TradeAction.MODIFY})


class CheckRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of TRADE_REQUEST that are checked, under their names (docs/protocol.md 4.7)."""

    trade_action: int
    trade_volume: int = 0
    trade_type: int = 0
    type_filling: int = 0
    type_time: int = 0
    type_flags: int = 0
    price_order: float = 0.0
    price_trigger: float = 0.0
    price_sl: float = 0.0
    price_tp: float = 0.0
    trade_position: int = 0
    time_expiration: int = 0


class CheckSymbol(msgspec.Struct, frozen=True, kw_only=True):
    """The symbol as it may be traded, account overrides already applied (docs/protocol.md 4.5, 7.6).

    Volumes are wire integers, lots x 10^8.
    """

    digits: int
    point: float
    trade_tick_size: float
    trade_mode: int
    trade_exemode: int
    trade_fill_flags: int
    trade_time_flags: int
    trade_order_flags: int
    volume_min: int
    volume_max: int
    volume_step: int
    trade_stops_level: int = 0
    trade_price_limit_min: float = 0.0
    trade_price_limit_max: float = 0.0
    ticks_flags: int = 0


class CheckPosition(msgspec.Struct, frozen=True, kw_only=True):
    """An open position; `volume` is a wire integer."""

    trade_symbol: str
    is_buy: bool
    volume: int
    price_sl: float = 0.0
    price_tp: float = 0.0


class CheckOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The pending order that a request modifies."""

    price_order: float
    price_trigger: float = 0.0
    price_sl: float = 0.0
    price_tp: float = 0.0
    type_time: int = 0
    time_expiration: int = 0


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What is known when a request is checked.

    `position` is the one the request addresses, or in a netting account the one of its symbol; a `bid` or
    `ask` of None has not been quoted yet; `usable_prices` are those recently shown with the requotes that
    still hold, None where no record of them is kept.
    """

    symbol: CheckSymbol | None
    hedging: bool
    bid: float | None = None
    ask: float | None = None
    position: CheckPosition | None = None
    position_by: CheckPosition | None = None
    order: CheckOrder | None = None
    usable_prices: tuple[float, ...] | None = None


class Refusal(msgspec.Struct, frozen=True):
    """One reason against a request: the rule broken, where, what was given, what would be allowed.

    `retcode` is the official client's answer to it (docs/protocol.md 7.7).
    """

    code: str
    field: str
    message: str
    given: str
    limit: str
    retcode: int


class Case(msgspec.Struct, frozen=True):
    """A request beside a loaded symbol; what several rules ask of both."""

    request: CheckRequest
    symbol: CheckSymbol
    view: View

    @property
    def is_buy(self) -> bool:
        """Whether the request's type buys (docs/protocol.md 6.1)."""
        return self.request.trade_type in BUY_TYPES

    @property
    def level(self) -> float:
        """N(point x trade_stops_level, digits), the least distance to the market (docs/protocol.md 7.7)."""
        return normalize(self.symbol.point * self.symbol.trade_stops_level, self.symbol.digits)

    @property
    def on_exchange(self) -> bool:
        """Whether the symbol trades by exchange execution (docs/protocol.md 4.2)."""
        return self.symbol.trade_exemode == Execution.EXCHANGE

    @property
    def may_be_negative(self) -> bool:
        """Whether the symbol's prices may be negative (docs/protocol.md 4.5, ticks_flags)."""
        return bool(self.symbol.ticks_flags & NEGATIVE_PRICES)

    @property
    def closes(self) -> bool:
        """Whether the request is meant to close a position (docs/protocol.md 6.5)."""
        request = self.request
        addressed = request.trade_position != 0 or bool(request.type_flags & _CLOSE)
        return request.trade_action in DEALS_OR_PRICES and addressed

    @property
    def only_reduces(self) -> bool:
        """Whether all of the volume goes against the netted or addressed position (docs/protocol.md 7.7)."""
        position = self.view.position
        if position is None or position.is_buy is self.is_buy:
            return False
        if self.view.hedging and not self.closes:
            return False
        return self.request.trade_volume <= position.volume

    def price(self, value: float) -> float:
        """A computed price back on the symbol's grid, so that borders compare exactly (7.1)."""
        return normalize(value, self.symbol.digits)


def refuse(code: str, field: str, message: str, given: str, limit: str, retcode: Retcode) -> Refusal:
    """A refusal with its retcode as a plain number (docs/protocol.md 6.8)."""
    return Refusal(code, field, message, given, limit, int(retcode))


def show_volume(volume: int) -> str:
    """A wire volume in lots, as a person writes it (docs/protocol.md 6.9)."""
    return f"{(Decimal(volume) / LOT).normalize():f}"
