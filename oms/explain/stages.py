"""How long a command took from each stage to the next, by the times that the journal has.

Times explain, seqs order: where a clock was set, or a deal came before its result, a stage is negative and is
shown so.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from oms.domain.events import CommandReceived, DealBooked, type_of
from oms.domain.times import utc_ns
from oms.projections import Books

from .gathered import Gathered

_NS: Final = 1_000_000_000


class Stage(msgspec.Struct, frozen=True):
    """A part of a command's way."""

    client: str
    command: str
    stage: str
    seconds: float
    begins: str  # UTC, RFC 3339
    ends: str


def stages(story: Iterable[Gathered], books: Books) -> Iterator[Stage]:
    """Of each command in the story, in their order; the last, `whole`, from its receipt to its outcome."""
    marks: dict[tuple[str, str], dict[str, str]] = {}
    for one in story:
        for key, name, at in _marks(one, books):
            found = marks.setdefault(key, {})
            if name in ("outcome", "settled", "result"):
                found[name] = at  # the last of them counts
            else:
                found.setdefault(name, at)
    for (client, command), times in marks.items():
        for name, begin, end in _PARTS:
            if begin in times and end in times:
                yield Stage(
                    *(client, command, name),
                    (utc_ns(times[end]) - utc_ns(times[begin])) / _NS,
                    *(times[begin], times[end]),
                )


_PARTS: Final = (
    ("in the queue", "queued", "received"),
    ("decided and written down", "received", "sending"),
    ("denied", "received", "denied"),
    ("sent until answered", "sending", "answered"),
    ("answered until result", "answered", "result"),
    ("sent until in doubt", "sending", "unknown"),
    ("in doubt until settled", "unknown", "settled"),
    ("sent until its first deal", "sending", "deal"),
    ("result until its first deal", "result", "deal"),
    ("first deal until outcome", "deal", "outcome"),
    ("whole", "received", "outcome"),
)
_MARKS: Final = frozenset(name for _, *ends in _PARTS for name in ends)


def _marks(one: Gathered, books: Books) -> Iterator[tuple[tuple[str, str], str, str]]:
    event, at = one.event, one.stored.recorded_at
    if one.around:
        return
    if isinstance(event, DealBooked):
        owner = books.commands.owner(event.order) if event.order is not None else None
        if owner is not None:
            yield owner.key, "deal", at
        return
    kind, _, name = type_of(event).partition(".")
    if kind != "command" or name not in _MARKS:
        return
    said: Any = event
    key = (said.client, said.command)
    if isinstance(event, CommandReceived):
        if event.queued_at is not None:
            yield key, "queued", event.queued_at
        at = event.received_at or at
    yield key, name, at
