"""The deals that count, by ticket, and the tickets that the broker took back."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from oms.domain.events import Event
from oms.domain.records import DealRecord


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

    def dumped(self, rank: Mapping[str, int]) -> bytes:
        """Who was taken back; the deals that count are dumped for all projections together."""
        return msgspec.msgpack.encode(list(self._removed))

    def restore(self, dump: msgspec.Raw, deals: Sequence[DealRecord]) -> None:
        """Likewise."""
        self._deals = {deal.deal: deal for deal in deals}
        self._removed = dict.fromkeys(msgspec.msgpack.decode(dump, type=list[str]))
