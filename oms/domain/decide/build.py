"""The request that a command comes to, field by field as the official client sends it (docs/protocol.md 6.5).

A deal is built with its price; that a dealer has to be asked for it first is the last step (`judging`).
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import msgspec

from ..commands import Cancel, Check, Close, CloseBy, Modify, Submit, Verb
from ..intent import Intent
from ..records import OrderRecord, PositionRecord, SymbolRecord
from ..values import lots
from ..words import BUY, OPPOSITE
from . import lifetimes
from .facts import Facts
from .naming import Named
from .resolve import (
    CLOSE_BY,
    CLOSES,
    DEAL_MARKET,
    GTC,
    MODIFY,
    OPENS,
    PENDING,
    PRICED,
    REMOVE,
    SLTP,
    deal_action,
    deal_deviation,
    deal_filling,
    pending_terms,
)


def build(verb: Verb, facts: Facts, named: Named, bid: Decimal | None, ask: Decimal | None) -> Intent | None:
    """The intent; None where what it takes is not there: the rules say why.  `bid`, `ask` are usable ones."""
    maker = _MAKERS.get(type(verb))
    return maker(verb, facts, named, bid, ask) if maker is not None else None


def _submit(
    order: Submit, facts: Facts, _named: Named, bid: Decimal | None, ask: Decimal | None
) -> Intent | None:
    symbol = facts.symbol
    if symbol is None:
        return None
    return _deal(order, symbol, bid, ask) if order.type == "market" else _pending(order, symbol, facts.offset)


def _deal(order: Submit, symbol: SymbolRecord, bid: Decimal | None, ask: Decimal | None) -> Intent | None:
    action = deal_action(symbol, order.volume)
    if action is None:
        return None
    return Intent(
        action=action,
        symbol=symbol.symbol,
        digits=symbol.digits,
        type=order.side,
        volume=lots(order.volume),
        price=(ask if order.side == BUY else bid) if action in PRICED else None,
        sl=order.sl or None,
        tp=order.tp or None,
        deviation=deal_deviation(action, order.deviation, closes=False),
        filling=deal_filling(symbol, order.filling),
        flags=OPENS,
        comment=order.comment,
    )


def _pending(order: Submit, symbol: SymbolRecord, offset: int) -> Intent:
    kind = f"{order.side}_{order.type}"
    lifetime, end = lifetimes.of_submit(order, offset)
    filling, held = pending_terms(symbol, kind, order.filling, lifetime)
    return Intent(
        action=PENDING,
        symbol=symbol.symbol,
        digits=symbol.digits,
        type=kind,
        volume=lots(order.volume),
        price=order.price,
        limit_price=order.limit_price,
        sl=order.sl or None,
        tp=order.tp or None,
        filling=filling,
        time_in_force=held,
        expires_at=end if held == lifetime else None,
        flags=OPENS,
        comment=order.comment,
    )


def _close(
    close: Close, facts: Facts, named: Named, bid: Decimal | None, ask: Decimal | None
) -> Intent | None:
    position, symbol = named.position, facts.symbol
    if position is None or symbol is None:
        return None
    volume = position.volume if close.volume is None else close.volume
    action = deal_action(symbol, volume)
    if action is None:
        return None
    priced = action in PRICED or action == DEAL_MARKET
    return Intent(
        action=action,
        symbol=symbol.symbol,
        digits=symbol.digits,
        type=OPPOSITE[position.side],
        volume=lots(volume),
        price=_current(position, bid, ask) if priced else None,
        deviation=deal_deviation(action, close.deviation, closes=True),
        filling=deal_filling(symbol, close.filling),
        position=position.position,
        flags=CLOSES,
        comment=close.comment,
    )


def _current(position: PositionRecord, bid: Decimal | None, ask: Decimal | None) -> Decimal | None:
    """The position's present price: at which it would close."""
    return bid if position.side == BUY else ask


def _close_by(
    _verb: CloseBy, facts: Facts, named: Named, bid: Decimal | None, ask: Decimal | None
) -> Intent | None:
    one, other, symbol = named.position, named.position_by, facts.symbol
    if one is None or other is None or symbol is None:
        return None
    return Intent(
        action=CLOSE_BY,
        symbol=symbol.symbol,
        digits=symbol.digits,
        type=OPPOSITE[one.side],
        volume=one.volume,
        price=_current(one, bid, ask),
        position=one.position,
        position_by=other.position,
        flags=CLOSES,
    )


def _modify(
    change: Modify, facts: Facts, named: Named, bid: Decimal | None, ask: Decimal | None
) -> Intent | None:
    symbol = facts.symbol
    if symbol is None:
        return None
    if named.order is not None and named.order.record is not None:
        return _changed_order(change, named.order.record, symbol, facts.offset)
    position = named.position
    return None if position is None else _stops(change, position, symbol, _current(position, bid, ask))


def _stops(change: Modify, position: PositionRecord, symbol: SymbolRecord, price: Decimal | None) -> Intent:
    return Intent(
        action=SLTP,
        symbol=symbol.symbol,
        digits=symbol.digits,
        type=position.side,
        volume=position.volume,
        price=price,
        sl=kept(change.sl, position.sl) or None,
        tp=kept(change.tp, position.tp) or None,
        position=position.position,
    )


def _changed_order(change: Modify, order: OrderRecord, symbol: SymbolRecord, offset: int) -> Intent:
    """All of the order goes along: the volume it began with, its comment as it stands."""
    lifetime, end = lifetimes.of_modify(change, order, offset)
    return Intent(
        action=MODIFY,
        symbol=symbol.symbol,
        digits=symbol.digits,
        type=order.type,
        volume=_initial(order),
        price=kept(change.price, order.price),
        limit_price=kept(change.limit_price, order.limit_price),
        sl=kept(change.sl, order.sl) or None,
        tp=kept(change.tp, order.tp) or None,
        time_in_force=lifetime or GTC,
        expires_at=end,
        order=order.order,
        comment=order.comment,
    )


def _cancel(
    _verb: Cancel, _facts: Facts, named: Named, _bid: Decimal | None, _ask: Decimal | None
) -> Intent | None:
    """The order describes itself, so that what a symbol became is no obstacle."""
    order = named.order.record if named.order is not None else None
    if order is None:
        return None
    return Intent(
        action=REMOVE,
        symbol=order.symbol,
        digits=order.digits,
        type=order.type,
        volume=_initial(order),
        price=order.price,
        limit_price=order.limit_price,
        sl=order.sl,
        tp=order.tp,
        time_in_force=order.time_in_force or GTC,
        expires_at=order.expires_at,
        order=order.order,
    )


def _initial(order: OrderRecord) -> Decimal:
    return lots(order.volume or Decimal(0))


def kept(asked: Decimal | msgspec.UnsetType | None, now: Decimal | None) -> Decimal | None:
    """What a modify makes of a price: absent stays, null goes."""
    return now if asked is msgspec.UNSET else asked


_MAKERS: Final[dict[type[Verb], Callable[[Any, Facts, Named, Any, Any], Intent | None]]] = {
    Submit: _submit,
    Check: _submit,
    Close: _close,
    CloseBy: _close_by,
    Modify: _modify,
    Cancel: _cancel,
}
