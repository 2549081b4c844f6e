"""Commands: what each has come to, by its identity (client, command), which is remembered for ever.

Which order is a command's is known by the ticket that a result names, or by the marker in a comment; both
ways lead to the same, whichever is heard first.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec
from msgspec.structs import asdict, replace

from oms.domain.events import (
    AnomalySeen,
    CommandAnswered,
    CommandDenied,
    CommandEvidence,
    CommandOutcome,
    CommandReceived,
    CommandResult,
    CommandScanned,
    CommandSending,
    CommandSettled,
    CommandUnknown,
    Event,
    OrderEnded,
    OrderPlaced,
    OrderUpdated,
)
from oms.domain.events.command import Reason
from oms.domain.intent import REQUEST_PRICES, Intent, Replaced
from oms.domain.marker import marker_in
from oms.domain.records import DealRecord, OrderRecord
from protocol.enums import Retcode

from .columns import Rows
from .tally import Tally

RECEIVED: Final = "received"
DENIED: Final = "denied"
SENDING: Final = "sending"
ACCEPTED: Final = "accepted"
UNKNOWN: Final = "unknown"
REJECTED: Final = "rejected"
NOT_FOUND: Final = "not_found"  # a verdict: it was not executed
CLOSE_REVERSED: Final = "close_reversed"  # an anomaly: what was to close has opened the other side

NEW_PRICES: Final = frozenset({Retcode.REQUOTE.value, Retcode.PRICE_CHANGED.value})
SWEEPS: Final = frozenset({"close_all", "cancel_all"})

Key = tuple[str, str]  # client, command


class Command(msgspec.Struct, frozen=True):
    """A command as its events leave it."""

    command: str
    client: str
    verb: str = ""
    symbol: str = ""
    status: str = RECEIVED  # received, denied, sending, unknown, rejected, accepted, working, filled, ...
    final: bool = False  # no later status is expected
    parent: str | None = None
    order: str | None = None
    position: str | None = None
    volume: Decimal | None = None  # lots
    filled: Decimal | None = None  # lots
    price: Decimal | None = None  # average of the deals
    deals: tuple[str, ...] = ()
    retcode: int | None = None
    reasons: tuple[Reason, ...] = ()
    bid: Decimal | None = None  # of a requote: the new prices
    ask: Decimal | None = None
    anomaly: str = ""
    verdict: str = ""  # of an unknown one: what the last look for its traces said
    candidates: tuple[str, ...] = ()  # of an unknown one: tickets of orders that may be its

    @property
    def key(self) -> Key:
        """Its identity within the account."""
        return self.client, self.command


class Course(msgspec.Struct, frozen=True):
    """How far a command is, for whoever carries it on."""

    payload_hash: str = ""
    marker: str = ""
    intent: Intent | None = None  # what was written down to be sent; forgotten once it is final
    action: str = ""  # what that was
    replaces: Replaced | None = None  # by a modify that is not final
    answer: str = ""  # what the answer meant, "" before it
    result: str = ""  # what the latest result meant
    children: tuple[str, ...] = ()
    left: int = 0  # children that are not final
    reversed: bool = False  # a close that opened the other side

    @property
    def ordered(self) -> bool:
        """Whether something was written down to be sent that may change orders or positions."""
        return self.intent is not None and self.intent.action != REQUEST_PRICES


class Stamp(msgspec.Struct, frozen=True):
    """Where a command's last event stands in the journal, and when each stage was recorded."""

    seq: int = 0
    times: dict[str, str] = {}  # stage -> UTC, RFC 3339


class _Entry(msgspec.Struct):
    command: Command
    course: Course = Course()
    stamp: Stamp = Stamp()

    @property
    def fact(self) -> Any:
        """What its events say, and not where they stand."""
        return asdict(self.command) | {"course": self.course}

    @property
    def subjects(self) -> set[tuple[str, str]]:
        """Orders and positions that something may be said of that concerns it, while it is not final."""
        intent, command = self.course.intent, self.command
        named = {("order", command.order), ("position", command.position)}
        if intent is not None:
            named |= {("position", intent.position), ("position", intent.position_by)}
        return set() if command.final else {(kind, ticket) for kind, ticket in named if ticket is not None}


class _Dump(msgspec.Struct, frozen=True):
    entries: list[_Entry]
    seen: dict[str, str]
    overtaking: list[tuple[Key, tuple[str, str]]]
    last_action: int
    total: str


_STAGES: Final[dict[type[Event], str]] = {
    CommandReceived: "received",
    CommandDenied: "denied",
    CommandSending: "sending",
    CommandAnswered: "answered",
    CommandResult: "result",
    CommandUnknown: "unknown",
    CommandSettled: "settled",
    CommandOutcome: "outcome",
}
STAMPED: Final = frozenset(_STAGES)


class Commands:
    """All commands of an account."""

    def __init__(self) -> None:
        self._entries: dict[Key, _Entry] = {}
        self._open: dict[Key, None] = {}  # not final
        self._doubtful: dict[Key, None] = {}  # unknown
        self._about: dict[tuple[str, str], dict[Key, None]] = {}  # order or position -> open commands
        self._by_order: dict[str, Key] = {}  # orders that commands made
        self._watched: dict[Key, set[tuple[str, str]]] = {}  # the same by command
        self._by_marker: dict[str, Key] = {}
        self._seen: dict[str, str] = {}  # markers in comments of orders and deals -> order
        # By client and symbol, "" for all: when the last close or cancel of all of it was queued, and its id.
        self._overtaking: dict[Key, tuple[str, str]] = {}
        self._tally: Tally[Key] = Tally()
        self.last_action = 0  # the latest action id, 0 before the first

    @property
    def folds(self) -> Mapping[type[Event], Callable[[Any], None]]:
        """What it does with events that are no deals."""
        return {
            CommandReceived: self._received,
            CommandDenied: self._denied,
            CommandSending: self._sending,
            CommandAnswered: self._answered,
            CommandResult: self._resulted,
            CommandOutcome: self._came_out,
            CommandUnknown: self._unknown,
            CommandEvidence: self._evident,
            CommandScanned: self._scanned,
            CommandSettled: self._settled,
            OrderPlaced: self._order_seen,
            OrderUpdated: self._order_seen,
            OrderEnded: self._order_seen,
            AnomalySeen: self._odd,
        }

    def __iter__(self) -> Iterator[Command]:
        """All of them, by when they came."""
        return iter([entry.command for entry in self._entries.values()])

    def get(self, client: str, command: str) -> Command | None:
        """A command by its identity."""
        entry = self._entries.get((client, command))
        return entry.command if entry else None

    def course(self, key: Key) -> Course:
        """How far it is."""
        return self._entries[key].course

    def stamp_of(self, key: Key) -> Stamp:
        """Where its last event is recorded."""
        return self._entries[key].stamp

    def open(self) -> list[Command]:
        """Those that are not final, by when they came."""
        return [self._entries[key].command for key in self._open]

    def doubtful(self) -> list[Command]:
        """Those of which nobody knows what became of them, by when that was so."""
        return [self._entries[key].command for key in self._doubtful]

    @property
    def unknown(self) -> int:
        """How many there are of which nobody knows what became of them; a plain number, for any thread."""
        return len(self._doubtful)

    def owner(self, order: str) -> Command | None:
        """The command that made an order; None for one that is not ours."""
        key = self._by_order.get(order)
        return self._entries[key].command if key else None

    def cause_of(self, event: Event) -> str | None:
        """The command that an event is about: its own, or that whose order it speaks of."""
        match event:
            case OrderRecord(order=order) | DealRecord(order=str() as order):
                owner = self.owner(order)
                return owner.command if owner else None
        return getattr(event, "command", None) if type(event) in STAMPED else None

    def overtaken(self, client: str, symbol: str, queued_at: str) -> str:
        """The command of a client that called off what it had queued before, "" for none."""
        for one in (symbol, ""):
            at, command = self._overtaking.get((client, one), ("", ""))
            if at > queued_at:
                return command
        return ""

    def changing(self, order: str, verb: str) -> bool:
        """Whether a modify, or a cancel, of an order is on its way."""
        about = (self._entries[key].command for key in self._about.get(("order", order), ()))
        return any(one.verb == verb and one.status in (SENDING, ACCEPTED, UNKNOWN) for one in about)

    def about_order(self, order: str) -> list[Key]:
        """The command that made an order, and those that are about to change it."""
        owner = self._by_order.get(order)
        return [*([owner] if owner else []), *self._about.get(("order", order), ())]

    def about_position(self, position: str) -> list[Key]:
        """The commands that are about to change a position."""
        return list(self._about.get(("position", position), ()))

    def seen(self, marker: str) -> str | None:
        """The order in whose comment, or whose deals', a marker was seen."""
        return self._seen.get(marker)

    def stamp(self, kind: type[Event], said: Any, seq: int, recorded_at: str) -> None:
        """Tell where an event of STAMPED, folded already, is recorded."""
        entry = self._entries[said.client, said.command]
        at = getattr(said, "received_at", None) or recorded_at
        entry.stamp = Stamp(seq, entry.stamp.times | {_STAGES[kind]: at})

    def deal(self, before: DealRecord | None, after: DealRecord | None) -> None:
        """A deal may carry the marker of its order's command."""
        if after is not None and after.order is not None and (marker := marker_in(after.comment)):
            self._link(marker, after.order)

    def state(self) -> Any:
        """All of them, by client."""
        found: dict[str, dict[str, Any]] = {}
        for (client, name), entry in self._entries.items():
            found.setdefault(client, {})[name] = entry.fact
        return found

    def essence(self) -> Any:
        """How many there are, and their tally."""
        return {"count": len(self._entries), "total": self._total()}

    def dumped(self, rank: Mapping[str, int]) -> bytes:
        """All of them."""
        overtaking = list(self._overtaking.items())
        entries = list(self._entries.values())
        return msgspec.msgpack.encode(_Dump(entries, self._seen, overtaking, self.last_action, self._total()))

    def restore(self, dump: msgspec.Raw, deals: Rows[DealRecord]) -> None:
        """Likewise."""
        found = msgspec.msgpack.decode(dump, type=_Dump)
        self._seen, self.last_action = found.seen, found.last_action
        self._overtaking = dict(found.overtaking)
        for entry in found.entries:
            self._entries[entry.command.key] = entry
            self._index(entry)
        self._tally.restore(found.total)

    # Keeping.

    def _total(self) -> str:
        return self._tally.total(self._entries, lambda key: self._entries[key].fact)

    def _touch(self, entry: _Entry) -> None:
        """It is about to change."""
        if self._tally.holds(entry.command.key):
            self._tally.leave(entry.command.key, entry.fact)

    def _known(self, event: Any) -> _Entry:
        key = (event.client, event.command)
        entry = self._entries.get(key)
        if entry is not None:
            self._touch(entry)
            return entry
        self._tally.leave(key, None)
        entry = self._entries[key] = _Entry(Command(event.command, event.client))
        self._open[key] = None
        return entry

    def _change(self, entry: _Entry, **changes: Any) -> None:
        self._touch(entry)
        was_final = entry.command.final
        entry.command = replace(entry.command, **changes)
        if entry.command.final and entry.course.intent is not None:
            self._watch(entry, set())
            entry.course = replace(entry.course, intent=None, replaces=None)
        if entry.command.final != was_final:
            self._count(entry.command, -1 if entry.command.final else 1)
        self._index(entry)

    def _count(self, child: Command, more: int) -> None:
        """One of a sweep's children more, or less, that is not final."""
        parent = self._entries.get((child.client, child.parent)) if child.parent is not None else None
        if parent is not None:
            self._touch(parent)
            parent.course = replace(parent.course, left=parent.course.left + more)

    def _watch(self, entry: _Entry, subjects: set[tuple[str, str]]) -> None:
        """From now on it is about these, and nothing else."""
        key = entry.command.key
        for one in self._watched.pop(key, set()) - subjects:
            about = self._about[one]
            del about[key]
            if not about:
                del self._about[one]
        for one in subjects:
            self._about.setdefault(one, {})[key] = None
        if subjects:
            self._watched[key] = subjects

    def _index(self, entry: _Entry) -> None:
        key = entry.command.key
        if entry.command.final:
            self._open.pop(key, None)
        else:
            self._open[key] = None
        if entry.command.status == UNKNOWN:
            self._doubtful[key] = None
        else:
            self._doubtful.pop(key, None)
        self._watch(entry, entry.subjects)
        if entry.course.marker:
            self._by_marker[entry.course.marker] = key
        if entry.command.order is not None and entry.command.verb in ("submit", "close", "close_by"):
            self._by_order[entry.command.order] = key

    def _link(self, marker: str, order: str) -> None:
        """An order, or a deal of it, says whose it is; the first ticket stays."""
        self._seen.setdefault(marker, order)
        key = self._by_marker.get(marker)
        if key is not None and self._entries[key].command.order is None:
            self._change(self._entries[key], order=order)

    # Folds.

    def _order_seen(self, record: OrderRecord) -> None:
        if marker := marker_in(record.comment):
            self._link(marker, record.order)

    def _odd(self, event: AnomalySeen) -> None:
        """That a close opened something is told once."""
        key = self._by_order.get(event.subject.removeprefix("order "))
        if event.kind == CLOSE_REVERSED and key is not None:
            entry = self._entries[key]
            self._touch(entry)
            entry.course = replace(entry.course, reversed=True)

    def _received(self, event: CommandReceived) -> None:
        entry = self._known(event)
        if event.parent is not None and entry.command.parent is None and not entry.command.final:
            self._count(replace(entry.command, parent=event.parent), 1)
        entry.course = replace(entry.course, payload_hash=event.payload_hash)
        self._change(entry, verb=event.verb, symbol=event.symbol, parent=event.parent)
        sweeps = event.verb in SWEEPS or (event.verb == "close" and "symbol" in event.payload)
        if event.queued_at is not None and sweeps:
            self._overtaking[event.client, event.symbol] = (event.queued_at, event.command)
        parent = self._entries.get((event.client, event.parent)) if event.parent is not None else None
        if parent is not None:
            self._touch(parent)
            parent.course = replace(parent.course, children=(*parent.course.children, event.command))

    def _denied(self, event: CommandDenied) -> None:
        self._change(self._known(event), status=DENIED, final=True, reasons=event.reasons)

    def _sending(self, event: CommandSending) -> None:
        entry = self._known(event)
        self.last_action = event.action_id
        intent = Intent(**{name: getattr(event, name) for name in Intent.__struct_fields__})
        entry.course = replace(
            entry.course,
            intent=intent,
            replaces=event.replaces,
            action=intent.action,
            marker=event.marker,
            answer="",
            result="",
        )
        self._change(
            entry,
            status=SENDING,
            symbol=event.symbol or entry.command.symbol,
            volume=event.volume or None,
            position=event.position,
            # Of a modify or cancel: what it is about.
            order=event.order or entry.command.order,
        )

    def _answered(self, event: CommandAnswered) -> None:
        """A code tells what happened to the request, never that it was filled: the outcome follows."""
        entry = self._known(event)
        entry.course = replace(entry.course, answer=event.meaning)
        known = entry.command
        taken = event.meaning in ("accepted", "awaited") and known.status == SENDING
        self._change(
            entry,
            status=ACCEPTED if taken else known.status,
            retcode=known.retcode if entry.course.result else event.retcode,  # the result says more
        )

    def _resulted(self, event: CommandResult) -> None:
        entry = self._known(event)
        if event.meaning != "waiting" or not entry.course.result:
            entry.course = replace(entry.course, result=event.meaning)
        self._change(
            entry,
            retcode=event.retcode,
            order=entry.command.order or (event.order if entry.course.ordered else None),
            bid=event.bid if event.retcode in NEW_PRICES else None,
            ask=event.ask if event.retcode in NEW_PRICES else None,
        )

    def _came_out(self, event: CommandOutcome) -> None:
        entry = self._known(event)
        known = entry.command
        self._change(
            entry,
            symbol=event.symbol or known.symbol,
            status=event.status,
            final=event.final,
            order=event.order or known.order,
            position=event.position or known.position,
            volume=event.volume if event.volume is not None else known.volume,
            filled=event.filled,
            price=event.price,
            deals=event.deals,
            retcode=event.retcode if event.retcode is not None else known.retcode,
            reasons=event.reasons,
            bid=event.bid,
            ask=event.ask,
            anomaly=event.anomaly,
        )

    def _unknown(self, event: CommandUnknown) -> None:
        self._change(self._known(event), status=UNKNOWN, final=False)

    def _evident(self, event: CommandEvidence) -> None:
        """A result that came too late names its order all the same."""
        entry = self._entries.get((event.client or "", event.command or ""))
        if entry is not None and event.order is not None and entry.course.ordered and not entry.command.order:
            self._change(entry, order=event.order)

    def _scanned(self, event: CommandScanned) -> None:
        entry = self._known(event)
        if event.good:
            self._change(entry, verdict=event.verdict, candidates=event.candidates)

    def _settled(self, event: CommandSettled) -> None:
        """Not executed is rejected; what was found gets its status from the outcome behind it."""
        entry = self._known(event)
        if event.verdict == NOT_FOUND:
            self._change(entry, status=REJECTED, final=True)
        else:
            known = entry.command
            self._change(entry, order=event.order or known.order, deals=event.deals or known.deals)
