"""The venue's books as others read them: the answer of command 4, and the full truth for comparison."""

from typing import Any

import msgspec

from protocol.records.trade import OpenTrades

from .figures import standing
from .floor import Floor
from .model import Account
from .money import rounded


def open_trades(floor: Floor, account: Account) -> OpenTrades:
    """Positions at the present prices, and orders, each by ticket."""
    positions = [floor.marked(account, account.positions[number]) for number in sorted(account.positions)]
    return OpenTrades(positions, [account.orders[ticket] for ticket in sorted(account.orders)])


def truth(floor: Floor) -> dict[str, Any]:
    """Accounts, orders open and historical, deals, positions; money as text, every row with its login."""
    found: dict[str, Any] = {"accounts": [], "orders": [], "deals": [], "positions": []}
    for account in floor.accounts.values():
        found["accounts"].append(_account(floor, account))
        current = open_trades(floor, account)
        found["orders"] += [_row(account, order, open=True) for order in current.orders]
        found["orders"] += [_row(account, order, open=False) for order in account.history]
        found["deals"] += [_row(account, deal) for deal in account.deals]
        found["positions"] += [_row(account, position) for position in current.positions]
    return found


def _account(floor: Floor, account: Account) -> dict[str, Any]:
    return {
        "login": account.login,
        "name": account.name,
        "currency": account.currency,
        "digits": account.digits,
        "margin_mode": int(account.margin_mode),
        "leverage": account.leverage,
        "rights": account.rights,
        "balance": str(rounded(account.balance, account.digits)),
        "credit": str(rounded(account.credit, account.digits)),
        "commission_daily": str(rounded(account.commission_daily, account.digits)),
        "standing": standing(floor, account),
    }


def _row(account: Account, record: msgspec.Struct, **more: bool) -> dict[str, Any]:
    return {"login": account.login, **more, **msgspec.to_builtins(record)}
