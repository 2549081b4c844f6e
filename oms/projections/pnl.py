"""What open positions are worth now: a view over books and prices, never a part of the state.

Computed as the official client does (docs/protocol.md 7.1 to 7.3).  Where a specification, a price or a rate
is missing the value is unknown and the position listed; nothing is taken for 0 or 1 in its stead
(docs/semantics.md 5).
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from math import isfinite
from typing import Final

import msgspec

from oms.domain import words
from oms.domain.records import AccountRecord, PositionRecord, SymbolRecord
from oms.domain.values import tidy, total
from oms.domain.words import NO_NUMBER
from protocol.enums import CalcMode, MarginMode
from protocol.maths.conversion import equal_currencies
from protocol.maths.families import LAST_PRICED
from protocol.maths.profit import Holding, ProfitRates, can_revalue, profit, revaluation_price
from protocol.maths.rounding import normalize
from protocol.maths.totals import (
    TotalsPosition,
    equity_of,
    fixed_profit_of,
    floating_of,
)

from .margin_inputs import MarginInputs
from .rates import Conversion, Price, Prices, Rates
from .specification import (
    NEGATIVE_PRICES,
    calc_mode,
    double,
    margin_mode,
    profit_symbol,
    totals_account,
    valued_at_margin_rate,
)

# Why a position has no value.
NO_ACCOUNT: Final = "no_account"
NO_SYMBOL: Final = "no_symbol"
NO_PRICE: Final = "no_price"
DELAYED: Final = "delayed_price"
NO_RATE: Final = "no_rate"
NO_MARGIN_RATE: Final = "no_margin_rate"
NOT_FINITE: Final = "not_finite"

Symbols = Callable[[str], SymbolRecord | None]


class Valued(msgspec.Struct, frozen=True, gc=False):
    """A position at the price that would close it; without a value it has a reason."""

    position: PositionRecord
    price: float | None = None
    profit: Decimal | None = None  # account currency, without swap
    conversion: Conversion | None = None
    reason: str | None = None
    collateral: bool = False


class Floating(msgspec.Struct, frozen=True):
    """What the open positions add up to; where incomplete, of those that have a value."""

    profit: Decimal
    swap: Decimal
    total: Decimal  # profit + swap
    incomplete: bool


def value(
    position: PositionRecord,
    account: AccountRecord | None,
    symbols: Symbols,
    prices: Prices,
    rates: Rates,
    margin_rate: float = 0.0,
) -> Valued:
    """A position's profit at the present price, in account currency.

    `margin_rate` is the position's own, 0 where it is not known; bonds need it.
    """
    symbol = symbols(position.symbol)
    if account is None:
        return Valued(position, reason=NO_ACCOUNT)
    if symbol is None or calc_mode(symbol) == NO_NUMBER:
        return Valued(position, reason=NO_SYMBOL)
    price = prices(position.symbol)
    at = _closing(position, symbol, price)
    if price is None or at is None or position.price is None:
        return Valued(position, reason=NO_PRICE)
    if not price.live:
        return Valued(position, at, reason=DELAYED)
    return _converted(position, account, symbol, at, rates, margin_rate)


def _closing(position: PositionRecord, symbol: SymbolRecord, price: Price | None) -> float | None:
    """The price that would close it; None where it has none, or a side that must be there is not."""
    if price is None:
        return None
    negative = bool(symbol.tick_flags & NEGATIVE_PRICES)
    mode = calc_mode(symbol)
    at = revaluation_price(mode, price.bid, price.ask, price.last, is_buy=position.side == words.BUY)
    if mode in LAST_PRICED and at <= 0 and not negative:
        return None
    revaluable = can_revalue(ProfitRates(), price.bid, price.ask, negative_prices=negative)
    return at if at and revaluable else None


def _converted(
    position: PositionRecord,
    account: AccountRecord,
    symbol: SymbolRecord,
    at: float,
    rates: Rates,
    margin_rate: float,
) -> Valued:
    both = rates.both(symbol.currency_profit, account.currency, symbol.symbol)
    if both.buy is None or both.sell is None:
        return Valued(position, at, reason=NO_RATE)
    # The rate at which a margin was taken is not in the books; of one and the same currency it is 1.
    if not margin_rate and equal_currencies(symbol.currency_margin, account.currency):
        margin_rate = 1.0
    if not margin_rate and valued_at_margin_rate(symbol, account):
        return Valued(position, at, reason=NO_MARGIN_RATE)
    found = profit(
        profit_symbol(symbol),
        Holding(position.side == words.BUY, double(position.volume), double(position.price), at),
        ProfitRates(both.buy.rate, both.sell.rate, margin_rate),
        margin_mode=margin_mode(account),
        account_digits=account.digits,
    )
    if not isfinite(found.profit):
        return Valued(position, at, reason=NOT_FINITE)
    return Valued(
        position,
        at,
        money(found.profit, account.digits),
        both.buy if found.rate_profit == both.buy.rate else both.sell,
        collateral=calc_mode(symbol) == CalcMode.COLLATERAL,
    )


def floating(valued: Iterable[Valued], digits: int) -> Floating:
    """The sums, rounded at each addition (docs/protocol.md 7.3)."""
    valued = tuple(valued)
    sums = floating_of(
        (
            TotalsPosition(
                double(one.profit), double(one.position.swap), is_buy=False, collateral=one.collateral
            )
            for one in valued
        ),
        digits,
    )
    return Floating(
        money(sums.profit, digits),
        money(sums.storage, digits),
        money(sums.floating, digits),
        any(one.profit is None for one in valued),
    )


def equity(
    account: AccountRecord, balance: Decimal, credit: Decimal, open_: Floating, inputs: MarginInputs
) -> Decimal | None:
    """balance + credit + floating + commissions not booked yet; None where a part of it is not known.

    Less the day's profit, where the account's terms keep it out (docs/protocol.md 7.3).  Not known are: a
    position's value; the assets of an exchange account; what the venue has not said yet of today.
    """
    terms = totals_account(account, balance, credit, inputs)
    if open_.incomplete or not inputs.asked or terms.margin_mode == MarginMode.EXCHANGE:
        return None
    found = normalize(equity_of(terms, double(open_.total)) - fixed_profit_of(terms), account.digits)
    return money(found, account.digits) if isfinite(found) else None


def accrued(positions: Iterable[PositionRecord], digits: int) -> tuple[Decimal, Decimal]:
    """Swap and commission that open positions have gathered, which no deal has booked yet."""
    positions = tuple(positions)
    return (
        total([one.swap for one in positions], digits),
        total([one.commission for one in positions], digits),
    )


def money(amount: float, digits: int) -> Decimal:
    """A computed amount, already rounded, as books have amounts."""
    return tidy(Decimal(repr(amount)), digits)
