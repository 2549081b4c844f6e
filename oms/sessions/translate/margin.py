"""What margin takes from the wire and no event holds: leverage rules, margin rates, the day's money.

Doubles as they came, because only computed figures come of them (docs/protocol.md 7.3, 7.4); tickets as the
books have them.
"""

from collections.abc import Iterable
from typing import NamedTuple

from protocol.account_body import Account
from protocol.enums import TransactionClass, TransactionType
from protocol.maths.margin_input import LeverageRule, LeverageTier
from protocol.records.account import AccountMain
from protocol.records.trade import DealTransaction, OpenTrades, Order, OrderTransaction, Position

from .reading import LARGEST_TICKET, storable

_KNOWN = frozenset(TransactionType)


class DayMoney(NamedTuple):
    """What is not booked yet and counts in free margin, in account currency (docs/protocol.md 7.3)."""

    commission_daily: float = 0.0
    commission_monthly: float = 0.0
    acc_profit: float = 0.0


class MarginRates(NamedTuple):
    """Margin rates of positions by identifier, of open orders by ticket; None: there is no such one now."""

    positions: dict[str, float | None]
    orders: dict[str, float | None]


def leverage_rules(account: Account) -> tuple[LeverageRule, ...]:
    """The rules of an account body, in their order: the first that fits a symbol is its own."""
    return tuple(
        LeverageRule(
            path=storable(rule.path),
            range_mode=rule.range_mode,
            range_currency=storable(rule.range_currency),
            range_currency_digits=rule.range_currency_digits,
            tiers=tuple(
                LeverageTier(
                    tier.range_from,
                    tier.range_to,
                    tier.margin_rate_initial,
                    tier.margin_rate_maintenance,
                )
                for tier in rule.tiers
            ),
        )
        for rule in account.leverage_rules or ()
    )


def day_money(source: AccountMain | DealTransaction) -> DayMoney:
    """As an account body or a deal's push tells it."""
    return DayMoney(source.commission_daily, source.commission_monthly, source.acc_profit)


def open_rates(answer: OpenTrades) -> MarginRates:
    """The rates of all that answer 4 holds."""
    return MarginRates(
        {ticket: one.rate_margin for one in answer.positions if (ticket := _identifier(one))},
        {ticket: one.margin_rate for one in answer.orders if (ticket := _ticket(one.trade_order))},
    )


def changed_rates(record: OrderTransaction | DealTransaction) -> MarginRates:
    """The rates that a record of push 10 tells (docs/protocol.md 5.3)."""
    if record.transaction_type not in _KNOWN:
        return MarginRates({}, {})
    if isinstance(record, DealTransaction):
        return MarginRates(_of_positions((record.position, *record.positions)), {})
    opened = record.flag_mask == TransactionClass.ORDER and record.transaction_type != TransactionType.DELETE
    return MarginRates({}, _of_order(record.order, is_open=opened))


def changed_money(record: OrderTransaction | DealTransaction) -> DayMoney | None:
    """The day's money, which an added deal's record tells."""
    if isinstance(record, DealTransaction) and record.transaction_type == TransactionType.ADD:
        return day_money(record)
    return None


def _of_positions(positions: Iterable[Position]) -> dict[str, float | None]:
    return {
        ticket: one.rate_margin if one.trade_volume else None
        for one in positions
        if (ticket := _identifier(one))
    }


def _of_order(order: Order, *, is_open: bool) -> dict[str, float | None]:
    ticket = _ticket(order.trade_order)
    return {ticket: order.margin_rate if is_open else None} if ticket else {}


def _identifier(position: Position) -> str | None:
    """As the books call it: without an identifier it goes by its order's ticket."""
    return _ticket(position.position_id) or _ticket(position.trade_order)


def _ticket(number: int) -> str | None:
    return str(number) if 0 < number <= LARGEST_TICKET else None
