"""What a client knows of an account from pushes alone, applied as docs/protocol.md 5.3 has it."""

from decimal import Decimal
from typing import Any

from protocol.enums import TransactionClass, TransactionType
from protocol.records.trade import Deal, DealTransaction, Order, OrderTransaction, Position

DELETE, ADD = TransactionType.DELETE, TransactionType.ADD


class TerminalBooks:
    """Orders, history, positions, deals and money of one account."""

    def __init__(self) -> None:
        self.orders: dict[int, Order] = {}
        self.history: dict[int, Order] = {}
        self.positions: dict[int, Position] = {}
        self.deals: dict[int, Deal] = {}
        self.balance = self.credit = Decimal(0)

    def hear(self, records: list[Any]) -> None:
        """One push 10."""
        for record in records:
            if isinstance(record, OrderTransaction):
                self._order(record)
            else:
                self._deal(record)

    def _order(self, record: OrderTransaction) -> None:
        order, kind = record.order, record.transaction_type
        known = self.orders if record.flag_mask == TransactionClass.ORDER else self.history
        if kind == DELETE:
            del known[order.trade_order]
        else:
            known[order.trade_order] = order

    def _deal(self, record: DealTransaction) -> None:
        if record.transaction_type == ADD:
            self.balance = Decimal(repr(record.balance))
            self.credit = Decimal(repr(record.credit))
        for position in (record.position, *record.positions):
            self._position(position)
        for deal in (record.deal, *record.deals):
            if deal.deal and record.transaction_type == DELETE:
                del self.deals[deal.deal]
            elif deal.deal:
                self.deals[deal.deal] = deal

    def _position(self, position: Position) -> None:
        if position.trade_volume:
            self.positions[position.position_id] = position
        else:
            self.positions.pop(position.position_id, None)
