"""An account: which journal it is, its terms, what it may do."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from oms.domain.events import AccountChanged, AccountOpened, AccountState, Event, ReconcileReport
from oms.domain.records import AccountRecord, DealRecord

from .columns import Rows


class _Dump(msgspec.Struct, frozen=True):
    opened: AccountOpened | None
    terms: AccountRecord | None
    standing: AccountState | None
    known_to: str


class Account:
    """What is known of the account itself."""

    def __init__(self) -> None:
        self.opened: AccountOpened | None = None
        self.terms: AccountRecord | None = None
        self.standing: AccountState | None = None
        self.known_to = ""  # server time up to which history was read and agreed with; "" for none

    @property
    def folds(self) -> Mapping[type[Event], Callable[[Any], None]]:
        """What it does with events that are no deals."""
        return {
            AccountOpened: self._open,
            AccountChanged: self._change,
            AccountState: self._stand,
            ReconcileReport: self._report,
        }

    def deal(self, before: DealRecord | None, after: DealRecord | None) -> None:
        """None of its business."""

    def state(self) -> Any:
        """Terms and permission; the link is a matter of the moment."""
        return {
            "epoch": self.opened.epoch if self.opened else None,
            "terms": self.terms,
            "permission": self.standing.permission if self.standing else None,
            "also": self.standing.also if self.standing else {},
        }

    def essence(self) -> Any:
        """All of the state."""
        return self.state()

    def dumped(self, rank: Mapping[str, int]) -> bytes:
        """All of it."""
        return msgspec.msgpack.encode(_Dump(self.opened, self.terms, self.standing, self.known_to))

    def restore(self, dump: msgspec.Raw, deals: Rows[DealRecord]) -> None:
        """Likewise."""
        found = msgspec.msgpack.decode(dump, type=_Dump)
        self.opened, self.terms, self.standing = found.opened, found.terms, found.standing
        self.known_to = found.known_to

    def _open(self, event: AccountOpened) -> None:
        self.opened = event

    def _change(self, terms: AccountRecord) -> None:
        self.terms = terms

    def _stand(self, event: AccountState) -> None:
        self.standing = event

    def _report(self, event: ReconcileReport) -> None:
        if event.equal and event.history_to is not None:
            self.known_to = event.history_to
