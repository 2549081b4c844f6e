"""Orders, deals, positions of the wire (docs/protocol.md 4.3) as the domain's records."""

from oms.domain.events import AnomalySeen
from oms.domain.observations import (
    Anomalies,
    DealSeen,
    How,
    Observation,
    Odd,
    OpenOrderSeen,
    PastOrderSeen,
    PositionSeen,
)
from oms.domain.records import DealRecord, OrderRecord, PositionRecord
from protocol.enums import (
    ActivationMode,
    DealEntry,
    DealType,
    Filling,
    OrderState,
    OrderTime,
    OrderType,
    Reason,
    Side,
)
from protocol.records.trade import DEAL, ORDER, POSITION, Deal, Order, Position

from .reading import Reading, Terms

NO_TICKET = "no_ticket"


def open_order(order: Order, terms: Terms, how: How) -> list[Observation]:
    """An order of the open list."""
    return _order(order, terms, how, OpenOrderSeen)


def past_order(order: Order, terms: Terms, how: How) -> list[Observation]:
    """An order of the history."""
    return _order(order, terms, how, PastOrderSeen)


def _order(
    order: Order, terms: Terms, how: How, seen: type[OpenOrderSeen] | type[PastOrderSeen]
) -> list[Observation]:
    reading = Reading(terms, f"order {order.trade_order}", lambda: ORDER.dump(order))
    ticket = reading.ticket("order", order.trade_order)
    if ticket is None:
        return _without_ticket(reading, "order", order.trade_symbol, empty=order == Order())
    record = OrderRecord(
        order=ticket,
        symbol=reading.text("symbol", order.trade_symbol),
        type=reading.word("type", OrderType, order.order_type),
        state=reading.word("state", OrderState, order.order_state),
        volume=reading.lots(order.volume_initial),
        remaining=reading.lots(order.volume_current),
        price=reading.number("price", order.price_order),
        limit_price=reading.level("limit_price", order.price_trigger),
        sl=reading.level("sl", order.price_sl),
        tp=reading.level("tp", order.price_tp),
        filling=reading.word("filling", Filling, order.type_filling),
        time_in_force=reading.word("time_in_force", OrderTime, order.type_time),
        expires_at=reading.time(order.time_expiration),
        position=reading.ticket("position", order.position_id),
        reason=reading.word("reason", Reason, order.type_reason),
        comment=reading.text("comment", order.comment),
        activation=reading.word("activation", ActivationMode, order.activation_mode),
        magic=str(order.expert),
        digits=reading.digits("digits", order.digits),
        external_id=reading.text("external_id", order.order_id),
        setup_at=reading.time(order.time_setup, order.time_setup_msc),
        done_at=reading.time(order.time_done, order.time_done_msc),
    )
    return [seen(record, how, reading.anomalies(record.symbol))]


def deal(deal: Deal, terms: Terms, how: How) -> list[Observation]:
    """A deal; an empty one stands for none."""
    reading = Reading(terms, f"deal {deal.deal}", lambda: DEAL.dump(deal))
    ticket = reading.ticket("deal", deal.deal)
    if ticket is None:
        return _without_ticket(reading, "deal", deal.trade_symbol, empty=deal == Deal())
    money = deal.trade_action not in (DealType.BUY, DealType.SELL) and not deal.trade_symbol
    record = DealRecord(
        deal=ticket,
        order=reading.ticket("order", deal.trade_order),
        position=reading.ticket("position", deal.position_id),
        symbol=reading.text("symbol", deal.trade_symbol),
        type=reading.word("type", DealType, deal.trade_action),
        entry="" if money else reading.word("entry", DealEntry, deal.entry),
        volume=None if money else reading.lots(deal.trade_volume),
        price=None if money else reading.number("price", deal.price_open),
        profit=reading.money("profit", deal.profit),
        commission=reading.money("commission", deal.commission),
        swap=reading.money("swap", deal.storage),
        fee=reading.money("fee", deal.commission_fee),
        sl=reading.level("sl", deal.sl),
        tp=reading.level("tp", deal.tp),
        reason=reading.word("reason", Reason, deal.trade_reason),
        comment=reading.text("comment", deal.comment),
        magic=str(deal.expert),
        digits=reading.digits("digits", deal.digits),
        external_id=reading.text("external_id", deal.deal_id),
        time=reading.time(deal.time_create, deal.time_create_msc),
        updated_at=reading.time(deal.time_update, deal.time_update_msc),
    )
    return [DealSeen(record, how, reading.anomalies(record.symbol))]


def position(position: Position, terms: Terms, how: How) -> list[Observation]:
    """A position; an empty one stands for none.  Without an identifier it goes by its order's ticket."""
    reading = Reading(terms, f"position {position.position_id}", lambda: POSITION.dump(position))
    ticket = reading.ticket("ticket", position.trade_order)
    identifier = reading.ticket("position", position.position_id) or ticket
    if identifier is None:
        return _without_ticket(reading, "position", position.trade_symbol, empty=position == Position())
    record = PositionRecord(
        position=identifier,
        ticket=ticket,
        symbol=reading.text("symbol", position.trade_symbol),
        side=reading.word("side", Side, position.trade_action),
        volume=reading.lots(position.trade_volume),
        price=reading.number("price", position.price_open),
        sl=reading.level("sl", position.sl),
        tp=reading.level("tp", position.tp),
        swap=reading.money("swap", position.storage),
        commission=reading.money("commission", position.commission),
        reason=reading.word("reason", Reason, position.trade_reason),
        comment=reading.text("comment", position.comment),
        magic=str(position.expert),
        digits=reading.digits("digits", position.digits),
        external_id=reading.text("external_id", position.external_id),
        opened_at=reading.time(position.time_create, position.time_create_msc),
        updated_at=reading.time(position.time_update, position.time_update_msc),
    )
    return [PositionSeen(record, how, reading.anomalies(record.symbol))]


def _without_ticket(reading: Reading, what: str, symbol: str, *, empty: bool) -> list[Observation]:
    """A record that cannot be told from another: kept as an anomaly, unless nothing is in it."""
    if empty:
        return []
    reading.odd(NO_TICKET, what, "")
    found: Anomalies = reading.anomalies(reading.text("symbol", symbol))
    return [Odd(anomaly) for anomaly in found]


def unknown_transaction(raw: bytes, subject: str, field: str, number: int, terms: Terms) -> list[Observation]:
    """A transaction that says neither added, updated nor removed: what it means is not known."""
    reading = Reading(terms, subject, lambda: raw)
    reading.odd("unlisted_value", field, number)
    found: tuple[AnomalySeen, ...] = reading.anomalies()
    return [Odd(anomaly) for anomaly in found]
