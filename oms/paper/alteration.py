"""What a fault makes of a message's value: another code, another action_id, less of a comment."""

from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from protocol.records.trade import (
    DealTransaction,
    History,
    OpenTrades,
    OrderTransaction,
    TradeAnswer,
    TradeOutcome,
    TradeRequest,
)

from .faults import Fault

Record = TypeVar("Record", bound=msgspec.Struct)


def altered(fault: Fault, value: Any) -> Any:
    """The value as the fault leaves it; what it does not concern comes back as it is."""
    match fault.do:
        case "retcode":
            return _with_retcode(value, fault.retcode)
        case "action_id" if isinstance(value, TradeOutcome):
            return replace(value, request=replace(value.request, action_id=fault.action_id))
        case "cut_comment":
            return _cut(value, fault.bytes)
    return value


def _with_retcode(value: Any, retcode: int) -> Any:
    if isinstance(value, TradeAnswer):
        return TradeAnswer(retcode)
    if isinstance(value, TradeOutcome):
        return replace(value, result=replace(value.result, retcode=retcode))
    return value


def _cut(value: Any, units: int) -> Any:
    match value:
        case TradeRequest():
            return _shortened(value, units)
        case OpenTrades(positions, orders):
            return OpenTrades(_all(positions, units), _all(orders, units))
        case History(deals, orders):
            return History(_all(deals, units), _all(orders, units))
        case [*records]:
            return [_transaction(record, units) for record in records]
    return value


def _transaction(record: Any, units: int) -> Any:
    if isinstance(record, OrderTransaction):
        return replace(record, order=_shortened(record.order, units))
    if isinstance(record, DealTransaction):
        return replace(
            record,
            deal=_shortened(record.deal, units),
            position=_shortened(record.position, units),
            deals=_all(record.deals, units),
            positions=_all(record.positions, units),
        )
    return record


def _all(records: list[Record], units: int) -> list[Record]:
    return [_shortened(record, units) for record in records]


def _shortened(record: Any, units: int) -> Any:
    """A record with no more than so many UTF-16 units of its comment."""
    raw = record.comment.encode("utf-16-le", "surrogatepass")[: units * 2]
    return replace(record, comment=raw.decode("utf-16-le", "surrogatepass"))
