"""Records as the official client's arithmetic takes them: words as numbers, decimals as doubles.

What a record does not know is 0 here, which every formula of docs/protocol.md 7 takes for "none".
"""

from decimal import Decimal
from enum import IntEnum
from functools import lru_cache

from oms.domain.records import AccountRecord, SymbolRecord
from protocol.enums import CalcMode, MarginFreeMode, MarginMode, StopOutMode
from protocol.maths.families import BOND_FAMILY, STOCK_FAMILY
from protocol.maths.profit import ProfitSymbol
from protocol.maths.totals import TotalsAccount

NEGATIVE_PRICES = 8  # tick_flags of a symbol
NO_NUMBER = -1


@lru_cache(maxsize=1024)
def number_of(names: type[IntEnum], word: str) -> int:
    """The number that a word stands for, -1 for none; the inverse of `words.word`."""
    try:
        return names[word.upper()].value
    except KeyError:
        return int(word) if word.isdecimal() and word.isascii() else NO_NUMBER


def double(value: Decimal | None) -> float:
    """A decimal as the nearest double."""
    return float(value) if value is not None else 0.0


def calc_mode(symbol: SymbolRecord) -> int:
    """How profit and margin of a symbol are computed (docs/protocol.md 6.6)."""
    return number_of(CalcMode, symbol.calc_mode)


def margin_mode(account: AccountRecord) -> int:
    """Netting, exchange or hedging."""
    return number_of(MarginMode, account.margin_mode)


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


def totals_account(account: AccountRecord, balance: Decimal, credit: Decimal) -> TotalsAccount:
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
    )
