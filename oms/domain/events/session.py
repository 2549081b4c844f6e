"""Events of one connection to the venue."""

from .fact import Fact


class SessionConnected(Fact, frozen=True, tag="session.connected"):
    """The WebSocket is open, the keys are exchanged."""

    url: str
    attempt: int = 1  # since the last session that became ready


class SessionAuthenticated(Fact, frozen=True, tag="session.authenticated"):
    """The venue accepted the login."""

    login: str
    by: str = "password"  # password, ticket


class SessionReady(Fact, frozen=True, tag="session.ready"):
    """Books and venue agree: trading may begin."""

    rounds: int = 1  # comparisons that it took
    seconds: float | None = None  # from connecting to here


class SessionEnded(Fact, frozen=True, tag="session.ended"):
    """The connection is over; requests without an outcome became unknown."""

    reason: str  # closed, lost, silent, violation, poisoned, left
    detail: str = ""
    code: int | None = None  # of the WebSocket close
    unanswered: int = 0  # requests
    ready: bool = False  # whether it had become ready


class SessionRefused(Fact, frozen=True, tag="session.refused"):
    """The venue refused the login."""

    code: int
    reason: str
    terminal: bool = False  # not tried again until an operator says so


class SessionLink(Fact, frozen=True, tag="session.link"):
    """The gateway's link to its trade server changed."""

    connected: bool
    state: int = 0  # as pushed; 0 connected
