"""What the venue's own lists say about a command of which nobody knows what became (docs/semantics.md 8).

Judged by verb, on one look at fresh lists alone: what is found here for sure carries the command's marker, or
the ticket that its result named, or shows the values that it asked for.  What only looks like it is at most
probable.  What speaks neither for it nor against it is unclear, and never counts as "not executed".
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from . import words
from .intent import Intent, Replaced
from .marker import marker_in
from .observations import DealSeen, Observation, OpenOrderSeen, PastOrderSeen, PositionSeen
from .records import DealRecord, OrderRecord, PositionRecord
from .values import ZERO, wall

FOUND: Final = "found"
PROBABLE: Final = "probable"
AMBIGUOUS: Final = "ambiguous"
NOTHING: Final = "nothing"
UNCLEAR: Final = "unclear"

MARKER: Final = "marker"
TICKET: Final = "ticket"
FINGERPRINT: Final = "fingerprint"
VALUES: Final = "values"  # that it asked for are shown
DEALS: Final = "deals"

LEAST_OF_A_MARKER: Final = 6  # characters that a broker's cut must leave for it to say something
_LEAVING: Final = words.CLOSING | {words.INOUT}


class Lists(NamedTuple):
    """Open orders and positions, and history since before the send: two fresh answers."""

    open: Mapping[str, OrderRecord]
    past: Mapping[str, OrderRecord]
    deals: tuple[DealRecord, ...]
    positions: Mapping[str, PositionRecord]

    @property
    def orders(self) -> dict[str, OrderRecord]:
        """All of them by ticket; of one in both lists what the history says."""
        return {**self.open, **self.past}


class Doubt(NamedTuple):
    """What is known of a command in doubt."""

    verb: str
    intent: Intent
    marker: str  # "" for none
    order: str | None  # of what makes an order: the ticket that its result named
    since: str  # server's wall clock: nothing of it is older
    owned: Callable[[str], bool]  # whether an order is another command's
    held: Mapping[str, tuple[str, Decimal]] = {}  # side and lots of its positions, as the books have them
    replaces: Replaced | None = None  # of a modify: what stood before it


class Look(NamedTuple):
    """What one look showed."""

    verdict: str  # found, probable, ambiguous, nothing, unclear
    candidates: tuple[str, ...] = ()  # tickets of orders
    evidence: str = ""  # marker, ticket, fingerprint, values, deals


def lists_of(seen: Iterable[Observation]) -> Lists:
    """Answers 4 and 5, as they were translated."""
    current: dict[str, OrderRecord] = {}
    past: dict[str, OrderRecord] = {}
    deals: list[DealRecord] = []
    positions: dict[str, PositionRecord] = {}
    for one in seen:
        match one:
            case OpenOrderSeen(record=order):
                current[order.order] = order
            case PastOrderSeen(record=order):
                past[order.order] = order
            case DealSeen(record=deal):
                deals.append(deal)
            case PositionSeen(record=position) if position.volume:
                positions[position.position] = position
    return Lists(current, past, tuple(deals), positions)


def look(doubt: Doubt, lists: Lists) -> Look:
    """What these lists say about it."""
    match doubt.verb:
        case "submit":
            return _ours(doubt, lists) or _alike(_fingerprints(doubt, lists))
        case "close":
            return _ours(doubt, lists) or _closed(doubt, lists)
        case "close_by":
            return _closed_by(doubt, lists)
        case "modify":
            return _order_modified(doubt, lists) if doubt.intent.order else _stops_moved(doubt, lists)
        case "cancel":
            return _canceled(doubt, lists)
    return Look(UNCLEAR)


def shows(record: OrderRecord, intent: Intent) -> bool:
    """Whether an order stands as a modify asked for."""
    same = all(_same(getattr(record, name), getattr(intent, name)) for name in ("price", "sl", "tp"))
    limit = intent.limit_price is None or record.limit_price == intent.limit_price
    lifetime = record.time_in_force in ("", intent.time_in_force)
    dated = intent.time_in_force not in words.DATED or wall(record.expires_at) == wall(intent.expires_at)
    return same and limit and lifetime and dated


def stops_shown(record: PositionRecord | DealRecord, intent: Intent) -> bool:
    """Whether a position, or the deal that closed it, has the stops that a modify asked for."""
    return _same(record.sl, intent.sl) and _same(record.tp, intent.tp)


def order_values(record: OrderRecord) -> Replaced:
    """What of an order a modify may change; no price is None, and a date is the server's wall clock's."""
    dated = record.time_in_force in words.DATED
    expires_at = wall(record.expires_at) if dated and record.expires_at is not None else None
    return Replaced(
        price=record.price or None,
        limit_price=record.limit_price or None,
        sl=record.sl or None,
        tp=record.tp or None,
        time_in_force=record.time_in_force,
        expires_at=expires_at,
    )


def stops(record: PositionRecord | DealRecord) -> Replaced:
    """The stops of a position, or those that it had when a deal closed it; none is None."""
    return Replaced(sl=record.sl or None, tp=record.tp or None)


def _same(one: object, other: object) -> bool:
    return (one or None) == (other or None)


# What makes an order.


def _ours(doubt: Doubt, lists: Lists) -> Look | None:
    """An order, or a deal of it, that carries the marker or has the ticket."""
    comments = [
        *((order.order, order.comment) for order in lists.orders.values()),
        *((deal.order, deal.comment) for deal in lists.deals if deal.order is not None),
    ]
    marked = dict.fromkeys(ticket for ticket, text in comments if marker_in(text) == doubt.marker != "")
    if marked:
        return Look(FOUND if len(marked) == 1 else AMBIGUOUS, tuple(marked), MARKER)
    if doubt.order is not None and any(ticket == doubt.order for ticket, _ in comments):
        return Look(FOUND, (doubt.order,), TICKET)
    cut = dict.fromkeys(ticket for ticket, text in comments if _is_cut(text, doubt.marker))
    candidates = [ticket for ticket in cut if not doubt.owned(ticket)]
    if candidates:
        return _alike(candidates)
    opened = any(marker_in(one.comment) == doubt.marker != "" for one in lists.positions.values())
    return Look(UNCLEAR) if opened else None  # its history is behind: a position has the mark already


def _is_cut(comment: str, marker: str) -> bool:
    """Whether a comment ends with what a cut left of the marker."""
    lengths = range(LEAST_OF_A_MARKER, len(marker))
    return any(comment.endswith(marker[:length]) for length in lengths)


def _alike(candidates: list[str]) -> Look:
    if not candidates:
        return Look(NOTHING)
    return Look(PROBABLE if len(candidates) == 1 else AMBIGUOUS, tuple(candidates), FINGERPRINT)


def _fingerprints(doubt: Doubt, lists: Lists) -> list[str]:
    """Orders that nobody else owns and that could be it: symbol, side, type, volume, price, time."""
    return [
        order.order
        for order in lists.orders.values()
        if _resembles(order, doubt.intent)
        and max(wall(order.setup_at), wall(order.done_at)) >= doubt.since
        and not _is_anothers(order.order, order.comment, order.reason, doubt)
    ]


def _resembles(order: OrderRecord, intent: Intent) -> bool:
    if (order.symbol, order.type, order.volume) != (intent.symbol, intent.type, intent.volume):
        return False
    if intent.action != words.PENDING:
        return True
    return (order.price, order.limit_price or None) == (intent.price, intent.limit_price or None)


def _is_anothers(order: str | None, comment: str, reason: str, doubt: Doubt) -> bool:
    """Whether it was made by the server, by another command, or by another keeper of markers."""
    owned = order is not None and doubt.owned(order)
    return owned or reason in words.BY_SERVER or bool(marker_in(comment))


# What closes.


def _leaving(doubt: Doubt, lists: Lists, *positions: str | None) -> Iterator[DealRecord]:
    """Deals that took something out of these positions since it was sent, and are nobody else's."""
    for deal in lists.deals:
        left = deal.position in positions and deal.entry in _LEAVING and wall(deal.time) >= doubt.since
        if left and not _is_anothers(deal.order, deal.comment, deal.reason, doubt):
            yield deal


def _closed(doubt: Doubt, lists: Lists) -> Look:
    intent = doubt.intent
    left = list(_leaving(doubt, lists, intent.position))
    by_order: dict[str, Decimal] = {}
    for deal in left:
        order = deal.order or deal.deal
        by_order[order] = by_order.get(order, ZERO) + (deal.volume or ZERO)
    whole = [order for order, volume in by_order.items() if volume == intent.volume]
    part = [order for order, volume in by_order.items() if volume < intent.volume]
    if whole or part:
        return _alike(whole or part)
    return _as_it_was(doubt, lists, left, intent.position)


def _closed_by(doubt: Doubt, lists: Lists) -> Look:
    intent = doubt.intent
    both = {intent.position, intent.position_by}
    pairs: dict[str, set[str | None]] = {}
    for deal in lists.deals:
        if deal.entry == words.OUT_BY and deal.position in both and deal.order is not None:
            pairs.setdefault(deal.order, set()).add(deal.position)
    found = tuple(order for order, closed in pairs.items() if closed == both)
    if found:
        return Look(FOUND, found, DEALS)
    return _as_it_was(doubt, lists, list(_leaving(doubt, lists, *both)), *both)


def _as_it_was(doubt: Doubt, lists: Lists, left: list[DealRecord], *positions: str | None) -> Look:
    """Nothing, where all that happened to the positions since is accounted for."""
    accounted = {deal.position for deal in lists.deals if deal.entry in _LEAVING} | lists.positions.keys()
    if left or not accounted.issuperset(positions):
        return Look(UNCLEAR)
    open_ones = (one for one in map(lists.positions.get, map(str, positions)) if one is not None)
    if any(
        doubt.held.get(one.position, (one.side, one.volume)) != (one.side, one.volume) for one in open_ones
    ):
        return Look(UNCLEAR)  # its deals are behind what is open, or the books are
    return Look(NOTHING)


# What changes.


def _order_modified(doubt: Doubt, lists: Lists) -> Look:
    record = lists.orders.get(doubt.intent.order or "")
    if record is None:
        return Look(UNCLEAR)
    if shows(record, doubt.intent):
        return Look(FOUND, (record.order,), VALUES)
    # Other values than the old ones are somebody's who came later, and may have replaced ours.
    return Look(NOTHING if order_values(record) == doubt.replaces else UNCLEAR)


def _stops_moved(doubt: Doubt, lists: Lists) -> Look:
    """Of a position that is gone the deal that closed it has the stops of that moment."""
    intent = doubt.intent
    record: PositionRecord | DealRecord | None = lists.positions.get(intent.position or "")
    if record is None:
        out = [one for one in lists.deals if one.position == intent.position and one.entry in _LEAVING]
        record = max(out, key=lambda deal: deal.turn, default=None)
        if record is not None and not _has_stops(record) and not _fills_in_stops(lists):
            record = None
    if record is None:
        return Look(UNCLEAR)
    if stops_shown(record, intent):
        return Look(FOUND, (), VALUES)
    return Look(NOTHING if stops(record) == doubt.replaces else UNCLEAR)


def _fills_in_stops(lists: Lists) -> bool:
    """Whether deals that close have the position's stops here, so that one without any says that it had none.

    Not every broker writes them; into what stops themselves closed he may have to.
    """
    return any(
        _has_stops(deal)
        for deal in lists.deals
        if deal.entry in _LEAVING and deal.reason not in words.BY_SERVER
    )


def _has_stops(deal: DealRecord | PositionRecord) -> bool:
    return bool(deal.sl or deal.tp)


def _canceled(doubt: Doubt, lists: Lists) -> Look:
    """In the history it is over, one way or another; in the open list alone it is not."""
    ticket = doubt.intent.order or ""
    if ticket in lists.past:
        return Look(FOUND, (ticket,), VALUES)
    return Look(NOTHING) if ticket in lists.open else Look(UNCLEAR)
