"""What is stored of an event: the envelope, made of what the writer gives and what the journal adds.

The body is the whole envelope as canonical JSON.  Everything that can be refused is refused when a draft is
taken apart, before it meets those of others; sealing it with its seq and time then cannot fail.
"""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from .canonical import LARGEST, canonical
from .errors import Damaged, LocalError

EVENT_BYTES: Final = 256 * 1024  # of a body
TAG: Final = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*")
TAG_LENGTH: Final = 64
WORD_LENGTH: Final = 256  # bytes of venue_time, cause, trace as JSON
KINDS: Final = (int, str, bytes, bytes)  # of a row's columns
SECONDS: Final = len("2026-11-21T10:00:00")
PLAIN_LENGTH: Final = 40  # letters of ASCII; six bytes each, if all were escaped


class Draft(NamedTuple):
    """An event to be appended: its stored tag and version, and what the writer knows of it."""

    type: str
    version: int
    data: dict[str, Any] | msgspec.Struct
    venue_time: str | None = None  # server time, RFC 3339 with the offset then in force
    cause: str | int | None = None  # the id of a command, or a seq
    trace: str | None = None


class Envelope(msgspec.Struct, frozen=True):
    """A stored event, decoded; `part` of `parts` is there where one event became several."""

    account: str
    cause: str | int | None
    data: dict[str, Any]
    recorded_at: str  # UTC, RFC 3339 with nanoseconds
    seq: int
    trace: str | None
    type: str
    venue_time: str | None
    version: int
    part: int | None = None
    parts: int | None = None


class _Moment(msgspec.Struct, frozen=True, gc=False):
    recorded_at: str


class Recorded(NamedTuple):
    """A row of a journal."""

    seq: int
    type: str
    body: bytes
    hash: bytes

    def envelope(self) -> Envelope:
        """The body, decoded."""
        return _decode(self.body)

    @property
    def recorded_at(self) -> str:
        """When it was recorded, as its body says; a tenth of the time of decoding all of that."""
        return _decode_moment(self.body).recorded_at


def recorded(path: Path, row: tuple[Any, ...]) -> Recorded:
    """A row as SQLite gave it; Damaged where a column holds what no writer put there."""
    for name, value, kind in zip(Recorded._fields, row, KINDS, strict=True):
        if type(value) is not kind:
            what = "text" if kind is str else "blob"
            raise Damaged(path, f"seq {row[0]}: its {name} is no {what}, but {ascii(value)[:40]}")
    return Recorded(*row)


class Prepared(NamedTuple):
    """A draft that will be stored: its data are canonical JSON already."""

    type: str
    version: int
    data: bytes
    venue_time: str | None
    cause: str | int | None
    trace: str | None
    part: int | None = None
    parts: int | None = None


class _Sealed(msgspec.Struct, frozen=True):
    """The envelope as it is written: fields in the order of their names, data as they are."""

    account: str
    cause: str | int | None
    data: msgspec.Raw
    part: int | msgspec.UnsetType  # left out of what is whole; all other fields are there, null or not
    parts: int | msgspec.UnsetType
    recorded_at: str
    seq: int
    trace: str | None
    type: str
    venue_time: str | None
    version: int


_decode = msgspec.json.Decoder(Envelope).decode
_decode_moment = msgspec.json.Decoder(_Moment).decode
_encode = msgspec.json.Encoder().encode


def prepared(draft: Draft) -> Prepared:
    """The draft with its data as canonical JSON; LocalError where it cannot be stored."""
    if not TAG.fullmatch(draft.type) or len(draft.type) > TAG_LENGTH:
        raise LocalError(
            "type", f"{ascii(draft.type)[:80]} is no tag: small words with dots, at most {TAG_LENGTH}"
        )
    data = canonical(draft.data, "data")
    if not data.startswith(b"{"):
        raise LocalError("data", "is no object")
    for name in ("version", "venue_time", "cause", "trace"):
        word = getattr(draft, name)
        if not _is_plain(word) and len(canonical(word, name)) > WORD_LENGTH:
            raise LocalError(name, f"is longer than {WORD_LENGTH} bytes")
    return Prepared(draft.type, draft.version, data, draft.venue_time, draft.cause, draft.trace)


def _is_plain(word: object) -> bool:
    """Whether a word needs no closer look, as nearly all."""
    if isinstance(word, str):
        return len(word) <= PLAIN_LENGTH and word.isascii()
    return word is None or (type(word) is int and 0 <= word <= LARGEST)


def sealed(row: Prepared, account: str, seq: int, recorded_at: str) -> bytes:
    """The body of a row: its whole envelope as canonical JSON."""
    return _encode(
        _Sealed(
            account,
            row.cause,
            msgspec.Raw(row.data),
            msgspec.UNSET if row.part is None else row.part,
            msgspec.UNSET if row.parts is None else row.parts,
            recorded_at,
            seq,
            row.trace,
            row.type,
            row.venue_time,
            row.version,
        )
    )


def rfc3339(at_ns: int) -> str:
    """A moment of UTC, nanoseconds since 1970, as text; such texts sort as the moments do."""
    seconds, rest = divmod(at_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat()[:SECONDS]}.{rest:09d}Z"
