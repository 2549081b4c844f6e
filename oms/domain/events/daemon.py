"""Events of the daemon itself, in its own journal."""

from .fact import Fact


class DaemonStarted(Fact, frozen=True, tag="daemon.started"):
    """A daemon begins to hold accounts."""

    program: str  # its version
    accounts: tuple[str, ...] = ()  # labels


class DaemonStopped(Fact, frozen=True, tag="daemon.stopped"):
    """It ended in good order; where this is missing, it did not."""

    reason: str = ""
