"""Rules about how much: volumes, counts, margin (docs/protocol.md 7.7)."""

from dataclasses import replace as changed

from msgspec.structs import replace

from protocol.enums import OrderType, Retcode, Side, TradeAction
from protocol.records.trade import Order

from .case import Case
from .figures import figures
from .floor import Floor, side_of
from .model import Account
from .orders import MARKETS, requested


def volume_allowed(case: Case) -> Retcode | None:
    """Within the symbol's bounds and on its step; in hedging no more than the position addressed.

    What only reduces may be below the minimum, and the whole of a position may be closed whatever the step.
    """
    volume, terms, held = case.request.trade_volume, case.trade, case.position
    whole = case.reduces and held is not None and volume == held.trade_volume
    if volume <= 0 or (terms.volume_max and volume > terms.volume_max):
        return Retcode.INVALID_VOLUME
    if terms.volume_step and volume % terms.volume_step and not whole:
        return Retcode.INVALID_VOLUME
    if volume < terms.volume_min and not case.reduces:
        return Retcode.INVALID_VOLUME
    addressed = case.account.hedging and case.request.trade_action != TradeAction.PENDING
    if addressed and held is not None and volume > held.trade_volume:
        return Retcode.INVALID_VOLUME
    return None


def volume_unchanged(case: Case) -> Retcode | None:
    """A modification carries the order's initial volume (6.5) and cannot change it."""
    same = case.order is not None and case.request.trade_volume == case.order.volume_initial
    return None if same else Retcode.INVALID_VOLUME


def volume_limit_kept(case: Case) -> Retcode | None:
    """Open and pending volume of the symbol in one direction stays within volume_limit."""
    limit = case.trade.volume_limit
    if not limit or case.reduces:
        return None
    return Retcode.LIMIT_VOLUME if _one_way(case) + case.request.trade_volume > limit else None


def _one_way(case: Case) -> int:
    """Volume of the request's direction; in netting a position of the other side is room."""
    symbol, account = case.spec.trade_symbol, case.account
    held = 0
    for position in account.positions.values():
        if position.trade_symbol == symbol and position.trade_action == case.side:
            held += position.trade_volume
        elif position.trade_symbol == symbol and not account.hedging:
            held -= position.trade_volume
    waiting = sum(
        order.volume_current
        for order in account.orders.values()
        if order.trade_symbol == symbol and side_of(order.order_type) == case.side
    )
    return held + waiting


def order_limit_kept(case: Case) -> Retcode | None:
    """The account's pending orders are within the venue's limit."""
    limit = case.floor.behaviour.max_orders
    return Retcode.LIMIT_ORDERS if limit and len(case.account.orders) >= limit else None


def position_limit_kept(case: Case) -> Retcode | None:
    """A deal that opens a position is within the venue's limit."""
    limit, account = case.floor.behaviour.max_positions, case.account
    opens = case.position is None
    return Retcode.LIMIT_POSITIONS if opens and limit and len(account.positions) >= limit else None


def affordable(case: Case) -> Retcode | None:
    """The margin that the order adds is free."""
    request, floor = case.request, case.floor
    pending = request.trade_action == TradeAction.PENDING
    price = request.price_order if pending else floor.market(request.trade_symbol, case.side)
    return lacks_margin(floor, case.account, requested(floor, case.account, request, price, 0))


def lacks_margin(floor: Floor, account: Account, order: Order) -> Retcode | None:
    """NO_MONEY where an order's margin is not free; an order that needs no more than there is may always go.

    An open order is judged as if it were new: as a market order, and the others without it.
    """
    others = {ticket: item for ticket, item in account.orders.items() if ticket != order.trade_order}
    rest = changed(account, orders=others)
    before, after = floor.margin(rest), floor.margin(rest, order)
    if before is None or after is None:
        return Retcode.PRICE_OFF
    if after <= before:
        return None
    totals = figures(floor, rest)
    return Retcode.NO_MONEY if totals is None or after - before > totals.margin_free else None


def at_market(floor: Floor, order: Order) -> Order:
    """An open order as the market order that it becomes, for its margin.

    What is left of a market order that opens a position names that position by then; it adds to it.
    """
    if order.order_type in MARKETS:
        return replace(order, position_id=0) if order.position_id == order.trade_order else order
    side = side_of(order.order_type)
    kind = OrderType.BUY if side == Side.BUY else OrderType.SELL
    return replace(order, order_type=kind, price_order=floor.market(order.trade_symbol, side))
