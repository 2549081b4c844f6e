"""The deals that count, by ticket, and the tickets that the broker took back."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import msgspec

from oms.domain.events import Event
from oms.domain.records import DealRecord
from oms.domain.values import wall

from .columns import Rows
from .tally import Tally


class _Dump(msgspec.Struct, frozen=True):
    removed: list[str]
    total: str


class Deals:
    """All deals of an account."""

    def __init__(self) -> None:
        self._deals: dict[str, DealRecord | int] = {}  # or its rank among those of a snapshot
        self._past: Rows[DealRecord] | None = None  # the deals of a snapshot
        self._removed: dict[str, None] = {}
        self._tally: Tally[str] = Tally()

    @property
    def folds(self) -> Mapping[type[Event], Callable[[Any], None]]:
        """What it does with events that are no deals."""
        return {}

    def __len__(self) -> int:
        return len(self._deals)

    def __iter__(self) -> Iterator[DealRecord]:
        return iter(self._all().values())

    def get(self, ticket: str) -> DealRecord | None:
        """A deal that counts."""
        found = self._deals.get(ticket)
        if isinstance(found, int):
            found = self._deals[ticket] = self._made(found)
        return found

    def between(self, early: str, late: str) -> list[DealRecord]:
        """The deals from one wall time on and before another; the others are not even made."""
        times = list(self._past.column("time")) if self._past is not None else []
        found = [
            ticket
            for ticket, deal in self._deals.items()
            if early <= wall(times[deal] if isinstance(deal, int) else deal.time) < late
        ]
        return [deal for ticket in found if (deal := self.get(ticket)) is not None]

    def was_removed(self, ticket: str) -> bool:
        """Whether the broker took it back."""
        return ticket in self._removed

    def remember_removed(self, ticket: str) -> None:
        """It stays taken back, also where it was never seen."""
        self._removed[ticket] = None

    def deal(self, before: DealRecord | None, after: DealRecord | None) -> None:
        """Keep the version that counts."""
        changed = after or before
        if changed is not None and self._tally.holds(changed.deal):
            self._tally.leave(changed.deal, before)
        if after is not None:
            self._deals[after.deal] = after
            self._removed.pop(after.deal, None)
        elif before is not None:
            del self._deals[before.deal]

    def state(self) -> Any:
        """The deals that count.

        Removed tickets keep late pushes out and are otherwise nothing: who came later never heard of them.
        """
        return dict(self._all())

    def essence(self) -> Any:
        """How many deals count, and their tally."""
        return {"count": len(self._deals), "total": self._tally.total(self._deals, self.get)}

    def dumped(self, rank: Mapping[str, int]) -> bytes:
        """Who was taken back; the deals that count are dumped once, for all projections."""
        total = self._tally.total(self._deals, self.get)
        return msgspec.msgpack.encode(_Dump(list(self._removed), total))

    def restore(self, dump: msgspec.Raw, deals: Rows[DealRecord]) -> None:
        """Likewise."""
        found = msgspec.msgpack.decode(dump, type=_Dump)
        self._past = deals
        self._deals = dict(zip(deals.column("deal"), range(len(deals)), strict=True))
        self._removed = dict.fromkeys(found.removed)
        self._tally.restore(found.total)

    def _made(self, rank: int) -> DealRecord:
        if self._past is None:
            raise LookupError(f"rank {rank} of no snapshot")
        return self._past[rank]

    def _all(self) -> dict[str, DealRecord]:
        """All of them as records, of a snapshot too."""
        if self._past is not None:
            made = self._past.all()
            for ticket, deal in self._deals.items():
                if isinstance(deal, int):
                    self._deals[ticket] = made[deal]
            self._past = None
        return cast(dict[str, DealRecord], self._deals)
