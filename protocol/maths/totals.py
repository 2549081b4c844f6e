"""The totals of an account: equity, free margin, margin level, stop-out state (docs/protocol.md 7.3).

Sums are rounded to the account's digits at each addition, in the order of the text.  Margin comes in as a
number already rounded (docs/protocol.md 7.4).
"""

from collections.abc import Iterable

import msgspec

from ..enums import MarginFreeMode, MarginMode, StopOutMode
from .rounding import normalize

STOP_OUT_WITHOUT_MARGIN = 128  # trade_flags of the account
EXCLUDE_BUY_PROFIT = 8  # margin_flags of a symbol
OK, CALL, STOP_OUT = 0, 1, 2  # so_activation

_HEDGING_TAKES_OFF = 3  # margin_free_profit_mode that keeps the day's profit out, by margin mode
_NETTING_TAKES_OFF = 1


class TotalsAccount(msgspec.Struct, frozen=True, kw_only=True):
    """The part of ACCOUNT_MAIN that totals depend on, beside trade_flags (docs/protocol.md 4.2).

    `assets` with `liabilities` are the valuation of an exchange account, 0 elsewhere.
    """

    balance: float
    credit: float = 0.0
    currency_digits: int = 2
    margin_mode: int = MarginMode.RETAIL_HEDGING
    margin_free_mode: int = MarginFreeMode.ALL
    margin_free_profit_mode: int = 0
    margin_so_mode: int = StopOutMode.PERCENT
    margin_so_call: float = 0.0
    margin_so_so: float = 0.0
    trade_flags: int = 0
    acc_profit: float = 0.0
    commission_daily: float = 0.0
    commission_monthly: float = 0.0
    assets: float = 0.0
    liabilities: float = 0.0


class TotalsPosition(msgspec.Struct, frozen=True):
    """A position's money in account currency; `excluded` is bit 8 of its symbol's margin_flags."""

    profit: float
    swap: float
    is_buy: bool
    excluded: bool = False
    collateral: bool = False


class Floating(msgspec.Struct, frozen=True):
    """What the open positions add up to (docs/protocol.md 7.3); `storage` is Σ swap."""

    profit: float = 0.0
    storage: float = 0.0
    floating: float = 0.0
    excluded: float = 0.0


class Totals(msgspec.Struct, frozen=True):
    """The account's totals (docs/protocol.md 7.3), in account currency; margin_level in percent.

    `stop_out` may be true while `so_activation` stays 0: see `so_activation`.
    """

    margin: float
    margin_free: float
    margin_level: float
    equity: float
    floating: float
    profit: float
    storage: float
    excluded: float
    so_activation: int
    stop_out: bool


def floating_of(positions: Iterable[TotalsPosition], digits: int) -> Floating:
    """Σ profit, Σ swap, their sum, the excluded profit of buys (docs/protocol.md 7.3).

    Collateral positions are in none of them.
    """
    profit = storage = excluded = 0.0
    for position in positions:
        if position.collateral:
            continue
        profit = normalize(profit + position.profit, digits)
        storage = normalize(storage + position.swap, digits)
        if position.excluded and position.is_buy:
            excluded = normalize(excluded + position.profit, digits)
    return Floating(profit, storage, normalize(profit + storage, digits), excluded)


def commissions_of(account: TotalsAccount) -> float:
    """N(daily + monthly, account digits) (docs/protocol.md 7.3)."""
    return normalize(account.commission_daily + account.commission_monthly, account.currency_digits)


def equity_of(account: TotalsAccount, floating: float) -> float:
    """Equity, before a fixed profit is taken off (docs/protocol.md 7.3)."""
    return _added(
        account.currency_digits,
        account.balance,
        floating,
        account.credit,
        account.assets,
        account.liabilities,
        commissions_of(account),
    )


def margin_free_of(account: TotalsAccount, margin: float, floating: Floating) -> float:
    """Free margin, before a fixed profit is taken off (docs/protocol.md 7.3).

    A margin_free_mode above 3 counts no floating profit.
    """
    return _added(
        account.currency_digits,
        account.balance,
        -margin,
        account.credit,
        account.assets,
        account.liabilities,
        commissions_of(account),
        _counted_floating(account.margin_free_mode, floating.floating),
        -floating.excluded,
    )


def _added(digits: int, first: float, *others: float) -> float:
    total = first
    for other in others:
        total = normalize(total + other, digits)
    return total


def _counted_floating(mode: int, floating: float) -> float:
    counts = (
        mode == MarginFreeMode.ALL
        or (mode == MarginFreeMode.PROFIT and floating > 0)
        or (mode == MarginFreeMode.LOSS and floating < 0)
    )
    return floating if counts else 0.0


def fixed_profit_of(account: TotalsAccount) -> float:
    """The day's profit that margin_free_profit_mode keeps out of equity (docs/protocol.md 7.3).

    Only when positive, in mode 3 of a hedging account, in mode 1 of any other.
    """
    hedging = account.margin_mode == MarginMode.RETAIL_HEDGING
    takes_off = _HEDGING_TAKES_OFF if hedging else _NETTING_TAKES_OFF
    return max(account.acc_profit, 0.0) if account.margin_free_profit_mode == takes_off else 0.0


def margin_level_of(equity: float, excluded: float, margin: float) -> float:
    """(equity - excluded) / margin x 100, not rounded; 0 unless margin > 0 (docs/protocol.md 7.3)."""
    return (equity - excluded) / margin * 100 if margin > 0 else 0.0


def so_activation(account: TotalsAccount, equity: float, margin: float, level: float) -> int:
    """The stop-out state with margin in use: 0, 1 = call, 2 = stop-out (docs/protocol.md 7.3).

    A stop-out needs the call first: with margin_so_so above margin_so_call the call level still rules.
    """
    if margin == 0 or account.margin_so_mode not in (StopOutMode.PERCENT, StopOutMode.MONEY):
        return OK
    measure = level if account.margin_so_mode == StopOutMode.PERCENT else equity
    if not measure < account.margin_so_call:
        return OK
    return STOP_OUT if measure < account.margin_so_so else CALL


def bare_stop_out(account: TotalsAccount, equity: float, margin: float, floating: Floating) -> bool:
    """Whether a hedging account without margin is stopped out all the same (docs/protocol.md 7.3).

    Needs bit 128 of the account's trade_flags, equity below 0, some profit or swap.
    """
    return (
        account.margin_mode == MarginMode.RETAIL_HEDGING
        and margin == 0
        and bool(account.trade_flags & STOP_OUT_WITHOUT_MARGIN)
        and equity < 0
        and (floating.profit != 0 or floating.storage != 0)
    )


def exchange_so_activation(equity: float, margin_initial: float, margin_maintenance: float) -> int:
    """The state of an exchange account: 1 below initial, 2 below maintenance (docs/protocol.md 7.3)."""
    if equity < margin_maintenance:
        return STOP_OUT
    return CALL if equity < margin_initial else OK


def totals(account: TotalsAccount, positions: Iterable[TotalsPosition], margin: float) -> Totals:
    """All totals of a netting or hedging account (docs/protocol.md 7.3).

    The figures are only as complete as their inputs: leave no position out, pass no unknown profit as 0.
    For an exchange account `so_activation` has to come from `exchange_so_activation`.
    """
    digits = account.currency_digits
    floating = floating_of(positions, digits)
    fixed = fixed_profit_of(account)
    equity = normalize(equity_of(account, floating.floating) - fixed, digits)
    margin_free = normalize(margin_free_of(account, margin, floating) - fixed, digits)
    level = margin_level_of(equity, floating.excluded, margin)
    state = so_activation(account, equity, margin, level)
    bare = bare_stop_out(account, equity, margin, floating)
    if bare and account.margin_so_mode == StopOutMode.MONEY:
        state = STOP_OUT
    return Totals(
        margin=margin,
        margin_free=margin_free,
        margin_level=level,
        equity=equity,
        floating=floating.floating,
        profit=floating.profit,
        storage=floating.storage,
        excluded=floating.excluded,
        so_activation=state,
        stop_out=bare or state == STOP_OUT,
    )
