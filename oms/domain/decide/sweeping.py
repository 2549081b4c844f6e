"""close_all and cancel_all: a child command for each position or order that is open now."""

from collections.abc import Iterator

from ..commands import Cancel, CancelAll, Close, CloseAll
from ..events.command import Reason
from ..lifecycle import ACCEPTED, Order
from .decision import Denied, Swept
from .facts import Facts
from .moment import stored
from .naming import ended
from .permission import link, restrictions, rights
from .reasons import passes, reason, told
from .resolve import MARKETS


def sweep(verb: CloseAll | CancelAll, facts: Facts) -> Swept | Denied:
    """The children, or why none of them could be sent.

    Each child is judged by itself when its turn comes; a close names no volume, so that it takes all there
    is by then.  Nothing open: no children.
    """
    children = _closes(verb, facts) if isinstance(verb, CloseAll) else _cancels(verb, facts)
    reasons = told(
        [
            *link(facts, "reduce", known=True),
            *restrictions(facts, "reduce"),
            *rights(facts.account),
            *_symbol_is_known(verb, facts, bool(children)),
        ]
    )
    if reasons:
        return Denied(reasons, risk=stored(facts), passing=passes(reasons))
    return Swept(verb, children)


def _symbol_is_known(verb: CloseAll | CancelAll, facts: Facts, found: bool) -> Iterator[Reason]:
    """A symbol that nobody has would be a sweep of nothing, taken for one of everything meant."""
    if verb.symbol is not None and facts.symbol is None and not found:
        message = f"the venue has no symbol {verb.symbol}"
        yield reason("unknown_symbol", message, field="symbol", given=verb.symbol)


def _wanted(verb: CloseAll | CancelAll, facts: Facts, symbol: str) -> bool:
    """Whether the sweep means this symbol; the command may name it by an alias."""
    if verb.symbol is None:
        return True
    return symbol == (verb.symbol if facts.symbol is None else facts.symbol.symbol)


def _closes(verb: CloseAll, facts: Facts) -> tuple[Close, ...]:
    return tuple(
        Close(position=one.position, comment=verb.comment)
        for one in facts.positions
        if one.volume > 0 and _wanted(verb, facts, one.symbol)
    )


def _cancels(verb: CancelAll, facts: Facts) -> tuple[Cancel, ...]:
    return tuple(
        Cancel(order=one.order)
        for one in facts.orders
        if one.record is not None and waits(one) and _wanted(verb, facts, one.record.symbol)
    )


def waits(order: Order) -> bool:
    """A pending order, or what is left of a market order; not one that is only on its way to its deals."""
    if order.record is None or ended(order):
        return False
    return order.record.type not in MARKETS or order.state != ACCEPTED
