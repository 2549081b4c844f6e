"""Deals booked: the only place where balance and credit move (docs/semantics.md 1).

A deal's amounts are rounded to the account's digits before they are booked, half away from zero, one by one:
what the record says is what the balance moved by.
"""

from decimal import Decimal
from typing import NamedTuple

from msgspec.structs import replace

from protocol.enums import DealEntry, DealType, Reason, Side, TransactionType
from protocol.records.symbols import FullSymbol
from protocol.records.trade import Deal, Order, Position

from .audit import CREDITS, LedgerBroken, amount
from .floor import Floor, gone, side_of
from .matching import Fill, filled, opposite, share
from .model import LOT, Account
from .money import exact, margin_rate, profit, rounded


class Trade(NamedTuple):
    """A volume of an order that trades at a price."""

    order: Order
    volume: int
    price: float
    side: Side
    position_id: int  # that it names; 0 = none

    @property
    def spec_symbol(self) -> str:
        """The symbol traded."""
        return self.order.trade_symbol


def book(account: Account, deal: Deal) -> None:
    """Append a deal and move the money by it."""
    account.deals.append(deal)
    if deal.trade_action in CREDITS:
        account.credit += amount(deal)
    else:
        account.balance += amount(deal)


def strike(floor: Floor, account: Account, trade: Trade) -> Deal:
    """Trade a volume: the deal, the position it leaves, the money; pushed as one 10 {2,0}."""
    deal, position = settle(floor, account, trade)
    floor.push_deal(account, TransactionType.ADD, deal, position)
    return deal


def settle(
    floor: Floor, account: Account, trade: Trade, entry: DealEntry | None = None
) -> tuple[Deal, Position]:
    """As `strike`, not pushed; `entry` for a deal that is not named by what it does (OUT_BY)."""
    spec = floor.terms(account.login)[trade.spec_symbol]
    before = floor.position_for(account, trade.spec_symbol, trade.position_id)
    fresh = _fresh(floor, account, spec, trade)
    fill = filled(before, fresh)
    deal = _deal(floor, account, spec, trade, before, fill)
    if fill.entry != DealEntry.OUT:  # of what it opens, for a position folded from deals; else the position's
        deal = replace(deal, rate_margin=fresh.rate_margin)
    if entry is not None:
        deal = replace(deal, entry=entry)
    book(account, deal)
    left = fill.position if fill.position.trade_volume else gone(fill.position)
    if before is not None and fill.entry == DealEntry.OUT and left.trade_volume:
        left = replace(left, storage=float(exact(before.storage) - exact(deal.storage)))
    return deal, floor.position_kept(account, left)


def _fresh(floor: Floor, account: Account, spec: FullSymbol, trade: Trade) -> Position:
    """The position that the trade opens where it meets none: its id is the order's ticket (semantics 4).

    Unless the order names one: a position that the server opens again keeps its identifier.
    """
    order, now = trade.order, floor.now
    at = margin_rate(spec, trade.side, exact(trade.price), account.currency, floor.rates)
    return Position(
        position_id=trade.position_id or order.trade_order,
        trade_order=order.trade_order,
        time_create=now.seconds,
        time_update=now.seconds,
        trade_symbol=spec.trade_symbol,
        trade_action=trade.side,
        price_open=trade.price,
        price_close=trade.price,
        sl=order.price_sl,
        tp=order.price_tp,
        trade_volume=trade.volume,
        rate_margin=float(at or 0),
        comment=order.comment,
        contract_size=spec.trade_contract_size,
        digits=spec.digits,
        digits_currency=account.digits,
        trade_reason=order.type_reason,
        time_create_msc=now.msc,
        time_update_msc=now.msc,
    )


def _deal(
    floor: Floor, account: Account, spec: FullSymbol, trade: Trade, before: Position | None, fill: Fill
) -> Deal:
    order, now = trade.order, floor.now
    earned, rate = _earned(floor, account, spec, trade, before, fill.closed)
    # What closes has the position's stops of that moment, what opens or reverses its order's (MQL5, DEAL_SL).
    leaving = before if before is not None and fill.entry == DealEntry.OUT else None
    return Deal(
        deal=floor.tickets.deal(),
        trade_order=order.trade_order,
        time_create=now.seconds,
        time_update=now.seconds,
        trade_symbol=spec.trade_symbol,
        trade_action=DealType.BUY if trade.side == Side.BUY else DealType.SELL,
        entry=fill.entry,
        price_open=trade.price,
        price_close=trade.price if fill.closed else 0.0,
        sl=leaving.sl if leaving else order.price_sl,
        tp=leaving.tp if leaving else order.price_tp,
        trade_volume=trade.volume,
        profit=float(earned),
        rate_profit=float(rate),
        rate_margin=fill.position.rate_margin,
        commission=float(_commission(floor, account, trade)),
        storage=float(_storage(account, before, fill.closed)),
        position_id=fill.position.position_id,
        comment=order.comment,
        contract_size=spec.trade_contract_size,
        digits=spec.digits,
        digits_currency=account.digits,
        trade_reason=order.type_reason,
        time_create_msc=now.msc,
        time_update_msc=now.msc,
    )


def _earned(
    floor: Floor, account: Account, spec: FullSymbol, trade: Trade, before: Position | None, closed: int
) -> tuple[Decimal, Decimal]:
    """Profit of the closed volume and the rate that converted it; an opening deal earns 0 at today's rate."""
    side = opposite(trade.side) if closed else trade.side
    opened = before.price_open if before is not None and closed else trade.price
    rate_margin = before.rate_margin if before is not None else None
    got = profit(
        spec, side, closed or trade.volume, opened, trade.price, account.currency, account.digits,
        floor.rates, rate_margin=rate_margin,
    )  # fmt: skip
    if got is None:  # rules and triggers ask `Floor.bookable` first
        raise LedgerBroken(f"{spec.trade_symbol}: a deal without a rate into {account.currency}")
    return (got[0] if closed else Decimal(0)), got[1]


def _storage(account: Account, before: Position | None, closed: int) -> Decimal:
    """The swap that goes with the closed volume; the last of a position takes what is left of it."""
    if before is None or not closed:
        return Decimal(0)
    return rounded(share(exact(before.storage), closed, before.trade_volume), account.digits)


def _commission(floor: Floor, account: Account, trade: Trade) -> Decimal:
    """The commission that the deal books; gathered for the end of the day, it books none."""
    if trade.order.type_reason == Reason.ROLLOVER:
        return Decimal(0)
    due = rounded(-account.commission_per_lot * trade.volume / LOT, account.digits)
    if floor.behaviour.commission == "day":
        account.commission_daily += due
        return Decimal(0)
    return due + 0  # no negative zero


def money_deal(
    floor: Floor, account: Account, deal_type: int, value: Decimal, comment: str, reason: Reason
) -> Deal:
    """A deal that moves money alone: type >= 2, no symbol, empty position (docs/protocol.md 5.3)."""
    deal = Deal(
        deal=floor.tickets.deal(),
        time_create=floor.now.seconds,
        time_update=floor.now.seconds,
        trade_action=deal_type,
        profit=float(rounded(value, account.digits)),
        comment=comment,
        digits_currency=account.digits,
        trade_reason=reason,
        time_create_msc=floor.now.msc,
        time_update_msc=floor.now.msc,
    )
    book(account, deal)
    floor.push_deal(account, TransactionType.ADD, deal, Position())
    return deal


def trade_of(order: Order, volume: int, price: float) -> Trade:
    """A volume of an order at a price, towards the position that the order names."""
    return Trade(order, volume, price, side_of(order.order_type), order.position_id)
