"""What keeps the daemon from a venue, by name: who supervises a session catches it, and nobody else.

`Ended` is the one value that tells how a connection ended, and what it leaves unanswered.
"""

from enum import Enum

import msgspec

from protocol.messages import Request


class Reason(Enum):
    """How a connection ended."""

    CLOSED = "closed"  # the gateway closed the WebSocket, with a code or without
    LOST = "lost"  # it broke off
    SILENT = "silent"  # the watchdog: no byte, or no answer to a ping, for too long
    VIOLATION = "violation"  # the gateway spoke no proper WebSocket
    POISONED = "poisoned"  # a request had no answer in time: a new session is needed
    LEFT = "left"  # we closed it


class Ended(msgspec.Struct, frozen=True):
    """The end of a connection.  Nobody knows what became of `unanswered`; of `unsent` no byte left."""

    reason: Reason
    code: int | None = None  # the WebSocket close code, where one was told
    detail: str = ""
    unanswered: tuple[Request, ...] = ()
    unsent: tuple[Request, ...] = ()

    @property
    def ours(self) -> bool:
        """Whether we ended it, though the venue was there."""
        return self.reason in (Reason.LEFT, Reason.POISONED)

    def __str__(self) -> str:
        told = (
            [self.reason.value] + ([str(self.code)] if self.code else []) + [self.detail] * bool(self.detail)
        )
        return f"{' '.join(told)} ({len(self.unanswered)} unanswered, {len(self.unsent)} unsent)"


class Outage(Exception):
    """The venue cannot be used at present."""


class CannotConnect(Outage):
    """No connection came about; `status` is the HTTP status that a handshake was refused with."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class RequestFailed(Outage):
    """A request has no answer that can be used; where `sent` is true, it may have been carried out."""

    def __init__(self, request: Request, why: str, *, sent: bool) -> None:
        super().__init__(f"command {request.command}: {why}")
        self.request = request
        self.sent = sent

    @property
    def counts(self) -> bool:
        """Whether it says something of the venue: it was asked, and gave nothing that can be used."""
        return self.sent


class ConnectionEnded(RequestFailed):
    """The connection ended before the answer came."""

    def __init__(self, request: Request, ended: Ended, *, sent: bool) -> None:
        super().__init__(request, f"the connection ended: {ended}", sent=sent)
        self.ended = ended

    @property
    def counts(self) -> bool:
        """Not where we ended it ourselves, because of another request or to leave."""
        return self.sent and not self.ended.ours


class TimedOut(RequestFailed):
    """No answer in time.  A request that was sent has poisoned its command for this session."""


class Stranded(RequestFailed):
    """Never sent: a request of the same command before it had no answer in time."""


class AnswerUnreadable(RequestFailed):
    """The answer came, and is no body of its command; the cause holds it as evidence."""
