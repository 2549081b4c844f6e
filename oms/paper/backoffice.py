"""What dealers and administrators do: money, deals corrected or removed, rights, specifications.

Deals stay the ledger: a correction moves the balance by its difference, and the position follows its deals,
as a client refolds them (docs/semantics.md 1.6).
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
from msgspec.structs import replace

from protocol.enums import DealType, Reason, TransactionType
from protocol.records.symbols import FullSymbol
from protocol.records.trade import Deal, Position

from .audit import CREDITS, amount
from .contract import NEGATIVE_PRICES
from .fitness import BIGGEST, HIGHEST, LARGEST, misfits
from .floor import ACCOUNT_CHANGED, SYMBOLS_CHANGED, Floor, gone
from .ledger import money_deal
from .matching import opened_by, refolded
from .model import Account
from .money import exact, rounded

FIXED = frozenset({"deal", "trade_order", "position_id", "trade_symbol"})  # what a deal is, not what it says
OF_TRADES = frozenset({DealType.BUY, DealType.SELL, DealType.BUY_CANCELED, DealType.SELL_CANCELED})
RATES = ("rate_profit", "rate_margin")
PRICES = ("price_open", "price_close", "sl", "tp")
AMOUNTS = ("profit", "commission", "storage", "commission_fee")


def deposit(floor: Floor, account: Account, value: Decimal, deal_type: int, comment: str) -> None:
    """Book money by a deal of its own; negative amounts take it.  ValueError for a deal type that trades."""
    if deal_type not in tuple(DealType) or deal_type in (DealType.BUY, DealType.SELL):
        raise ValueError(f"deal type {deal_type} moves no money by itself")
    if not value.is_finite() or not 0 < abs(value) <= LARGEST:
        raise ValueError(f"amount {value} moves no money, or more than {LARGEST}")
    if value != rounded(value, account.digits):
        raise ValueError(f"amount {value} has more than the account's {account.digits} digits")
    money_deal(floor, account, deal_type, value, comment, Reason.DEALER)


def amend(floor: Floor, account: Account, ticket: int, changes: dict[str, Any]) -> None:
    """Change fields of a deal: 10 {2,1 deal + position}, then 14 where money moved.

    KeyError for an unknown deal.  ValueError for a field that a deal has not, or that says which deal it is,
    for a value that a deal cannot have, and for what would leave a netting account with two positions of a
    symbol.  Then nothing was changed.
    """
    before = _deal(account, ticket)
    unknown = [name for name in changes if name in FIXED or name not in Deal.__struct_fields__]
    if unknown:
        raise ValueError(f"deal {ticket}: {', '.join(unknown)} cannot be amended")
    after = _amended(floor, account, before, changes)
    _rewrite(floor, account, before, after, TransactionType.UPDATE)


def _amended(floor: Floor, account: Account, deal: Deal, changes: dict[str, Any]) -> Deal:
    stamp = {"time_update": floor.now.seconds, "time_update_msc": floor.now.msc}
    after = msgspec.convert({**msgspec.to_builtins(deal), **stamp, **changes}, Deal)
    for what in _impossible(floor, after):
        raise ValueError(f"deal {deal.deal}: {what}")
    if (after.trade_action in OF_TRADES) != bool(deal.trade_symbol):
        raise ValueError(f"deal {deal.deal}: type {after.trade_action} is not for such a deal")
    return replace(after, **{name: _on_grid(account, getattr(after, name)) for name in AMOUNTS})


def _impossible(floor: Floor, record: Deal | Position) -> Iterator[str]:
    """What a deal, or the position that follows from it, cannot be."""
    yield from (f"{path[-1]}: {message}" for path, message in misfits(record))
    spec = floor.specs.get(record.trade_symbol)
    lowest = -HIGHEST if spec is not None and spec.ticks_flags & NEGATIVE_PRICES else 0.0
    bounds = dict.fromkeys(PRICES, (lowest, HIGHEST)) | dict.fromkeys(RATES, (0.0, LARGEST))
    for name, (least, most) in (bounds | {"trade_volume": (0, BIGGEST)}).items():
        if not least <= getattr(record, name) <= most:
            yield f"{name}: {getattr(record, name)} is not from {least:g} to {most:g}"


def remove(floor: Floor, account: Account, ticket: int) -> None:
    """Remove a deal: 10 {2,2 deal + position}, then 14 where money moved.  Errors as of `amend`."""
    _rewrite(floor, account, _deal(account, ticket), None, TransactionType.DELETE)


def set_rights(floor: Floor, account: Account, rights: int) -> None:
    """Change what the account may not do: push 14."""
    account.rights = rights
    floor.push(account.login, ACCOUNT_CHANGED, None)


def set_spec(floor: Floor, spec: FullSymbol) -> None:
    """Change a symbol: push 13 to everybody.  KeyError for a symbol that is not there."""
    floor.set_spec(spec)
    for login in floor.accounts:
        floor.push(login, SYMBOLS_CHANGED, [spec])


def _deal(account: Account, ticket: int) -> Deal:
    for deal in account.deals:
        if deal.deal == ticket:
            return deal
    raise KeyError(f"account {account.login} has no deal {ticket}")


def _on_grid(account: Account, double: float) -> float:
    return float(rounded(exact(double), account.digits))


def _rewrite(floor: Floor, account: Account, before: Deal, after: Deal | None, kind: TransactionType) -> None:
    """The ledger with one deal changed or gone: money moves by the difference, the position is refolded."""
    deals = [after if one is before else one for one in account.deals]
    ledger = [one for one in deals if one is not None]
    made = refolded(one for one in ledger if before.position_id and one.position_id == before.position_id)
    _check_position(floor, account, before, made)
    money = (account.balance, account.credit)
    account.deals[:] = ledger
    _book(account, before, -amount(before))
    if after is not None:
        _book(account, after, amount(after))
    floor.push_deal(account, kind, after or before, _refold(floor, account, before, made))
    if money != (account.balance, account.credit):
        # Clients take a balance from {2,0} and 14 alone (docs/protocol.md 8).
        floor.push(account.login, ACCOUNT_CHANGED, None)


def _check_position(floor: Floor, account: Account, deal: Deal, made: Position | None) -> None:
    """ValueError for a position that cannot be.

    A netting account has one position of a symbol: a closed one cannot come back beside another.
    """
    if made is None:
        return
    for what in _impossible(floor, made):
        raise ValueError(f"deal {deal.deal}: its position: {what}")
    others = [one for one in account.positions.values() if one.position_id != deal.position_id]
    if not account.hedging and any(one.trade_symbol == made.trade_symbol for one in others):
        raise ValueError(f"deal {deal.deal}: {made.trade_symbol} would have two positions")


def _book(account: Account, deal: Deal, value: Decimal) -> None:
    if deal.trade_action in CREDITS:
        account.credit += value
    else:
        account.balance += value


def _refold(floor: Floor, account: Account, deal: Deal, made: Position | None) -> Position:
    """The deal's position as its deals now make it, with the stops and the swap that it had."""
    if not deal.position_id:
        return Position()
    held = account.positions.get(deal.position_id)
    if made is None:
        return floor.position_kept(account, gone(held or opened_by(deal)))
    if held is not None:
        made = replace(
            held,
            trade_action=made.trade_action,
            trade_volume=made.trade_volume,
            price_open=made.price_open,
            rate_margin=made.rate_margin,
            time_update=floor.now.seconds,
            time_update_msc=floor.now.msc,
        )
    return floor.position_kept(account, made)
