"""What was seen at the venue, in exact values, before anybody asked whether it is news.

The same kinds serve pushes and answers: `How` tells them apart, because an answer shows what is, and a push
what happened, and may come late, twice or out of order (docs/semantics.md 1).
"""

from decimal import Decimal
from enum import Enum

import msgspec

from .events import AnomalySeen, DriftSeen
from .records import AccountRecord, DealRecord, OrderRecord, PositionRecord, SymbolRecord
from .values import Ticket

Anomalies = tuple[AnomalySeen, ...]


class How(Enum):
    """How something was seen."""

    ADDED = "added"  # a push says it is new
    UPDATED = "updated"  # a push says it changed
    REMOVED = "removed"  # a push says it is gone
    LISTED = "listed"  # an answer holds it


class OpenOrderSeen(msgspec.Struct, frozen=True):
    """An order in the list of open ones; REMOVED: as it left it."""

    record: OrderRecord
    how: How
    anomalies: Anomalies = ()


class PastOrderSeen(msgspec.Struct, frozen=True):
    """An order in the history; REMOVED: taken out of it."""

    record: OrderRecord
    how: How
    anomalies: Anomalies = ()


class DealSeen(msgspec.Struct, frozen=True):
    """A deal; REMOVED: taken back."""

    record: DealRecord
    how: How
    anomalies: Anomalies = ()


class PositionSeen(msgspec.Struct, frozen=True):
    """An open position; with volume 0 one that is gone."""

    record: PositionRecord
    how: How
    anomalies: Anomalies = ()


class AccountSeen(msgspec.Struct, frozen=True):
    """The account's terms."""

    record: AccountRecord
    anomalies: Anomalies = ()


class MoneySeen(msgspec.Struct, frozen=True):
    """The venue's own balance and credit; `source` is push or account."""

    balance: Decimal | None
    credit: Decimal | None
    source: str
    anomalies: Anomalies = ()
    deal: Ticket | None = None  # of a push: the last deal that they hold


class SymbolSeen(msgspec.Struct, frozen=True):
    """A symbol's specification."""

    record: SymbolRecord
    anomalies: Anomalies = ()


class Odd(msgspec.Struct, frozen=True):
    """Something that is no record at all, and is told as it is."""

    finding: AnomalySeen | DriftSeen


Observation = (
    OpenOrderSeen | PastOrderSeen | DealSeen | PositionSeen | AccountSeen | MoneySeen | SymbolSeen | Odd
)
