"""One command, judged: approved with what is to be sent, denied with every reason, or nothing to do.

In request execution prices are asked for first: what is approved then orders nothing, and the order itself
is decided on by `on_prices`, on facts as they are when the prices have come.
"""

from decimal import Decimal

from msgspec.structs import replace

from ..commands import Close, Submit, Verb
from ..events.command import JudgedQuote, JudgedRisk, Reason
from ..intent import REQUEST_PRICES, Intent
from ..words import BUY
from .case import Case, case_of
from .changes import changes_nothing
from .decision import Approved, Denied, Unchanged
from .facts import Facts
from .limiting import beyond, measured
from .moment import stored
from .points import distance
from .reasons import passes, reason, told
from .resolve import DEAL_REQUEST, side_of
from .rules import STANDING, against


def judge(verb: Verb, facts: Facts) -> Approved | Denied | Unchanged:
    """Judge a command that is no sweep."""
    case = case_of(verb, facts)
    if changes_nothing(case):
        reasons = told(against(case, STANDING))
        return _denied(case, reasons, stored(facts)) if reasons else Unchanged("everything is already so")
    risk = measured(case)
    reasons = told([*against(case), *beyond(case, risk)])
    if reasons or case.intent is None:
        return _denied(case, reasons, risk)
    intent = asking(case.intent) if case.intent.action == DEAL_REQUEST else case.intent
    return _approved(case, intent, risk)


def on_prices(asked: Approved, verb: Verb, facts: Facts, bid: Decimal, ask: Decimal) -> Approved | Denied:
    """The venue gave prices: the order at them, or why not.

    They are the market that everything is judged in again.  They must lie within the deviation (the
    command's, else the policy's) of the price that was decided on, wherever they went: else `price_moved`.
    Nothing of it passes: the command was written down when the prices were asked for.
    """
    last = facts.quote.last if facts.quote is not None else None
    quote = JudgedQuote(bid=bid, ask=ask, last=last, time=facts.server_now, age=0.0)
    case = case_of(verb, replace(facts, quote=quote))
    risk = measured(case)
    reasons = told([*against(case), *beyond(case, risk), *_moved(asked, case, bid, ask)])
    if reasons or case.intent is None:
        return replace(_denied(case, reasons, risk), passing=False)
    return _approved(case, case.intent, risk)


def asking(deal: Intent) -> Intent:
    """The question for prices that goes before a deal (docs/protocol.md 6.5)."""
    return replace(deal, action=REQUEST_PRICES, price=None, sl=None, tp=None)


def _moved(asked: Approved, case: Case, bid: Decimal, ask: Decimal) -> list[Reason]:
    verb, symbol, before = case.verb, case.symbol, asked.quote
    if symbol is None or before is None or not isinstance(verb, Submit | Close):
        return []
    buys = side_of(asked.intent.type) == BUY
    now, then = (ask, before.ask) if buys else (bid, before.bid)
    points = case.facts.policy.deviation if verb.deviation is None else verb.deviation
    if then is None or abs(now - then) <= distance(symbol, points):
        return []
    message = f"the price is {now:f}, more than {points} points from {then:f}"
    return [reason("price_moved", message, field="deviation", given=now, limit=then)]


def _approved(case: Case, intent: Intent, risk: JudgedRisk) -> Approved:
    margin = case.facts.margin if case.need == "risk" else None
    return Approved(intent, case.facts.quote, margin, risk, case.need)


def _denied(case: Case, reasons: tuple[Reason, ...], risk: JudgedRisk) -> Denied:
    margin = case.facts.margin if case.need == "risk" else None
    return Denied(reasons, case.facts.quote, margin, risk, passing=passes(reasons))
