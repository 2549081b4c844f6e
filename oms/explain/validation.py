"""A decision with everything it was made on, as plain values."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import asdict

from oms.commands.reading import Unreadable
from oms.decisions import Again, Decided, again, facts_of, walk
from oms.decisions.inputs import verb_then
from oms.domain.commands import Verb
from oms.domain.decide.facts import Facts
from oms.domain.events import CommandSending
from oms.domain.intent import Intent
from oms.domain.lifecycle import Order
from oms.domain.limits import AccountLimits, Limits, told_limits
from oms.domain.values import plain
from oms.eventlog.reader import Reader
from oms.eventlog.reading import events_of
from oms.past import books_at
from oms.projections import Books
from oms.projections.commands import Key

Told = dict[str, Any]


class Span(NamedTuple):
    """Where the decisions of a story are."""

    first: int  # the seq of its first receipt
    last: int


def decisions(reader: Reader, commands: set[Key], span: Span) -> Iterator[Told]:
    """Those of these commands, each with all that it was made on.  Raises what `books_at` raises."""
    path: Path = reader.path
    start = books_at(path.parent, path.stem, span.first - 1)
    for decided in walk(events_of(reader, start.seq, span.last), start.books):
        if decided.key in commands:
            yield _told(decided, start.books)


def _told(decided: Decided, books: Books) -> Told:
    client, command = decided.key
    found: Told = {
        "seq": decided.seq,
        "client": client,
        "command": command,
        "verb": decided.received.verb,
        "verdict": decided.then,
        "at_prices": decided.prices is not None,
        "request": decided.received.payload,
        "reasons": [] if decided.said is None else list(getattr(decided.said, "reasons", ())),
        "intent": _intent(decided),
        "children": [one.command for one in decided.children],
    }
    try:
        verb = verb_then(decided, books)
        found["inputs"] = inputs(decided, verb, facts_of(decided, verb, books))
    except (Unreadable, ValueError) as why:
        found["inputs"] = {"unreadable": str(why)}
    told: Told = plain(found | {"again": _again(again(decided, books))})
    return told


def _intent(decided: Decided) -> Told | None:
    said = decided.said
    if not isinstance(said, CommandSending):
        return None
    return _set({name: getattr(said, name) for name in Intent.__struct_fields__})


def _again(made: Again) -> Told:
    """What this build decides on the same: `same`, or how it differs."""
    if made.kept:
        return {"same": None, "kept": made.kept}
    return {"same": not made.differences, "verdict": made.now, "differences": list(made.differences)}


def inputs(decided: Decided, verb: Verb, facts: Facts) -> Told:
    """Everything that rules and limits looked at."""
    figures = decided.said.risk if decided.said is not None else None
    return {
        "server_time": facts.server_now,
        "link": facts.link,
        "restrictions": dict(facts.restrictions),
        "venue_reached": facts.venue_reached,
        "nats_away": facts.nats_away,
        "refusing": dict(facts.refusing),
        "client_permission": facts.risk.client_permission,
        "policy": asdict(facts.policy),
        "account": _set_of(facts.account),
        "symbol": _set_of(facts.symbol),
        "quote": _set_of(facts.quote),
        "position": _set_of(facts.position),
        "position_by": _set_of(facts.position_by),
        "order": _order(facts.order) if facts.order is not None else None,
        "positions": [_set_of(one) for one in facts.positions],
        "orders": [_order(one) for one in facts.orders],
        "in_flight": [_set_of(one) for one in facts.in_flight],
        "margin_after": _set_of(facts.margin),
        "limits_version": facts.risk.version,
        "limits": _limits(facts.risk.account, AccountLimits, figures.account if figures else {}),
        "client_limits": _limits(facts.risk.client, Limits, figures.client if figures else {}),
        "equity": facts.risk.equity,
        "day_start": facts.risk.day_start,
        "peak": facts.risk.peak,
        "sent_last_minute": len(facts.risk.sent),
    }


def _limits(limits: Limits | None, kind: type[Limits], figures: dict[str, str]) -> Told:
    """Each limit beside the figure that it was compared with; null where the command did not meet it."""
    told = {} if limits is None else told_limits(limits, kind)
    return {name: {"limit": value, "figure": figures.get(name)} for name, value in told.items()}


def _order(order: Order) -> Told:
    found = _set_of(order.record) or {"order": order.order}
    return found | {"state": order.state, "filled": order.filled, "remaining": order.remaining}


def _set_of(value: msgspec.Struct | None) -> Told | None:
    return None if value is None else _set(asdict(value))


def _set(fields: Told) -> Told:
    """Without what says nothing."""
    return {name: value for name, value in fields.items() if value not in (None, "", (), {})}
