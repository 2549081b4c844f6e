"""What can go wrong with NATS, by name.  No text here ever holds a secret."""

from nats.js.errors import APIError


class BusError(Exception):
    """Any of these."""


class BadOptions(BusError, ValueError):
    """How to connect makes no sense; `field` is the option."""

    def __init__(self, field: str, message: str) -> None:
        self.field, self.message = field, message
        super().__init__(f"{field}: {message}")


class NotConnected(BusError):
    """There is no connection, or it ended while it was used; the text says why, where that is known."""


class NoResponders(BusError):
    """Nobody listens to that subject."""


class TimedOut(BusError):
    """Somebody may listen, but no answer came in time."""


class Refused(BusError):
    """JetStream said no, or nothing; the text says why."""


def text_of(error: Exception) -> str:
    """Of ours or of nats-py's, for people."""
    if isinstance(error, APIError):
        return error.description or "JetStream does not answer"
    return str(error).removeprefix("nats: ")
