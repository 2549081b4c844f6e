"""An account: which journal it is, its terms, what it may do."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from oms.domain.events import AccountChanged, AccountOpened, AccountState, Event
from oms.domain.records import AccountRecord, DealRecord


class _Dump(msgspec.Struct, frozen=True):
    opened: AccountOpened | None
    terms: AccountRecord | None
    standing: AccountState | None


class Account:
    """What is known of the account itself."""

    def __init__(self) -> None:
        self.opened: AccountOpened | None = None
        self.terms: AccountRecord | None = None
        self.standing: AccountState | None = None
        self.folds: Mapping[type[Event], Callable[[Any], None]] = {
            AccountOpened: self._open,
            AccountChanged: self._change,
            AccountState: self._stand,
        }

    def deal(self, before: DealRecord | None, after: DealRecord | None) -> None:
        """None of its business."""

    def state(self) -> Any:
        """Terms and permission; the link is a matter of the moment."""
        return {
            "epoch": self.opened.epoch if self.opened else None,
            "terms": self.terms,
            "permission": self.standing.permission if self.standing else None,
        }

    def dumped(self, rank: Mapping[str, int]) -> bytes:
        """All three."""
        return msgspec.msgpack.encode(_Dump(self.opened, self.terms, self.standing))

    def restore(self, dump: msgspec.Raw, deals: Sequence[DealRecord]) -> None:
        """Likewise."""
        found = msgspec.msgpack.decode(dump, type=_Dump)
        self.opened, self.terms, self.standing = found.opened, found.terms, found.standing

    def _open(self, event: AccountOpened) -> None:
        self.opened = event

    def _change(self, terms: AccountRecord) -> None:
        self.terms = terms

    def _stand(self, event: AccountState) -> None:
        self.standing = event
