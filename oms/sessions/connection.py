"""Requests, their answers, and everything else that is heard, on one connection to a venue.

Between a `protocol.Session` and whoever asks.  An answer goes to its asker; all other messages go, in order
and a list per read, to one synchronous listener, before any asker of that read runs.  An answer whose asker
has gone is told to the listener too: nothing that came is lost.

The end of a connection is one value, `Ended`, whatever its cause; the first cause counts.  With it every
request that waits fails, and nothing is heard any more.

The awkward moment: a request counts as sent from the moment it is handed to the sender.  One that waits for
bytes in front of it may be called unanswered though no byte of it left: doubt is the safe side.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

import trio

from oms.failpoints import reach
from protocol.drift import NO_DRIFT
from protocol.errors import RemoteProtocolError
from protocol.messages import Answer, Late, Message, Push, Refused, Request, Unknown, Unsolicited
from protocol.session import Session, UnreadableBody

from .outage import AnswerUnreadable, ConnectionEnded, Ended, Reason, RequestFailed, Stranded, TimedOut
from .tap import MAX_MESSAGE_BYTES, Gate, Tap

ANSWER_S: Final = 30.0
TRADE, PING = 12, 51


class Unread(NamedTuple):
    """A frame that could not be read, other than an answer that somebody waits for: evidence."""

    why: RemoteProtocolError
    frame: bytes

    def __repr__(self) -> str:
        """Without the frame, which may hold a ticket."""
        return f"Unread({self.why}, {len(self.frame)} bytes)"


Heard = Message | Unread
Hear = Callable[[list[Heard]], None]


@dataclass(slots=True)
class Counters:
    """What was met on a connection, apart from what the tap counts."""

    drift: int = 0  # messages with something that the tables do not know
    unread: int = 0  # frames that could not be read, answers among them
    unknown: int = 0  # frames of commands that the table does not hold
    late: int = 0
    unsolicited: int = 0
    text: int = 0  # text messages, which no gateway sends: dropped


class _Waiter:
    """Somebody who asked."""

    __slots__ = ("asked_at", "outcome", "settled", "settled_at")

    def __init__(self) -> None:
        self.asked_at = self.settled_at = trio.current_time()
        self.settled = trio.Event()
        self.outcome: Answer | Refused | RequestFailed | None = None

    def settle(self, outcome: Answer | Refused | RequestFailed) -> None:
        self.outcome, self.settled_at = outcome, trio.current_time()
        self.settled.set()


class Connection:
    """A conversation with a venue over this stream; `link` makes it, and moves its bytes."""

    def __init__(
        self,
        session: Session,
        stream: trio.abc.Stream,
        hear: Hear,
        *,
        max_message_size: int = MAX_MESSAGE_BYTES,
        answer_s: float = ANSWER_S,
        gate: Gate | None = None,
    ) -> None:
        """`answer_s` is how long an answer is waited for where nobody says otherwise; `gate` is the tap's."""
        self.session = session
        self.tap = Tap(stream, self._receive, max_message_size=max_message_size, gate=gate)
        self.counters = Counters()
        self.round_trip_s: float | None = None  # of the last ping
        self.over: Ended | None = None
        self._hear, self._answer_s = hear, answer_s
        self._waiting: dict[Request, _Waiter] = {}
        self._outgoing: deque[bytes] = deque()  # at most what the session has in flight
        self._posted = trio.Event()
        self._ended = trio.Event()

    def __repr__(self) -> str:
        return f"<Connection {self.over or 'open'} {self.session!r}>"

    # Asking.

    async def ask(self, request: Request, timeout_s: float | None = None) -> Answer | Refused:
        """What the venue answers; a queue of the session's is waited in first, on the same time.

        `LocalProtocolError` when the session does not allow it: nothing was sent.  `RequestFailed` when there
        is no answer that can be used; it tells whether the request was sent.  No answer in time to a request
        that was sent poisons its command for this session, and command 12 ends the connection.

        Cancelled from outside, the request stays in flight: its answer goes to the listener.
        """
        if self.over is not None:
            raise ConnectionEnded(request, self.over, sent=False)
        message = self.session.send(request)
        waiter = self._waiting[request] = _Waiter()
        timeout_s = self._answer_s if timeout_s is None else timeout_s
        try:
            with trio.move_on_after(timeout_s) as patience:
                if message is not None:
                    _reach("request.unwritten", request)
                    await self._send(message, patience)
                    _reach("request.written", request)
                await waiter.settled.wait()
        finally:
            self._waiting.pop(request, None)
        if waiter.outcome is None:
            raise self._given_up(request, timeout_s)
        if isinstance(waiter.outcome, RequestFailed):
            raise waiter.outcome
        if request.command == PING:
            self.round_trip_s = waiter.settled_at - waiter.asked_at
        return waiter.outcome

    def _given_up(self, request: Request, timeout_s: float) -> TimedOut:
        sent = self.session.in_flight.get(request.command) is request
        behind = self.session.declare_timeout(request)
        if sent:
            for other in behind:
                self._settle(other, Stranded(other, "not sent: one before it had no answer", sent=False))
            if request.command == TRADE:
                self.end(Reason.POISONED, detail="a trade request had no answer")
        return TimedOut(request, f"no answer within {timeout_s:g} s", sent=sent)

    def _settle(self, request: Request, outcome: Answer | Refused | RequestFailed) -> bool:
        """Tell whoever asked this; False where nobody waits for it."""
        waiter = self._waiting.pop(request, None)
        if waiter is not None:
            waiter.settle(outcome)
        return waiter is not None

    # Sending.

    async def _send(self, message: bytes, patience: trio.CancelScope) -> None:
        """On the wire at once where nobody else writes, before any other task runs; else by the sender.

        Only the end of `patience` stops it halfway, and that is the end of the connection: so nobody who is
        cancelled while asking leaves half a frame behind.
        """
        if self._outgoing or not self.tap.free:
            self._post([message])
            return
        patience.shield, written = True, False
        try:
            await self.tap.send_message(message)
            written = True
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self.end(Reason.LOST)
        finally:
            patience.shield = False
            if not written:
                self.end(Reason.SILENT, detail="the venue reads nothing")

    def _post(self, messages: list[bytes]) -> None:
        if messages:
            self._outgoing.extend(messages)
            self._posted.set()

    async def outgoing(self) -> bytes:
        """The next message to send."""
        while not self._outgoing:
            self._posted = trio.Event()
            await self._posted.wait()
        return self._outgoing.popleft()

    # Hearing.

    def _receive(self, frames: list[bytes]) -> None:
        """The frames of one read: every tick passes here."""
        if self.over is not None:
            return
        heard: list[Heard] = []
        read, append = self.session.read, heard.append
        for frame in frames:
            try:
                message = read(frame)
            except RemoteProtocolError as why:
                self._garbled(why, frame, heard)
                continue
            if isinstance(message, Push):
                if message.drift is not NO_DRIFT:
                    self.counters.drift += 1
                append(message)
            elif message is not None:
                self._sort(message, heard)
        self._post(self.session.released())
        if heard:
            self._hear(heard)

    def _sort(self, message: Message, heard: list[Heard]) -> None:
        match message:
            case Answer(request=request) | Refused(request=request):
                self.counters.drift += isinstance(message, Answer) and message.drift is not NO_DRIFT
                if request is not None and self._settle(request, message):
                    return
            case Late():
                self.counters.late += 1
            case Unsolicited():
                self.counters.unsolicited += 1
            case Unknown():
                self.counters.unknown += 1
        heard.append(message)

    def _garbled(self, why: RemoteProtocolError, frame: bytes, heard: list[Heard]) -> None:
        """A frame that is none: the conversation goes on, as the official client's does."""
        self.counters.unread += 1
        request = why.request if isinstance(why, UnreadableBody) else None
        if request is not None:
            failure = AnswerUnreadable(request, f"the answer cannot be read: {why}", sent=True)
            failure.__cause__ = why
            if self._settle(request, failure):
                return
        heard.append(Unread(why, frame))

    # Ending.

    def end(self, reason: Reason = Reason.LEFT, *, code: int | None = None, detail: str = "") -> None:
        """End the conversation; nothing happens where it has ended already."""
        if self.over is not None:
            return
        given_up = [request for request in self.session.poisoned.values() if request is not None]
        left = self.session.close()
        unanswered = (*given_up, *left.unanswered)
        self.over = Ended(reason, code, detail, unanswered, tuple(left.unsent))
        for request in list(self._waiting):
            sent = any(one is request for one in unanswered)
            self._settle(request, ConnectionEnded(request, self.over, sent=sent))
        self._outgoing.clear()
        self._ended.set()

    async def ended(self) -> Ended:
        """How it ended, once it has."""
        await self._ended.wait()
        assert self.over is not None  # noqa: S101 - set with the event
        return self.over


def _reach(point: str, request: Request) -> None:
    """A point of trade requests."""
    if request.command == TRADE:
        reach(point)
