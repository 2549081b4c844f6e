"""The decisions of a journal, in their order: what was asked, what was decided, on which books.

A decision is its event: the intent, the denial, an outcome without anything sent, the children of a sweep.
What a command was denied for by the clock or by a restart, no facts decided; it is told with the others.
"""

from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple

import msgspec

from oms.domain.events import (
    CommandDenied,
    CommandOutcome,
    CommandReceived,
    CommandResult,
    CommandSending,
    CommandUnknown,
    Event,
    event_of,
)
from oms.domain.intent import REQUEST_PRICES
from oms.eventlog.envelope import Envelope
from oms.projections import Books
from oms.projections.commands import SWEEPS, Key
from protocol.enums import Retcode

Then = Literal["approved", "denied", "unchanged", "swept"]
KNOWN_MARKER: Final = "known_marker"


class Decided(NamedTuple):
    """A decision as it is recorded."""

    seq: int  # of the event that says it
    recorded_at: str  # UTC, RFC 3339
    received: CommandReceived
    then: Then
    said: CommandSending | CommandDenied | None = None  # the intent, or the denial
    asked: CommandSending | None = None  # in request execution, of the order itself: the question for prices
    prices: CommandResult | None = None  # and what was answered
    children: tuple[CommandReceived, ...] = ()  # of a sweep

    @property
    def key(self) -> Key:
        """Whose decision it is: client, command."""
        return self.received.client, self.received.command


class _Open(msgspec.Struct):
    """A command that may still be decided on."""

    received: CommandReceived
    decided: bool = False
    asked: CommandSending | None = None
    prices: CommandResult | None = None


class _Seen(NamedTuple):
    stored: Envelope
    event: Event


def walk(events: Iterable[Envelope], books: Books) -> Iterator[Decided]:
    """Every decision; while one is looked at, the books stand before it, and then they are folded further.

    `events` follow what the books hold.  Raises what `event_of` raises.
    """
    waiting: dict[Key, _Open] = {}
    ahead = _Ahead(events)
    for seen in ahead:
        found = _decision(seen, waiting, ahead)
        if found is not None:
            yield found
        _note(seen.event, waiting)
        books.fold(seen.event)


class _Ahead:
    """Events, one after the other, and a look at those that come next."""

    def __init__(self, events: Iterable[Envelope]) -> None:
        self._events = iter(events)
        self._next: list[_Seen] = []

    def __iter__(self) -> Iterator[_Seen]:
        while True:
            seen = self._next.pop(0) if self._next else self._read()
            if seen is None:
                return
            yield seen

    def children(self, first: CommandReceived) -> tuple[CommandReceived, ...]:
        """The receipts of a sweep's children: they follow each other."""
        found = [first]
        while True:
            place = len(found) - 1
            if place == len(self._next):
                seen = self._read()
                if seen is None:
                    return tuple(found)
                self._next.append(seen)
            event = self._next[place].event
            if not isinstance(event, CommandReceived) or event.parent != first.parent:
                return tuple(found)
            found.append(event)

    def _read(self) -> _Seen | None:
        stored = next(self._events, None)
        return None if stored is None else _Seen(stored, event_of(stored.type, stored.version, stored.data))


def _decision(seen: _Seen, waiting: dict[Key, _Open], ahead: _Ahead) -> Decided | None:
    """The decision that an event says, if it says one."""
    event = seen.event
    if isinstance(event, CommandReceived):
        parent = waiting.get((event.client, event.parent or ""))
        if parent is None or parent.decided:
            return None
        return _told(seen, parent, "swept", children=ahead.children(event))
    if not isinstance(event, CommandSending | CommandDenied | CommandOutcome | CommandUnknown):
        return None
    found = waiting.get((event.client, event.command))
    if found is None or (found.decided and found.asked is None):
        return None
    match event:
        case CommandSending():
            return _told(seen, found, "approved", event)
        case CommandDenied():
            return _told(seen, found, "denied", event)
        case CommandUnknown(reason=reason) if reason == KNOWN_MARKER and not found.decided:
            return _told(seen, found, "approved")
        case CommandOutcome(status="done", retcode=Retcode.NO_CHANGES) if not found.decided:
            return _told(seen, found, "unchanged")
        case CommandOutcome(status="done") if found.received.verb in SWEEPS and not found.decided:
            return _told(seen, found, "swept")
    return None


def _told(
    seen: _Seen,
    found: _Open,
    then: Then,
    said: CommandSending | CommandDenied | None = None,
    children: tuple[CommandReceived, ...] = (),
) -> Decided:
    asked, prices = (found.asked, found.prices) if found.prices is not None else (None, None)
    decided = Decided(
        *(seen.stored.seq, seen.stored.recorded_at, found.received, then, said, asked, prices), children
    )
    found.decided, found.asked, found.prices = True, None, None
    if isinstance(said, CommandSending) and said.action == REQUEST_PRICES:
        found.asked = said
    return decided


def _note(event: Event, waiting: dict[Key, _Open]) -> None:
    """What later decisions need to know; commands that are over are forgotten."""
    match event:
        case CommandReceived():
            waiting.setdefault((event.client, event.command), _Open(event))
        case CommandResult(meaning="prices"):
            found = waiting.get((event.client, event.command))
            if found is not None:
                found.prices = event
        case CommandDenied() | CommandOutcome(final=True):
            waiting.pop((event.client, event.command), None)
