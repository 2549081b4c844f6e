"""A snapshot file beside a journal: what its events came to, so that a start need not fold them all again.

It is never believed where anything about it is wrong, and never repaired: whoever finds it unfit folds the
journal.  Good is one that is whole, that this build can read, and that stands on this journal: made under its
epoch, at a seq whose chain hash is the journal's.  Then its payload is, to the byte, what its writer made of
exactly these events.

The state's hash is kept in it and not computed again at a start, which would take longer than all the rest:
that it belongs to the payload can be checked by anybody at any time.

The file: SHA-256 of all behind it in hex, a line; the header as canonical JSON, a line; the payload.
"""

import os
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from oms.failpoints import reach

from .canonical import canonical
from .durable import sync_folder
from .errors import Damaged, FileError
from .reader import Reader

FORMAT: Final = "snapshot-1"
DIGEST: Final = 64  # hex digits; the end of the line is behind them
HEADER: Final = 1024  # bytes, more than any takes
WRITING: Final = ".new"  # behind the name of what is not finished yet


class Snapshot(NamedTuple):
    """What was kept; `payload` means something to whoever made it."""

    version: int  # of the payload
    account: str
    epoch: str  # the journal's
    seq: int  # the last event that is in it
    head: bytes  # the chain's hash there
    state_hash: str  # of what the payload comes to, in hex
    payload: bytes | memoryview


class Unfit(NamedTuple):
    """A file that is ignored."""

    reason: str
    forgotten: bool = False  # the journal lacks what it was made of: an older copy of it was put back
    unread: bool = False  # it may be good, for somebody who can read it: another user, another build


class NotSaved(FileError):
    """The snapshot could not be written; one that was there is as it was."""


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    version: int
    account: str
    epoch: str
    seq: int
    head: str
    state_hash: str


def save(path: Path, snapshot: Snapshot) -> None:
    """Put it in the place of the one before: after a crash either is there, whole.  Raises NotSaved."""
    text = canonical(_Header(FORMAT, *snapshot[:4], snapshot.head.hex(), snapshot.state_hash)) + b"\n"
    digest = sha256(text)
    digest.update(snapshot.payload)
    new = path.with_name(path.name + WRITING)
    try:
        try:
            with new.open("wb") as file:
                file.writelines((digest.hexdigest().encode(), b"\n", text, snapshot.payload))
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            new.unlink(missing_ok=True)  # a full disk has better uses for it
            raise
        reach("snapshot.written")
        new.replace(path)
        reach("snapshot.replaced")
        sync_folder(path.parent)
    except OSError as why:
        raise NotSaved(path, f"cannot be written: {why}") from None


def load(path: Path, reader: Reader, version: int) -> Snapshot | Unfit | None:
    """The snapshot of a reader's journal, if it is good and its payload of this version; None: there is none.

    Raises only what reading the journal raises.
    """
    try:
        content = memoryview(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as why:
        return Unfit(f"cannot be read: {why}", unread=True)
    found = _taken_apart(content)
    if isinstance(found, Snapshot):
        return _misplaced(found, reader, version) or found
    return found


def epoch_of(reader: Reader) -> str:
    """The epoch of a journal; "" before its first event.  Raises Damaged where that cannot be read."""
    first = reader.get(1)
    try:
        return "" if first is None else str(first.envelope().data.get("epoch", ""))
    except (msgspec.MsgspecError, UnicodeDecodeError, TypeError) as why:
        raise Damaged(reader.path, f"seq 1: {why}") from None


def _taken_apart(content: memoryview) -> Snapshot | Unfit:
    """The file's parts, once their digest is right."""
    rest = content[DIGEST + 1 :]
    if bytes(content[: DIGEST + 1]) != sha256(rest).hexdigest().encode() + b"\n":
        return Unfit("is damaged or cut short: its content has not the digest that it begins with")
    text, _, _ = bytes(rest[:HEADER]).partition(b"\n")
    try:
        header = msgspec.json.decode(text, type=_Header)
        head = bytes.fromhex(header.head)
    except (msgspec.MsgspecError, ValueError) as why:
        return Unfit(f"has a header that cannot be read: {why}")
    if header.format != FORMAT:
        return Unfit(f"has the format {header.format!r}, not {FORMAT!r}")
    return Snapshot(
        header.version,
        header.account,
        header.epoch,
        header.seq,
        head,
        header.state_hash,
        rest[len(text) + 1 :],
    )


def _misplaced(found: Snapshot, reader: Reader, version: int) -> Unfit | None:
    """Why it does not stand on this journal, or cannot be read by this build."""
    if found.epoch != epoch_of(reader):
        return Unfit(f"is of another journal, of epoch {found.epoch}, account {found.account}")
    row = reader.get(found.seq)
    if row is None:
        return Unfit(f"is of seq {found.seq}, and the journal ends at {reader.last()}", forgotten=True)
    if row.hash != found.head:
        return Unfit(f"has another chain hash at seq {found.seq} than the journal", forgotten=True)
    if found.version != version:
        return Unfit(f"was made by another build: version {found.version}, not {version}", unread=True)
    return None
