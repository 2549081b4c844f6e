"""Trade requests on their way to the wire, and what push 19 says of them (docs/protocol.md 4.7, 5.4)."""

from base64 import b64encode
from datetime import datetime
from decimal import Decimal
from enum import IntEnum
from typing import Final, NamedTuple

from oms.domain.intent import Intent
from oms.domain.marker import marker_in
from oms.domain.values import EXACT, wall
from oms.domain.words import NO_NUMBER, number_of
from protocol.enums import Filling, OrderTime, OrderType, TradeAction
from protocol.records.trade import TRADE_OUTCOME, TradeOutcome, TradeRequest

from .reading import Reading, Terms

RAW: Final = 2048  # bytes of a body that are kept
_EPOCH: Final = datetime(1970, 1, 1)
# Whose comment is the command's own; a modify echoes its order's.
_COMMENTED: Final = frozenset(range(TradeAction.REQUEST_PRICES, TradeAction.PENDING + 1))


class Result(NamedTuple):
    """What push 19 says became of a request; volumes in lots."""

    retcode: int
    deal: str | None
    order: str | None
    volume: Decimal
    price: Decimal | None
    bid: Decimal | None
    ask: Decimal | None
    comment: str


def trade_request(intent: Intent, action_id: int) -> TradeRequest:
    """The record of an intent; ValueError for a word without a number, which no decision lets through."""
    return TradeRequest(
        action_id=action_id,
        trade_action=_number(TradeAction, intent.action),
        trade_symbol=intent.symbol,
        trade_volume=int(intent.volume.scaleb(8, EXACT)),
        digits=intent.digits,
        trade_order=int(intent.order or 0),
        trade_type=_number(OrderType, intent.type),
        type_filling=_number(Filling, intent.filling) if intent.filling else 0,
        type_time=_number(OrderTime, intent.time_in_force),
        type_flags=intent.flags,
        price_order=float(intent.price or 0),
        price_trigger=float(intent.limit_price or 0),
        price_sl=float(intent.sl or 0),
        price_tp=float(intent.tp or 0),
        price_deviation=intent.deviation,
        comment=intent.comment,
        trade_position=int(intent.position or 0),
        position_by=int(intent.position_by or 0),
        time_expiration=_seconds(intent.expires_at),
    )


def is_of(sent: TradeRequest, marker: str, told: TradeOutcome) -> bool:
    """Whether push 19 speaks of a request of ours, by number and by content (docs/semantics.md 0).

    Another session of the account may use the same number.  Any other byte of the echo may differ.
    """
    echo = told.request
    same = (
        echo.action_id == sent.action_id
        and echo.trade_action == sent.trade_action
        and echo.trade_symbol == sent.trade_symbol
        and echo.trade_type == sent.trade_type
        and echo.trade_position == sent.trade_position
        and echo.position_by == sent.position_by
        and echo.trade_volume <= sent.trade_volume
        and sent.trade_order in (0, echo.trade_order)
    )
    commented = sent.trade_action in _COMMENTED
    own = ("", marker, marker_in(sent.comment))  # a user's comment may look like one
    return same and (not commented or marker_in(echo.comment) in own)


def echo_differs(sent: TradeRequest, told: TradeOutcome) -> tuple[str, ...]:
    """The fields in which the echo is not what was sent; the broker may fill some in."""
    return tuple(
        name for name in TradeRequest.__struct_fields__ if getattr(told.request, name) != getattr(sent, name)
    )


def result(told: TradeOutcome, terms: Terms) -> Result:
    """What it says, in exact values; what cannot be one is None."""
    said = told.result
    reading = Reading(terms, f"result {told.request.action_id}", lambda: TRADE_OUTCOME.dump(told))
    return Result(
        said.retcode,
        reading.ticket("deal", said.deal),
        reading.ticket("order", said.trade_order),
        reading.lots(max(0, said.volume)),
        reading.level("price", said.price),
        reading.level("bid", said.bid),
        reading.level("ask", said.ask),
        reading.text("comment", said.comment),
    )


def base64(body: bytes) -> str:
    """A body as evidence."""
    return b64encode(body[:RAW]).decode()


def _number(names: type[IntEnum], text: str) -> int:
    number = number_of(names, text)
    if number == NO_NUMBER:
        raise ValueError(f"{text!r} is no {names.__name__}")
    return number


def _seconds(time: str | None) -> int:
    """Seconds of server time; 0 for none."""
    return int((datetime.fromisoformat(wall(time)) - _EPOCH).total_seconds()) if time else 0
