"""What has become of an order: a function of its latest record, and of the deals that name it.

Nothing here depends on the order in which these were heard, so that pushes late, twice or out of order leave
what a snapshot with the history leaves (docs/semantics.md 1).  In particular "filled after it had ended" is
not a matter of what came first: it is deals for more than the record of the ended order admits.

    record            deals             state
    none              some              partially_filled: how much was asked for is not known
    any               = volume          filled; > volume: filled, anomaly overfill
    open              some              partially_filled
    open              none              accepted (started, request_add), working (placed), as the server says
    canceled, ...     what it admits    canceled, expired, rejected, with the filled part
    canceled, ...     more than that    partially_filled, anomaly fill_after_terminal
    filled            fewer             accepted, partially_filled; the rest is missing, and never invented
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import msgspec

from . import words
from .records import DealRecord, OrderRecord
from .values import EXACT, ZERO, average, lots

ACCEPTED: Final = "accepted"
WORKING: Final = "working"
PARTIALLY_FILLED: Final = "partially_filled"
FILLED: Final = "filled"
OVERFILL: Final = "overfill"
FILL_AFTER_TERMINAL: Final = "fill_after_terminal"

_GIVEN_UP: Final = words.ENDED - {words.FILLED}
_JUST_STARTED: Final = frozenset({words.STARTED, words.REQUEST_ADD})


class Order(msgspec.Struct, frozen=True):
    """An order as the books have it."""

    order: str  # ticket
    state: str  # accepted, working, partially_filled, filled, canceled, rejected, expired
    record: OrderRecord | None = None  # the latest; None while only deals are known
    ended: bool = False  # a record says so
    filled: Decimal = Decimal("0.00")  # lots, by deals
    remaining: Decimal = Decimal("0.00")  # lots that may still fill
    missing: Decimal = Decimal("0.00")  # lots that the server calls filled, and no deal is known for
    price: Decimal | None = None  # average of the deals
    deals: tuple[str, ...] = ()
    pending_modify: bool = False
    pending_cancel: bool = False
    anomalies: tuple[str, ...] = ()


def judge(ticket: str, record: OrderRecord | None, ended: bool, deals: Iterable[DealRecord]) -> Order:
    """The order that a record and the deals of its ticket make; deals that are no fills do not count."""
    fills = sorted((deal for deal in deals if deal.trades), key=lambda deal: deal.turn)
    filled, price = _filled(record, fills)
    asked = _asked(record, ended, fills)
    found = anomalies(record, ended, filled)
    state = _state(record, ended, filled, asked, bool(found))
    over = ended or state == FILLED
    return Order(
        order=ticket,
        state=state,
        record=record,
        ended=ended,
        filled=filled,
        remaining=lots(ZERO) if over or asked is None else lots(max(ZERO, asked - filled)),
        missing=_missing(record, ended, filled, asked),
        price=price,
        deals=tuple(deal.deal for deal in fills),
        pending_modify=not over and record is not None and record.state == words.REQUEST_MODIFY,
        pending_cancel=not over and record is not None and record.state == words.REQUEST_CANCEL,
        anomalies=found,
    )


def anomalies(record: OrderRecord | None, ended: bool, filled: Decimal) -> tuple[str, ...]:
    """What the fills of an order contradict."""
    if record is None or record.volume is None:
        return ()
    found = []
    if filled > record.volume:
        found.append(OVERFILL)
    if ended and record.state in _GIVEN_UP and filled > _admitted(record):
        found.append(FILL_AFTER_TERMINAL)
    return tuple(found)


def _filled(record: OrderRecord | None, fills: list[DealRecord]) -> tuple[Decimal, Decimal | None]:
    """Volume and average price; of a close by, its pair of deals counts once."""
    if record is not None and record.type == words.CLOSE_BY:
        return max(_sides(fills)), None
    volume, price = ZERO, None
    for deal in fills:
        if deal.volume and deal.price is not None:
            price = deal.price if price is None else average(volume, price, deal.volume, deal.price)
        volume = EXACT.add(volume, deal.volume or ZERO)
    return lots(volume), price


def _sides(fills: Iterable[DealRecord]) -> tuple[Decimal, Decimal]:
    """Lots bought, lots sold."""
    bought = sold = ZERO
    for deal in fills:
        bought += max(deal.signed, ZERO)
        sold -= min(deal.signed, ZERO)
    return lots(bought), lots(sold)


def _asked(record: OrderRecord | None, ended: bool, fills: list[DealRecord]) -> Decimal | None:
    """The volume to fill.  What two positions of a close by do not share was never to be filled."""
    if record is None or record.volume is None:
        return None
    bought, sold = _sides(fills)
    if record.type == words.CLOSE_BY and ended and bought == sold > 0:
        return min(record.volume, bought)
    return record.volume


def _admitted(record: OrderRecord) -> Decimal:
    """How much of an order that ended its record calls filled."""
    volume = record.volume or ZERO
    return volume - (record.remaining or ZERO)


def _state(record: OrderRecord | None, ended: bool, filled: Decimal, asked: Decimal | None, odd: bool) -> str:
    if record is None:
        return PARTIALLY_FILLED
    if asked is not None and filled and filled >= asked:
        part = asked < (record.volume or ZERO)
        return words.CANCELED if part else FILLED
    if ended and record.state in _GIVEN_UP and not odd:
        return record.state
    if filled or record.state == words.PARTIAL:
        return PARTIALLY_FILLED
    return ACCEPTED if ended or record.state in _JUST_STARTED else WORKING


def _missing(record: OrderRecord | None, ended: bool, filled: Decimal, asked: Decimal | None) -> Decimal:
    if record is None or not ended or asked is None:
        return lots(ZERO)
    claimed = asked
    if record.state != words.FILLED:
        # Where nothing remains of a canceled order the server may have cleared the field: no claim.
        claimed = _admitted(record) if record.remaining else ZERO
    return lots(max(ZERO, claimed - filled))
