"""Swap modes 7 and 8: at the end of the day a position is closed and opened again at another price.

docs/protocol.md 6.6 names the modes; what they do is the MetaTrader 5 manual's: the position closes at the
market and opens at that price, or at the present bid, moved by the swap's points, so that a negative swap
costs.  Both deals are the server's own (reason rollover, docs/protocol.md 6.7) and cost no commission; the
position keeps its identifier and its stops, its ticket becomes that of the order that opened it again.
"""

from decimal import Decimal

from msgspec.structs import replace

from protocol.enums import OrderState, Reason, Side, SwapMode
from protocol.records.symbols import FullSymbol
from protocol.records.trade import Position

from .closing import close_out
from .floor import Floor
from .ledger import strike, trade_of
from .matching import opposite
from .model import Account
from .money import exact, rounded
from .orders import closing

REOPENING = frozenset({SwapMode.REOPEN_CLOSE_PRICE, SwapMode.REOPEN_BID})


def reopen(floor: Floor, account: Account, position: Position, days: Decimal) -> None:
    """Charge so many days; a position whose profit cannot be booked now is left as it is."""
    spec = floor.terms(account.login)[position.trade_symbol]
    if not floor.bookable(account, spec):
        return
    price = _reopened_at(floor, spec, position, days)
    close_out(floor, account, position, Reason.ROLLOVER, 0.0)
    turned = replace(position, trade_action=opposite(position.trade_action))
    order = closing(floor, account, turned, Reason.ROLLOVER, price)
    order = replace(order, price_sl=position.sl, price_tp=position.tp)
    floor.order_ended(account, replace(order, volume_current=0), OrderState.FILLED)
    strike(floor, account, trade_of(order, order.volume_current, price))


def _reopened_at(floor: Floor, spec: FullSymbol, position: Position, days: Decimal) -> float:
    side, terms = Side(position.trade_action), spec.trade
    by_bid = terms.swap_mode == SwapMode.REOPEN_BID
    market = floor.market(spec.trade_symbol, Side.SELL if by_bid else opposite(side))
    number, sign = (terms.swap_long, -1) if side == Side.BUY else (terms.swap_short, 1)
    moved = exact(market) + sign * exact(number) * exact(spec.point) * days
    return float(rounded(moved, spec.digits))
