"""What an account's stream holds of some events: the copy that subscribers had, and when it was stored."""

from collections.abc import Iterable
from typing import Final, NamedTuple

import nats.errors
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from . import subjects
from .bridge import Connection
from .errors import Refused, text_of

WITHIN_S: Final = 5.0  # for each answer


class Copy(NamedTuple):
    """A message of the stream."""

    body: bytes
    stored_at: str  # by the server's clock, UTC, RFC 3339


async def copies(connection: Connection, account: str, seqs: Iterable[int]) -> dict[int, Copy]:
    """The messages of these sequences; those that are not there are left out, all where there is no stream.

    Raises Refused where JetStream does not answer, BusError.
    """
    name = subjects.stream(account)
    try:
        return await connection.run(_asked, name, tuple(seqs))
    except nats.errors.Error as why:
        raise Refused(f"{name}: {text_of(why)}") from None


async def _asked(client: Client, stream: str, seqs: tuple[int, ...]) -> dict[int, Copy]:
    jetstream = client.jetstream(timeout=WITHIN_S)
    found: dict[int, Copy] = {}
    for seq in seqs:
        try:
            message = await jetstream.get_msg(stream, seq)
        except NotFoundError:
            continue
        at = "" if message.time is None else message.time.isoformat().replace("+00:00", "Z")
        found[seq] = Copy(message.data or b"", at)
    return found
