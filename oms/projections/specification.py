"""Records as the official client's arithmetic takes them: words as numbers, decimals as doubles.

What a record does not know is 0 here, which every formula of docs/protocol.md 7 takes for "none".
"""

from collections.abc import Callable
from decimal import Decimal
from functools import wraps
from typing import TypeVar

from oms.domain.records import AccountRecord, SymbolRecord
from oms.domain.words import number_of
from protocol.enums import CalcMode, MarginFreeMode, MarginMode, StopOutMode
from protocol.maths.families import BOND_FAMILY, STOCK_FAMILY
from protocol.maths.margin_input import MarginAccount, MarginSymbol
from protocol.maths.profit import ProfitSymbol
from protocol.maths.totals import TotalsAccount

from .margin_inputs import MarginInputs

NEGATIVE_PRICES = 8  # tick_flags of a symbol
ORDER_TYPES = 8  # that have a margin rate: all but close by
REMEMBERED = 1024  # symbols

T = TypeVar("T")


def remembered(make: Callable[[SymbolRecord], T]) -> Callable[[SymbolRecord], T]:
    """Have `make` do its work once for each specification: the books hold one object until it changes.

    By its identity, because to compare specifications would take longer than to read one anew.
    """
    kept: dict[int, tuple[SymbolRecord, T]] = {}

    @wraps(make)
    def made(symbol: SymbolRecord) -> T:
        known = kept.get(id(symbol))
        if known is None:
            if len(kept) >= REMEMBERED:
                kept.clear()
            known = kept[id(symbol)] = symbol, make(symbol)  # with the symbol, so that its id stays its own
        return known[1]

    return made


def double(value: Decimal | None) -> float:
    """A decimal as the nearest double."""
    return float(value) if value is not None else 0.0


def calc_mode(symbol: SymbolRecord) -> int:
    """How profit and margin of a symbol are computed (docs/protocol.md 6.6)."""
    return number_of(CalcMode, symbol.calc_mode)


def margin_mode(account: AccountRecord) -> int:
    """Netting, exchange or hedging."""
    return number_of(MarginMode, account.margin_mode)


@remembered
def profit_symbol(symbol: SymbolRecord) -> ProfitSymbol:
    """What the profit of a symbol is computed from (docs/protocol.md 7.2)."""
    return ProfitSymbol(
        trade_calc_mode=calc_mode(symbol),
        trade_contract_size=double(symbol.contract_size),
        trade_tick_value=double(symbol.tick_value),
        trade_tick_size=double(symbol.tick_size),
        trade_face_value=double(symbol.face_value),
        currency_profit_digits=symbol.profit_digits,
        currency_base_digits=symbol.base_digits,
        trade_flags=symbol.trade_flags,
    )


def valued_at_margin_rate(symbol: SymbolRecord, account: AccountRecord) -> bool:
    """Whether the position's own margin rate is part of its profit (docs/protocol.md 7.2, exceptions)."""
    mode = calc_mode(symbol)
    return mode in BOND_FAMILY or (mode in STOCK_FAMILY and margin_mode(account) == MarginMode.EXCHANGE)


def totals_account(
    account: AccountRecord, balance: Decimal, credit: Decimal, inputs: MarginInputs
) -> TotalsAccount:
    """What an account's totals are computed from (docs/protocol.md 7.3)."""
    return TotalsAccount(
        balance=float(balance),
        credit=float(credit),
        currency_digits=account.digits,
        margin_mode=margin_mode(account),
        margin_free_mode=number_of(MarginFreeMode, account.margin_free_mode),
        margin_free_profit_mode=account.margin_free_profit_mode,
        margin_so_mode=number_of(StopOutMode, account.stop_out_mode),
        margin_so_call=double(account.stop_out_call),
        margin_so_so=double(account.stop_out_level),
        trade_flags=account.trade_flags,
        acc_profit=inputs.acc_profit,
        commission_daily=inputs.commission_daily,
        commission_monthly=inputs.commission_monthly,
    )


@remembered
def margin_symbol(symbol: SymbolRecord) -> MarginSymbol | None:
    """What the margin of a symbol is computed from (docs/protocol.md 7.4).

    None where the venue gave something that is no number: taken for 0 it could make the margin too small.
    """
    initial, maintenance = symbol.margin_rates_initial, symbol.margin_rates_maintenance
    numbers = (
        *(symbol.contract_size, symbol.tick_value, symbol.tick_size, symbol.face_value),
        *(symbol.accrued_interest, symbol.price_settle, symbol.price_limit_min, symbol.price_limit_max),
        *(symbol.margin_initial, symbol.margin_maintenance, symbol.margin_hedged),
        symbol.margin_rate_currency,
    )
    if None in numbers or None in initial or None in maintenance:
        return None
    if len(initial) != ORDER_TYPES or len(maintenance) != ORDER_TYPES:
        return None
    return MarginSymbol(
        name=symbol.symbol,
        path=symbol.path,
        trade_calc_mode=calc_mode(symbol),
        trade_contract_size=double(symbol.contract_size),
        trade_tick_value=double(symbol.tick_value),
        trade_tick_size=double(symbol.tick_size),
        trade_face_value=double(symbol.face_value),
        trade_accrued_interest=double(symbol.accrued_interest),
        trade_price_settle=double(symbol.price_settle),
        trade_price_limit_min=double(symbol.price_limit_min),
        trade_price_limit_max=double(symbol.price_limit_max),
        currency_base=symbol.currency_base,
        currency_profit=symbol.currency_profit,
        currency_margin=symbol.currency_margin,
        currency_base_digits=symbol.base_digits,
        currency_profit_digits=symbol.profit_digits,
        margin_flags=symbol.margin_flags,
        margin_initial=double(symbol.margin_initial),
        margin_maintenance=double(symbol.margin_maintenance),
        margin_hedged=double(symbol.margin_hedged),
        margin_rate_currency=double(symbol.margin_rate_currency),
        margin_rates_initial=tuple(map(double, initial)),
        margin_rates_maintenance=tuple(map(double, maintenance)),
    )


def margin_account(account: AccountRecord) -> MarginAccount:
    """What the margin of an account is computed from (docs/protocol.md 7.4)."""
    return MarginAccount(
        margin_mode=margin_mode(account),
        margin_leverage=account.leverage,
        currency_digits=account.digits,
        account_currency=account.currency,
    )
