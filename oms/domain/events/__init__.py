"""Everything that can happen, as one closed union; its tags are the stored types.

data_of(event)                    what stands under `data` in an envelope
event_of(type, version, data)     the same event again, of any version that there ever was
said_by(event)                    the record, where an event says one and nothing more; else the event itself
"""

from collections.abc import Mapping
from typing import Any, Final, cast, get_args

import msgspec
from msgspec.structs import astuple

from ..records import AccountRecord, DealRecord, OrderRecord, SymbolRecord
from ..values import plain
from .account import AccountChanged, AccountOpened, AccountState, ClientState
from .command import (
    CommandAnswered,
    CommandConflict,
    CommandDenied,
    CommandEvidence,
    CommandOutcome,
    CommandReceived,
    CommandResult,
    CommandScanned,
    CommandSending,
    CommandSettled,
    CommandUnknown,
    CommandUnsettled,
)
from .daemon import DaemonStarted, DaemonStopped
from .deal import DealAmended, DealBooked, DealRemoved
from .finding import AnomalySeen, DriftSeen
from .health import BreakerChanged, FeedLive, FeedStale, LatencyDegraded, LatencyRestored
from .ledger import BalanceReported, LedgerCorrected, LedgerDifference, LedgerOpened
from .market import BookChanged, QuoteTicked, StatisticsChanged
from .order import OrderEnded, OrderPlaced, OrderRemoved, OrderUpdated
from .position import PositionAdjusted, PositionAdopted, PositionRenamed
from .reconcile import ReconcileReport
from .risk import AliveArmed, AliveCleared, AliveMissed, ConversionRate, EquityMark, RiskBreached, RiskLimits
from .session import (
    SessionAuthenticated,
    SessionConnected,
    SessionEnded,
    SessionLink,
    SessionReady,
    SessionRefused,
)
from .symbol import SymbolChanged, SymbolGone
from .versions import upcast, version_of

SessionEvent = (
    SessionConnected | SessionAuthenticated | SessionReady | SessionEnded | SessionRefused | SessionLink
)
AccountEvent = AccountOpened | AccountChanged | AccountState | ClientState
HealthEvent = BreakerChanged | FeedStale | FeedLive | LatencyDegraded | LatencyRestored
SymbolEvent = SymbolChanged | SymbolGone
MarketEvent = QuoteTicked | BookChanged | StatisticsChanged
OrderEvent = OrderPlaced | OrderUpdated | OrderEnded | OrderRemoved
DealEvent = DealBooked | DealAmended | DealRemoved
PositionEvent = PositionAdjusted | PositionRenamed | PositionAdopted
LedgerEvent = LedgerOpened | LedgerCorrected | LedgerDifference | BalanceReported
CommandEvent = (
    CommandReceived
    | CommandConflict
    | CommandDenied
    | CommandSending
    | CommandAnswered
    | CommandResult
    | CommandOutcome
    | CommandUnknown
    | CommandUnsettled
    | CommandEvidence
    | CommandScanned
    | CommandSettled
)
RiskEvent = RiskLimits | RiskBreached | EquityMark | AliveArmed | AliveMissed | AliveCleared
ReconcileEvent = ReconcileReport
FindingEvent = DriftSeen | AnomalySeen
DaemonEvent = DaemonStarted | DaemonStopped

Event = (
    SessionEvent
    | HealthEvent
    | AccountEvent
    | SymbolEvent
    | MarketEvent
    | OrderEvent
    | DealEvent
    | PositionEvent
    | LedgerEvent
    | CommandEvent
    | RiskEvent
    | ReconcileEvent
    | FindingEvent
    | DaemonEvent
)

TAG_FIELD: Final = "event"
CLASSES: Final[dict[str, type[Event]]] = {str(kind.__struct_config__.tag): kind for kind in get_args(Event)}

# Events that say a record and nothing more.  The record is what is kept of them: two that are equal are equal
# whichever event brought them.
RECORDS: Final[dict[type[Event], type[msgspec.Struct]]] = {
    AccountChanged: AccountRecord,
    SymbolChanged: SymbolRecord,
    OrderPlaced: OrderRecord,
    OrderUpdated: OrderRecord,
    OrderEnded: OrderRecord,
    DealBooked: DealRecord,
}


class UnknownEvent(ValueError):
    """A stored type, or a version of one, that this build does not know: it is older than the journal."""

    def __init__(self, kind: str, version: int) -> None:
        self.kind, self.version = kind, version
        super().__init__(f"event type {kind!r}, version {version}, is not known here")


class BadEvent(ValueError):
    """Stored data that is no event of its type: the journal is damaged, or was written by something else."""


def type_of(event: Event) -> str:
    """The stored tag: deal.booked."""
    return str(event.__struct_config__.tag)


def data_of(event: Event) -> dict[str, Any]:
    """The event as JSON has it, without its tag; exact numbers are strings without an exponent."""
    data = cast(dict[str, Any], plain(event))
    del data[TAG_FIELD]
    return data


def event_of(kind: str, version: int, data: Mapping[str, Any]) -> Event:
    """The event of stored data.  Raises UnknownEvent for its type or version, BadEvent for its content."""
    found = CLASSES.get(kind)
    if found is None or version > version_of(kind):
        raise UnknownEvent(kind, version)
    if version < 1:
        raise BadEvent(f"{kind}: there is no version {version}")
    try:
        return msgspec.convert(upcast(kind, version, data), found)
    except msgspec.ValidationError as why:
        raise BadEvent(f"{kind}: {why}") from None


def said_by(event: Event) -> msgspec.Struct:
    """The record that an event says, where it says nothing else; else the event itself."""
    record = RECORDS.get(type(event))
    return event if record is None else record(*astuple(event))


def symbol_of(event: Event) -> str | None:
    """The symbol that an event speaks of, as its NATS subject ends with; None for none."""
    match event:
        case DealAmended(after=deal) | DealRemoved(removed=deal):
            return deal.symbol or None
    return getattr(event, "symbol", None) or None


__all__ = [
    "CLASSES",
    "RECORDS",
    "AccountChanged",
    "AccountEvent",
    "AccountOpened",
    "AccountState",
    "AliveArmed",
    "AliveCleared",
    "AliveMissed",
    "AnomalySeen",
    "BadEvent",
    "BalanceReported",
    "BookChanged",
    "BreakerChanged",
    "ClientState",
    "CommandAnswered",
    "CommandConflict",
    "CommandDenied",
    "CommandEvent",
    "CommandEvidence",
    "CommandOutcome",
    "CommandReceived",
    "CommandResult",
    "CommandScanned",
    "CommandSending",
    "CommandSettled",
    "CommandUnknown",
    "CommandUnsettled",
    "ConversionRate",
    "DaemonEvent",
    "DaemonStarted",
    "DaemonStopped",
    "DealAmended",
    "DealBooked",
    "DealEvent",
    "DealRemoved",
    "DriftSeen",
    "EquityMark",
    "Event",
    "FeedLive",
    "FeedStale",
    "FindingEvent",
    "HealthEvent",
    "LatencyDegraded",
    "LatencyRestored",
    "LedgerCorrected",
    "LedgerDifference",
    "LedgerEvent",
    "LedgerOpened",
    "MarketEvent",
    "OrderEnded",
    "OrderEvent",
    "OrderPlaced",
    "OrderRemoved",
    "OrderUpdated",
    "PositionAdjusted",
    "PositionAdopted",
    "PositionEvent",
    "PositionRenamed",
    "QuoteTicked",
    "ReconcileEvent",
    "ReconcileReport",
    "RiskBreached",
    "RiskEvent",
    "RiskLimits",
    "SessionAuthenticated",
    "SessionConnected",
    "SessionEnded",
    "SessionEvent",
    "SessionLink",
    "SessionReady",
    "SessionRefused",
    "StatisticsChanged",
    "SymbolChanged",
    "SymbolEvent",
    "SymbolGone",
    "UnknownEvent",
    "data_of",
    "event_of",
    "said_by",
    "symbol_of",
    "type_of",
    "version_of",
]
