"""What a symbol's calc mode makes of a volume and of a price (docs/protocol.md 6.6, 7.1, 7.2)."""

from decimal import Decimal

from protocol.enums import CalcMode, Side
from protocol.records.symbols import FullSymbol

from .decimals import finite, rounded
from .model import Price

FOREX = frozenset({CalcMode.FOREX, CalcMode.FOREX_NO_LEVERAGE})
FUTURES = frozenset({CalcMode.FUTURES, CalcMode.EXCH_FUTURES})
FORTS = CalcMode.EXCH_FUTURES_FORTS
OPTIONS = frozenset({CalcMode.EXCH_OPTIONS, CalcMode.EXCH_OPTIONS_MARGIN})
BONDS = frozenset({CalcMode.EXCH_BONDS, CalcMode.EXCH_BONDS_MOEX})
BY_TICK = FUTURES | OPTIONS | {FORTS}  # their profit goes by ticks, all others' by the contract size
BY_LAST = range(CalcMode.EXCH_STOCKS, CalcMode.EXCH_BONDS_MOEX + 1)  # 32..39
NEGATIVE_PRICES = 8  # of ticks_flags


def size(volume: Decimal, contract_size: float) -> Decimal:
    """Lots in units of the contract, on 8 digits; NoNumberError for a contract size that is no number."""
    return rounded(volume * finite(contract_size), 8)


def tick_worth(spec: FullSymbol) -> Decimal:
    """What a price move of 1 brings a lot, in profit currency; a tick size of 0 does not divide."""
    value, tick = finite(spec.trade_tick_value), finite(spec.trade_tick_size)
    return value / tick if tick else value


def closing_price(spec: FullSymbol, side: Side, price: Price) -> float | None:
    """The price that a position is valued at: last for calc modes 32..39, else bid for buys, ask for sells.

    None while a price is missing; zero and below are prices only where ticks_flags allow negative ones.
    """
    by_last = spec.trade_calc_mode in BY_LAST
    value = price.last if by_last else price.bid if side == Side.BUY else price.ask
    quoted = all(quote > 0 for quote in (price.bid, price.ask, value))
    return value if quoted or spec.ticks_flags & NEGATIVE_PRICES else None
