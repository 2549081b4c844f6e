"""What a projection is."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from oms.domain.events import Event
from oms.domain.records import DealRecord


class Projection(Protocol):
    """A pure fold: what the events so far come to, seen from one side."""

    @property
    def folds(self) -> Mapping[type[Event], Callable[[Any], None]]:
        """What it does with events that are no deals; the others are none of its business."""
        ...

    def deal(self, before: DealRecord | None, after: DealRecord | None) -> None:
        """A deal was booked (before is None), amended, or removed (after is None)."""

    def state(self) -> Any:
        """All it knows that follows from the journal, as msgspec encodes it; a copy, or immutable."""
