"""The message that carries an event: the stored body as it is, and headers that say what it is.

The chain can be checked with SHA-256 alone: SHA-256(`Oms-Prev` ‖ payload) is `Oms-Hash`.  The rest is what
NATS needs for the fence, and CloudEvents in binary mode (attributes are headers beginning `ce-`).
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from oms.eventlog.envelope import Recorded
from oms.eventlog.reader import Reader

from . import subjects

ZERO: Final = bytes(32)  # the hash before the first
CONTENT: Final = "application/json"


class EventMessage(NamedTuple):
    """What is published."""

    subject: str
    body: bytes
    headers: dict[str, str]


class EventMessages:
    """Makes them, for one journal."""

    def __init__(self, prefix: str, account: str, journal: Reader) -> None:
        """The journal's epoch tells its ids from those of any other."""
        first = journal.get(1)
        self._epoch = epoch(b"" if first is None else first.body)
        self._prefix, self._account = prefix, account
        self._source = f"/{prefix}/{account}"

    def of(self, rows: Sequence[Recorded], previous: bytes) -> list[EventMessage]:
        """Messages of rows that follow each other; `previous` = the hash before the first of them."""
        found = []
        for row in rows:
            found.append(self._message(row, previous))
            previous = row.hash
        return found

    def _message(self, row: Recorded, previous: bytes) -> EventMessage:
        seen = _glance(row.body)
        symbol = seen.data.about
        identity = f"{self._epoch}.{row.seq}"
        headers = {
            "Nats-Msg-Id": identity,
            "Nats-Expected-Last-Sequence": str(row.seq - 1),
            "Oms-Seq": str(row.seq),
            "Oms-Type": row.type,
            "Oms-Hash": row.hash.hex(),
            "Oms-Prev": previous.hex(),
            "Content-Type": CONTENT,
            "ce-specversion": "1.0",
            "ce-id": identity,
            "ce-source": self._source,
            "ce-type": row.type,
            "ce-time": seen.recorded_at,
        }
        if symbol:
            headers["ce-subject"] = subjects.encoded(symbol)
        if seen.trace is not None:
            headers["traceparent"] = seen.trace
        return EventMessage(subjects.event(self._prefix, self._account, row.type, symbol), row.body, headers)


def epoch(body: bytes) -> str:
    """The epoch that an account's first event names; "none" in what is no such event."""
    try:
        return _glance(body).data.epoch or "none"
    except msgspec.MsgspecError:
        return "none"


class _Deal(msgspec.Struct):
    symbol: str = ""


class _Data(msgspec.Struct):
    symbol: object = None  # text in whatever is about one symbol
    after: _Deal | None = None  # of an amended deal
    removed: _Deal | None = None  # a removed deal
    epoch: str = ""

    @property
    def about(self) -> str:
        """The symbol that an event speaks of; "" for none."""
        if isinstance(self.symbol, str):
            return self.symbol
        deal = self.after or self.removed
        return deal.symbol if deal else ""


class _Glance(msgspec.Struct):
    """What the headers need of an envelope."""

    recorded_at: str
    data: _Data
    trace: str | None = None


_glance = msgspec.json.Decoder(_Glance).decode
