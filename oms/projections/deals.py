"""The deals that count, by ticket, and the tickets that the broker took back."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec.structs import astuple

from oms.domain.events import DealAmended, DealBooked, DealRemoved, Event
from oms.domain.records import DealRecord

Change = tuple[DealRecord | None, DealRecord | None]


class Deals:
    """All deals of an account."""

    def __init__(self) -> None:
        self._deals: dict[str, DealRecord] = {}
        self._removed: dict[str, None] = {}
        self.folds: Mapping[type[Event], Callable[[Any], None]] = {}

    def __len__(self) -> int:
        return len(self._deals)

    def __iter__(self) -> Iterator[DealRecord]:
        return iter(self._deals.values())

    def get(self, ticket: str) -> DealRecord | None:
        """A deal that counts."""
        return self._deals.get(ticket)

    def was_removed(self, ticket: str) -> bool:
        """Whether the broker took it back."""
        return ticket in self._removed

    def change(self, event: DealBooked | DealAmended | DealRemoved) -> Change:
        """What an event changes, by what is known here and not by what it says was there before."""
        if isinstance(event, DealRemoved):
            return self._deals.get(event.removed.deal), None
        after = event.after if isinstance(event, DealAmended) else DealRecord(*astuple(event))
        return self._deals.get(after.deal), after

    def remember_removed(self, ticket: str) -> None:
        """It stays taken back, also where it was never seen."""
        self._removed[ticket] = None

    def deal(self, before: DealRecord | None, after: DealRecord | None) -> None:
        """Keep the version that counts."""
        if after is not None:
            self._deals[after.deal] = after
            self._removed.pop(after.deal, None)
        elif before is not None:
            del self._deals[before.deal]

    def state(self) -> Any:
        """The deals that count.

        Removed tickets keep late pushes out and are otherwise nothing: who came later never heard of them.
        """
        return dict(self._deals)
