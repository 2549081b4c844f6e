"""What an account comes to: equity, free margin, level, stop-out (docs/protocol.md 7.3)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from protocol.enums import CalcMode, MarginFreeMode, Side, StopOutMode
from protocol.records.symbols import FullSymbol

from .decimals import exact, number_or_none, rounded
from .model import Account, Price
from .money import Rates, closing_price, profit

ZERO = Decimal(0)
EXCLUDE_BUYS = 8  # of margin_flags
OUT_WITHOUT_MARGIN = 128  # of an account's trade_flags
_PROFIT_OFF = {True: 3, False: 1}  # margin_free_profit_mode, hedging or not


class Terms(NamedTuple):
    """What the account body says beside `Account`; the defaults change nothing."""

    margin_free_profit_mode: int = 0
    acc_profit: Decimal = ZERO
    commission_monthly: Decimal = ZERO
    assets: Decimal = ZERO
    liabilities: Decimal = ZERO
    trade_flags: int = 0


STANDARD = Terms()


class Totals(NamedTuple):
    """The figures of an account, in its currency and on its digits; the level, in percent, is not rounded."""

    balance: Decimal
    credit: Decimal
    profit: Decimal
    storage: Decimal
    equity: Decimal
    margin: Decimal
    margin_free: Decimal
    margin_level: Decimal | None  # None unless margin is above 0 (the client shows 0)

    @property
    def floating(self) -> Decimal:
        """Profit and swap of the open positions."""
        return self.profit + self.storage


def profits(
    account: Account, specs: Mapping[str, FullSymbol], prices: Mapping[str, Price], rates: Rates
) -> dict[int, Decimal | None]:
    """The profit of each position at the present quotes, by its id; None where a quote or rate is missing."""
    return {key: _profit(account, key, specs, prices, rates) for key in account.positions}


def _profit(
    account: Account, key: int, specs: Mapping[str, FullSymbol], prices: Mapping[str, Price], rates: Rates
) -> Decimal | None:
    position = account.positions[key]
    spec, price = specs.get(position.trade_symbol), prices.get(position.trade_symbol)
    if spec is None:
        return None
    if spec.trade_calc_mode == CalcMode.COLLATERAL:
        return ZERO  # whatever its quotes
    side = Side(position.trade_action)
    closing = None if price is None else closing_price(spec, side, price)
    if closing is None:
        return None
    earned = profit(
        spec,
        side,
        position.trade_volume,
        position.price_open,
        closing,
        account.currency,
        account.digits,
        rates,
        rate_margin=position.rate_margin,
    )
    return None if earned is None else earned[0]


@number_or_none
def summed(
    account: Account,
    specs: Mapping[str, FullSymbol],
    earned: Mapping[int, Decimal],
    margin: Decimal,
    terms: Terms = STANDARD,
) -> Totals:
    """The totals from the profit of each position (by id) and the margin; each addition is rounded.

    None where a figure is no number.  `specs` and `earned` must know every position.
    """
    counted = [
        (position, specs[position.trade_symbol], earned[key])
        for key, position in account.positions.items()
        if specs[position.trade_symbol].trade_calc_mode != CalcMode.COLLATERAL
    ]
    digits = account.digits
    profit_sum = _sum(digits, *(value for _, _, value in counted))
    storage = _sum(digits, *(exact(position.storage) for position, _, _ in counted))
    excluded = _sum(
        digits,
        *(
            value
            for position, spec, value in counted
            if spec.trade.margin_flags & EXCLUDE_BUYS and position.trade_action == Side.BUY
        ),
    )
    floating = _sum(digits, profit_sum, storage)
    own = (account.credit, terms.assets, terms.liabilities, _commissions(account, terms))
    off = _profit_off(account, terms)
    equity = _sum(digits, account.balance, floating, *own, -off)
    free = _sum(digits, account.balance, -margin, *own, _counting(account, floating), -excluded, -off)
    level = (equity - excluded) / margin * 100 if margin > 0 else None
    return Totals(account.balance, account.credit, profit_sum, storage, equity, margin, free, level)


def _sum(digits: int, *values: Decimal) -> Decimal:
    total = ZERO
    for value in values:
        total = rounded(total + value, digits)
    return total


def _commissions(account: Account, terms: Terms) -> Decimal:
    return rounded(account.commission_daily + terms.commission_monthly, account.digits)


def _profit_off(account: Account, terms: Terms) -> Decimal:
    """The profit of the day that may not be used yet."""
    applies = terms.margin_free_profit_mode == _PROFIT_OFF[account.hedging]
    return max(ZERO, terms.acc_profit) if applies else ZERO


def _counting(account: Account, floating: Decimal) -> Decimal:
    """What of the floating profit counts as free margin; modes that have no name count nothing."""
    match account.margin_free_mode:
        case MarginFreeMode.ALL:
            return floating
        case MarginFreeMode.PROFIT:
            return max(ZERO, floating)
        case MarginFreeMode.LOSS:
            return min(ZERO, floating)
    return ZERO


def stop_out(account: Account, totals: Totals, terms: Terms = STANDARD) -> int:
    """Where an account stands: 0 nowhere, 1 margin call, 2 stop-out.

    By percent of level or by money of equity, as the account's mode says, strictly below; the stop-out level
    counts only below the call level.  A level that is NaN is never reached, an unknown mode stops nothing.
    """
    by_money = account.margin_so_mode == StopOutMode.MONEY
    if not totals.margin:
        return 2 if by_money and _out_without_margin(account, totals, terms) else 0
    if not by_money and account.margin_so_mode != StopOutMode.PERCENT:
        return 0
    measure = totals.equity if by_money else totals.margin_level or ZERO
    if not _below(measure, account.margin_so_call):
        return 0
    return 2 if _below(measure, account.margin_so_so) else 1


def _below(measure: Decimal, level: float) -> bool:
    border = exact(level)
    return not border.is_nan() and measure < border


def _out_without_margin(account: Account, totals: Totals, terms: Terms) -> bool:
    """A hedging account in debt though its positions need no margin, where its trade_flags end that."""
    moving = bool(totals.profit or totals.storage)
    return account.hedging and bool(terms.trade_flags & OUT_WITHOUT_MARGIN) and totals.equity < 0 and moving
