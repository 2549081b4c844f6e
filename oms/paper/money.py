"""What a position has earned (docs/protocol.md 7.2), and the numbers, rates and swaps of the venue's money.

Volumes are lots × 10^8, prices the doubles of the records, money Decimal on the account's digits.
"""

from decimal import Decimal

from protocol.enums import CalcMode, Side
from protocol.records.symbols import FullSymbol

from .contract import BONDS, BY_TICK, FOREX, FORTS, closing_price, size, tick_worth
from .conversion import Rates, known_rate, margin_rate, side_rate
from .decimals import exact, finite, lots, number_or_none, rounded
from .swaps import swap

__all__ = ["Rates", "closing_price", "exact", "margin_rate", "profit", "rounded", "swap"]

CONVERT_BY_SIGN = 1  # of trade_flags
_MOST = Decimal(10) ** 11  # a profit above it is taken for a broken quote


@number_or_none
def profit(
    spec: FullSymbol,
    side: Side,
    volume: int,
    price_open: float,
    price_close: float,
    account_currency: str,
    digits: int,
    rates: Rates,
    *,
    rate_margin: float | None = None,
) -> tuple[Decimal, Decimal]:
    """The profit of a volume between two prices, on the account's digits, and the rate that converted it.

    By docs/protocol.md 7.2, without the stocks of exchange accounts.  None without a conversion rate, and
    where the specification has no number.  `rate_margin`, the position's own, matters for bonds only; where
    it is not given, the margin rate at the open price is taken.
    """
    buy, sell = known_rate(rates, spec.currency_profit, account_currency, spec.trade_symbol)
    volume_lots, opened, closed = lots(volume), finite(price_open), finite(price_close)
    if spec.trade_calc_mode in BONDS:
        if rate_margin is None:
            at = side_rate(spec, side, opened, account_currency, rates)
        else:
            at = finite(rate_margin)
        value = _bonds(spec, volume_lots, opened, closed, at)
        return rounded(_turned(value, side), digits), (sell if side == Side.BUY else buy)
    value = _gross(spec, volume_lots, opened, closed)
    if abs(value) > _MOST or closed <= 0:
        value = Decimal(0)
    value = _turned(value, side)
    by_side = spec.trade_calc_mode in FOREX and not spec.trade_flags & CONVERT_BY_SIGN
    rate = buy if (side == Side.BUY if by_side else value <= 0) else sell
    return rounded(rounded(value, spec.currency_profit_digits) * rate, digits), rate


def _turned(value: Decimal, side: Side) -> Decimal:
    """A buy's profit as a side's.  Rounding is symmetric, so turning the sum turns each rounded term."""
    return value if side == Side.BUY else -value


def _gross(spec: FullSymbol, volume: Decimal, opened: Decimal, closed: Decimal) -> Decimal:
    """The profit of a buy in profit currency, before the rules that void it."""
    mode, digits = spec.trade_calc_mode, spec.currency_profit_digits
    if mode == CalcMode.COLLATERAL:
        return Decimal(0)
    if mode in BY_TICK:
        worth = tick_worth(spec)
        if mode == FORTS:
            return (rounded(closed * worth, digits) - rounded(opened * worth, digits)) * volume
        return (closed - opened) * volume * worth
    units = size(volume, spec.trade_contract_size)
    if mode in FOREX:
        return rounded(closed * units, digits) - rounded(opened * units, digits)
    return closed * units - opened * units


def _bonds(spec: FullSymbol, volume: Decimal, opened: Decimal, closed: Decimal, rate: Decimal) -> Decimal:
    """The profit of a buy of bonds in account currency: the price is a percentage of the face value."""
    percent = size(volume, spec.trade_contract_size) * finite(spec.trade_face_value) / 100 * rate
    digits = spec.currency_base_digits
    return rounded(percent * closed, digits) - rounded(percent * opened, digits)
