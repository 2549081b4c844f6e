"""What an order is to the margin, and whether there is enough (docs/protocol.md 7.4), for what adds risk."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from ..commands import Submit, Verb
from ..events.command import JudgedMargin, Reason
from ..words import BUY
from .case import Case, case_of
from .facts import Exposure, Facts
from .reasons import reason

# A figure without the broker's spreads is the most that the margin can be, so it is enough to go by.
UPPER_BOUND: Final = "spreads"


def exposure(verb: Verb, facts: Facts) -> Exposure | None:
    """What a submit or check would add to the margin, or take from it; None for what is no order."""
    return exposure_of(case_of(verb, facts))


def exposure_of(case: Case) -> Exposure | None:
    """As `exposure`.  A market order is valued at the price that it would have now."""
    intent = case.intent
    if not isinstance(case.verb, Submit) or intent is None or intent.volume <= 0:
        return None
    market = case.ask if case.verb.side == BUY else case.bid
    price = market if case.verb.type == "market" else intent.price
    return Exposure(intent.symbol, intent.type, intent.volume, price, intent.limit_price)


def margin_is_free(case: Case) -> Iterator[Reason]:
    """After the order margin is left; an order that needs none, because it hedges, may always go.

    Without a figure there is no going on, unless the venue's own check is to be enough.
    """
    margin = case.facts.margin
    if case.need != "risk" or case.facts.policy.margin_check == "server" or exposure_of(case) is None:
        return
    if margin is None or margin.free is None or gaps(margin):
        missing = ", ".join(gaps(margin)) if margin else ""
        told = "what margin the order leaves cannot be computed" + (f": {missing}" if missing else "")
        yield reason("margin_unknown", told)
    elif margin.free < 0 and (margin.added is None or margin.added > 0):
        yield _short(margin, margin.free)


def gaps(margin: JudgedMargin) -> list[str]:
    """Why there is no figure."""
    return [gap for gap in margin.gaps if gap.partition(" ")[0] != UPPER_BOUND]


def _short(margin: JudgedMargin, free: Decimal) -> Reason:
    if margin.added is None:
        return reason("no_money", f"it would leave {free:f} of free margin", limit="0")
    before = free + margin.added
    told = f"it needs {margin.added:f} of margin, and {before:f} is free"
    return reason("no_money", told, given=margin.added, limit=before)
