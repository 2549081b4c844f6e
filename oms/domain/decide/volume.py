"""How much may be traded: the symbol's volume limit, and one close of a position at a time."""

from collections.abc import Iterator
from decimal import Decimal

from ..commands import Close, CloseBy, Submit
from ..events.command import Reason
from .case import Case
from .in_flight import is_closing, on_its_way
from .naming import nets
from .reasons import reason
from .resolve import side_of


def volume_is_within_limit(case: Case) -> Iterator[Reason]:
    """What is open, waits and is on its way to one side stays within volume_limit (10034).

    In netting a position on the other side is room.
    """
    verb, symbol, intent = case.verb, case.symbol, case.intent
    if not isinstance(verb, Submit) or symbol is None or intent is None:
        return
    if not symbol.volume_limit or case.need == "reduce":
        return
    total = _one_way(case, symbol.symbol, verb.side) + intent.volume
    if total > symbol.volume_limit:
        yield reason(
            "volume_above_limit",
            f"it would make {total:f} to {verb.side}, and {symbol.volume_limit:f} is the most",
            field="volume",
            given=intent.volume,
            limit=symbol.volume_limit,
        )


def _one_way(case: Case, symbol: str, side: str) -> Decimal:
    facts, netting = case.facts, nets(case.facts)
    volume = on_its_way(facts, symbol, side, closes=False)
    for position in facts.positions:
        if position.symbol == symbol and position.side == side:
            volume += position.volume
        elif position.symbol == symbol and netting:
            volume -= position.volume
    for order in facts.orders:
        record = order.record
        if record is not None and record.symbol == symbol and side_of(record.type) == side:
            volume += order.remaining
    return volume


def nothing_else_closes(case: Case) -> Iterator[Reason]:
    """No other close of the position is on its way, and in netting no volume that could turn it.

    Such a close may have been done without our knowing; a second could open the other side
    (docs/semantics.md TC-U8).
    """
    verb, intent, position = case.verb, case.intent, case.named.position
    if not isinstance(verb, Close | CloseBy) or intent is None or position is None:
        return
    closing = [
        one.position
        for one in (position, case.named.position_by)
        if one is not None and is_closing(case.facts, one.position)
    ]
    if closing:
        message = f"a close of {closing[0]} is on its way"
        yield reason("outcome_pending", message, field=case.field("position"), given=closing[0])
    elif isinstance(verb, Close) and nets(case.facts):
        moving = on_its_way(case.facts, position.symbol, side_of(intent.type))
        if moving and intent.volume + moving > position.volume:
            message = f"{moving:f} are on their way against a position of {position.volume:f}"
            yield reason("outcome_pending", message, field="volume", given=intent.volume)
