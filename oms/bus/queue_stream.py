"""The stream of an account's durable commands, and the two consumers that take them from it.

A work queue: what is acknowledged is gone.  Its subjects name the verbs one by one, so that a mistyped verb
has no responder.  What takes risk away has a consumer of its own and overtakes the rest; within a consumer
one message at a time is on its way, in the order of the stream.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from nats.aio.client import Client
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
    StreamInfo,
)
from nats.js.errors import NotFoundError

from oms.domain.commands import REDUCING_VERBS, VERBS

from . import sizes, subjects

# `check` is not among them: it is a question, and nobody asks one for tomorrow.
QUEUED: Final = tuple(sorted(VERBS.keys() - {"check"}))
CLOSING, OPENING = "closing", "opening"
CONSUMERS: Final[Mapping[str, tuple[str, ...]]] = {
    CLOSING: tuple(verb for verb in QUEUED if verb in REDUCING_VERBS),
    OPENING: tuple(verb for verb in QUEUED if verb not in REDUCING_VERBS),
}

AGE_S: Final = 24 * 3600.0
MESSAGES: Final = 100_000  # that wait; more are refused
MESSAGE_BYTES: Final = sizes.PAYLOAD + 16 * 1024  # with headers; a larger one is refused


class Found(NamedTuple):
    """The stream as it stands."""

    created: datetime | None  # another one of the same name has another
    unfit: str  # what of its configuration cannot be; empty where it can


async def look(
    client: Client,
    prefix: str,
    account: str,
    replicas: int,
    known: datetime | None,
    *,
    ack_wait_s: float,
    within_s: float,
) -> Found:
    """The stream and its consumers, made where absent; runs in the asyncio thread.  Raises nats-py's errors.

    The consumers of a stream that was created when `known` says are left alone.  One that is not as it has to
    be is changed; the stream is not, for it is the operators' as well.
    """
    jetstream = client.jetstream(timeout=within_s)
    name = subjects.queue_stream(account)
    wanted = subjects.queued(prefix, account, QUEUED)
    try:
        info = await jetstream.stream_info(name)
    except NotFoundError:
        info = await jetstream.add_stream(_wanted(name, wanted, replicas))
    unfit = _unfit(info, wanted)
    if not unfit and (known is None or info.created != known):
        for consumer, verbs in CONSUMERS.items():
            filters = subjects.queued(prefix, account, verbs)
            await jetstream.add_consumer(name, _consumer(consumer, filters, ack_wait_s))
    return Found(info.created, unfit)


def _wanted(name: str, wanted: list[str], replicas: int) -> StreamConfig:
    return StreamConfig(
        name=name,
        subjects=wanted,
        retention=RetentionPolicy.WORK_QUEUE,
        discard=DiscardPolicy.NEW,  # a command that was accepted is not dropped for another
        storage=StorageType.FILE,
        num_replicas=replicas,
        max_age=AGE_S,
        max_msgs=MESSAGES,
        max_msg_size=MESSAGE_BYTES,
    )


def _consumer(name: str, filters: list[str], ack_wait_s: float) -> ConsumerConfig:
    return ConsumerConfig(
        name=name,
        durable_name=name,
        filter_subjects=filters,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=ack_wait_s,
        max_ack_pending=1,
        max_deliver=-1,
    )


def _unfit(info: StreamInfo, wanted: list[str]) -> str:
    """Operators may make the stream themselves, with replicas, placement, other bounds that lose nothing."""
    config = info.config
    if set(config.subjects or ()) != set(wanted):
        return f"its subjects are {', '.join(config.subjects or ())}, and have to be {', '.join(wanted)}"
    if config.retention != RetentionPolicy.WORK_QUEUE:
        return f"its retention is {_word(config.retention)}, and has to be workqueue"
    if config.storage != StorageType.FILE:
        return f"its storage is {_word(config.storage)}, and has to be file: commands would not be durable"
    if config.max_age and config.max_age < AGE_S:
        return f"max_age is {config.max_age:g} s, and has to be {AGE_S:g} or more: commands would be lost"
    if config.discard != DiscardPolicy.NEW:
        for name in ("max_msgs", "max_bytes", "max_msgs_per_subject"):
            limit = getattr(config, name)
            if limit is not None and limit > 0:
                return f"{name} is {limit} and discard is old: commands would be lost; let discard be new"
    return ""


def _word(value: object) -> str:
    return str(getattr(value, "value", value))
