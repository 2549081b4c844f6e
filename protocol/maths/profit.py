"""The profit of a position at a price (docs/protocol.md 7.2)."""

import msgspec

from ..enums import CalcMode, MarginMode
from .families import BOND_FAMILY, FOREX_FAMILY, LAST_PRICED, OPTION_FAMILY, STOCK_FAMILY
from .rounding import normalize, size

RECALCULATION_MS = 200  # the client revalues a position at most this often
PROFIT_LIMIT = 1e11  # a larger profit is taken for nonsense, so it counts as 0
BY_SIGN = 1  # trade_flags: forex converts by the sign of the profit too

_TICK_VALUED = OPTION_FAMILY | {CalcMode.FUTURES, CalcMode.EXCH_FUTURES}


class ProfitSymbol(msgspec.Struct, frozen=True, kw_only=True):
    """What a symbol brings to its profit, under the field names of FULL_SYMBOL (docs/protocol.md 4.5)."""

    trade_calc_mode: int
    trade_contract_size: float
    trade_tick_value: float = 0.0
    trade_tick_size: float = 0.0
    trade_face_value: float = 0.0
    currency_profit_digits: int = 2
    currency_base_digits: int = 2
    trade_flags: int = 0


class ProfitRates(msgspec.Struct, frozen=True):
    """Rates into the account currency: profit currency for a buy, for a sell; the position's margin rate."""

    buy: float = 1.0
    sell: float = 1.0
    margin: float = 1.0


class Profit(msgspec.Struct, frozen=True):
    """A profit in account currency, rounded to its digits, beside the rate it was converted at."""

    profit: float
    rate_profit: float


class Holding(msgspec.Struct, frozen=True):
    """One position seen at one price: `volume` in lots, prices as quoted."""

    is_buy: bool
    volume: float
    price_open: float
    price_close: float


def price_profit(symbol: ProfitSymbol, holding: Holding, *, collateral: bool = False) -> float:
    """The profit in profit currency before the zero rules (docs/protocol.md 7.2, table).

    `collateral` evaluates mode 64 as collateral, which is c x S - o x S; without it mode 64 has no profit.
    Bonds, and stocks on an exchange account, are no part of this table: see `profit`.
    """
    gain = _buy_gain(symbol, holding, collateral=collateral)
    return gain if holding.is_buy else -gain


def _buy_gain(symbol: ProfitSymbol, holding: Holding, *, collateral: bool) -> float:
    # Turning the sign at the end equals mirroring the terms: doubles negate exactly.
    mode, opened, closed = symbol.trade_calc_mode, holding.price_open, holding.price_close
    if mode in FOREX_FAMILY:
        units, digits = size(holding.volume, symbol.trade_contract_size), symbol.currency_profit_digits
        return normalize(closed * units, digits) - normalize(opened * units, digits)
    if mode in _TICK_VALUED:
        gain = (closed - opened) * holding.volume * symbol.trade_tick_value
        return gain / symbol.trade_tick_size if symbol.trade_tick_size else gain
    if mode == CalcMode.EXCH_FUTURES_FORTS:
        return (_forts_term(symbol, closed) - _forts_term(symbol, opened)) * holding.volume
    if mode == CalcMode.COLLATERAL and not collateral:
        return 0.0
    units = size(holding.volume, symbol.trade_contract_size)
    return closed * units - opened * units


def _forts_term(symbol: ProfitSymbol, price: float) -> float:
    value = price * symbol.trade_tick_value
    if symbol.trade_tick_size:
        value /= symbol.trade_tick_size
    return normalize(value, symbol.currency_profit_digits)


def _within_reason(gain: float, symbol: ProfitSymbol, holding: Holding, *, collateral: bool) -> float:
    """The zero rules of docs/protocol.md 7.2; exactly 10^11 is kept."""
    if abs(gain) > PROFIT_LIMIT or holding.price_close < 0:
        return 0.0
    may_be_worthless = collateral and symbol.trade_calc_mode == CalcMode.COLLATERAL
    return gain if holding.price_close != 0 or may_be_worthless else 0.0


def profit_rate(symbol: ProfitSymbol, rates: ProfitRates, gain: float, *, is_buy: bool) -> float:
    """The rate a rounded gain in profit currency is converted at (docs/protocol.md 7.2).

    Forex goes by side unless trade_flags has bit 1; all else by sign: a gain at the sell rate, a loss or
    nothing at the buy rate.
    """
    if symbol.trade_calc_mode in FOREX_FAMILY and not symbol.trade_flags & BY_SIGN:
        return rates.buy if is_buy else rates.sell
    return rates.sell if gain > 0 else rates.buy


def _crossed_rate(rates: ProfitRates, *, is_buy: bool) -> float:
    """The rate a bond or an exchange stock is reported with: the one its closing side trades at."""
    return rates.sell if is_buy else rates.buy


def _exchange_stock(
    symbol: ProfitSymbol, holding: Holding, rates: ProfitRates, account_digits: int
) -> Profit:
    rate = _crossed_rate(rates, is_buy=holding.is_buy)
    units, digits = size(holding.volume, symbol.trade_contract_size), symbol.currency_profit_digits
    now = normalize(holding.price_close * units * rate, digits)
    paid = normalize(holding.price_open * units * rates.margin, digits)
    return Profit(normalize(now - paid if holding.is_buy else paid - now, account_digits), rate)


def _bond(symbol: ProfitSymbol, holding: Holding, rates: ProfitRates, account_digits: int) -> Profit:
    units, digits = size(holding.volume, symbol.trade_contract_size), symbol.currency_base_digits
    face = units * symbol.trade_face_value
    now = normalize(face * holding.price_close / 100 * rates.margin, digits)
    paid = normalize(face * holding.price_open / 100 * rates.margin, digits)
    gain = normalize(now - paid if holding.is_buy else paid - now, account_digits)
    return Profit(gain, _crossed_rate(rates, is_buy=holding.is_buy))


def profit(
    symbol: ProfitSymbol,
    holding: Holding,
    rates: ProfitRates,
    *,
    margin_mode: int,
    account_digits: int,
    collateral: bool = False,
) -> Profit:
    """The position's profit in account currency (docs/protocol.md 7.2).

    `margin_mode` tells exchange accounts (1), which value stocks at their margin rate.  Rates must be real
    ones: with a rate of 0 the result is 0, not unknown, so ask `can_revalue` first.
    """
    if symbol.trade_calc_mode in BOND_FAMILY:
        return _bond(symbol, holding, rates, account_digits)
    if symbol.trade_calc_mode in STOCK_FAMILY and margin_mode == MarginMode.EXCHANGE:
        return _exchange_stock(symbol, holding, rates, account_digits)
    gain = price_profit(symbol, holding, collateral=collateral)
    gain = _within_reason(gain, symbol, holding, collateral=collateral)
    gain = normalize(gain, symbol.currency_profit_digits)
    rate = profit_rate(symbol, rates, gain, is_buy=holding.is_buy)
    return Profit(normalize(gain * rate, account_digits), rate)


def revaluation_price(trade_calc_mode: int, bid: float, ask: float, last: float, *, is_buy: bool) -> float:
    """The price a position is valued at: the last one for modes 32-39, else the side that would close it.

    docs/protocol.md 7.2.
    """
    if trade_calc_mode in LAST_PRICED:
        return last
    return bid if is_buy else ask


def can_revalue(rates: ProfitRates, bid: float, ask: float, *, negative_prices: bool = False) -> bool:
    """Whether a position may be revalued: both profit rates and, normally, both prices above 0.

    `negative_prices` is ticks_flags bit 8 (docs/protocol.md 4.5, 7.2).
    """
    return rates.buy > 0 and rates.sell > 0 and (negative_prices or (bid > 0 and ask > 0))
