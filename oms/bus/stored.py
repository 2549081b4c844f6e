"""The events that an account's stream holds, from its first on: what a lost journal is made anew of.

Message by message, many asked for at once: that needs the least of permissions, and no consumer.
"""

import asyncio
from typing import Final

import nats.errors
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from . import subjects
from .bridge import Connection
from .errors import Refused, text_of

HASH: Final = "Oms-Hash"
WITHIN_S: Final = 10.0  # for each answer
Stored = tuple[bytes, str]  # the body, and the hash of the chain that was told with it, in hex


async def last_stored(connection: Connection, account: str) -> int:
    """The last sequence of the stream.  Raises Refused where there is none, BusError."""
    name = subjects.stream(account)
    try:
        return await connection.run(_last, name)
    except NotFoundError:
        raise Refused(f"{name}: there is no such stream") from None
    except nats.errors.Error as why:
        raise Refused(f"{name}: {text_of(why)}") from None


async def stored(connection: Connection, account: str, first: int, last: int) -> list[Stored]:
    """The messages of these sequences, both ends among them.  Raises Refused where one is gone, BusError."""
    name = subjects.stream(account)
    try:
        return await connection.run(_messages, name, first, last)
    except NotFoundError:
        raise Refused(f"{name}: a message from {first} to {last} is gone") from None
    except nats.errors.Error as why:
        raise Refused(f"{name}: {text_of(why)}") from None


async def _last(client: Client, stream: str) -> int:
    info = await client.jetstream(timeout=WITHIN_S).stream_info(stream)
    return info.state.last_seq


async def _messages(client: Client, stream: str, first: int, last: int) -> list[Stored]:
    jetstream = client.jetstream(timeout=WITHIN_S)
    return list(await asyncio.gather(*(_message(jetstream, stream, seq) for seq in range(first, last + 1))))


async def _message(jetstream: JetStreamContext, stream: str, seq: int) -> Stored:
    message = await jetstream.get_msg(stream, seq)
    return message.data or b"", (message.headers or {}).get(HASH, "")
