"""What server time ends: orders at their expiration, the day with its swaps and commissions.

All of it goes by the server's own clock, daylight saving included (docs/semantics.md TC-O9).  A day is rolled
over once, however often the clock shows its midnight; days that nobody was told of are rolled one by one.
"""

from decimal import Decimal

from msgspec.structs import replace

from protocol.enums import DealType, GtcMode, OrderState, OrderTime, Reason, Rollover
from protocol.records.account import TradeSettings
from protocol.records.trade import Order

from .floor import Floor
from .hours import DAY, weekday
from .ledger import money_deal
from .model import Account
from .money import exact, swap
from .reopening import REOPENING, reopen
from .rules_terms import expires_at

WEEKEND = frozenset({Rollover.SUNDAY, Rollover.SATURDAY})


def due_at(order: Order) -> int | None:
    """The server second in which an order expires; None = never."""
    return expires_at(order.type_time, order.time_expiration, order.time_setup)


def next_due(account: Account) -> int | None:
    """The first expiration among an account's orders."""
    return min((due for order in account.orders.values() if (due := due_at(order)) is not None), default=None)


def expire(floor: Floor, account: Account, until: int) -> None:
    """End what is due by a server second: 10 {0,2}, {1,0 expired}; the earlier due first."""
    due = [(ends, ticket) for ticket, order in account.orders.items() if (ends := due_at(order)) is not None]
    for ends, ticket in sorted(due):
        if ends <= until:
            floor.order_ended(account, account.orders[ticket], OrderState.EXPIRED)


def roll_over(floor: Floor, day: int) -> None:
    """End one day (counted from 1970) for every account: orders of the day, swaps, commission."""
    for account in floor.accounts.values():
        _end_good_till_today(floor, account)
        _swaps(floor, account, weekday(day * DAY))
        _commission(floor, account)


def _end_good_till_today(floor: Floor, account: Account) -> None:
    """Symbols whose orders live for a day: GTC orders expire, and by gtc_mode 1 SL and TP go too (4.5)."""
    for ticket in sorted(account.orders):
        order = account.orders[ticket]
        if order.type_time == OrderTime.GTC and _gtc_mode(floor, order.trade_symbol) != GtcMode.GTC:
            floor.order_ended(account, order, OrderState.EXPIRED)
    for number in sorted(account.positions):
        position = account.positions[number]
        if not (position.sl or position.tp):
            continue
        if _gtc_mode(floor, position.trade_symbol) == GtcMode.TODAY_WITH_STOPS:
            floor.position_told(account, replace(position, sl=0.0, tp=0.0))


def _gtc_mode(floor: Floor, symbol: str) -> int:
    return floor.specs[symbol].trade_gtc_mode


def _swaps(floor: Floor, account: Account, day_of_week: int) -> None:
    """Swap of the day that ends is accrued in `storage`; the closing deal books it (docs/semantics.md 1).

    Unless the symbol charges it by opening positions again.
    """
    for number in sorted(account.positions):
        position = account.positions[number]
        spec, price = (
            floor.terms(account.login)[position.trade_symbol],
            floor.prices.get(position.trade_symbol),
        )
        days = swap_days(spec.trade, day_of_week)
        if price is None or not days:
            continue
        if spec.trade.swap_mode in REOPENING:
            reopen(floor, account, position, days)
            continue
        due = swap(spec, position, price, account.currency, account.digits, floor.rates, days)
        if due:
            floor.position_told(account, replace(position, storage=float(exact(position.storage) + due)))


def swap_days(terms: TradeSettings, day_of_week: int) -> Decimal:
    """How many days' swap the end of a day charges.

    The symbol's own multipliers where it has any.  Else one, three on the triple day, which stand for the
    weekend; with the triple day disabled the weekend counts itself.
    """
    if any(terms.swap_rates):
        return exact(terms.swap_rates[day_of_week])
    if terms.swap_rollover3days == Rollover.DISABLED:
        return Decimal(1)
    if day_of_week == terms.swap_rollover3days:
        return Decimal(3)
    return Decimal(0 if day_of_week in WEEKEND else 1)


def _commission(floor: Floor, account: Account) -> None:
    """The commission gathered on the day, booked by one deal of its own."""
    gathered, account.commission_daily = account.commission_daily, Decimal(0)
    if gathered:
        money_deal(floor, account, DealType.COMMISSION_DAILY, gathered, "", Reason.DEALER)
