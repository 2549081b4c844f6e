"""What one comparison found, as the event that is recorded of it."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from oms.domain.events import DealAmended, DealBooked, DealRemoved, Event, ReconcileReport
from oms.domain.events.reconcile import Difference
from oms.domain.reconcile import Picture
from oms.projections import Books

ROWS: Final = 1000  # of a report, over all its lists; the rest is counted


class About(NamedTuple):
    """Which comparison it was."""

    cause: str
    round: int
    history_from: str | None  # server's wall clock; None = everything
    history_to: str


def report(
    about: About, found: Sequence[Difference], news: Iterable[Event], venue: Picture, books: Books
) -> ReconcileReport:
    """The report of a quiet round; `news` is what it brought, the books are those behind it."""
    rows, deals = _Rows(), _Deals(news)
    return ReconcileReport(
        cause=about.cause,
        equal=not found,
        round=about.round,
        history_from=about.history_from,
        history_to=about.history_to,
        differences=rows.some(found),
        deals_new=rows.some(deals.new),
        deals_amended=rows.some(deals.amended),
        deals_removed=rows.some(deals.removed),
        omitted=rows.omitted,
        balance=venue.balance,
        credit=venue.credit,
        state_hash=books.state_hash(),
    )


class _Deals:
    """Tickets of what a round brought."""

    def __init__(self, news: Iterable[Event]) -> None:
        self.new: list[str] = []
        self.amended: list[str] = []
        self.removed: list[str] = []
        for event in news:
            match event:
                case DealBooked(deal=ticket):
                    self.new.append(ticket)
                case DealAmended(after=deal):
                    self.amended.append(deal.deal)
                case DealRemoved(removed=deal):
                    self.removed.append(deal.deal)


class _Rows:
    """The rows of one report."""

    def __init__(self) -> None:
        self._left = ROWS
        self.omitted = 0

    def some(self, rows: Sequence[Difference] | Sequence[str]) -> tuple[Any, ...]:
        """Those that there is room for."""
        kept = tuple(rows[: self._left])
        self._left -= len(kept)
        self.omitted += len(rows) - len(kept)
        return kept
