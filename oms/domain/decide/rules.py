"""Every rule: a function from a case to the reasons that stand against it.

All of them run, so that a caller learns everything at once.  A rule looks at the case alone, never at what
another rule found; the order in which reasons are told is that of `codes`.
"""

from collections.abc import Callable, Iterator
from typing import Final

from ..events.command import Reason
from .calling import calls_are_let_through
from .case import Case
from .changes import nothing_else_changes_it, order_can_change
from .expiring import expiration_is_ahead
from .freezing import nothing_is_frozen
from .hours import symbol_is_traded_now
from .margin import margin_is_free
from .market import quote_is_live
from .naming import named_things_exist
from .official import official_checks_pass
from .permission import account_is_reached, account_may_trade, nothing_restricts
from .shape import deviation_is_held, fields_mean_something, figures_can_be
from .symbols import execution_is_known, symbol_is_known
from .volume import nothing_else_closes, volume_is_within_limit

Rule = Callable[[Case], Iterator[Reason]]


def what_is_named_exists(case: Case) -> Iterator[Reason]:
    """A close, change or cancel names something that is open."""
    yield from named_things_exist(case.verb, case.facts, case.named)


# What holds also of a change that changes nothing.
STANDING: Final[tuple[Rule, ...]] = (
    account_is_reached,
    nothing_restricts,
    account_may_trade,
    figures_can_be,
    fields_mean_something,
    what_is_named_exists,
    order_can_change,
)
RULES: Final[tuple[Rule, ...]] = (
    *STANDING,
    calls_are_let_through,
    deviation_is_held,
    symbol_is_known,
    execution_is_known,
    symbol_is_traded_now,
    official_checks_pass,
    volume_is_within_limit,
    nothing_is_frozen,
    nothing_else_closes,
    nothing_else_changes_it,
    expiration_is_ahead,
    quote_is_live,
    margin_is_free,
)


def against(case: Case, rules: tuple[Rule, ...] = RULES) -> list[Reason]:
    """All reasons of all rules."""
    return [reason for rule in rules for reason in rule(case)]
