"""Swap: what holding a position over night costs or brings (docs/protocol.md 4.2, 6.6).

The document names the modes without formulas.  These are the MetaTrader 5 manual's: points are worth what a
price move of as many points is worth; an amount is per lot; interest is per year of 360 days on the value of
the position.  Modes 7 and 8 reopen the position at another price and have no amount.
"""

from decimal import Decimal

from protocol.enums import Side, SwapMode
from protocol.records.symbols import FullSymbol
from protocol.records.trade import Position

from .contract import BONDS, BY_TICK, closing_price, size, tick_worth
from .conversion import Rates, known_rate
from .decimals import NoNumberError, finite, lots, number_or_none, rounded
from .model import Price

YEAR_DAYS = 360  # of a bank


@number_or_none
def swap(
    spec: FullSymbol,
    position: Position,
    price: Price,
    account_currency: str,
    digits: int,
    rates: Rates,
    days: int | Decimal,
) -> Decimal:
    """The swap of a position for so many days, on the account's digits: what is negative costs.

    0 where swap is disabled.  `price` matters only for interest on the current price.  Converted by sign,
    like a profit: what is earned at rate_sell, what is owed at rate_buy.  None in the modes without an amount
    (7, 8 and unknown ones), without a rate, and without a price where it matters.
    """
    if spec.trade.swap_mode == SwapMode.DISABLED:
        return rounded(Decimal(0), digits)
    daily, currency = _daily(spec, position, price, account_currency)
    value = daily * days
    buy, sell = known_rate(rates, currency, account_currency, spec.trade_symbol)
    return rounded(value * (sell if value > 0 else buy), digits)


def _daily(spec: FullSymbol, position: Position, price: Price, account_currency: str) -> tuple[Decimal, str]:
    """The swap of one day, unrounded, and its currency."""
    side = Side(position.trade_action)
    number = finite(spec.trade.swap_long if side == Side.BUY else spec.trade.swap_short)
    volume = lots(position.trade_volume)
    match spec.trade.swap_mode:
        case SwapMode.POINTS:
            return _worth(spec, volume, number * finite(spec.point)), spec.currency_profit
        case SwapMode.CURRENCY_BASE:
            return number * volume, spec.currency_base
        case SwapMode.CURRENCY_MARGIN:
            return number * volume, spec.currency_margin
        case SwapMode.CURRENCY_DEPOSIT:
            return number * volume, account_currency
        case SwapMode.INTEREST_CURRENT:
            at = closing_price(spec, side, price)
        case SwapMode.INTEREST_OPEN:
            at = position.price_open
        case mode:
            raise NoNumberError(f"swap mode {mode} has no amount")
    if at is None:
        raise NoNumberError(f"no price of {spec.trade_symbol}")
    return _worth(spec, volume, finite(at)) * number / 100 / YEAR_DAYS, spec.currency_profit


def _worth(spec: FullSymbol, volume: Decimal, price: Decimal) -> Decimal:
    """What a volume is worth at a price, or by so much of a price, in profit currency."""
    if spec.trade_calc_mode in BY_TICK:
        return volume * price * tick_worth(spec)
    worth = size(volume, spec.trade_contract_size) * price
    return worth * finite(spec.trade_face_value) / 100 if spec.trade_calc_mode in BONDS else worth
