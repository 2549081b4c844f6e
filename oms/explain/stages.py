"""How long a command took from each stage to the next, by the times that the journal has.

Times explain, seqs order: where a clock was set, or a deal came before its result, a stage is negative and is
shown so.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from oms.domain.events import (
    CommandAnswered,
    CommandDenied,
    CommandOutcome,
    CommandReceived,
    CommandResult,
    CommandSending,
    CommandSettled,
    CommandUnknown,
    DealBooked,
)
from oms.domain.intent import REQUEST_PRICES
from oms.domain.times import utc_ns
from oms.projections import Books
from oms.projections.commands import Key

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
    """Of each command in the story, in their order; `whole` is from its receipt to its first final outcome.

    What came of it later (a pending order that was filled, a deal that was amended) is no part of that.  In
    request execution the question for prices has stages of its own.
    """
    courses: dict[Key, _Course] = {}
    for one in story:
        if one.around:
            continue
        key = _whose(one.event, books)
        if key is not None:
            courses.setdefault(key, _Course()).mark(one)
    for (client, command), course in courses.items():
        times = course.times
        for name, begin, end in _PARTS:
            if begin in times and end in times:
                yield Stage(
                    *(client, command, name),
                    (utc_ns(times[end]) - utc_ns(times[begin])) / _NS,
                    *(times[begin], times[end]),
                )


_PARTS: Final = (
    ("in the queue", "queued", "received"),
    ("decided and written down", "received", "asked"),
    ("prices asked for until told", "asked", "priced"),
    ("decided on the prices", "priced", "sending"),
    ("decided and written down", "approved", "sending"),
    ("denied", "received", "denied"),
    ("sent until answered", "sending", "answered"),
    ("answered until result", "answered", "result"),
    ("sent until in doubt", "sending", "unknown"),
    ("in doubt until settled", "unknown", "settled"),
    ("sent until its first deal", "sending", "deal"),
    ("result until its first deal", "result", "deal"),
    ("first deal until outcome", "deal", "told"),
    ("whole", "received", "outcome"),
    ("outcome until over", "outcome", "over"),
)


class _Course:
    """When a command was where on its way."""

    def __init__(self) -> None:
        self.times: dict[str, str] = {}
        self._asking: int | None = None  # the number of the question for prices
        self._outcome = ""

    def mark(self, one: Gathered) -> None:
        """The next event about it."""
        at = one.stored.recorded_at
        match one.event:
            case CommandReceived(received_at=received, queued_at=queued):
                if queued is not None:
                    self._first("queued", queued)
                self._first("received", received or at)
            case CommandDenied():
                self._first("denied", at)
            case CommandSending(action=action, action_id=number) if action == REQUEST_PRICES:
                self._asking = number
                self._first("asked", at)
            case CommandSending():
                if self._asking is None and "received" in self.times:
                    self._first("approved", self.times["received"])
                self._first("sending", at)
            case CommandAnswered(action_id=number) if number != self._asking:
                self._first("answered", at)
            case CommandResult(action_id=number):
                # The last one counts: a result may be taken back by another.
                self.times["priced" if number == self._asking else "result"] = at
            case CommandUnknown():
                self._first("unknown", at)
            case CommandSettled():
                self.times["settled"] = at
            case DealBooked():
                self._first("deal", at)
            case CommandOutcome(status=status, final=final):
                self._told(status, at, final=final)

    def _first(self, name: str, at: str) -> None:
        self.times.setdefault(name, at)

    def _told(self, status: str, at: str, *, final: bool) -> None:
        if "deal" in self.times:
            self._first("told", at)
        if not final:
            return
        if "outcome" not in self.times:
            self.times["outcome"], self._outcome = at, status
        elif status != self._outcome:
            self.times["over"] = at


def _whose(event: Any, books: Books) -> Key | None:
    """The command that an event is about."""
    if isinstance(event, DealBooked):
        owner = books.commands.owner(event.order) if event.order is not None else None
        return owner.key if owner is not None else None
    return (event.client, event.command) if isinstance(event, _OF_COMMANDS) else None


_OF_COMMANDS: Final = (
    *(CommandReceived, CommandDenied, CommandSending, CommandAnswered, CommandResult),
    *(CommandUnknown, CommandSettled, CommandOutcome),
)
