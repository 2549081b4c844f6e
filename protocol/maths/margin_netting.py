"""The margin of one symbol in a netting account (docs/protocol.md 7.4, Netting).

Every order with the position of its side makes one figure per side, rounded at each addition.  The side
against the position first has to close it, so it is reduced by that much; the larger figure is the margin.
"""

from collections.abc import Iterable, Sequence

import msgspec

from ..enums import CalcMode
from .margin_base import (
    Exposure,
    SymbolMargin,
    forts_margin,
    forts_price,
    initial_margin,
    maintenance_margin,
    needs_margin,
    pooled,
    side_of,
)
from .margin_input import Lots, MarginAccount, MarginOrder, MarginPosition, MarginSymbol
from .rounding import normalize


class _Side(msgspec.Struct, frozen=True):
    position: Exposure
    orders: Exposure

    def figure(self, reduction: float, digits: int) -> float:
        return normalize(self.position.margin + self.orders.margin - reduction, digits)


def netting_margin(
    symbol: MarginSymbol,
    account: MarginAccount,
    positions: Sequence[MarginPosition],
    orders: Iterable[MarginOrder],
) -> SymbolMargin:
    """The symbol's margin from its position with its open orders, rounded to account digits.

    docs/protocol.md 7.4.  Closing market orders count, close-by orders do not.  The buckets hold the larger
    side unreduced: that is what tiers are walked with.
    """
    counted = [order for order in orders if needs_margin(symbol, order)]
    buys = _side(symbol, account, positions, counted, is_buy=True)
    sells = _side(symbol, account, positions, counted, is_buy=False)
    digits = account.currency_digits
    buy_figure = buys.figure(_reduction(symbol, buys, sells.position.lots, is_buy=True), digits)
    sell_figure = sells.figure(_reduction(symbol, sells, buys.position.lots, is_buy=False), digits)
    larger, plain = (buys, buy_figure) if buy_figure >= sell_figure else (sells, sell_figure)
    return SymbolMargin(plain, positions=larger.position, orders=larger.orders)


def _side(
    symbol: MarginSymbol,
    account: MarginAccount,
    positions: Sequence[MarginPosition],
    counted: Sequence[MarginOrder],
    *,
    is_buy: bool,
) -> _Side:
    digits = account.currency_digits
    held = side_of(positions, is_buy=is_buy)
    own = [order for order in counted if order.is_buy is is_buy]
    margin = 0.0
    for order in own:
        margin = normalize(margin + _order_margin(symbol, account, order), digits)
    return _Side(
        Exposure(normalize(_position_margin(symbol, account, held, is_buy=is_buy), digits), held),
        Exposure(margin, pooled(order.lots for order in own)),
    )


def _position_margin(symbol: MarginSymbol, account: MarginAccount, held: Lots, *, is_buy: bool) -> float:
    if symbol.trade_calc_mode != CalcMode.EXCH_FUTURES_FORTS:
        return maintenance_margin(symbol, account, held, is_buy=is_buy)
    base = forts_margin(symbol, held.volume, held.price, is_buy=is_buy)
    return base * held.rate * symbol.position_rate(is_buy=is_buy)


def _order_margin(symbol: MarginSymbol, account: MarginAccount, order: MarginOrder) -> float:
    if symbol.trade_calc_mode != CalcMode.EXCH_FUTURES_FORTS:
        return initial_margin(symbol, account, order.lots, order.order_type)
    base = forts_margin(symbol, order.volume, forts_price(symbol, order), is_buy=order.is_buy)
    return base * order.margin_rate * symbol.margin_rates_initial[order.order_type]


def _reduction(symbol: MarginSymbol, side: _Side, opposite: Lots, *, is_buy: bool) -> float:
    """What the orders of one side need not pay because they close the opposite position first."""
    ordered = side.orders.lots.volume
    if not ordered or not opposite.volume:
        return 0.0
    if symbol.trade_calc_mode == CalcMode.EXCH_FUTURES_FORTS:
        return forts_margin(symbol, opposite.volume, opposite.price, is_buy=is_buy)
    return side.orders.margin / ordered * opposite.volume
