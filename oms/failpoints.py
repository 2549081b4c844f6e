"""Points at which a test may kill the process, to see what a crash there leaves behind.

`OMS_FAILPOINT=intent.recorded` kills it with SIGKILL the first time that it comes to that point, `=...:3` the
third time.  Without it a point costs a call and a comparison; none lies on the way of a tick.
"""

import os
import signal
from collections.abc import Mapping
from typing import Final

VARIABLE: Final = "OMS_FAILPOINT"
POINTS: Final[Mapping[str, str]] = {
    # the start
    "start.marked": "a journal is marked as open, its first event is there",
    "start.opened": "all journals are open and the books made; nothing runs yet",
    "leftovers.proposed": "what an earlier run left is brought to an end, not yet on disk",
    "leftovers.recorded": "the same, on disk; there is no session yet",
    # a session
    "session.entered": "the venue has let the account in; nothing has been compared",
    "reconcile.asked": "a round has its first answers; none of it is in the books",
    "reconcile.read": "orders, positions, history of a round are in the books; they are not compared yet",
    "reconcile.judged": "a round is over and its report recorded; another may follow",
    "session.ready": "the account is ready, which is recorded",
    # any commit
    "turn.folded": "events are in the books and not on disk",
    "turn.committed": "events are on disk, and nobody has been woken to publish, answer or send",
    # a command
    "command.taken": "a command is in memory; nothing of it is written down",
    "intent.proposed": "receipt, decision and intent are in the books and not on disk",
    "intent.recorded": "receipt, decision and intent are on disk; nothing is sent",
    "sweep.recorded": "a sweep and the receipts of its children are on disk; none of them has begun",
    "prices.known": "the prices that were asked for are recorded; the order is not decided on",
    "prices.recorded": "the order at these prices is on disk; it is not sent",
    "request.unwritten": "a trade request goes to the socket next",
    "request.written": "a trade request was handed to the socket; no answer has been heard",
    "answer.heard": "the request was answered, which is not recorded",
    "answer.recorded": "the answer is recorded; the result is not there",
    "result.proposed": "the result of a request is in the books and not on disk",
    "result.recorded": "the result is on disk",
    "deals.proposed": "pushed deals are in the books and not on disk",
    "deals.recorded": "pushed deals are on disk",
    "outcome.recorded": "a command's outcome is on disk; nobody has been told",
    "reply.ready": "a reply is to be sent",
    "reply.sent": "a reply was handed to NATS",
    # a doubt
    "scan.heard": "the venue's lists are here; unknown commands are not looked for in them yet",
    "verdict.proposed": "what became of an unknown command is in the books and not on disk",
    "scan.judged": "the lists were looked through, and what they say is on disk",
    # the durable queue
    "queue.handled": "a durable command is written down and not acknowledged",
    "queue.acknowledged": "a durable command was acknowledged",
    # the stream
    "outbox.read": "events were read for the stream and not published",
    "outbox.published": "events were handed to NATS; no acknowledgement was heard",
    "outbox.acknowledged": "the stream has acknowledged events",
    # the end
    "stop.recorded": "the end of the daemon is recorded; not all of it is published",
    "snapshot.written": "a snapshot is on disk, under another name",
    "snapshot.replaced": "a snapshot is in its place",
}


class _Armed:
    """The point that ends the process, and how often it is passed before."""

    def __init__(self, name: str, times: int) -> None:
        self.name, self.left = name, times

    def reach(self, name: str) -> None:
        if name == self.name:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


_armed: _Armed | None = None


def reach(name: str) -> None:
    """Here is a point of that name, one of POINTS; where it is armed, this may be the end."""
    if _armed is not None:
        _armed.reach(name)


def arm(text: str) -> None:
    """Arm what OMS_FAILPOINT says: a name, or `name:n` for the n-th time it is reached; "" disarms.

    Raises ValueError, which says what is wrong.
    """
    global _armed
    name, colon, times = text.partition(":")
    if not text:
        _armed = None
    elif name not in POINTS:
        raise ValueError(f"{VARIABLE}: there is no point {ascii(name)[:60]}")
    elif colon and not (times.isascii() and times.isdigit() and int(times)):
        raise ValueError(f"{VARIABLE}: behind the colon stands a number from 1, not {ascii(times)[:60]}")
    else:
        _armed = _Armed(name, int(times or 1))
