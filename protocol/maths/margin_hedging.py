"""The margin of one symbol in a hedging account (docs/protocol.md 7.4, Hedging).

Both sides are pooled.  What they have in common is covered and costs the hedged margin; the rest is
uncovered at the larger side's averages.  Market orders in flight already belong to their side, but never
make the margin smaller than the positions alone.
"""

from collections.abc import Iterable, Sequence

import msgspec

from .doubles import divide
from .families import PENDING_TYPES
from .margin_base import (
    Exposure,
    SymbolMargin,
    base_margin,
    initial_margin,
    maintenance_margin,
    needs_margin,
    pooled,
    side_of,
)
from .margin_input import (
    LARGER_LEG,
    Lots,
    MarginAccount,
    MarginOrder,
    MarginPosition,
    MarginSymbol,
)


class Side(msgspec.Struct, frozen=True):
    """All that buys or all that sells: positions, market orders in flight, the order rate of both."""

    in_flight: Lots
    all: Lots
    order_rate: float


def hedging_margin(
    symbol: MarginSymbol,
    account: MarginAccount,
    positions: Sequence[MarginPosition],
    orders: Iterable[MarginOrder],
) -> SymbolMargin:
    """The symbol's margin from its positions with its open orders; `plain` is not rounded yet.

    docs/protocol.md 7.4.  Closing market orders, close-by orders, orders with a rate of 0 or less are free.
    """
    counted = [order for order in orders if needs_margin(symbol, order) and not _closes(order)]
    if symbol.margin_flags & LARGER_LEG:
        return _larger_leg(symbol, account, positions, counted)
    in_flight = [order for order in counted if order.is_market]
    held = _positions_margin(symbol, account, positions, in_flight)
    pending = _pending_margin(symbol, account, counted, in_flight)
    plain = held.positions.margin + held.in_flight.margin + pending.margin
    return SymbolMargin(plain, held.positions, held.in_flight, pending)


def _closes(order: MarginOrder) -> bool:
    return order.is_market and order.position_id != 0


def _by_type(
    symbol: MarginSymbol, account: MarginAccount, orders: Sequence[MarginOrder], types: Iterable[int]
) -> float:
    """Σ over the types, each type averaged before its margin is taken."""
    return sum(
        initial_margin(symbol, account, pooled(o.lots for o in orders if o.order_type == kind), kind)
        for kind in sorted(types)
    )


def _pending_margin(
    symbol: MarginSymbol,
    account: MarginAccount,
    counted: Sequence[MarginOrder],
    in_flight: Sequence[MarginOrder],
) -> Exposure:
    pending = [order for order in counted if not order.is_market]
    if not pending:
        return Exposure()
    # The client's orders bucket takes in the volume of the market orders in flight too, although their
    # margin is counted elsewhere.
    lots = pooled(order.lots for order in (*pending, *in_flight))
    return Exposure(_by_type(symbol, account, pending, PENDING_TYPES), lots)


def _positions_margin(
    symbol: MarginSymbol,
    account: MarginAccount,
    positions: Sequence[MarginPosition],
    in_flight: Sequence[MarginOrder],
) -> SymbolMargin:
    """max(without the orders in flight, with them)."""
    without = _two_sides(symbol, account, positions, ())
    if not in_flight:
        return without
    together = _two_sides(symbol, account, positions, in_flight)
    return together if together.plain > without.plain else without


def _side(
    symbol: MarginSymbol,
    positions: Sequence[MarginPosition],
    in_flight: Sequence[MarginOrder],
    *,
    is_buy: bool,
) -> Side:
    held = side_of(positions, is_buy=is_buy)
    coming = pooled(order.lots for order in in_flight if order.is_buy is is_buy)
    if held.volume:
        rate = symbol.position_rate(is_buy=is_buy)
    else:
        rate = symbol.margin_rates_initial[0 if is_buy else 1]
    return Side(coming, pooled((held, coming)), rate)


def _two_sides(
    symbol: MarginSymbol,
    account: MarginAccount,
    positions: Sequence[MarginPosition],
    in_flight: Sequence[MarginOrder],
) -> SymbolMargin:
    buys = _side(symbol, positions, in_flight, is_buy=True)
    sells = _side(symbol, positions, in_flight, is_buy=False)
    larger, smaller = (buys, sells) if buys.all.volume >= sells.all.volume else (sells, buys)
    both = pooled((buys.all, sells.all))
    covered, uncovered = smaller.all.volume, larger.all.volume - smaller.all.volume
    fresh = min(uncovered, larger.in_flight.volume)

    fresh_margin = _uncovered(symbol, account, larger, fresh, symbol.margin_initial)
    held_margin = _uncovered(symbol, account, larger, uncovered - fresh, symbol.fixed_maintenance)
    held_margin += _covered(symbol, account, both, covered, (buys.order_rate + sells.order_rate) / 2)

    held_volume = uncovered - fresh + divide(covered * symbol.margin_hedged, symbol.trade_contract_size)
    return SymbolMargin(
        held_margin + fresh_margin,
        Exposure(held_margin, Lots(held_volume, both.price, both.rate)),
        Exposure(fresh_margin, Lots(fresh, both.price, both.rate)),
    )


def _uncovered(
    symbol: MarginSymbol, account: MarginAccount, side: Side, volume: float, fixed: float
) -> float:
    base = base_margin(
        symbol,
        account.margin_leverage,
        volume,
        side.all.price,
        fixed=fixed,
        contract=symbol.trade_contract_size,
    )
    return base * side.all.rate * side.order_rate


def _covered(
    symbol: MarginSymbol, account: MarginAccount, both: Lots, volume: float, order_rate: float
) -> float:
    hedged = symbol.margin_hedged
    if not hedged:
        return 0.0
    base = base_margin(
        symbol,
        account.margin_leverage,
        volume,
        both.price,
        fixed=hedged if symbol.fixed_maintenance else 0.0,
        contract=hedged,
    )
    return base * both.rate * order_rate


def _larger_leg(
    symbol: MarginSymbol,
    account: MarginAccount,
    positions: Sequence[MarginPosition],
    counted: Sequence[MarginOrder],
) -> SymbolMargin:
    """margin_flags 4: the dearer side alone, its market orders treated like any other."""
    buys = _leg(symbol, account, positions, counted, is_buy=True)
    sells = _leg(symbol, account, positions, counted, is_buy=False)
    return buys if buys.plain >= sells.plain else sells


def _leg(
    symbol: MarginSymbol,
    account: MarginAccount,
    positions: Sequence[MarginPosition],
    counted: Sequence[MarginOrder],
    *,
    is_buy: bool,
) -> SymbolMargin:
    held = side_of(positions, is_buy=is_buy)
    own = [order for order in counted if order.is_buy is is_buy]
    types = {order.order_type for order in own}
    position = Exposure(maintenance_margin(symbol, account, held, is_buy=is_buy), held)
    ordered = Exposure(_by_type(symbol, account, own, types), pooled(order.lots for order in own))
    return SymbolMargin(position.margin + ordered.margin, positions=position, orders=ordered)
