"""What makes the books say what the venue says, where a person accepts a difference (docs/semantics.md 7).

Nothing is invented to explain it: money is corrected by an amount, a position is taken over as it stands, an
order that the venue does not have is taken out of the list.  No deal is made, so no fill is either.
"""

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from hashlib import sha256
from typing import Final, NamedTuple

from msgspec.structs import asdict, astuple, replace

from .events import Event, LedgerCorrected, OrderPlaced, OrderRemoved, PositionAdopted
from .events.reconcile import Difference
from .reconcile import Picture
from .records import PositionRecord
from .values import EXACT, ZERO, tidy

CENTS: Final = 2  # decimals of an amount, at least


class Acceptance(NamedTuple):
    """A person takes the venue's word for what differs."""

    reason: str
    by: str = ""


class Behind(NamedTuple):
    """Where in which journal something is written down: behind this event of it, at this server time."""

    epoch: str
    seq: int
    at: str | None = None


class Unacceptable(Exception):
    """The venue's own figures are not known, so the books cannot take them over."""


def correction(
    found: Iterable[Difference], books: Picture, venue: Picture, accepted: Acceptance, behind: Behind
) -> list[Event]:
    """The events after which books and venue agree in what was found; the signed one is the first.

    Raises Unacceptable where the venue has not said how much money there is.
    """
    rows = list(found)
    positions = [one.key for one in rows if one.subject == "position"]
    return [
        _corrected(books, venue, accepted, behind),
        *_closed(positions, books, venue, accepted.by),
        *_opened(positions, books, venue, accepted.by),
        *_listed([one.key for one in rows if one.subject == "order"], books, venue),
    ]


def signature(correction: LedgerCorrected, behind: Behind) -> str:
    """What binds a correction to its place: SHA-256, in hex, of canonical JSON.

    That of epoch, seq (of the event before it) and its fields beside the signature itself, amounts as text.
    Not a proof of who it was: whoever can write the journal can make one.
    """
    bound = {
        "epoch": behind.epoch,
        "seq": behind.seq,
        "balance": f"{correction.balance:f}",
        "credit": f"{correction.credit:f}",
        "reason": correction.reason,
        "by": correction.by,
        "at": correction.at,
    }
    text = json.dumps(bound, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def _corrected(books: Picture, venue: Picture, accepted: Acceptance, behind: Behind) -> LedgerCorrected:
    made = LedgerCorrected(
        _lacking(books.balance, venue.balance, "balance"),
        _lacking(books.credit, venue.credit, "credit"),
        accepted.reason,
        accepted.by,
        at=behind.at,
    )
    return replace(made, signature=signature(made, behind))


def _lacking(ours: Decimal | None, theirs: Decimal | None, what: str) -> Decimal:
    if ours is None or theirs is None:
        raise Unacceptable(f"the {what} is not known on both sides")
    return tidy(EXACT.subtract(theirs, ours), CENTS)


def _closed(keys: Iterable[str], books: Picture, venue: Picture, by: str) -> Iterator[PositionAdopted]:
    """Before those that are there: in netting both may be of one symbol."""
    for key in keys:
        ours = books.positions.get(key)
        if ours is not None and key not in venue.positions:
            yield _adopted(replace(ours, volume=tidy(ZERO, CENTS)), ours, by)


def _opened(keys: Iterable[str], books: Picture, venue: Picture, by: str) -> Iterator[PositionAdopted]:
    for key in keys:
        theirs = venue.positions.get(key)
        if theirs is not None:
            yield _adopted(theirs, books.positions.get(key), by)


def _adopted(record: PositionRecord, ours: PositionRecord | None, by: str) -> PositionAdopted:
    before = ZERO if ours is None else ours.volume * (1 if ours.side == "buy" else -1)
    return PositionAdopted(**asdict(record), by=by, before=before)


def _listed(keys: Iterable[str], books: Picture, venue: Picture) -> Iterator[Event]:
    """What became of an order that is gone is not known: it is taken out, not called canceled.

    One that the venue has and the books call ended has to go first: a record reopens no ended order.
    """
    for key in keys:
        theirs = venue.orders.get(key)
        record = theirs or books.orders[key]
        yield OrderRemoved(key, record.symbol)
        if theirs is not None:
            yield OrderPlaced(*astuple(theirs))
