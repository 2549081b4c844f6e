"""The base margin of one volume at one price (docs/protocol.md 7.4, table)."""

from collections.abc import Iterable

import msgspec

from ..enums import CalcMode, OrderType
from .doubles import divide
from .families import (
    BOND_FAMILY,
    FOREX_FAMILY,
    FUTURES_FAMILY,
    LIMIT_TYPES,
    OPTION_FAMILY,
    STOCK_FAMILY,
    STOP_LIMIT_TYPES,
)
from .margin_input import Lots, MarginAccount, MarginOrder, MarginPosition, MarginSymbol
from .rounding import normalize, size

_LEVERAGED: frozenset[int] = frozenset({CalcMode.FOREX, CalcMode.CFD_LEVERAGE})
_AT_PRICE: frozenset[int] = STOCK_FAMILY | OPTION_FAMILY | {CalcMode.CFD}
LISTED = (
    _LEVERAGED
    | _AT_PRICE
    | FOREX_FAMILY
    | FUTURES_FAMILY
    | BOND_FAMILY
    | {CalcMode.CFD_INDEX, CalcMode.COLLATERAL}
)


class Exposure(msgspec.Struct, frozen=True):
    """A margin in account currency with the lots it stands for; tiers split it (docs/protocol.md 7.4)."""

    margin: float = 0.0
    lots: Lots = Lots()


class SymbolMargin(msgspec.Struct, frozen=True):
    """The margin of one symbol without tiers, beside the three buckets that tiers are walked with.

    docs/protocol.md 7.4.  Nothing here is rounded more than its own rules say.
    """

    plain: float
    positions: Exposure = Exposure()
    in_flight: Exposure = Exposure()
    orders: Exposure = Exposure()


def pooled(parts: Iterable[Lots]) -> Lots:
    """Several lots as one: volumes added, price and rate averaged by volume (docs/protocol.md 7.4)."""
    parts = tuple(parts)
    volume = sum(part.volume for part in parts)
    price = sum(part.price * part.volume for part in parts)
    rate = sum(part.rate * part.volume for part in parts)
    return Lots(volume, price / volume, rate / volume) if volume else Lots()


def base_margin(
    symbol: MarginSymbol, leverage: float, volume: float, price: float, *, fixed: float, contract: float
) -> float:
    """The base margin of `volume` lots, before any rate (docs/protocol.md 7.4, table).

    `fixed` is M; when it is not above 0 the margin follows from the contract `contract`, which is
    margin_hedged for covered volume.  Calc modes outside the table (`LISTED`) give 0.
    """
    mode = symbol.trade_calc_mode
    if not volume or mode == CalcMode.COLLATERAL:
        return 0.0
    amount = fixed * volume if fixed > 0 else _floating_amount(symbol, size(volume, contract), price)
    return divide(amount, leverage) if mode in _LEVERAGED else amount


def _floating_amount(symbol: MarginSymbol, units: float, price: float) -> float:
    """The column M = 0, still without leverage."""
    mode = symbol.trade_calc_mode
    if mode in FOREX_FAMILY:
        return units
    if mode in _AT_PRICE or mode == CalcMode.CFD_LEVERAGE:
        return units * price
    if mode == CalcMode.CFD_INDEX:
        tick_size = symbol.trade_tick_size
        return units * price / tick_size * symbol.trade_tick_value if tick_size else 0.0
    if mode in BOND_FAMILY:
        return normalize(units * symbol.trade_face_value * price / 100, symbol.currency_base_digits)
    return 0.0


def forts_margin(symbol: MarginSymbol, volume: float, price: float, *, is_buy: bool) -> float:
    """The margin of a FORTS future in a netting account, before rates (docs/protocol.md 7.4, row 34).

    Buys stand on margin_initial, sells on margin_maintenance, which here is never replaced by the initial
    one.  A tick size of 0 gives 0.
    """
    if not symbol.trade_tick_size:
        return 0.0
    distance = price - symbol.trade_price_settle if is_buy else symbol.trade_price_settle - price
    fixed = symbol.margin_initial if is_buy else symbol.margin_maintenance
    per_tick = symbol.trade_tick_value / symbol.trade_tick_size
    return volume * (fixed + distance * per_tick * (1 + 0.01 * symbol.margin_rate_currency))


def forts_price(symbol: MarginSymbol, order: MarginOrder) -> float:
    """The price a FORTS order is margined at in a netting account (docs/protocol.md 7.4, row 34).

    Limits count at their own price, stop-limits at the trigger, market and stop orders at the price limit
    of the day.
    """
    if order.order_type in LIMIT_TYPES or order.order_type in STOP_LIMIT_TYPES:
        return order.lots.price
    return symbol.trade_price_limit_max if order.is_buy else symbol.trade_price_limit_min


def initial_margin(symbol: MarginSymbol, account: MarginAccount, lots: Lots, order_type: int) -> float:
    """The margin of orders of one type, with both rates, not rounded (docs/protocol.md 7.4)."""
    base = base_margin(
        symbol,
        account.margin_leverage,
        lots.volume,
        lots.price,
        fixed=symbol.margin_initial,
        contract=symbol.trade_contract_size,
    )
    return base * lots.rate * symbol.margin_rates_initial[order_type]


def maintenance_margin(symbol: MarginSymbol, account: MarginAccount, lots: Lots, *, is_buy: bool) -> float:
    """The margin of positions of one side, with both rates, not rounded (docs/protocol.md 7.4)."""
    base = base_margin(
        symbol,
        account.margin_leverage,
        lots.volume,
        lots.price,
        fixed=symbol.fixed_maintenance,
        contract=symbol.trade_contract_size,
    )
    return base * lots.rate * symbol.position_rate(is_buy=is_buy)


def needs_margin(symbol: MarginSymbol, order: MarginOrder) -> bool:
    """Whether an order counts at all: not a close-by, its order rate above 0 (docs/protocol.md 7.4)."""
    return order.order_type < OrderType.CLOSE_BY and symbol.margin_rates_initial[order.order_type] > 0


def side_of(positions: Iterable[MarginPosition], *, is_buy: bool) -> Lots:
    """The positions of one side pooled (docs/protocol.md 7.4)."""
    return pooled(position.lots for position in positions if position.is_buy is is_buy)
