"""What the bridge tells, and what it is given to keep."""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, Protocol

from nats.aio.client import Client


class LinkChange(NamedTuple):
    """Something about the connection, as it happens.  The text holds no secret."""

    what: Literal["connected", "disconnected", "failed", "trouble"]  # failed: to connect
    text: str


class Message(NamedTuple):
    """A message from NATS."""

    subject: str
    payload: bytes
    headers: Mapping[str, str]


class Attachment(Protocol):
    """Something that has to be set up anew on each connection; called in the asyncio thread."""

    async def begin(self, client: Client) -> None:
        """On each connection, before anybody hears of it."""
        ...

    async def end(self, client: Client) -> None:
        """When it is given up while there is a connection."""
        ...


class Limits(NamedTuple):
    """How long things may take, in seconds."""

    connect_s: float = 5.0  # one attempt
    first_s: float = 0.1  # between attempts, doubling, give or take half of it; the first is at once
    longest_s: float = 5.0
    settled_s: float = 5.0  # a connection that lasted so long was one, and the next attempt is a first
    ping_s: int = 5  # three without an answer end a connection
    close_s: float = 2.0  # to send what was handed over; as long again to say goodbye


class Near(Protocol):
    """Trio's side, to be called by way of `tell`."""

    def tell(self, deliver: Callable[[], None]) -> None:
        """Have something called in Trio."""
        ...

    def connected_to(self, client: Client, url: str) -> None:
        """A connection is there."""
        ...

    def disconnected(self, text: str) -> None:
        """It ended."""
        ...

    def failed(self, text: str) -> None:
        """None came about."""
        ...

    def troubled(self, text: str) -> None:
        """Something went wrong, and it goes on."""
        ...

    def has_room(self) -> None:
        """The backlog is smaller."""
        ...
