"""What can go wrong with NATS, by name.  No text here ever holds a secret."""


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
