"""What a deal does to the position that it meets: opens, adds, reduces, closes, reverses.

Pure arithmetic on exact values (docs/semantics.md 4).  The same function serves netting, where a deal meets
the one position of its symbol, and hedging, where it meets the position that it names.
"""

from decimal import Decimal

from msgspec.structs import replace

from oms.domain import words
from oms.domain.records import DealRecord, PositionRecord
from oms.domain.values import ZERO, average, lots, wall


def meet(position: PositionRecord | None, deal: DealRecord) -> PositionRecord | None:
    """The position after a fill; None is flat.

    What the server calls a close never opens: finding nothing to close means that deals are missing here.
    """
    volume = deal.volume or ZERO
    if position is None or position.side == deal.type:
        if deal.entry in words.CLOSING:
            return position
        return _added(position, deal, volume) if position else opened(deal)
    if volume < position.volume:
        return _reduced(position, deal, position.volume - volume)
    if volume == position.volume or deal.entry in words.CLOSING:
        return None
    return _reversed(position, deal, volume - position.volume)


def opened(deal: DealRecord) -> PositionRecord:
    """The position that a deal opens.  Without an identifier of its own it takes its order's ticket."""
    return PositionRecord(
        position=identifier(deal),
        ticket=deal.order,
        symbol=deal.symbol,
        side=deal.type,
        volume=lots(deal.volume or ZERO),
        price=deal.price,
        sl=deal.sl,
        tp=deal.tp,
        reason=deal.reason,
        comment=deal.comment,
        magic=deal.magic,
        digits=deal.digits,
        opened_at=deal.time,
        updated_at=touched(deal),
    )


def identifier(deal: DealRecord) -> str:
    """The position that a deal belongs to."""
    return deal.position or deal.order or deal.deal


def touched(deal: DealRecord) -> str | None:
    """When it was made or last changed."""
    return later(deal.time, deal.updated_at)


def later(one: str | None, other: str | None) -> str | None:
    """The later of two server times; of two that are alike the one."""
    if other is None or one == other:
        return one
    return max(one, other, key=wall)


def _added(position: PositionRecord, deal: DealRecord, volume: Decimal) -> PositionRecord:
    price = position.price
    if price is not None and deal.price is not None and volume:
        price = average(position.volume, price, volume, deal.price)
    return replace(
        position,
        volume=lots(position.volume + volume),
        price=price,
        updated_at=later(position.updated_at, touched(deal)),
    )


def _reduced(position: PositionRecord, deal: DealRecord, left: Decimal) -> PositionRecord:
    """What is left keeps its price."""
    return replace(position, volume=lots(left), updated_at=later(position.updated_at, touched(deal)))


def _reversed(position: PositionRecord, deal: DealRecord, left: Decimal) -> PositionRecord:
    """The rest opens the other side: the identifier survives, the ticket is the reversing order's."""
    return replace(
        opened(deal),
        position=position.position,
        volume=lots(left),
        opened_at=position.opened_at,
        updated_at=later(position.updated_at, touched(deal)),
    )
