"""The margin of one volume of one symbol, before anything is set off (docs/protocol.md 7.4)."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from protocol.enums import CalcMode, OrderType, Side
from protocol.records.symbols import FullSymbol
from protocol.records.trade import Order, Position

from .contract import BONDS, OPTIONS, size
from .conversion import Rates, side_rate
from .decimals import NoNumberError, finite, lots, rounded
from .model import Account, Price

ZERO = Decimal(0)
BUYS = frozenset({OrderType.BUY, OrderType.BUY_LIMIT, OrderType.BUY_STOP, OrderType.BUY_STOP_LIMIT})
MARKET = frozenset({OrderType.BUY, OrderType.SELL})
STOP_LIMITS = frozenset({OrderType.BUY_STOP_LIMIT, OrderType.SELL_STOP_LIMIT})
_KNOWN = frozenset(CalcMode)
_PRICED = OPTIONS | {CalcMode.CFD, CalcMode.EXCH_STOCKS, CalcMode.EXCH_STOCKS_MOEX}


class Stake(NamedTuple):
    """Lots at a price and a margin rate, both averages by volume where several are pooled."""

    volume: Decimal
    price: Decimal
    rate: Decimal


NOTHING = Stake(ZERO, ZERO, ZERO)


def pooled(stakes: Iterable[Stake]) -> Stake:
    """Several stakes as one."""
    known = [stake for stake in stakes if stake.volume]
    volume = sum((stake.volume for stake in known), ZERO)
    if not known:
        return NOTHING
    price = sum((stake.volume * stake.price for stake in known), ZERO) / volume
    rate = sum((stake.volume * stake.rate for stake in known), ZERO) / volume
    return Stake(volume, price, rate)


class Bucket(NamedTuple):
    """What a leverage rule divides: a stake for the measure, the margin that is divided by it."""

    stake: Stake
    margin: Decimal


EMPTY = Bucket(NOTHING, ZERO)


class Parts(NamedTuple):
    """The margin of one symbol: as it is without a leverage rule, and in the buckets that a rule divides."""

    plain: Decimal
    positions: Bucket
    flying: Bucket  # market orders on their way
    orders: Bucket


class Book(NamedTuple):
    """All that one symbol of an account has: what margin is asked for."""

    account: Account
    spec: FullSymbol
    price: Price | None
    rates: Rates
    positions: list[Position]
    orders: list[Order]  # those that need margin


def base(spec: FullSymbol, leverage: int, stake: Stake, fixed: float, contract_size: float) -> Decimal:
    """Base margin of a stake, without its rates, unrounded; `fixed` is the M of the table, 0 for none.

    Raises NoNumberError for a calc mode outside the table, DivisionByZero without leverage.
    """
    mode, each = spec.trade_calc_mode, finite(fixed)
    leveraged = mode in (CalcMode.FOREX, CalcMode.CFD_LEVERAGE)
    if mode not in _KNOWN:
        raise NoNumberError(f"calc mode {mode} has no margin")
    if mode == CalcMode.COLLATERAL:
        return ZERO
    whole = each * stake.volume if each > 0 else _computed(spec, stake, contract_size)
    return whole / leverage if leveraged else whole


def _computed(spec: FullSymbol, stake: Stake, contract_size: float) -> Decimal:
    """The column M = 0 of the table, before leverage."""
    mode = spec.trade_calc_mode
    units = size(stake.volume, contract_size)
    if mode in (CalcMode.FOREX, CalcMode.FOREX_NO_LEVERAGE):
        return units
    if mode in _PRICED or mode == CalcMode.CFD_LEVERAGE:
        return units * stake.price
    if mode == CalcMode.CFD_INDEX:
        tick = finite(spec.trade_tick_size)
        return units * stake.price / tick * finite(spec.trade_tick_value) if tick else ZERO
    if mode in BONDS:
        face = finite(spec.trade_face_value)
        return rounded(units * face * stake.price / 100, spec.currency_base_digits)
    return ZERO  # futures: all their margin is fixed


def maintenance(spec: FullSymbol) -> float:
    """The M of positions."""
    return spec.trade.margin_maintenance or spec.trade.margin_initial


def order_rate(spec: FullSymbol, order_type: int) -> Decimal:
    """The order rate of an order of a type 0..7; at 0 or below the order needs no margin."""
    if order_type not in range(len(spec.trade.margin_rates_initial)):
        raise NoNumberError(f"order type {order_type} has no margin")
    return finite(spec.trade.margin_rates_initial[order_type])


def position_rate(spec: FullSymbol, side: Side) -> Decimal:
    """The order rate of positions of a side."""
    return finite(spec.trade.margin_rates_maintenance[side]) or order_rate(spec, side)


def side_of(order: Order) -> Side:
    """The side that an order opens."""
    return Side.BUY if order.order_type in BUYS else Side.SELL


def position_stake(position: Position) -> Stake:
    """A position at its open price and its own margin rate, whatever it says."""
    return Stake(lots(position.trade_volume), finite(position.price_open), finite(position.rate_margin))


def order_stake(book: Book, order: Order) -> Stake:
    """What is left of an order, at the price it would fill at and its margin rate or the conversion rate."""
    price = _order_price(book, order)
    rate = finite(order.margin_rate) or side_rate(
        book.spec, side_of(order), price, book.account.currency, book.rates
    )
    return Stake(lots(order.volume_current), price, rate)


def _order_price(book: Book, order: Order) -> Decimal:
    if order.order_type in STOP_LIMITS:
        return finite(order.price_trigger)
    price = finite(order.price_order)
    if price or order.order_type not in MARKET:
        return price
    current = finite(order.price_current)
    if current:
        return current
    if book.price is None:
        raise NoNumberError(f"no price of {order.trade_symbol}")
    return finite(book.price.ask if order.order_type in BUYS else book.price.bid)
