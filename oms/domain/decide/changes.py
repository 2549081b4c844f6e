"""Whether a modify can change what it names, and does."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from ..commands import Modify
from ..events.command import Reason
from ..intent import Intent
from ..records import OrderRecord, PositionRecord
from ..values import wall
from .case import Case
from .in_flight import is_changing
from .reasons import reason
from .resolve import MODIFY, PENDINGS

_OF_ORDER: Final = ("price", "limit_price", "sl", "tp", "time_in_force")
_SECONDS: Final = 19  # letters of a time down to its seconds: the wire has no more


def order_can_change(case: Case) -> Iterator[Reason]:
    """A pending order can; what is left of a market order has no price to change."""
    intent = case.intent
    if intent is not None and intent.action == MODIFY and intent.type not in PENDINGS:
        message = f"the order {intent.order} is no pending order"
        yield reason("order_not_pending", message, field="order", given=intent.order)


def nothing_else_changes_it(case: Case) -> Iterator[Reason]:
    """No other change of it is on its way.

    Evidence of a lost one are the values that stand where others stood (docs/semantics.md 8): it would be
    unknown for ever where a second one replaced them.
    """
    verb, intent = case.verb, case.intent
    if isinstance(verb, Modify) and intent is not None and is_changing(case.facts, intent):
        field, ticket = ("order", intent.order) if intent.action == MODIFY else ("position", intent.position)
        message = f"a change of {ticket} is on its way"
        yield reason("modify_pending", message, field=case.field(field), given=ticket)


def changes_nothing(case: Case) -> bool:
    """Whether the order, the position, would be what it is: done without being sent, retcode 10025."""
    intent, named = case.intent, case.named
    if not isinstance(case.verb, Modify) or intent is None:
        return False
    if named.order is not None and named.order.record is not None:
        return _is_so(intent, named.order.record)
    return named.position is not None and _stops_are_so(intent, named.position)


def _is_so(intent: Intent, order: OrderRecord) -> bool:
    same = all(_level(getattr(intent, name)) == _level(getattr(order, name)) for name in _OF_ORDER)
    return same and wall(intent.expires_at)[:_SECONDS] == wall(order.expires_at)[:_SECONDS]


def _stops_are_so(intent: Intent, position: PositionRecord) -> bool:
    return (intent.sl, intent.tp) == (_level(position.sl), _level(position.tp))


def _level(value: Decimal | str | None) -> Decimal | str | None:
    """A level of 0 is none."""
    return value or None
