"""What moved money in a story: how much, and what was in the books right behind it.

As the books had it then: a deal that was amended or taken back later is told as it was booked, and the change
as a line of its own.
"""

from collections.abc import Collection
from decimal import Decimal
from typing import Final

from oms.domain import words
from oms.domain.events import (
    DealAmended,
    DealBooked,
    DealRemoved,
    Event,
    LedgerCorrected,
    LedgerOpened,
    event_of,
)
from oms.domain.records import DealRecord
from oms.domain.values import EXACT, ZERO, total
from oms.eventlog.errors import Damaged
from oms.eventlog.reader import Reader, Wanted
from oms.projections import Books

Money = tuple[Decimal, Decimal]  # balance, credit
NONE: Final[Money] = (ZERO, ZERO)
PARTS: Final = ("profit", "commission", "swap", "fee")
TYPES: Final = ("deal.*", "ledger.opened", "ledger.corrected")


def money_behind(reader: Reader, books: Books, seqs: Collection[int], last: int) -> dict[int, Money]:
    """Balance and credit right behind each of these events, out of the books behind `last`.

    In one pass over what moved money since the first of them.  Raises Damaged, Unreadable.
    """
    if not seqs:
        return {}
    moved, found = NONE, dict[int, Money]()
    for row in reader.read(min(seqs) - 1, last, Wanted(TYPES)):
        stored = row.envelope()
        try:
            moved = _added(moved, _moved(event_of(stored.type, stored.version, stored.data)))
        except ValueError as why:
            raise Damaged(reader.path, f"seq {stored.seq}: {why}") from None
        if row.seq in seqs:
            found[row.seq] = moved
    now = books.ledger.balance, books.ledger.credit
    return {seq: _added(now, _less(then, moved)) for seq, then in found.items()}


def parts_of(event: Event) -> dict[str, Decimal]:
    """What an event of a deal adds to the books, by profit, commission, swap and fee."""
    before, after = _versions(event)
    return {name: EXACT.subtract(_part(after, name), _part(before, name)) for name in PARTS}


def amount_of(event: Event) -> Decimal:
    """All four together."""
    return total(tuple(parts_of(event).values()))


def _moved(event: Event) -> Money:
    if isinstance(event, LedgerOpened | LedgerCorrected):
        return event.balance, event.credit
    before, after = _versions(event)
    return _less(_money(after), _money(before))


def _versions(event: Event) -> tuple[DealRecord | None, DealRecord | None]:
    """The deal as it counted before, and as it counts from then on."""
    match event:
        case DealBooked():
            return None, event
        case DealAmended(before=before, after=after):
            return before, after
        case DealRemoved(removed=removed):
            return removed, None
    return None, None


def _money(deal: DealRecord | None) -> Money:
    if deal is None:
        return NONE
    return (ZERO, deal.amount) if deal.type in words.CREDITS else (deal.amount, ZERO)


def _part(deal: DealRecord | None, name: str) -> Decimal:
    found: Decimal | None = None if deal is None else getattr(deal, name)
    return ZERO if found is None else found


def _added(one: Money, other: Money) -> Money:
    return EXACT.add(one[0], other[0]), EXACT.add(one[1], other[1])


def _less(one: Money, other: Money) -> Money:
    return EXACT.subtract(one[0], other[0]), EXACT.subtract(one[1], other[1])
