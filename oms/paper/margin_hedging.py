"""Margin of one symbol of a hedging account: what is covered, uncovered, pending (docs/protocol.md 7.4)."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from protocol.enums import Side
from protocol.records.trade import Order

from .decimals import finite
from .margin_base import (
    EMPTY,
    MARKET,
    NOTHING,
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

LARGER_LEG = 4  # of margin_flags


class _Pools(NamedTuple):
    """The stakes of a symbol; of sides by side, of orders by type."""

    held: dict[Side, Stake]
    flying: dict[Side, Stake]
    pending: dict[int, Stake]


class _Netted(NamedTuple):
    """The margin of both sides against each other."""

    margin: Decimal
    positions: Bucket
    flying: Bucket


def hedging_parts(book: Book) -> Parts:
    """The margin of a symbol whose positions stand side by side; nothing is rounded yet."""
    # A market order with a position_id closes: it needs nothing here.
    needy = [order for order in book.orders if order.order_type not in MARKET or not order.position_id]
    if book.spec.trade.margin_flags & LARGER_LEG:
        return _larger_leg(book, needy)
    pools = _pools(book, needy)
    netted = _netted(book, pools.held, {})
    if pools.flying:
        netted = max(netted, _netted(book, pools.held, pools.flying), key=lambda one: one.margin)
    pending = _by_type(book, pools.pending)
    # The measure of the orders takes those in flight along, their margin does not.
    measure = pooled([*pools.pending.values(), *pools.flying.values()])
    orders = Bucket(measure, pending) if pools.pending else EMPTY
    return Parts(netted.margin + pending, netted.positions, netted.flying, orders)


def _pools(book: Book, needy: Iterable[Order]) -> _Pools:
    market = [order for order in needy if order.order_type in MARKET]
    waiting = [order for order in needy if order.order_type not in MARKET]
    return _Pools(
        {side: _held(book, side) for side in Side},
        {Side(key): stake for key, stake in _stakes(book, market).items()},
        _stakes(book, waiting),
    )


def _held(book: Book, side: Side) -> Stake:
    return pooled(position_stake(one) for one in book.positions if one.trade_action == side)


def _stakes(book: Book, orders: Iterable[Order]) -> dict[int, Stake]:
    """Orders pooled by type."""
    types: dict[int, list[Stake]] = {}
    for order in orders:
        types.setdefault(order.order_type, []).append(order_stake(book, order))
    return {key: pooled(stakes) for key, stakes in types.items()}


def _by_type(book: Book, stakes: dict[int, Stake]) -> Decimal:
    """Margin of orders that are set off against nothing."""
    initial = book.spec.trade.margin_initial
    return sum(
        (_margin(book, stake, initial, order_rate(book.spec, key)) for key, stake in stakes.items()), ZERO
    )


def _margin(book: Book, stake: Stake, fixed: float, rate: Decimal) -> Decimal:
    contract = book.spec.trade_contract_size
    return base(book.spec, book.account.leverage, stake, fixed, contract) * stake.rate * rate


def _netted(book: Book, held: dict[Side, Stake], flying: dict[Side, Stake]) -> _Netted:
    """Both sides against each other, with what is in flight on them."""
    spec = book.spec
    sides = {side: pooled([held[side], flying.get(side, NOTHING)]) for side in Side}
    rates = {side: (position_rate if held[side].volume else order_rate)(spec, side) for side in Side}
    larger = max(Side, key=lambda side: sides[side].volume)
    covered = min(stake.volume for stake in sides.values())
    uncovered = sides[larger].volume - covered
    arriving = min(uncovered, flying.get(larger, NOTHING).volume)

    new = _margin(book, sides[larger]._replace(volume=arriving), spec.trade.margin_initial, rates[larger])
    old_stake = sides[larger]._replace(volume=uncovered - arriving)
    old = _margin(book, old_stake, maintenance(spec), rates[larger])
    both = pooled(sides.values())
    mean = (rates[Side.BUY] + rates[Side.SELL]) / 2
    hedged = _covered(book, both._replace(volume=covered), mean)

    measure = both._replace(volume=uncovered - arriving + _hedged_volume(book, covered))
    in_flight = flying.get(larger, NOTHING)._replace(volume=arriving)
    return _Netted(old + hedged + new, Bucket(measure, old + hedged), Bucket(in_flight, new))


def _covered(book: Book, stake: Stake, rate: Decimal) -> Decimal:
    """The covered part: margin_hedged is its contract size, or its M where the symbol's margin is fixed."""
    hedged = book.spec.trade.margin_hedged
    if not hedged or not stake.volume:
        return ZERO
    fixed = hedged if maintenance(book.spec) else 0.0
    return base(book.spec, book.account.leverage, stake, fixed, hedged) * stake.rate * rate


def _hedged_volume(book: Book, covered: Decimal) -> Decimal:
    """What the covered part counts in the measure of a leverage rule, in lots."""
    if not covered or not book.spec.trade.margin_hedged:
        return ZERO
    return covered * finite(book.spec.trade.margin_hedged) / finite(book.spec.trade_contract_size)


def _larger_leg(book: Book, needy: list[Order]) -> Parts:
    """margin_flags 4: the side that needs more, with all its orders, and nothing set off."""
    return max((_leg(book, side, needy) for side in Side), key=lambda leg: leg.plain)


def _leg(book: Book, side: Side, needy: list[Order]) -> Parts:
    held = _held(book, side)
    stakes = _stakes(book, (order for order in needy if side_of(order) == side))
    positions = Bucket(held, _margin(book, held, maintenance(book.spec), position_rate(book.spec, side)))
    orders = Bucket(pooled(stakes.values()), _by_type(book, stakes))
    return Parts(positions.margin + orders.margin, positions, EMPTY, orders)
