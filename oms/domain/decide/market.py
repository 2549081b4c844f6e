"""Whether there is a market to judge by: live quotes, fresh enough for what adds risk."""

from collections.abc import Iterator

from ..events.command import Reason
from .case import Case
from .reasons import reason
from .resolve import DEALS


def quote_is_live(case: Case) -> Iterator[Reason]:
    """A market order that adds risk needs a quote that is not delayed, nor older than quote_age_s.

    Of none at all `official` tells.  What reduces goes by whatever quote there is.
    """
    intent, quote = case.intent, case.facts.quote
    if case.need != "risk" or intent is None or intent.action not in DEALS or quote is None:
        return
    if quote.delayed:
        yield reason("delayed_quote", "the quotes are delayed", field=case.field("symbol"))
    if not is_fresh(case):
        oldest = case.facts.policy.quote_age_s
        age = "of unknown age" if quote.age is None else f"{quote.age:.1f} s old"
        yield reason(
            "stale_quote",
            f"the last quote is {age}, and {oldest:g} s is the most",
            field=case.field("symbol"),
            given=None if quote.age is None else f"{quote.age:.3f}",
            limit=f"{oldest:g}",
        )


def is_fresh(case: Case) -> bool:
    """Whether the quote is young enough to judge the moment by."""
    quote = case.facts.quote
    return quote is not None and quote.age is not None and quote.age <= case.facts.policy.quote_age_s


def is_live(case: Case) -> bool:
    """Fresh, and not delayed."""
    quote = case.facts.quote
    return quote is not None and not quote.delayed and is_fresh(case)
