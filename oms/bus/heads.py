"""Signed heads of the journals in NATS: one stream for all accounts, away from the journals' disk.

Of each account the latest are kept.  A head speaks for all events before it, so one is enough to show that
something was changed; those before it tell where.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import nats.errors
from nats.aio.client import Client
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NoStreamResponseError, NotFoundError

from .bridge import Connection
from .errors import Refused, text_of
from .subjects import PREFIX, head

STREAM: Final = "OMS_HEAD"
KEPT: Final = 2000  # of an account
WITHIN_S: Final = 5.0  # for an answer of JetStream


async def publish_head(
    connection: Connection,
    account: str,
    line: bytes,
    *,
    prefix: str = PREFIX,
    replicas: int = 1,
    within_s: float = WITHIN_S,
) -> None:
    """Return when the stream holds it.  `replicas` of the stream, if it has to be made.

    Raises BusError.
    """
    wanted = _wanted(head(prefix, "*"), replicas)
    with _told():
        await connection.run(_publish, head(prefix, account), line, wanted, within_s)


async def read_heads(
    connection: Connection, *, prefix: str = PREFIX, api: str = "", within_s: float = WITHIN_S
) -> list[bytes]:
    """All that the stream holds, oldest first.

    `api` is the prefix of JetStream's own subjects, where another account of NATS lends it.  Raises Refused
    where it says no, BusError.
    """
    with _told():
        return await connection.run(_read, head(prefix, "*"), api, within_s)


@contextmanager
def _told() -> Iterator[None]:
    """nats-py's errors as ours."""
    try:
        yield
    except nats.errors.Error as why:
        raise Refused(f"{STREAM}: {text_of(why)}") from None


async def _publish(client: Client, subject: str, line: bytes, stream: StreamConfig, within_s: float) -> None:
    """The stream is looked for only where none takes it: this is said every minute."""
    jetstream = client.jetstream(timeout=within_s)
    try:
        await jetstream.publish(subject, line, stream=STREAM)
    except NoStreamResponseError:
        try:
            info = await jetstream.stream_info(STREAM)
        except NotFoundError:
            await jetstream.add_stream(stream)
            await jetstream.publish(subject, line, stream=STREAM)
        else:
            told = ", ".join(info.config.subjects or ())
            raise Refused(f"{STREAM}: its subjects are {told}, not {subject}") from None


async def _read(client: Client, subjects: str, api: str, within_s: float) -> list[bytes]:
    """One by one: that needs the least of permissions, and no consumer."""
    jetstream = client.jetstream(timeout=within_s, **({"prefix": api} if api else {}))
    found: list[bytes] = []
    seq = 1
    try:
        last = (await jetstream.stream_info(STREAM)).state.last_seq
        while seq <= last:
            message = await jetstream.get_msg(STREAM, seq, subjects, next=True)
            found.append(message.data or b"")
            seq = (message.seq or seq) + 1
    except NotFoundError:  # the rest is gone, to make room for younger ones; or there is no stream
        if not found:
            raise Refused(f"{STREAM}: there is no head in it") from None
    return found


def _wanted(subjects: str, replicas: int) -> StreamConfig:
    return StreamConfig(
        name=STREAM,
        description="signed heads of the journals",
        subjects=[subjects],
        retention=RetentionPolicy.LIMITS,
        discard=DiscardPolicy.OLD,
        storage=StorageType.FILE,
        max_msgs_per_subject=KEPT,
        num_replicas=replicas,
        deny_delete=True,
        deny_purge=True,
    )
