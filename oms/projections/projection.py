"""What a projection is."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from oms.domain.events import Event
from oms.domain.records import DealRecord

from .columns import Rows


class Projection(Protocol):
    """A pure fold: what the events so far come to, seen from one side."""

    @property
    def folds(self) -> Mapping[type[Event], Callable[[Any], None]]:
        """What it does with events that are no deals, by their class; the others are none of its business.

        It is given what an event says (`domain.events.said_by`): a record, or the event itself.  Made when it
        is asked for: kept, it would be a cycle, and books that nobody needs any more stay until one is found.
        """
        ...

    def deal(self, before: DealRecord | None, after: DealRecord | None) -> None:
        """A deal was booked (before is None), amended, or removed (after is None)."""

    def state(self) -> Any:
        """All it knows that follows from the journal, as msgspec encodes it; a copy, or immutable."""

    def essence(self) -> Any:
        """What of the state its hash is made of: all of it, or of many entries a `Tally`."""
        ...

    def dumped(self, rank: Mapping[str, int]) -> bytes:
        """All that `restore` needs, in MessagePack; a deal that counts by its ticket's rank."""
        ...

    def restore(self, dump: msgspec.Raw, deals: Rows[DealRecord]) -> None:
        """Become what was dumped; for one that has folded nothing.  `deals` are those that count, by rank."""
