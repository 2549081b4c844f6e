"""Rows of a journal, one behind the other: seqs without a gap, hashes that follow, columns as the bodies say.

The hash binds the body alone.  What stands beside it in columns is only true as far as the body says the
same.  After something is wrong the chain is taken up again behind it, so that all that is wrong is told.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

import msgspec

from oms.eventlog.chain import GENESIS
from oms.eventlog.envelope import Recorded
from oms.replay import Moment, Read, Stored

from .finding import Finding, Place, Weight

HASH: Final = len(GENESIS)


class _Seen(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """An envelope; its data are another's business."""

    account: str
    cause: str | int | None
    data: msgspec.Raw
    recorded_at: Moment
    seq: int
    trace: str | None
    type: str
    venue_time: str | None
    version: int
    part: int | None = None
    parts: int | None = None


_see = msgspec.json.Decoder(_Seen).decode


class ChainCheck:
    """Of one journal, page by page."""

    def __init__(self, path: Path, account: str) -> None:
        self.whole: Place | None = None  # the last event before anything was wrong
        self.backwards: Place | None = None  # the first that is recorded earlier than the one before it
        self.seq, self.head = 0, GENESIS  # of the last row
        self._path, self._account = path, account
        self._sound, self._latest = True, ""

    def page(self, rows: list[Recorded], read: Sequence[Read], reached: int) -> Iterator[Finding]:
        """The next rows, all that there are up to `reached`, and what a replay `read` of them, if it did."""
        seq, head, account = self.seq, self.head, self._account
        seen: _Seen | Read = None
        unread, latest = "", self._latest
        for row, seen in zip_longest(rows, read):
            number, tag, body, digest = row
            seq += 1
            if seen is None:
                try:
                    seen = _see(body)
                except (msgspec.MsgspecError, ValueError, RecursionError) as why:
                    unread = str(why)
            if (
                seen is not None
                and number == seen.seq == seq
                and sha256(head + body).digest() == digest
                and tag == seen.type
                and account == seen.account
            ):
                head = digest
                if seen.recorded_at < latest and self.backwards is None:
                    self.backwards = Place(seq, seen.recorded_at)
                latest = seen.recorded_at
                continue
            self._stand(seq - 1, latest)
            if row.seq != seq:
                yield self._fault("gap", seq, f"is missing, {row.seq} comes next")
                seq, head = row.seq, b""
            if head and sha256(head + row.body).digest() != row.hash:
                text = "its hash does not follow from its body and the hash before it"
                yield self._fault("chain", seq, text)
            head = row.hash if len(row.hash) == HASH else b""
            if seen is None:
                yield self._fault("envelope", seq, f"its body is no event: {unread}")
            else:
                latest = seen.recorded_at
                yield from self._columns(seq, row, seen)
        if seq < reached:
            self._stand(seq, latest)
            yield self._fault("gap", seq + 1, "is missing")
            seq, head = reached, b""
        self.seq, self.head, self._latest = seq, head, latest
        if self._sound and seen is not None:
            self.whole = Place(seq, seen.recorded_at)

    def _columns(self, seq: int, row: Recorded, seen: _Seen | Stored[Any, Any, Any]) -> Iterator[Finding]:
        for name, column, said in (
            ("seq", row.seq, seen.seq),
            ("type", row.type, seen.type),
            ("account", self._account, seen.account),
        ):
            if column != said:
                yield self._fault("columns", seq, f"its {name} is {column!r}, and {said!r} in its body")

    def _stand(self, seq: int, recorded_at: str) -> None:
        """Something is wrong behind `seq`: no later event is whole."""
        if self._sound and seq:
            self.whole = Place(seq, recorded_at)
        self._sound = False

    def _fault(self, code: str, seq: int, text: str) -> Finding:
        return Finding(Weight.FAULT, self._path, code, text, seq, self.whole)
