"""Calculation modes by family, as section 7 of docs/protocol.md groups them.

Sets of plain integers on purpose: the wire may carry a number that no enumeration lists.
"""

from ..enums import CalcMode, OrderType

FOREX_FAMILY: frozenset[int] = frozenset({CalcMode.FOREX, CalcMode.FOREX_NO_LEVERAGE})
STOCK_FAMILY: frozenset[int] = frozenset({CalcMode.EXCH_STOCKS, CalcMode.EXCH_STOCKS_MOEX})
BOND_FAMILY: frozenset[int] = frozenset({CalcMode.EXCH_BONDS, CalcMode.EXCH_BONDS_MOEX})
FUTURES_FAMILY: frozenset[int] = frozenset(
    {CalcMode.FUTURES, CalcMode.EXCH_FUTURES, CalcMode.EXCH_FUTURES_FORTS}
)
OPTION_FAMILY: frozenset[int] = frozenset({CalcMode.EXCH_OPTIONS, CalcMode.EXCH_OPTIONS_MARGIN})
LAST_PRICED: frozenset[int] = frozenset(range(CalcMode.EXCH_STOCKS, CalcMode.EXCH_BONDS_MOEX + 1))

BUY_TYPES: frozenset[int] = frozenset(
    {OrderType.BUY, OrderType.BUY_LIMIT, OrderType.BUY_STOP, OrderType.BUY_STOP_LIMIT}
)
MARKET_TYPES: frozenset[int] = frozenset({OrderType.BUY, OrderType.SELL})
LIMIT_TYPES: frozenset[int] = frozenset({OrderType.BUY_LIMIT, OrderType.SELL_LIMIT})
STOP_TYPES: frozenset[int] = frozenset({OrderType.BUY_STOP, OrderType.SELL_STOP})
STOP_LIMIT_TYPES: frozenset[int] = frozenset({OrderType.BUY_STOP_LIMIT, OrderType.SELL_STOP_LIMIT})
PENDING_TYPES = LIMIT_TYPES | STOP_TYPES | STOP_LIMIT_TYPES
