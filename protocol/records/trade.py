"""Records of trading: positions, orders, deals, requests, results (docs/protocol.md 4.3, 4.7, 5.3, 5.4)."""

from typing import Annotated

import msgspec

from ..enums import (
    ActivationMode,
    DealEntry,
    DealType,
    Filling,
    OrderState,
    OrderTime,
    OrderType,
    Reason,
    Retcode,
    Side,
    TradeAction,
    TransactionClass,
    TransactionType,
)
from ..layout import F64, I32, I64, IGNORED, U32, U64, Layout, Record, nested, text, u32


class Position(Record, frozen=True):
    """An open position."""

    position_id: I64 = 0
    trade_order: I64 = 0
    time_create: U32 = 0  # server-time seconds
    time_update: U32 = 0  # server-time seconds
    trade_symbol: Annotated[str, text(64)] = ""
    trade_action: Annotated[int, u32(Side)] = 0  # 0 buy, 1 sell
    price_open: F64 = 0.0
    price_close: F64 = 0.0  # current price
    sl: F64 = 0.0
    tp: F64 = 0.0
    trade_volume: U64 = 0  # lots × 10^8
    profit: F64 = 0.0
    rate_profit: F64 = 0.0
    rate_margin: F64 = 0.0
    commission: F64 = 0.0
    storage: F64 = 0.0  # swap
    expert: I64 = 0
    expert_position_id: I64 = 0
    comment: Annotated[str, text(64)] = ""
    contract_size: F64 = 0.0
    digits: U32 = 0
    digits_currency: U32 = 0
    trade_reason: Annotated[int, u32(Reason)] = 0  # §6.7
    external_id: Annotated[str, text(64)] = ""
    time_create_msc: I32 = 0  # milliseconds part
    time_update_msc: I32 = 0  # milliseconds part


POSITION = Layout(Position)


class Order(Record, frozen=True):
    """An order, open or in history."""

    trade_order: I64 = 0
    order_id: Annotated[str, text(64)] = ""  # external id text
    trade_symbol: Annotated[str, text(64)] = ""
    time_setup: U32 = 0  # server-time seconds
    time_expiration: U32 = 0  # server-time seconds
    time_done: U32 = 0  # server-time seconds
    order_type: Annotated[int, u32(OrderType)] = 0  # 0..8
    type_filling: Annotated[int, u32(Filling)] = 0
    type_time: Annotated[int, u32(OrderTime)] = 0
    type_reason: Annotated[int, u32(Reason)] = 0  # §6.7
    price_order: F64 = 0.0  # limit/stop price; stop-limit: activation price
    price_trigger: F64 = 0.0  # stop-limit: limit price
    price_current: F64 = 0.0
    price_sl: F64 = 0.0
    price_tp: F64 = 0.0
    volume_initial: I64 = 0  # lots × 10^8
    volume_current: I64 = 0  # remaining lots × 10^8
    order_state: Annotated[int, u32(OrderState)] = 0  # §6.1
    expert: I64 = 0
    position_id: I64 = 0
    comment: Annotated[str, text(64)] = ""
    contract_size: F64 = 0.0
    digits: U32 = 0
    digits_currency: U32 = 0
    commission_daily: F64 = 0.0
    commission_monthly: F64 = 0.0
    margin_rate: F64 = 0.0
    activation_mode: Annotated[int, u32(ActivationMode)] = 0  # 0 none, 1 pending, 2 stop-limit
    time_setup_msc: I32 = 0  # milliseconds part
    time_done_msc: I32 = 0  # milliseconds part


ORDER = Layout(Order)


class Deal(Record, frozen=True):
    """A deal: the only thing that moves a position or money."""

    deal: I64 = 0
    deal_id: Annotated[str, text(64)] = ""  # external id text
    trade_order: I64 = 0
    time_create: U32 = 0
    time_update: U32 = 0
    trade_symbol: Annotated[str, text(64)] = ""
    trade_action: Annotated[int, u32(DealType)] = 0  # deal type §6.7
    entry: Annotated[int, u32(DealEntry)] = 0  # 0 in, 1 out, 2 in/out, 3 out by
    price_open: F64 = 0.0  # the deal price
    price_close: F64 = 0.0
    sl: F64 = 0.0
    tp: F64 = 0.0
    trade_volume: U64 = 0  # lots × 10^8
    profit: F64 = 0.0
    rate_profit: F64 = 0.0
    rate_margin: F64 = 0.0
    commission: F64 = 0.0
    storage: F64 = 0.0  # swap
    expert: I64 = 0
    position_id: I64 = 0
    comment: Annotated[str, text(64)] = ""
    contract_size: F64 = 0.0
    digits: U32 = 0
    digits_currency: U32 = 0
    trade_reason: Annotated[int, u32(Reason)] = 0  # §6.7
    time_create_msc: I32 = 0  # milliseconds part
    time_update_msc: I32 = 0  # milliseconds part
    commission_fee: F64 = 0.0


DEAL = Layout(Deal)


class OrderTransaction(Record, frozen=True):
    """Push 10 about an order."""

    flag_mask: Annotated[int, u32(TransactionClass)] = 0  # 0 open orders, 1 history orders
    transaction_id: U32 = 0  # stored, not used
    transaction_type: Annotated[int, u32(TransactionType)] = 0  # 0 add, 1 update, 2 delete
    order: Annotated[Order, nested(ORDER)] = Order()


ORDER_TRANSACTION = Layout(OrderTransaction)


class DealTransaction(Record, frozen=True):
    """Push 10 about a deal, with the position it left and the balance."""

    flag_mask: Annotated[int, u32(TransactionClass)] = 0  # 2
    transaction_id: U32 = 0  # stored, not used
    transaction_type: Annotated[int, u32(TransactionType)] = 0  # 0 add, 1 update, 2 delete
    deal: Annotated[Deal, nested(DEAL)] = Deal()
    position: Annotated[Position, nested(POSITION)] = Position()
    balance: F64 = 0.0
    credit: F64 = 0.0
    commission_daily: F64 = 0.0
    commission_monthly: F64 = 0.0
    acc_profit: F64 = 0.0
    deals: list[Deal] = []  # behind a u32 count
    positions: list[Position] = []  # behind a u32 count


DEAL_TRANSACTION = Layout(DealTransaction)


class TradeRequest(Record, frozen=True):
    """Command 12."""

    action_id: U32 = 0  # client sequence: starts at 1000, +1 per request, per session
    trade_action: Annotated[int, u32(TradeAction)] = 0  # §6.3
    trade_symbol: Annotated[str, text(64)] = ""
    trade_volume: U64 = 0  # lots × 10^8
    digits: U32 = 0  # symbol digits
    trade_order: U64 = 0  # order ticket (modify, remove), else 0
    trade_type: Annotated[int, u32(OrderType)] = 0  # order type §6.1
    type_filling: Annotated[int, u32(Filling)] = 0  # §6.2
    type_time: Annotated[int, u32(OrderTime)] = 0  # §6.2
    type_flags: U32 = 0  # §6.4
    type_reason: U32 = 0  # always 0 from the client
    price_order: F64 = 0.0  # see §6.5; 0 = at market
    price_trigger: F64 = 0.0  # stop-limit: the limit price placed after activation
    price_sl: F64 = 0.0  # 0 = none
    price_tp: F64 = 0.0  # 0 = none
    price_deviation: U32 = 0  # points; 0 on open, 1 on instant close
    price_top: F64 = 0.0  # always 0 from the client
    price_bottom: F64 = 0.0  # always 0 from the client
    comment: Annotated[str, text(64)] = ""  # ≤32 units
    trade_position: U64 = 0  # position id (close, SL/TP, close-by), else 0
    position_by: U64 = 0  # opposite position id (close-by), else 0
    time_expiration: U32 = 0  # server-time seconds, 0 = none


TRADE_REQUEST = Layout(TradeRequest)


class TradeAnswer(Record, frozen=True):
    """Answer of command 12: accepted for processing, or refused for good."""

    retcode: Annotated[int, u32(Retcode)] = 0  # §6.8


TRADE_ANSWER = Layout(TradeAnswer)


class TradeResult(Record, frozen=True):
    """What became of a request."""

    retcode: Annotated[int, u32(Retcode)] = 0  # §6.8
    deal: I64 = 0  # 0 when none
    trade_order: I64 = 0  # 0 when none
    volume: I64 = 0  # lots × 10^8 executed/confirmed
    price: F64 = 0.0  # executed/confirmed price
    res_time: U32 = 0  # seconds as sent; the client shows it unscaled
    bid: F64 = 0.0  # current or requoted bid
    ask: F64 = 0.0  # current or requoted ask
    last: F64 = 0.0
    comment: Annotated[str, text(64)] = ""


TRADE_RESULT = Layout(TradeResult)


class TradeOutcome(Record, frozen=True):
    """Push 19: the request as the server saw it, with its result."""

    code: Annotated[U32, IGNORED] = 0  # ignored by the client
    request: Annotated[TradeRequest, nested(TRADE_REQUEST)] = TradeRequest()
    result: Annotated[TradeResult, nested(TRADE_RESULT)] = TradeResult()


TRADE_OUTCOME = Layout(TradeOutcome)


class HistoryRequest(Record, frozen=True):
    """Command 5; 0 and 0 ask for everything."""

    from_: I32 = msgspec.field(name="from", default=0)  # server-time seconds
    to: I32 = 0  # server-time seconds; 0 = now


HISTORY_REQUEST = Layout(HistoryRequest)


class ServerLink(Record, frozen=True):
    """Push 15: the gateway's link to the trade server."""

    state: U32 = 0  # 0 = connected


SERVER_LINK = Layout(ServerLink)


class OpenTrades(msgspec.Struct, frozen=True):
    """Answer of command 4."""

    positions: list[Position] = []
    orders: list[Order] = []


class History(msgspec.Struct, frozen=True):
    """Answer of command 5."""

    deals: list[Deal] = []
    orders: list[Order] = []
