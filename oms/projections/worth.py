"""What an account, and what a lot of a symbol, is worth at one moment: views, never a part of the state.

Computed as the official client does (docs/protocol.md 7.2, 7.3).  What lacks a price or a rate has no worth,
and nothing is guessed in its stead.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from oms.domain.records import SymbolRecord
from oms.domain.values import EXACT

from .books import Books
from .margin_inputs import MarginInputs
from .pnl import equity, floating, value
from .rates import Forex, Leg, Once, Prices, Rates

MOST_UNVALUED = 100  # told
MOST_LEGS = 100  # likewise: more than there are pairs of the usual currencies


class Worth(NamedTuple):
    """Money as it stands, in account currency; equity is None where a part of it is not known."""

    balance: Decimal
    credit: Decimal
    floating: Decimal | None = None  # profit + swap
    equity: Decimal | None = None
    unvalued: tuple[str, ...] = ()  # positions without a value
    legs: tuple[Leg, ...] = ()  # what converted profits, each once


def worth_of(books: Books, prices: Prices, forex: Forex, inputs: MarginInputs) -> Worth:
    """The account now; without its terms, or before the opening entry is booked, it has no equity."""
    money, account = books.money(), books.account()
    if account is None or not money.opened:
        return Worth(money.balance, money.credit)
    rates = Rates(forex, Once(prices).__getitem__)
    valued = [
        value(one, account, books.symbol, prices, rates, inputs.position_rate(one.position))
        for one in books.positions
    ]
    open_ = floating(valued, account.digits)
    legs = dict.fromkeys(leg for one in valued if one.conversion for leg in one.conversion.legs)
    unvalued = tuple(one.position.position for one in valued if one.profit is None)[:MOST_UNVALUED]
    return Worth(
        money.balance,
        money.credit,
        None if open_.incomplete else open_.total,
        equity(account, money.balance, money.credit, open_, inputs),
        unvalued,
        tuple(legs)[:MOST_LEGS],
    )


class LotValues(NamedTuple):
    """By symbol, those that are known."""

    values: dict[str, Decimal]  # account currency of a lot, per unit of its price
    prices: dict[str, Decimal]  # the larger of bid and ask


def lot_values(books: Books, symbols: Iterable[str], prices: Prices, forex: Forex) -> LotValues:
    """What lots are worth, by the dearer side: contract x rate, to be multiplied by the price.

    Symbols without a specification, a live price or a rate are left out.
    """
    account, found = books.account(), LotValues({}, {})
    rates = Rates(forex, Once(prices).__getitem__)
    for name in dict.fromkeys(symbols):
        symbol, price = books.symbol(name), prices(name)
        if account is None or symbol is None or not symbol.contract_size or price is None or not price.live:
            continue
        market = max((price.bid, price.ask), key=abs)
        rate = _dearest(symbol, account.currency, rates)
        if market and rate is not None:
            found.values[name] = EXACT.multiply(symbol.contract_size, rate)
            found.prices[name] = Decimal(repr(market))
    return found


def _dearest(symbol: SymbolRecord, currency: str, rates: Rates) -> Decimal | None:
    both = rates.both(symbol.currency_profit, currency, symbol.symbol)
    if both.buy is None or both.sell is None:
        return None
    return Decimal(repr(max(both.buy.rate, both.sell.rate)))
