"""Messages of then, sent again at the pace of then, so many times faster, or as fast as they are taken.

Time is Trio's; who sends is told.  Nothing is dropped and nothing overtakes: a subscriber that is slow makes
the replay late, never short.
"""

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, NamedTuple

import trio

from .messages import Message

AT_ONCE: Final = 500  # messages handed over together
_SPEED: Final = re.compile(r"x([0-9]{1,6}(?:\.[0-9]{1,3})?)")
NS: Final = 1_000_000_000

Send = Callable[[list[Message]], Awaitable[None]]


class Pace(NamedTuple):
    """How fast: so many times the speed of then; None: as fast as can be."""

    factor: float | None = 1.0


class Sent(NamedTuple):
    """What was sent."""

    events: int = 0
    quotes: int = 0
    last_ns: int = 0  # the time, then, of the last message

    @property
    def messages(self) -> int:
        """Both together."""
        return self.events + self.quotes


def pace_of(text: str) -> Pace:
    """`real`, `full`, or `x10`; ValueError says what would be one."""
    if text in ("real", "full"):
        return Pace(1.0 if text == "real" else None)
    found = _SPEED.fullmatch(text)
    if found is None or not float(found[1]):
        raise ValueError(f"{text!r} is no speed: real, full, or x10 for ten times as fast")
    return Pace(float(found[1]))


async def republish(found: Iterable[Message], send: Send, pace: Pace) -> Sent:
    """Send them all; `send` returns when they are taken.  What it raises ends the replay."""
    sent, batch = Sent(), list[Message]()
    began_s, first_ns = trio.current_time(), None
    for message in found:
        if first_ns is None:
            first_ns = message.at_ns
        if pace.factor is not None:
            due_s = began_s + (message.at_ns - first_ns) / NS / pace.factor
            if due_s > trio.current_time():
                sent, batch = await _handed_over(batch, send, sent), []
                await trio.sleep_until(due_s)
        batch.append(message)
        if len(batch) == AT_ONCE:
            sent, batch = await _handed_over(batch, send, sent), []
    return await _handed_over(batch, send, sent)


async def _handed_over(batch: list[Message], send: Send, sent: Sent) -> Sent:
    if not batch:
        await trio.lowlevel.checkpoint()
        return sent
    await send(batch)
    events = sum(1 for one in batch if one.headers)
    return Sent(sent.events + events, sent.quotes + len(batch) - events, batch[-1].at_ns)
