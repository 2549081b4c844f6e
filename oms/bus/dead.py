"""Dead letters: commands that could not be read, kept with the reasons, so that somebody can look at them.

One stream for all daemons, made at the first letter.  A letter counts as written only when JetStream has said
so; otherwise whoever wrote it is told, and nothing is dropped in silence.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote

import nats.errors
import trio
from nats.aio.client import Client
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NoStreamResponseError, NotFoundError

from oms.domain.events.command import Reason

from . import sizes
from .bridge import Bridge
from .errors import BusError, NotConnected, Refused, text_of
from .subjects import PREFIX, dead

STREAM: Final = "OMS_DEAD"
DAYS: Final = 30
DAY_S: Final = 86_400
BYTES: Final = 1_000_000_000  # of the stream; the oldest letters go first
MOST_REASONS: Final = 20
MOST_TEXT: Final = 200  # characters of a reason's text, of a header that is kept
WITHIN_S: Final = 5.0
KEPT: Final = ("Content-Type", "traceparent", "Oms-Reply")  # of the command's headers
PRINTABLE: Final = "".join(map(chr, range(0x21, 0x7F)))


async def dead_letter(
    bridge: Bridge,
    account: str,
    subject: str,
    payload: bytes,
    headers: Mapping[str, str],
    reasons: Sequence[Reason],
    *,
    prefix: str = PREFIX,
    identity: str = "",
    replicas: int = 1,
    within_s: float = WITHIN_S,
) -> None:
    """Write one, and return when the stream holds it.

    `subject` and `headers` are those that the command came with.  Of two with the same `identity` within two
    minutes the stream keeps one.  `replicas` of the stream, if it has to be made.  Raises Refused, with the
    cause in words, where that did not come about.
    """
    told = letter_headers(account, subject, len(payload), headers, reasons)
    if identity:
        told["Nats-Msg-Id"] = identity
    where, kept = dead(prefix, account), payload[: sizes.PAYLOAD]
    stream = _wanted(dead(prefix, "*"), replicas)
    why = f"no answer within {within_s:g} s"
    with trio.move_on_after(within_s):
        try:
            connection = await bridge.connection()
            await connection.run(_write, where, kept, told, stream, within_s)
        except NotConnected as error:
            why = str(error)
        except (BusError, nats.errors.Error) as error:
            why = text_of(error)
        else:
            return
    raise Refused(f"{STREAM}: {why if bridge.connected else bridge.trouble}")


def letter_headers(
    account: str, subject: str, size: int, headers: Mapping[str, str], reasons: Sequence[Reason]
) -> dict[str, str]:
    """What is told of a command of so many bytes; ASCII, whatever it came with."""
    told = {name: headers[name] for name in KEPT if _fits(headers.get(name))}
    told["Oms-Account"] = account
    told["Oms-Subject"] = quote(subject, safe=PRINTABLE, errors="backslashreplace")
    told["Oms-Reason"] = json.dumps([_shown(one) for one in reasons[:MOST_REASONS]], separators=(",", ":"))
    if size > sizes.PAYLOAD:
        told["Oms-Size"] = str(size)
    return told


def _fits(value: str | None) -> bool:
    return value is not None and len(value) <= MOST_TEXT and value.isascii() and value.isprintable()


def _shown(reason: Reason) -> dict[str, str | int]:
    """Without what it does not say, long texts cut."""
    found: dict[str, str | int] = {}
    for name in reason.__struct_fields__:
        value = getattr(reason, name)
        if value not in (None, ""):
            found[name] = value[:MOST_TEXT] if isinstance(value, str) else value
    return found


async def _write(
    client: Client,
    subject: str,
    payload: bytes,
    headers: dict[str, str],
    stream: StreamConfig,
    within_s: float,
) -> None:
    """The stream first: a letter that none takes would be heard by listeners all the same."""
    jetstream = client.jetstream(timeout=within_s)
    try:
        info = await jetstream.stream_info(STREAM)
    except NotFoundError:
        info = await jetstream.add_stream(stream)
    try:
        await jetstream.publish(subject, payload, stream=STREAM, headers=headers)
    except NoStreamResponseError:
        raise Refused(f"its subjects are {', '.join(info.config.subjects or ())}, not {subject}") from None


def _wanted(subjects: str, replicas: int) -> StreamConfig:
    return StreamConfig(
        name=STREAM,
        description="commands that could not be read",
        subjects=[subjects],
        retention=RetentionPolicy.LIMITS,
        discard=DiscardPolicy.OLD,
        storage=StorageType.FILE,
        max_age=DAYS * DAY_S,
        max_bytes=BYTES,
        num_replicas=replicas,
    )
