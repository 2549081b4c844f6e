"""Messages as observations, in the order in which their records stand."""

from base64 import b64encode
from typing import Final

from oms.domain.events import DriftSeen
from oms.domain.observations import How, MoneySeen, Observation
from protocol.drift import Drift
from protocol.enums import TransactionClass, TransactionType
from protocol.messages import Push
from protocol.records.trade import (
    DEAL_TRANSACTION,
    ORDER_TRANSACTION,
    DealTransaction,
    History,
    OpenTrades,
    OrderTransaction,
)

from . import trade
from .account import account
from .reading import Reading, Terms
from .symbol import symbols

TRANSACTIONS, SYMBOLS_CHANGED, ACCOUNT_CHANGED = 10, 13, 14
MOST_TOLD = 100  # findings of one message; the rest is counted in the last
MOST_RAW = 256  # bytes of a skipped field that are kept

HOW: Final[dict[int, How]] = {
    TransactionType.ADD: How.ADDED,
    TransactionType.UPDATE: How.UPDATED,
    TransactionType.DELETE: How.REMOVED,
}


def push(message: Push, terms: Terms) -> list[Observation]:
    """What a push 10, 13 or 14 tells; of any other nothing: market data and outcomes go other ways."""
    if message.command == TRANSACTIONS:
        return [seen for record in message.value for seen in transaction(record, terms)]
    if message.command == SYMBOLS_CHANGED:
        return symbols(message.value, terms)
    return account(message.value) if message.command == ACCOUNT_CHANGED else []


def open_trades(answer: OpenTrades, terms: Terms) -> list[Observation]:
    """Answer 4: what is open now."""
    seen: list[Observation] = []
    for order in answer.orders:
        seen += trade.open_order(order, terms, How.LISTED)
    for position in answer.positions:
        seen += trade.position(position, terms, How.LISTED)
    return seen


def history(answer: History, terms: Terms) -> list[Observation]:
    """Answer 5, deals by server time and ticket (docs/semantics.md 7)."""
    seen: list[Observation] = []
    for order in answer.orders:
        seen += trade.past_order(order, terms, How.LISTED)
    for deal in sorted(answer.deals, key=lambda one: (one.time_create, one.time_create_msc, one.deal)):
        seen += trade.deal(deal, terms, How.LISTED)
    return seen


def transaction(record: OrderTransaction | DealTransaction, terms: Terms) -> list[Observation]:
    """One record of push 10 (docs/protocol.md 5.3)."""
    if isinstance(record, DealTransaction):
        return _deal_transaction(record, terms)
    return _order_transaction(record, terms)


def drift(command: int, found: Drift) -> list[DriftSeen]:
    """What a body held that the documents do not."""
    told = [DriftSeen(command, unread=found.unread)] if found.unread else []
    told += [DriftSeen(command, one.field, str(one.value)) for one in found.unknown]
    for skipped in found.ignored:
        if isinstance(skipped.value, bytes):
            raw = b64encode(skipped.value[:MOST_RAW]).decode()
            told.append(DriftSeen(command, skipped.field, unread=len(skipped.value), raw=raw))
        else:
            told.append(DriftSeen(command, skipped.field, str(skipped.value)))
    if len(told) <= MOST_TOLD:
        return told
    return [*told[: MOST_TOLD - 1], DriftSeen(command, "...", count=len(told) - MOST_TOLD + 1)]


def _order_transaction(record: OrderTransaction, terms: Terms) -> list[Observation]:
    how = HOW.get(record.transaction_type)
    subject, raw = f"order {record.order.trade_order}", ORDER_TRANSACTION.dump
    if how is None:
        number = record.transaction_type
        return trade.unknown_transaction(raw(record), subject, "transaction_type", number, terms)
    if record.flag_mask == TransactionClass.ORDER:
        return trade.open_order(record.order, terms, how)
    if record.flag_mask == TransactionClass.HISTORY_ORDER:
        return trade.past_order(record.order, terms, how)
    return trade.unknown_transaction(raw(record), subject, "flag_mask", record.flag_mask, terms)


def _deal_transaction(record: DealTransaction, terms: Terms) -> list[Observation]:
    """Deals, then positions, then money, which the client takes from an added deal alone."""
    how = HOW.get(record.transaction_type)
    if how is None:
        raw, subject = DEAL_TRANSACTION.dump(record), f"deal {record.deal.deal}"
        return trade.unknown_transaction(raw, subject, "transaction_type", record.transaction_type, terms)
    seen = [one for deal in (record.deal, *record.deals) for one in trade.deal(deal, terms, how)]
    shown = How.UPDATED  # whatever became of the deal, the position is told as it is now
    for position in (record.position, *record.positions):
        seen += trade.position(position, terms, shown)
    if how is How.ADDED:
        seen.append(_money(record, terms))
    return seen


def _money(record: DealTransaction, terms: Terms) -> MoneySeen:
    reading = Reading(terms, f"deal {record.deal.deal}", lambda: DEAL_TRANSACTION.dump(record))
    balance, credit = reading.money("balance", record.balance), reading.money("credit", record.credit)
    last = max((record.deal, *record.deals), key=lambda one: (one.time_create, one.time_create_msc, one.deal))
    return MoneySeen(balance, credit, "push", reading.anomalies(), str(last.deal) if last.deal > 0 else None)
