"""Whether the symbol is there, and in a mode that orders can be made for."""

from collections.abc import Iterator

from ..commands import Cancel, Close, Submit
from ..events.command import Reason
from .case import Case
from .reasons import reason
from .resolve import DEAL_OF


def symbol_is_known(case: Case) -> Iterator[Reason]:
    """The venue has the symbol.  An order that is taken away describes itself; what is not there has none."""
    verb, named = case.verb, case.named
    if case.symbol is not None or isinstance(verb, Cancel):
        return
    if isinstance(verb, Submit):
        message = f"the venue has no symbol {verb.symbol}"
        yield reason("unknown_symbol", message, field="symbol", given=verb.symbol)
        return
    symbol = _symbol_of(case)
    if symbol or named.position or named.order:
        message = f"the venue has no symbol {symbol}"
        yield reason("unknown_symbol", message, field=case.field("symbol"), given=symbol)


def _symbol_of(case: Case) -> str:
    named = case.named
    if named.position is not None:
        return named.position.symbol
    if named.order is not None and named.order.record is not None:
        return named.order.record.symbol
    return (case.verb.symbol or "") if isinstance(case.verb, Close) else ""


def execution_is_known(case: Case) -> Iterator[Reason]:
    """A deal's action is its mode's (docs/protocol.md 6.5); of a mode without a name nobody knows it."""
    symbol, verb = case.symbol, case.verb
    deals = isinstance(verb, Close) or (isinstance(verb, Submit) and verb.type == "market")
    if symbol is not None and deals and symbol.execution not in DEAL_OF:
        message = f"execution mode {symbol.execution} is none that orders can be made for"
        yield reason("execution_unknown", message, field=case.field("symbol"), given=symbol.execution)
