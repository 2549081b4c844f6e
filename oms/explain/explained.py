"""The explanation as plain values, which text, JSON and page all show.

Everything in it is of the journal, and names the event that says it; what follows from several events - the
balance behind a deal as the books had it then, how long a stage took - is computed from them and marked so.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from msgspec.structs import asdict

from oms.bus.subjects import PREFIX
from oms.bus.subjects import event as event_subject
from oms.bus.subjects import stream as stream_of
from oms.domain.events import (
    CommandReceived,
    DealAmended,
    DealBooked,
    DealRemoved,
    Event,
    data_of,
    symbol_of,
)
from oms.domain.records import DealRecord
from oms.domain.times import utc_ns
from oms.domain.values import plain
from oms.eventlog.reader import Reader
from oms.past import books_at
from oms.projections import Books

from .gathered import MOST, Gathered, gathered
from .money import Money, amount_of, money_behind, parts_of
from .stages import stages
from .subject import Related, Subject, found
from .validation import Span, Told, decisions
from .words import LEDGER, words

_NS: Final = 1_000_000_000


def explained(
    folder: Path,
    account: str,
    asked: str,
    *,
    client: str | None = None,
    until: int | None = None,
    prefix: str = PREFIX,
) -> Told:
    """What a command, an order, a deal or a position of an account's journal did, and why.

    `folder` holds the journals; `until` is the last event that counts, `prefix` that of the subjects under
    which the events were published.  Raises NotThere, Ambiguous, and what reading a journal raises.
    """
    with closing(Reader(folder / f"{account}.db")) as reader:
        last = reader.last() if until is None else min(until, reader.last())
        books = books_at(folder, account, last).books
        subject, related = found(books, asked, client)
        story = gathered(reader, related, last)
        receipts = [one.stored.seq for one in story if isinstance(one.event, CommandReceived)]
        moved = {
            one.stored.seq for one in story if isinstance(one.event, DealBooked | DealAmended | DealRemoved)
        }
        held = money_behind(reader, books, moved, last)
        judged = list(decisions(reader, related.commands, _span(story, receipts))) if receipts else []
    told: Told = plain(
        {
            "account": account,
            "subject": _subject(subject, related, books),
            "seq": last,
            "commands": _commands(related, books),
            "orders": _orders(related, books),
            "deals": [asdict(deal) for deal in _deals(related, books)],
            "positions": _positions(related, books),
            "stages": [asdict(one) for one in stages(story, books)],
            "decisions": judged,
            "timeline": list(_timeline(story, account, prefix, held)),
            "complete": len(story) < MOST,
        }
    )
    return told


def _span(story: Iterable[Gathered], receipts: list[int]) -> Span:
    return Span(min(receipts), max(one.stored.seq for one in story))


def _subject(subject: Subject, related: Related, books: Books) -> Told:
    """What was asked about, and whose it is."""
    owned = bool(related.commands)
    return {
        "what": subject.what,
        "name": subject.name,
        "ours": owned,
        "external": not owned
        and not subject.by_server,  # no command of ours made it: another terminal, the broker
        "by_server": subject.by_server or None,  # sl, tp, so: a stop of its position did, not a command
        "also": list(subject.also),
    }


def _commands(related: Related, books: Books) -> list[Told]:
    known = (books.commands.get(client, command) for client, command in sorted(related.commands))
    return [asdict(one) for one in known if one is not None]


def _orders(related: Related, books: Books) -> list[Told]:
    rows = []
    for ticket in sorted(related.orders, key=int):
        order = books.orders.get(ticket)
        if order is None:
            continue
        owner = books.commands.owner(ticket)
        own = asdict(order) | {"record": None if order.record is None else asdict(order.record)}
        whose = {
            "command": owner.command if owner else None,
            "client": owner.client if owner else None,
        }
        rows.append(own | whose)
    return rows


def _deals(related: Related, books: Books) -> list[DealRecord]:
    there = (books.deal(ticket) for ticket in related.deals)
    return sorted((deal for deal in there if deal is not None), key=lambda deal: deal.place)


def _positions(related: Related, books: Books) -> list[Told]:
    """Those that its deals opened, changed or closed, as they are now; closed ones by their name alone."""
    names = dict.fromkeys(
        [*sorted(related.positions, key=int), *(deal.position for deal in _deals(related, books))]
    )
    rows = []
    for name in names:
        if name is not None:
            held = books.positions.get(name)
            rows.append({"position": name, "open": held is not None} | (asdict(held) if held else {}))
    return rows


def _timeline(story: list[Gathered], account: str, prefix: str, held: dict[int, Money]) -> Iterator[Told]:
    """The events by seq, and behind what moved money the line of the ledger."""
    began = story[0].stored.recorded_at if story else ""
    for one in story:
        said = words(one.event)
        step = _step(one, began, account, prefix)
        yield step | {"stage": said.stage, "says": said.says}
        if one.stored.seq in held:
            line = _booked(one.event, held[one.stored.seq])
            yield step | {"stage": LEDGER, "derived": True} | line


def _step(one: Gathered, began: str, account: str, prefix: str) -> Told:
    stored = one.stored
    return {
        "seq": stored.seq,
        "type": stored.type,
        "recorded_at": stored.recorded_at,
        "venue_time": stored.venue_time,
        "since_first": (utc_ns(stored.recorded_at) - utc_ns(began)) / _NS,
        "cause": stored.cause,
        "trace": stored.trace,
        "subject": event_subject(prefix, account, stored.type, symbol_of(one.event) or ""),
        "stream": stream_of(account),
        "hash": one.hash.hex(),
        "around": one.around,
        "derived": False,
        "data": _said(data_of(one.event)),
    }


def _booked(event: Event, behind: Money) -> Told:
    """The ledger's line of an event: what it added, and what was in the books then."""
    amounts, more = parts_of(event), amount_of(event)
    told = ", ".join(f"{name} {value:f}" for name, value in amounts.items() if value) or "no money"
    return {
        "says": f"booked {more:f} ({told}); balance {behind[0]:f}",
        "data": amounts | {"amount": more, "balance_after": behind[0], "credit_after": behind[1]},
    }


def _said(data: dict[str, Any]) -> dict[str, Any]:
    """Without what says nothing."""
    return {name: value for name, value in data.items() if value not in (None, "", [], {})}
