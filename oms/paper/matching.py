"""What a fill does to a position: opens, adds, reduces, closes, reverses (docs/semantics.md 4).

Pure arithmetic on records: no money, no tickets made, nobody told.  The same functions serve netting, where
any fill of the symbol meets its one position, and hedging, where a fill meets the position it names.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from msgspec.structs import replace

from protocol.enums import DealEntry, DealType, Side
from protocol.records.trade import Deal, Position

from .money import exact


class Fill(NamedTuple):
    """What came of a fill."""

    entry: DealEntry
    position: Position  # as the fill left it; volume 0 = gone
    closed: int  # lots × 10^8 that the fill took off what was there before


def opposite(side: int) -> Side:
    """The side that closes this one."""
    return Side.SELL if side == Side.BUY else Side.BUY


def average(volume: int, price: float, more: int, at: float) -> float:
    """The price of both volumes together.

    Not rounded to the symbol's digits: 1.1999375 is an average of prices with four digits (TC-O1).
    """
    return float((volume * exact(price) + more * exact(at)) / (volume + more))


def filled(position: Position | None, fresh: Position) -> Fill:
    """A fill of `fresh`'s side, volume and price meets a position; `fresh` is what it would open alone."""
    if position is None:
        return Fill(DealEntry.IN, fresh, 0)
    if position.trade_action == fresh.trade_action:
        return Fill(DealEntry.IN, _added(position, fresh), 0)
    if fresh.trade_volume <= position.trade_volume:
        return Fill(DealEntry.OUT, _reduced(position, fresh), fresh.trade_volume)
    return Fill(DealEntry.INOUT, _reversed(position, fresh), position.trade_volume)


def _added(position: Position, fresh: Position) -> Position:
    """More of the same: average price and margin rate; stops given with the fill replace the position's."""
    volume, more = position.trade_volume, fresh.trade_volume
    return replace(
        position,
        trade_volume=volume + more,
        price_open=average(volume, position.price_open, more, fresh.price_open),
        rate_margin=average(volume, position.rate_margin, more, fresh.rate_margin),
        sl=fresh.sl or position.sl,
        tp=fresh.tp or position.tp,
        time_update=fresh.time_update,
        time_update_msc=fresh.time_update_msc,
    )


def _reduced(position: Position, fresh: Position) -> Position:
    """What is left keeps price and stops."""
    return replace(
        position,
        trade_volume=position.trade_volume - fresh.trade_volume,
        time_update=fresh.time_update,
        time_update_msc=fresh.time_update_msc,
    )


def _reversed(position: Position, fresh: Position) -> Position:
    """The rest opens the other side: the identifier survives, the ticket is the reversing order's."""
    return replace(
        fresh,
        position_id=position.position_id,
        trade_volume=fresh.trade_volume - position.trade_volume,
        time_create=position.time_create,
        time_create_msc=position.time_create_msc,
    )


def share(total: Decimal, part: int, whole: int) -> Decimal:
    """The part of an accrued amount that goes with a part of the volume, not rounded."""
    return total if part == whole else total * part / whole


def refolded(deals: Iterable[Deal]) -> Position | None:
    """The position that the deals of one position id make by themselves, None when they leave nothing.

    For deals that a dealer amended or removed: the position follows them (docs/semantics.md 1).
    """
    position: Position | None = None
    for deal in deals:
        if deal.trade_action not in (DealType.BUY, DealType.SELL):
            continue
        position = filled(position, opened_by(deal)).position
        if not position.trade_volume:
            position = None
    return position


def opened_by(deal: Deal) -> Position:
    """The position that a deal alone would open."""
    return Position(
        position_id=deal.position_id,
        trade_order=deal.trade_order,
        time_create=deal.time_create,
        time_update=deal.time_create,
        trade_symbol=deal.trade_symbol,
        trade_action=deal.trade_action,
        price_open=deal.price_open,
        price_close=deal.price_open,
        sl=deal.sl,
        tp=deal.tp,
        trade_volume=deal.trade_volume,
        rate_profit=deal.rate_profit,
        rate_margin=deal.rate_margin,
        comment=deal.comment,
        contract_size=deal.contract_size,
        digits=deal.digits,
        digits_currency=deal.digits_currency,
        trade_reason=deal.trade_reason,
        time_create_msc=deal.time_create_msc,
        time_update_msc=deal.time_create_msc,
    )
