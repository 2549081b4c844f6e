"""When what keeps failing is asked for no more: a circuit breaker, told the time (docs/design.md 8).

CLOSED lets every call through and counts failures in a row; so many open it.  OPEN lets none through until
its pause is over.  HALF_OPEN lets one through, the trial: where that works the breaker closes, where it fails
the next pause is twice as long, up to a limit.  A trial that comes to nothing makes room for another.

What becomes of a call that was let through before the last change of state is old news, and changes nothing.
"""

from typing import Final, Literal, NamedTuple

State = Literal["closed", "open", "half_open"]
CLOSED: Final[State] = "closed"
OPEN: Final[State] = "open"
HALF_OPEN: Final[State] = "half_open"

MOST_DOUBLINGS: Final = 16


class Limits(NamedTuple):
    """When it opens, and for how long; seconds."""

    failures: int = 5  # in a row
    pause_s: float = 10.0  # the first time; then twice as long each time
    limit_s: float = 300.0


class Breaker:
    """One of them; every `now` is of the same steady clock, in seconds."""

    def __init__(self, limits: Limits) -> None:
        self.state: State = CLOSED
        self.failures = 0  # in a row
        self.until = 0.0  # of OPEN: when its pause is over
        self._limits = limits
        self._openings = 0  # in a row
        self._period = 0  # how often the state has changed
        self._trying = False  # of HALF_OPEN: the trial is on its way

    def admits(self, now: float) -> bool:
        """Whether a call would be let through."""
        match self.state:
            case "closed":
                return True
            case "open":
                return now >= self.until
        return not self._trying

    def begin(self, now: float) -> int | None:
        """Let a call through: what its verdict has to name; None where it is not let through."""
        if not self.admits(now):
            return None
        if self.state == OPEN:
            self._become(HALF_OPEN)
        self._trying = self.state == HALF_OPEN
        return self._period

    def worked(self, period: int) -> None:
        """A call was answered, be it with a refusal."""
        if period != self._period:
            return
        self.failures = 0
        if self.state == HALF_OPEN:
            self.close()

    def answered(self, period: int) -> None:
        """A call was taken on: of a trial that is enough, so that nobody waits for its outcome."""
        if period == self._period and self.state == HALF_OPEN:
            self.close()

    def failed(self, period: int, now: float) -> None:
        """A call was not answered, or with nothing that can be read."""
        if period != self._period:
            return
        self.failures += 1
        if self.state == HALF_OPEN or self.failures >= self._limits.failures:
            pause_s = self._limits.pause_s * 2.0 ** min(self._openings, MOST_DOUBLINGS)
            self.until = now + min(self._limits.limit_s, pause_s)
            self._openings += 1
            self._become(OPEN)

    def dropped(self, period: int) -> None:
        """A call came to nothing: it was never sent, or what became of it says nothing of the venue."""
        if period == self._period:
            self._trying = False

    def close(self) -> None:
        """As at first: all is forgotten."""
        self.failures = self._openings = 0
        self._become(CLOSED)

    def _become(self, state: State) -> None:
        self.state, self._trying = state, False
        self._period += 1
