"""The books of one account: every projection, folded together."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

import msgspec

from oms.domain import words
from oms.domain.events import DealAmended, DealBooked, DealRemoved, Event, said_by
from oms.domain.lifecycle import Order
from oms.domain.observe import Money, Standing
from oms.domain.records import AccountRecord, DealRecord, PositionRecord, SymbolRecord
from oms.domain.values import EXACT

from .accounts import Account
from .commands import Commands
from .days import Days
from .deals import Deals
from .ledger import Ledger
from .orders import Orders
from .positions import Positions
from .projection import Projection
from .risk import Risk
from .symbols import Symbols

NEVER: Final = "~"  # behind every time that a record can have
# Of the state that a journal comes to: one more with every change of it.  Recorded beside each hash of it, so
# that a hash by another build is not taken for another state.
STATE_VERSION: Final = 1

# What the state is made of, by the names under which it is shown.
PROJECTIONS: Final[dict[str, Callable[[], Projection]]] = {
    "account": Account,
    "symbols": Symbols,
    "deals": Deals,
    "orders": Orders,
    "positions": Positions,
    "ledger": Ledger,
    "days": Days,
    "commands": Commands,
    "risk": Risk,
}


class _Booking:
    """What becomes of a deal, told to every projection.

    What was there before it is what the books know of it, not what its event says.
    """

    def __init__(self, deals: Deals, parts: Iterable[Projection]) -> None:
        self._deals, self._parts = deals, [part.deal for part in parts]

    @property
    def folds(self) -> Mapping[type[Event], Callable[[Any], None]]:
        """As those of a projection."""
        return {DealBooked: self._booked, DealAmended: self._amended, DealRemoved: self._taken_back}

    def _booked(self, deal: DealRecord) -> None:
        self._change(deal.deal, deal)

    def _amended(self, event: DealAmended) -> None:
        self._change(event.after.deal, event.after)

    def _taken_back(self, event: DealRemoved) -> None:
        self._change(event.removed.deal, None)
        self._deals.remember_removed(event.removed.deal)

    def _change(self, ticket: str, after: DealRecord | None) -> None:
        before = self._deals.get(ticket)
        for part in self._parts:
            part(before, after)


class Books:
    """Everything that follows from an account's journal; `observe` asks it what is known."""

    def __init__(self) -> None:
        parts: dict[str, Any] = {name: make() for name, make in PROJECTIONS.items()}
        self.parts: Mapping[str, Projection] = parts
        self.terms: Account = parts["account"]
        self.symbols: Symbols = parts["symbols"]
        self.deals: Deals = parts["deals"]
        self.orders: Orders = parts["orders"]
        self.positions: Positions = parts["positions"]
        self.ledger: Ledger = parts["ledger"]
        self.days: Days = parts["days"]
        self.commands: Commands = parts["commands"]
        self.risk: Risk = parts["risk"]
        self._folds: dict[type[Event], list[Callable[[Any], None]]] = {}
        for one in (_Booking(self.deals, self.parts.values()), *self.parts.values()):
            for kind, fold in one.folds.items():
                self._folds.setdefault(kind, []).append(fold)

    def fold(self, event: Event) -> None:
        """One event more.  Events that no projection reads change nothing."""
        said = said_by(event)
        for fold in self.folds(type(event)):
            fold(said)

    def folds(self, kind: type[Event]) -> Sequence[Callable[[Any], None]]:
        """What an event of a class does to them, one after the other: each takes what it says.

        That is what `domain.events.said_by` gives, and what a replay reads of it.
        """
        return self._folds.get(kind, ())

    def fold_all(self, events: Iterable[Event]) -> None:
        """Events in the order of their journal."""
        for event in events:
            self.fold(event)

    def state(self) -> dict[str, Any]:
        """All that follows from the journal, by projection."""
        return {name: part.state() for name, part in self.parts.items()}

    def state_hash(self) -> str:
        """SHA-256, in hex, of the canonical JSON of every part's essence: equal states, equal hashes.

        Whatever led there.  It costs what has changed since it was asked for last, not what there is.
        """
        essence = {name: part.essence() for name, part in self.parts.items()}
        return sha256(msgspec.json.encode(essence, order="sorted")).hexdigest()

    # What `observe` asks.

    def deal(self, ticket: str) -> DealRecord | None:
        """A deal that counts."""
        return self.deals.get(ticket)

    def deal_removed(self, ticket: str) -> bool:
        """Whether the broker took it back."""
        return self.deals.was_removed(ticket)

    def order(self, ticket: str) -> Order | None:
        """An order by its record, its deals or both."""
        return self.orders.get(ticket)

    def order_removed(self, ticket: str) -> bool:
        """Whether the broker took it out of the history."""
        return self.orders.was_removed(ticket)

    def fills(self, order: str) -> tuple[DealRecord, ...]:
        """The deals that name an order."""
        return self.orders.fills(order)

    def standing(self, record: PositionRecord) -> Standing:
        """What is known where this position belongs."""
        return self.positions.standing(record)

    def account(self) -> AccountRecord | None:
        """The account's terms."""
        return self.terms.terms

    def symbol(self, name: str) -> SymbolRecord | None:
        """A symbol's specification."""
        return self.symbols.get(name)

    def money(self) -> Money:
        """Balance and credit."""
        return self.ledger.money()

    def money_after(self, ticket: str) -> tuple[Decimal, Decimal] | None:
        """Balance and credit without the deals behind this one; None for a deal that does not count."""
        last = self.deals.get(ticket)
        if last is None:
            return None
        balance, credit = self.ledger.balance, self.ledger.credit
        for deal in self.deals.between(last.date, NEVER):
            if deal.turn > last.turn and deal.type in words.CREDITS:
                credit = EXACT.subtract(credit, deal.amount)
            elif deal.turn > last.turn:
                balance = EXACT.subtract(balance, deal.amount)
        return balance, credit
