"""The margin of an account (docs/protocol.md 7.4); with it the totals that it goes into (7.3)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal

from protocol.enums import MarginMode, OrderType
from protocol.records.account import LeverageRule
from protocol.records.symbols import FullSymbol
from protocol.records.trade import Order

from .conversion import Rates, margin_rate
from .decimals import NoNumberError, number_or_none, rounded
from .margin_base import ZERO, Book, Parts, order_rate
from .margin_hedging import hedging_parts
from .margin_netting import netting_parts
from .margin_tiers import Member, place_of, ruled
from .model import Account, Price
from .totals import STANDARD, Terms, Totals, profits, stop_out, summed

__all__ = [
    "STANDARD",
    "Terms",
    "Totals",
    "margin_rate",
    "profits",
    "required",
    "stop_out",
    "summed",
    "totals",
]

_PARTS: dict[int, Callable[[Book], Parts]] = {
    MarginMode.RETAIL_NETTING: netting_parts,
    MarginMode.RETAIL_HEDGING: hedging_parts,
}


@number_or_none
def required(
    account: Account,
    specs: Mapping[str, FullSymbol],
    prices: Mapping[str, Price],
    rates: Rates,
    *,
    rules: Sequence[LeverageRule] = (),
    adding: Order | None = None,
) -> Decimal:
    """The margin that all positions and open orders of an account need, on the account's digits.

    Market orders (types 0 and 1) among the open orders are in flight.  `adding` is counted as an open order;
    with the ticket of one it takes its place.  An order counts with volume_current.  The rate_margin of a
    position is taken as it is, 0 too; an order without margin_rate takes the conversion rate.  Of `rules` the
    first that matches a symbol is its own.  Spreads (command 20) do not lower anything.

    None on exchange accounts (margin_mode 1), for unknown symbols and calc modes, for a specification that
    divides by zero or carries NaN, and where a rate or a price that is needed is missing.
    """
    total = ZERO
    by_rule: dict[int, list[Member]] = {}  # by the place of the rule
    if account.margin_mode not in _PARTS:
        raise NoNumberError(f"margin mode {account.margin_mode} is not described")
    for book in _books(account, specs, prices, rates, adding):
        parts = _PARTS[account.margin_mode](book)
        place = place_of(book.spec, rules)
        if place is None:
            total = rounded(total + parts.plain, account.digits)
        else:
            by_rule.setdefault(place, []).append((book, parts))
    for place, members in by_rule.items():
        total += ruled(rules[place], members, account.digits)
    return total


def _books(
    account: Account,
    specs: Mapping[str, FullSymbol],
    prices: Mapping[str, Price],
    rates: Rates,
    adding: Order | None,
) -> Iterable[Book]:
    """One book for each symbol that has a position or an order."""
    positions, orders = list(account.positions.values()), list(account.orders.values())
    if adding is not None:
        replaced = adding.trade_order or None
        orders = [*(one for one in orders if one.trade_order != replaced), adding]
    names = dict.fromkeys([*(one.trade_symbol for one in positions), *(one.trade_symbol for one in orders)])
    for name in names:
        if name not in specs:
            raise NoNumberError(f"no specification of {name}")
        yield Book(
            account,
            specs[name],
            prices.get(name),
            rates,
            [one for one in positions if one.trade_symbol == name],
            [one for one in orders if one.trade_symbol == name and _needs_margin(specs[name], one)],
        )


def _needs_margin(spec: FullSymbol, order: Order) -> bool:
    """Orders that are done, close-bys, and those whose order rate is not above 0 need none."""
    if order.volume_current <= 0 or order.order_type == OrderType.CLOSE_BY:
        return False
    return order_rate(spec, order.order_type) > 0


def totals(
    account: Account,
    specs: Mapping[str, FullSymbol],
    prices: Mapping[str, Price],
    rates: Rates,
    rules: Sequence[LeverageRule] = (),
    terms: Terms = STANDARD,
) -> Totals | None:
    """All figures of an account at the present quotes; None where a profit or the margin cannot be known."""
    margin = required(account, specs, prices, rates, rules=rules)
    earned = profits(account, specs, prices, rates)
    if margin is None or None in earned.values():
        return None
    known = {key: value for key, value in earned.items() if value is not None}
    return summed(account, specs, known, margin, terms)
