"""Positions closed and changed: stops by clients, stop loss and take profit by ticks, close by another.

Stops close the whole position at the present price, whatever the book holds: a server's own orders do not
wait.  They appear only in history (docs/protocol.md 8, SL/TP close).
"""

from msgspec.structs import replace

from protocol.enums import (
    DealEntry,
    Filling,
    OrderState,
    OrderType,
    Reason,
    Retcode,
    Side,
    TransactionType,
)
from protocol.records.trade import Deal, Order, Position

from .answers import Asked, tell
from .floor import Floor
from .ledger import Trade, settle, strike, trade_of
from .matching import opposite
from .model import Account
from .orders import closing


def change_stops(floor: Floor, account: Account, asked: Asked) -> None:
    """Action 6: 10 {2,1 empty deal + position}, 19."""
    request = asked.request
    held = floor.position_for(account, request.trade_symbol, request.trade_position)
    if held is None:  # the rules found it
        return
    changed = replace(
        held,
        sl=request.price_sl,
        tp=request.price_tp,
        time_update=floor.now.seconds,
        time_update_msc=floor.now.msc,
    )
    floor.position_told(account, changed)
    tell(floor, asked, Retcode.DONE, volume=changed.trade_volume)


def stopped(floor: Floor, account: Account, symbol: str) -> None:
    """Close the symbol's positions whose SL or TP the present quote reached, older first; SL before TP."""
    for number in sorted(account.positions):
        position = account.positions.get(number)
        if position is None or position.trade_symbol != symbol:
            continue
        hit = _hit(floor, position)
        if hit is not None and floor.bookable(account, floor.terms(account.login)[symbol]):
            close_out(floor, account, position, *hit)


def _hit(floor: Floor, position: Position) -> tuple[Reason, float] | None:
    side = Side(position.trade_action)
    market = floor.market(position.trade_symbol, opposite(side))
    sign = 1 if side == Side.BUY else -1
    if position.sl and (market - position.sl) * sign <= 0:
        return Reason.SL, position.sl
    if position.tp and (market - position.tp) * sign >= 0:
        return Reason.TP, position.tp
    return None


def close_out(floor: Floor, account: Account, position: Position, reason: Reason, price: float) -> None:
    """The server closes a position at the market: 10 {1,0 order}, {2,0 deal out}, both with the reason."""
    order = closing(floor, account, position, reason, price)
    market = order.price_current
    floor.order_ended(account, replace(order, volume_current=0), OrderState.FILLED)
    strike(floor, account, trade_of(order, order.volume_current, market))


def close_by(floor: Floor, account: Account, asked: Asked) -> None:
    """Action 10: two OUT_BY deals at the other position's open price, told in one 10 {2,0} with lists.

    The first deal closes its position at the price of the second, so the whole profit is its own; the second
    closes at its own open price and earns nothing (docs/semantics.md TC-H1: any split of the sum).
    """
    one = account.positions[asked.request.trade_position]
    other = account.positions[asked.request.position_by]
    volume, price = min(one.trade_volume, other.trade_volume), other.price_open
    order = floor.order_ended(account, _close_by_order(floor, account, asked, one, volume), OrderState.FILLED)
    first, left = _out_by(floor, account, order, one, volume, price)
    second, beside = _out_by(floor, account, order, other, volume, price)
    floor.push_deal(account, TransactionType.ADD, first, left, [second], [beside])
    tell(floor, asked, Retcode.DONE, order=order, deal=first.deal, volume=volume, price=price)


def _out_by(
    floor: Floor, account: Account, order: Order, position: Position, volume: int, price: float
) -> tuple[Deal, Position]:
    side = opposite(position.trade_action)
    trade = Trade(order, volume, price, side, position.position_id)
    return settle(floor, account, trade, DealEntry.OUT_BY)


def _close_by_order(floor: Floor, account: Account, asked: Asked, one: Position, volume: int) -> Order:
    """An order of type 8, linked to the position that it was asked for."""
    request = asked.request
    return Order(
        trade_order=floor.tickets.order(),
        trade_symbol=one.trade_symbol,
        time_setup=floor.now.seconds,
        order_type=OrderType.CLOSE_BY,
        type_filling=Filling.FOK,
        type_reason=floor.behaviour.client_reason,
        price_order=floor.market(one.trade_symbol, opposite(one.trade_action)),
        price_current=floor.market(one.trade_symbol, opposite(one.trade_action)),
        volume_initial=volume,
        position_id=one.position_id,
        comment=request.comment,
        contract_size=one.contract_size,
        digits=one.digits,
        digits_currency=account.digits,
        time_setup_msc=floor.now.msc,
    )
