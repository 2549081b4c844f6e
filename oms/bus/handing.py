"""Messages handed to NATS one after the other, and taken by it before anything goes on."""

from collections.abc import Sequence
from typing import Protocol

from nats.aio.client import Client

from .bridge import Connection


class Sendable(Protocol):
    """A message of core NATS."""

    @property
    def subject(self) -> str:
        """Where to."""
        ...

    @property
    def body(self) -> bytes:
        """Its payload."""
        ...

    @property
    def headers(self) -> dict[str, str]:
        """None are none."""
        ...


async def hand_over(connection: Connection, messages: Sequence[Sendable]) -> None:
    """Publish them in order; the server has them when this returns.  Raises BusError, nats-py errors."""
    await connection.run(_publish, messages)


async def _publish(client: Client, messages: Sequence[Sendable]) -> None:
    for one in messages:
        await client.publish(one.subject, one.body, headers=one.headers or None)
    await client.flush()
