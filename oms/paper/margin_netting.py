"""Margin of one symbol of a netting account: the needier of its two sides (docs/protocol.md 7.4)."""

from decimal import Decimal
from typing import NamedTuple

from protocol.enums import OrderType, Side
from protocol.records.trade import Order, Position

from .contract import FORTS
from .decimals import finite, rounded
from .margin_base import (
    EMPTY,
    MARKET,
    NOTHING,
    STOP_LIMITS,
    ZERO,
    Book,
    Bucket,
    Parts,
    Stake,
    base,
    maintenance,
    order_rate,
    order_stake,
    pooled,
    position_rate,
    position_stake,
    side_of,
)

_STOPS = frozenset({OrderType.BUY_STOP, OrderType.SELL_STOP})


class _Leg(NamedTuple):
    """One side: its position and its orders, on the account's digits."""

    held: Bucket
    orders: Bucket

    @property
    def margin(self) -> Decimal:
        return self.held.margin + self.orders.margin

    @property
    def volume(self) -> Decimal:
        return self.held.stake.volume + self.orders.stake.volume


def netting_parts(book: Book) -> Parts:
    """The margin of a symbol whose orders meet in one position, on the account's digits.

    A leverage rule takes the larger side as it is: the reduction only decides which side that is.
    """
    legs = {side: _leg(book, side) for side in Side}
    needs = {side: legs[side].margin - _reduction(book, side, legs) for side in Side}
    larger = max(Side, key=lambda side: needs[side])
    plain = rounded(needs[larger], book.account.digits)
    return Parts(plain, legs[larger].held, EMPTY, legs[larger].orders)


def _leg(book: Book, side: Side) -> _Leg:
    digits = book.account.digits
    held, need = NOTHING, ZERO
    for position in book.positions:  # there is one at most
        if position.trade_action == side:
            held = position_stake(position)
            need = rounded(_position_margin(book, side, position), digits)
    stakes, total = [], ZERO
    for order in book.orders:
        if side_of(order) == side:
            stakes.append(order_stake(book, order))
            total = rounded(total + _order_margin(book, side, order, stakes[-1]), digits)
    return _Leg(Bucket(held, need), Bucket(pooled(stakes), total))


def _reduction(book: Book, side: Side, legs: dict[Side, _Leg]) -> Decimal:
    """What a side is relieved of: its first lots would only close the position of the other side."""
    other, leg = legs[Side(1 - side)].held.stake, legs[side]
    if book.spec.trade_calc_mode == FORTS:
        return _forts(book, side, other) if other.volume else ZERO
    return leg.margin / leg.volume * other.volume if leg.volume else ZERO


def _position_margin(book: Book, side: Side, position: Position) -> Decimal:
    stake, rate = position_stake(position), position_rate(book.spec, side)
    return _base(book, side, stake, maintenance(book.spec)) * stake.rate * rate


def _order_margin(book: Book, side: Side, order: Order, stake: Stake) -> Decimal:
    if book.spec.trade_calc_mode == FORTS:
        stake = stake._replace(price=_forts_price(book, side, order))
    need = _base(book, side, stake, book.spec.trade.margin_initial)
    return need * stake.rate * order_rate(book.spec, order.order_type)


def _base(book: Book, side: Side, stake: Stake, fixed: float) -> Decimal:
    if book.spec.trade_calc_mode == FORTS:
        return _forts(book, side, stake)
    return base(book.spec, book.account.leverage, stake, fixed, book.spec.trade_contract_size)


def _forts(book: Book, side: Side, stake: Stake) -> Decimal:
    """Row 34: fixed margin, and the loss that the way from here to the settlement price would be."""
    spec = book.spec
    tick = finite(spec.trade_tick_size)
    if not tick:
        return ZERO
    buys = side == Side.BUY
    fixed = finite(spec.trade.margin_initial if buys else spec.trade.margin_maintenance)
    way = stake.price - finite(spec.trade_price_settle)
    currency = 1 + finite(spec.trade.margin_rate_currency) / 100
    per_lot = (way if buys else -way) * finite(spec.trade_tick_value) / tick * currency
    return stake.volume * (fixed + per_lot)


def _forts_price(book: Book, side: Side, order: Order) -> Decimal:
    """The price of row 34: the worst of the day for what fills at the market."""
    if order.order_type in MARKET or order.order_type in _STOPS:
        buys = side == Side.BUY
        return finite(book.spec.trade_price_limit_max if buys else book.spec.trade_price_limit_min)
    return finite(order.price_trigger if order.order_type in STOP_LIMITS else order.price_order)
