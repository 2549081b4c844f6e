"""Whether books and venue say the same (docs/semantics.md 7).

Equal means: the same orders, the same positions with the same side and volume and an average price within one
point, balance and credit to the cent.  An order younger than a moment is not judged: its push may be on its
way.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from .events.reconcile import Difference
from .records import OrderRecord, PositionRecord
from .values import wall

RECENT_S: Final = 5


class Picture(NamedTuple):
    """What one side says is open, and its money."""

    orders: dict[str, OrderRecord]
    positions: dict[str, PositionRecord]
    balance: Decimal | None
    credit: Decimal | None


def compare(books: Picture, venue: Picture, now: str = "") -> list[Difference]:
    """What they say differently; `now` is server time, without it everything is judged."""
    recent = _before(now, RECENT_S)
    return [
        *_orders(books, venue, recent),
        *_positions(books.positions, venue.positions),
        *_money("balance", books.balance, venue.balance),
        *_money("credit", books.credit, venue.credit),
    ]


def _before(now: str, seconds: int) -> str:
    """A wall time that much earlier; one behind all others for no time."""
    if not now:
        return "9"
    return (datetime.fromisoformat(wall(now)) - timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def _orders(books: Picture, venue: Picture, recent: str) -> Iterator[Difference]:
    for ticket in _either(books.orders, venue.orders):
        ours, theirs = books.orders.get(ticket), venue.orders.get(ticket)
        if ours and theirs:
            continue
        record = ours or theirs
        if record is not None and max(wall(record.setup_at), wall(record.done_at)) < recent:
            yield Difference(
                "order", ticket, books=ours.state if ours else None, venue=theirs.state if theirs else None
            )


def _positions(books: dict[str, PositionRecord], venue: dict[str, PositionRecord]) -> Iterator[Difference]:
    for ticket in _either(books, venue):
        ours, theirs = books.get(ticket), venue.get(ticket)
        if ours is None or theirs is None:
            yield Difference("position", ticket, "volume", books=_held(ours), venue=_held(theirs))
            continue
        if (ours.side, ours.volume) != (theirs.side, theirs.volume):
            yield Difference("position", ticket, "volume", books=_held(ours), venue=_held(theirs))
        elif ours.symbol != theirs.symbol:
            yield Difference("position", ticket, "symbol", books=ours.symbol, venue=theirs.symbol)
        elif _apart(ours, theirs):
            yield Difference("position", ticket, "price", books=_text(ours.price), venue=_text(theirs.price))


def _apart(ours: PositionRecord, theirs: PositionRecord) -> bool:
    if ours.price is None or theirs.price is None:
        return ours.price is not theirs.price
    return abs(ours.price - theirs.price) > theirs.point


def _money(subject: str, ours: Decimal | None, theirs: Decimal | None) -> Iterator[Difference]:
    if ours != theirs or theirs is None:
        yield Difference(subject, books=_text(ours), venue=_text(theirs))


def _either(ours: Mapping[str, object], theirs: Mapping[str, object]) -> Iterable[str]:
    return dict.fromkeys((*ours, *theirs))


def _held(position: PositionRecord | None) -> str | None:
    """Side and lots."""
    return f"{position.side} {position.volume:f}" if position else None


def _text(number: Decimal | None) -> str | None:
    return None if number is None else f"{number:f}"
