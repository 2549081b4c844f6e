"""The events of a journal that belong to what is asked about, in one pass over its rows.

Nearly every row is somebody else's: it is passed over by looking for the names in its bytes, undecoded.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final, NamedTuple

import msgspec

from oms.domain.events import (
    AnomalySeen,
    CommandEvidence,
    CommandReceived,
    CommandSending,
    CommandSettled,
    CommandUnknown,
    DealAmended,
    DealRemoved,
    Event,
    LedgerDifference,
    OrderRemoved,
    PositionRenamed,
    ReconcileReport,
    event_of,
)
from oms.domain.records import DealRecord, OrderRecord, PositionRecord
from oms.eventlog.envelope import Envelope
from oms.eventlog.errors import Damaged
from oms.eventlog.reader import Reader, Wanted
from oms.projections.commands import Key

from .subject import Related

MOST: Final = 10_000  # events of an explanation; of more the first are told
TYPES: Final = (
    *("command.*", "order.*", "deal.*", "position.*", "anomaly.seen", "ledger.difference"),
    "reconcile.report",
)
# What went on around a doubt.
AROUND: Final = ("session.ended", "session.ready", "session.link", "account.state", "breaker.changed")


class Gathered(NamedTuple):
    """An event of the story."""

    stored: Envelope
    hash: bytes  # of the chain, there
    event: Event
    around: bool = False  # it is not about the subject, but went on meanwhile


def gathered(reader: Reader, related: Related, until: int) -> list[Gathered]:
    """All of them by seq, at most MOST; `related` grows by the commands that meant its orders or positions.

    Raises Unreadable, Damaged.
    """
    needles = _Needles(related)
    actions: set[int] = set()
    found: list[Gathered] = []
    for row in reader.read(0, until, Wanted(TYPES)):
        if not needles.hit(row.body, actions):
            continue
        one = _read(reader, row.envelope(), row.hash)
        if one is None or not _belongs(one.event, related, actions):
            continue
        if isinstance(one.event, CommandSending):
            actions.add(one.event.action_id)
        if isinstance(one.event, CommandReceived):
            needles.more(one.event.command)
        found.append(one)
        if len(found) == MOST:
            break
    return sorted([*found, *_around(reader, found)], key=lambda one: one.stored.seq)


class _Needles:
    """What a row's bytes must hold one of."""

    def __init__(self, related: Related) -> None:
        names = {name for _, name in related.commands}
        self._names = {
            msgspec.json.encode(name)
            for name in {*names, *related.orders, *related.deals, *related.positions}
        } | {f" {name}".encode() for name in {*related.orders, *related.deals, *related.positions}}

    def more(self, name: str) -> None:
        self._names.add(msgspec.json.encode(name))

    def hit(self, body: bytes, actions: set[int]) -> bool:
        return any(name in body for name in self._names) or (
            b"command.evidence" in body and any(str(one).encode() in body for one in actions)
        )


def _read(reader: Reader, stored: Envelope, hashed: bytes) -> Gathered | None:
    """Typed; a part of an event in parts is none, reports so long are told by their first part alone."""
    data: dict[str, Any] = stored.data
    try:
        return Gathered(stored, hashed, event_of(stored.type, stored.version, data))
    except ValueError as why:
        raise Damaged(reader.path, f"seq {stored.seq}: {why}") from None


def _belongs(event: Event, related: Related, actions: set[int]) -> bool:
    match event:
        case CommandReceived():
            return _means(event, related)
        case CommandEvidence(command=None):
            return event.action_id in actions or event.order in related.orders
        case OrderRecord(order=order) | OrderRemoved(order=order):
            return order in related.orders
        case DealRecord(deal=deal) | DealRemoved(removed=DealRecord(deal=deal)):
            return deal in related.deals
        case DealAmended(after=after):
            return after.deal in related.deals
        case LedgerDifference(deal=deal):
            return deal in related.deals
        case PositionRecord(position=position) | PositionRenamed(position=position):
            return position in related.positions
        case AnomalySeen(subject=subject):
            return _named(subject, related)
        case ReconcileReport():
            told = (*event.deals_new, *event.deals_amended, *event.deals_removed)
            return not related.deals.isdisjoint(told)
    key = (getattr(event, "client", None), getattr(event, "command", None))
    return key in related.commands


def _means(event: CommandReceived, related: Related) -> bool:
    """A command of the story, or one that names its order, position or command: from now on it is."""
    if (event.client, event.command) in related.commands:
        return True
    named = event.payload.get
    positions = {named("position"), named("position_by")} - {None}
    if (
        named("order") in related.orders
        or not positions.isdisjoint(related.positions)
        or (event.client, named("command")) in related.commands
    ):
        related.commands.add((event.client, event.command))
        return True
    return False


def _named(subject: str, related: Related) -> bool:
    what, _, name = subject.partition(" ")
    names = {"order": related.orders, "deal": related.deals, "position": related.positions}
    return name in names.get(what, set())


def _around(reader: Reader, found: list[Gathered]) -> Iterator[Gathered]:
    """Sessions, permissions from the sending of what came into doubt until it was settled; at most MOST."""
    doubted = {_key(one) for one in found if isinstance(one.event, CommandUnknown)}
    if not doubted:
        return
    kinds = CommandSending | CommandUnknown
    begins = min(one.stored.seq for one in found if isinstance(one.event, kinds) and _key(one) in doubted)
    settled = {_key(one): one.stored.seq for one in found if isinstance(one.event, CommandSettled)}
    over = doubted <= settled.keys()
    ends = max(settled[key] for key in doubted) if over else found[-1].stored.seq
    for row in islice(reader.read(begins, ends, Wanted(AROUND)), MOST):
        one = _read(reader, row.envelope(), row.hash)
        if one is not None:
            yield one._replace(around=True)


def _key(one: Gathered) -> Key:
    """The command that an event of one names."""
    said: Any = one.event
    return said.client, said.command
