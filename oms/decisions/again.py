"""A recorded decision, made again: by the same rules on the same facts it has to come out the same.

With other limits it is a what-if: what would have been denied, and what would have passed.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import asdict, replace

from oms.commands.reading import Unreadable
from oms.domain.commands import Verb
from oms.domain.decide import Approved, Decision, Denied, Swept, Unchanged, decide, on_prices
from oms.domain.decide.codes import CODES
from oms.domain.decide.facts import Facts
from oms.domain.events import CommandDenied, CommandReceived, CommandSending
from oms.domain.events.command import JudgedRisk, Reason
from oms.domain.intent import Intent
from oms.domain.marker import marked
from oms.domain.values import plain
from oms.projections import Books
from oms.projections.restraint import LOSSES, Read

from .inputs import facts_of, verb_then
from .walk import Decided, Then

UNKNOWN: Final = "risk_unknown"
KEPT_WHERE_SET: Final = (*LOSSES, "max_notional")  # limits whose figures need equity, or what lots are worth
MARKED: Final = frozenset({"submit", "close"})  # verbs whose order carries a marker


class Difference(msgspec.Struct, frozen=True):
    """Something that was decided otherwise then."""

    field: str  # verdict, reasons, figures, children, or a field of the intent
    then: Any
    now: Any


class Again(msgspec.Struct, frozen=True):
    """A decision of then beside the same one now."""

    seq: int  # of the event that says what was decided
    recorded_at: str  # UTC, RFC 3339
    client: str
    command: str
    verb: str
    then: Then
    now: Then | None  # None: it was not made again
    reasons: tuple[Reason, ...] = ()  # of now
    differences: tuple[Difference, ...] = ()
    kept: str = ""  # why it was not made again: no facts decided it, or it cannot be read
    missing: tuple[str, ...] = ()  # limits of a what-if that alone would decide it, by what is not in the log


def again(decided: Decided, books: Books, limits: Read | None = None) -> Again:
    """Make it again, on the books before it; with other limits only what is sent or not is compared."""
    kept = _by_no_facts(decided)
    if kept:
        return _of(decided, None, kept=kept)
    try:
        verb = verb_then(decided, books)
        facts = facts_of(decided, verb, books, limits)
    except (Unreadable, ValueError) as why:
        return _of(decided, None, kept=f"cannot be read: {why}")
    now = made(decided, verb, facts)
    if limits is None:
        return _of(decided, now, tuple(_differences(decided, now)))
    return _by_others(decided, now)


def made(decided: Decided, verb: Verb, facts: Facts) -> Decision:
    """The decision by this build's rules."""
    if decided.asked is None or decided.prices is None:
        return decide(verb, facts)
    prices, asked = decided.prices, decided.asked
    if prices.bid is None or prices.ask is None:
        return decide(verb, facts)
    first = Approved(_intent(asked), asked.quote, asked.margin, asked.risk)
    return on_prices(first, verb, facts, prices.bid, prices.ask)


def verdict(decision: Decision) -> Then:
    """In a word."""
    match decision:
        case Approved():
            return "approved"
        case Denied():
            return "denied"
        case Unchanged():
            return "unchanged"
    return "swept"


def _of(decided: Decided, now: Decision | None, found: tuple[Difference, ...] = (), kept: str = "") -> Again:
    client, command = decided.key
    return Again(
        *(decided.seq, decided.recorded_at, client, command, decided.received.verb, decided.then),
        None if now is None else verdict(now),
        now.reasons if isinstance(now, Denied) else (),
        found,
        kept,
    )


def _by_others(decided: Decided, now: Decision) -> Again:
    """By other limits.  One that needs what was kept of the moment only where a limit asked says nothing."""
    missing = () if not isinstance(now, Denied) else tuple(_not_kept(decided, now))
    if isinstance(now, Denied) and missing:
        rest = tuple(why for why in now.reasons if not (why.code == UNKNOWN and why.limit in missing))
        if not rest:
            told = f"what {' and '.join(missing)} would be compared with is not in the log"
            return msgspec.structs.replace(_of(decided, None, kept=told), missing=missing)
        now = replace(now, reasons=rest)
    return _of(decided, now, tuple(_what_if(decided, now)))


def _not_kept(decided: Decided, now: Denied) -> Iterator[str]:
    """Limits of now whose figures of then are not known because none asked for them then."""
    then = decided.said.risk if decided.said is not None else None
    asked = {} if then is None else {**then.account, **then.client}
    names = dict.fromkeys(why.limit for why in now.reasons if why.code == UNKNOWN)
    return (name for name in KEPT_WHERE_SET if name in names and name not in asked)


def _by_no_facts(decided: Decided) -> str:
    """Denials of the desk: by its clock, by a later command, by a restart."""
    if not isinstance(decided.said, CommandDenied):
        return ""
    codes = [one.code for one in decided.said.reasons if one.code not in CODES]
    return f"by the desk: {', '.join(codes)}" if codes else ""


def _what_if(decided: Decided, now: Decision) -> Iterator[Difference]:
    if verdict(now) != decided.then:
        yield Difference("verdict", decided.then, verdict(now))


def _differences(decided: Decided, now: Decision) -> Iterator[Difference]:
    yield from _what_if(decided, now)
    said = decided.said
    match now:
        case Approved() if isinstance(said, CommandSending):
            sent = _sent(now.intent, decided.received.verb, said.marker)
            yield from _fields(_plain(_intent(said)), _plain(sent))
            yield from _figures(said.risk, now.risk)
        case Denied() if isinstance(said, CommandDenied):
            if said.reasons != now.reasons:
                yield Difference("reasons", _listed(said.reasons), _listed(now.reasons))
            yield from _figures(said.risk, now.risk)
        case Swept() if decided.then == "swept":
            then = [_named(one) for one in decided.children]
            named = [(one.verb, _ticket(one)) for one in now.children]
            if then != named:
                yield Difference("children", then, named)


def _figures(then: JudgedRisk | None, now: JudgedRisk | None) -> Iterator[Difference]:
    """Of the limits."""
    if then is None or now is None:
        return
    for name in ("limits", "account", "client"):
        one, other = getattr(then, name), getattr(now, name)
        if one != other:
            yield Difference(f"figures.{name}", one, other)


def _fields(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Difference]:
    for name, value in then.items():
        if value != now[name]:
            yield Difference(name, value, now[name])


def _intent(said: CommandSending) -> Intent:
    return Intent(**{name: getattr(said, name) for name in Intent.__struct_fields__})


def _sent(intent: Intent, verb: str, marker: str) -> Intent:
    """With its comment as it is sent."""
    return replace(intent, comment=marked(intent.comment, marker)) if verb in MARKED else intent


def _plain(intent: Intent) -> dict[str, Any]:
    found: dict[str, Any] = plain(asdict(intent))
    return found


def _listed(reasons: tuple[Reason, ...]) -> Any:
    return plain([asdict(one) for one in reasons])


def _named(child: CommandReceived) -> tuple[str, str | None]:
    return child.verb, child.payload.get("position") or child.payload.get("order")


def _ticket(verb: Verb) -> str | None:
    return getattr(verb, "position", None) or getattr(verb, "order", None)
