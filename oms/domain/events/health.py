"""Events of how well a venue serves an account: its breakers, its quotes, its round trips."""

from .fact import Fact


class BreakerChanged(Fact, frozen=True, tag="breaker.changed"):
    """A class of calls is let through, is not, or is tried with one call."""

    call_class: str  # opening, changing, closing, prices, data
    state: str  # closed, open, half_open
    failures: int = 0  # in a row, that it saw
    until: str | None = None  # of open: when one is tried again, UTC, RFC 3339
    by: str = ""  # who, where a person closed it
    comment: str = ""


class FeedStale(Fact, frozen=True, tag="feed.stale"):
    """Trading sessions are open, and no tick of any symbol in them came for too long."""

    symbols: int  # that are watched, and whose session is open
    seconds: float  # since the last tick, or since they could come


class FeedLive(Fact, frozen=True, tag="feed.live"):
    """Ticks come again, or none are to be expected any more."""

    symbols: int  # whose session is open; 0: the market has closed
    seconds: float  # that it was silent


class LatencyDegraded(Fact, frozen=True, tag="latency.degraded"):
    """The round trip of our ping was too long for some time."""

    round_trip: float  # seconds, of the last ping
    limit: float  # seconds


class LatencyRestored(Fact, frozen=True, tag="latency.restored"):
    """It has been well below the limit for as long."""

    round_trip: float  # seconds, of the last ping
    limit: float  # seconds
