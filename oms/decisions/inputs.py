"""All that a recorded decision was made on: the books before it, and what its event keeps of the moment."""

from datetime import datetime, timedelta, timezone
from typing import Final

from msgspec.structs import replace

from oms.commands.stored import verb_of
from oms.domain.commands import Verb
from oms.domain.decide.facts import Facts, Policy
from oms.domain.decide.moment import had_back
from oms.domain.events.command import JudgedRisk
from oms.domain.times import utc_ns
from oms.projections import Books
from oms.projections.facts import held, resolved, symbol_of
from oms.projections.restraint import Read, limits_in_force, quote_age, restraint_of
from oms.projections.worth import LotValues

from .walk import Decided

_NS: Final = 1_000_000_000
UNSAID: Final = -1.0


def verb_then(decided: Decided, books: Books) -> Verb:
    """What was asked for, in the broker's words; raises `commands.reading.Unreadable`."""
    received = decided.received
    verb = verb_of(received.verb, received.payload)
    if getattr(verb, "symbol", None) and received.symbol:
        verb = replace(verb, symbol=received.symbol)  # it may have been an alias of the settings of then
    return resolved(verb, books, received.client)


def facts_of(decided: Decided, verb: Verb, books: Books, limits: Read | None = None) -> Facts:
    """The facts of then; `limits` in the place of those that were in force.

    Where a decision keeps no moment, because nothing stood against it, the usual one is taken.
    """
    said, client = decided.said, decided.received.client
    judged = said.risk if said is not None and said.risk is not None else _usual(decided, books)
    quote = said.quote if said is not None else None
    margin = said.margin if said is not None else None
    moment = had_back(judged, quote, margin, client)
    symbol = symbol_of(verb, books)
    risk = restraint_of(
        *(books, symbol, client, moment.server_now),
        limits=limits,
        lot_values=lambda symbols: LotValues(judged.lot_values, judged.prices),
        equity=lambda: judged.equity,
    )
    if limits is not None:
        moment = replace(moment, policy=_narrowed(moment.policy, books, limits, client))
    return held(replace(moment, risk=risk), books, verb, symbol)


def _usual(decided: Decided, books: Books) -> JudgedRisk:
    """An account that is ready and active, at the time of the event."""
    terms = books.account()
    offset = terms.utc_offset if terms else 0
    return JudgedRisk(at=_server_time(utc_ns(decided.recorded_at) // _NS, offset))


def _server_time(utc_s: int, offset: int) -> str:
    return datetime.fromtimestamp(utc_s, timezone(timedelta(seconds=offset))).isoformat()


def _narrowed(policy: Policy, books: Books, limits: Read, client: str) -> Policy:
    """With the quote_age of other limits; where those of then hid the setting, the usual one is taken."""
    hidden = quote_age(limits_in_force(books), client, UNSAID) != UNSAID
    otherwise = Policy().quote_age_s if hidden else policy.quote_age_s
    return replace(policy, quote_age_s=quote_age(limits, client, otherwise))
