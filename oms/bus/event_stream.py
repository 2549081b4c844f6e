"""The stream of an account's events: made where it is absent, looked at before anything goes into it.

Stream sequence = journal seq, so the bodies of its first and its last message say whether it is the copy of
this journal, up to where.
"""

from typing import Final, Literal, NamedTuple

from nats.aio.client import Client
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig, StreamInfo
from nats.js.errors import NotFoundError

from oms.eventlog.reader import Reader

from . import subjects
from .event_messages import epoch

# The server forgets ids of messages after that; the fence is what keeps doubles out.
DUPLICATES_S: Final = 10.0

Failed = Literal["", "stream_ahead", "another_epoch", "another_body", "stream_unfit", "journal_damaged"]


class Found(NamedTuple):
    """What a stream holds."""

    last: int  # its last sequence, 0 = none ever
    first_body: bytes | None  # of sequence 1; None where that is gone
    last_body: bytes | None
    unfit: str  # what of its configuration cannot be; empty where it can


class Verdict(NamedTuple):
    """What follows."""

    failed: Failed
    text: str


GOOD: Final = Verdict("", "")


async def look(client: Client, prefix: str, account: str, replicas: int, within_s: float) -> Found:
    """The stream, made if there is none; runs in the asyncio thread.  Raises nats-py's errors."""
    jetstream = client.jetstream(timeout=within_s)
    name, subject = subjects.stream(account), subjects.events(prefix, account)
    try:
        info = await jetstream.stream_info(name)
    except NotFoundError:
        info = await jetstream.add_stream(_wanted(name, subject, replicas))
    last = info.state.last_seq
    bodies = []
    for seq in (1, last):
        try:
            message = await jetstream.get_msg(name, seq) if last else None
        except NotFoundError:
            message = None
        bodies.append(message.data or b"" if message else None)
    return Found(last, bodies[0], bodies[1], _unfit(info, subject))


def judged(account: str, found: Found, journal: Reader) -> Verdict:
    """Whether this journal may go on behind what the stream holds."""
    name = subjects.stream(account)
    if found.unfit:
        return Verdict("stream_unfit", f"{name}: {found.unfit}")
    if not found.last:
        return GOOD
    if found.first_body is None or found.last_body is None:
        return Verdict("stream_unfit", f"{name}: messages were removed from it, it cannot be compared")
    first, last, own = journal.get(1), journal.get(found.last), journal.last()
    if first is not None and first.body != found.first_body:
        ours, theirs = epoch(first.body), epoch(found.first_body)
        if ours != theirs:
            return Verdict(
                "another_epoch",
                f"{name} belongs to another journal of account {account}: epoch {theirs}, and ours is {ours}",
            )
        return Verdict("another_body", f"{name}: its first message is not our first event")
    if last is None:
        return Verdict(
            "stream_ahead",
            f"{name} is ahead: it ends at {found.last}, the journal at {own}. The journal is an old copy, or "
            "a second daemon has this account. Restore the journal from the stream",
        )
    if last.body != found.last_body:
        return Verdict(
            "another_body",
            f"{name}: its message {found.last} is not our event {found.last}. Somebody else published it, or "
            "a second daemon has this account",
        )
    return GOOD


def _wanted(name: str, subject: str, replicas: int) -> StreamConfig:
    return StreamConfig(
        name=name,
        subjects=[subject],
        retention=RetentionPolicy.LIMITS,
        discard=DiscardPolicy.NEW,
        storage=StorageType.FILE,
        num_replicas=replicas,
        duplicate_window=DUPLICATES_S,
        deny_delete=True,
        deny_purge=True,
        allow_direct=True,
    )


def _unfit(info: StreamInfo, subject: str) -> str:
    """Operators may make the stream themselves, with replicas, placement, compression; not with limits."""
    config = info.config
    if config.subjects != [subject]:
        return f"its subjects are {', '.join(config.subjects or ())}, and have to be {subject}"
    for name in ("max_msgs", "max_bytes", "max_age", "max_msgs_per_subject"):
        limit = getattr(config, name)
        if limit is not None and limit > 0:
            return f"{name} is {limit:g}: events would be lost; take the limit away"
    return ""
