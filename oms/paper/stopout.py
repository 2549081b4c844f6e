"""Margin call and stop-out (docs/protocol.md 7.3).

Below the stop-out level pending orders that hold margin go first, the one that frees most before the others,
then positions, the biggest loser first, until the account is above the level again or has nothing left.
"""

from dataclasses import replace
from decimal import Decimal

from protocol.enums import OrderState, Reason

from .closing import close_out
from .figures import standing
from .floor import Floor
from .model import Account
from .money import exact
from .totals import profits

OUT = 2  # as `totals.stop_out` counts


def enforce(floor: Floor, account: Account) -> None:
    """Close what must be closed."""
    while standing(floor, account) == OUT:
        if not _order_gone(floor, account) and not _position_gone(floor, account):
            return


def _order_gone(floor: Floor, account: Account) -> bool:
    """Cancel the pending order that frees most margin; False when none frees any."""
    now = floor.margin(account) or Decimal(0)
    freed = {ticket: now - _without(floor, account, ticket) for ticket in account.orders}
    best = max(freed, key=lambda ticket: (freed[ticket], -ticket), default=None)
    if best is None or freed[best] <= 0:
        return False
    floor.order_ended(account, account.orders[best], OrderState.CANCELED)
    return True


def _without(floor: Floor, account: Account, ticket: int) -> Decimal:
    others = {key: order for key, order in account.orders.items() if key != ticket}
    return floor.margin(replace(account, orders=others)) or Decimal(0)


def _position_gone(floor: Floor, account: Account) -> bool:
    """Close the biggest loser whose market is open to it; profit and swap count, of equals the older goes."""
    earned = profits(account, floor.terms(account.login), floor.prices, floor.rates)
    losing = sorted(
        account.positions.values(),
        key=lambda item: ((earned[item.position_id] or 0) + exact(item.storage), item.position_id),
    )
    for position in losing:
        spec = floor.terms(account.login)[position.trade_symbol]
        if floor.bookable(account, spec) and floor.trades(position.trade_symbol):
            close_out(floor, account, position, Reason.SO, 0.0)
            return True
    return False
