"""What one comparison found, as the event that is recorded of it."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from oms.domain.events import DealAmended, DealBooked, DealRemoved, Event, ReconcileReport
from oms.domain.events.reconcile import Difference
from oms.domain.reconcile import Picture
from oms.projections import Books
from oms.projections.books import STATE_VERSION

ROWS: Final = 1000  # of a report, over all its lists; the rest is counted


class About(NamedTuple):
    """Which comparison it was."""

    cause: str
    round: int
    history_from: str | None  # server's wall clock; None = everything
    history_to: str


class News:
    """Tickets of the deals that rounds brought since the last report, also those that proved nothing."""

    def __init__(self) -> None:
        self.new: list[str] = []
        self.amended: list[str] = []
        self.removed: list[str] = []

    def add(self, events: Iterable[Event]) -> None:
        """What was recorded."""
        for event in events:
            match event:
                case DealBooked(deal=ticket):
                    self.new.append(ticket)
                case DealAmended(after=deal):
                    self.amended.append(deal.deal)
                case DealRemoved(removed=deal):
                    self.removed.append(deal.deal)

    def plus(self, events: Iterable[Event]) -> "News":
        """These, and what is about to be recorded."""
        found = News()
        for kept, mine in zip(found._lists, self._lists, strict=True):
            kept += mine
        found.add(events)
        return found

    def forget(self) -> None:
        """They are reported."""
        for mine in self._lists:
            mine.clear()

    @property
    def _lists(self) -> tuple[list[str], list[str], list[str]]:
        return self.new, self.amended, self.removed


def report(
    about: About, found: Sequence[Difference], news: News, venue: Picture, books: Books
) -> ReconcileReport:
    """The report of a quiet round; the books are those behind it."""
    rows = _Rows()
    return ReconcileReport(
        cause=about.cause,
        equal=not found,
        round=about.round,
        history_from=about.history_from,
        history_to=about.history_to,
        differences=rows.some(found),
        deals_new=rows.some(news.new),
        deals_amended=rows.some(news.amended),
        deals_removed=rows.some(news.removed),
        omitted=rows.omitted,
        balance=venue.balance,
        credit=venue.credit,
        state_hash=books.state_hash(),
        state_version=STATE_VERSION,
    )


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
