"""An account: which journal it is, its terms, what it may do."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import astuple

from oms.domain.events import AccountChanged, AccountOpened, AccountState, Event
from oms.domain.records import AccountRecord, DealRecord


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

    def _open(self, event: AccountOpened) -> None:
        self.opened = event

    def _change(self, event: AccountChanged) -> None:
        self.terms = AccountRecord(*astuple(event))

    def _stand(self, event: AccountState) -> None:
        self.standing = event
