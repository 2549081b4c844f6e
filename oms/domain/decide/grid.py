"""Whether figures are on the symbol's grid exactly as they were written.

The checks in doubles allow a price a millionth of a tick, for the noise of what was computed; what a user
writes has no noise.  A tick size that is noise itself is left to them.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from ..events.command import Reason
from ..intent import Intent
from ..records import SymbolRecord
from ..values import EXACT, MAX_DIGITS
from .case import Case
from .points import tick_of
from .reasons import reason
from .resolve import DEALS, PENDING

LARGEST_PRICE: Final = Decimal(10**9)  # what is larger is refused for that
LOT_STEP: Final = Decimal("0.00000001")  # of the wire (docs/protocol.md 6.9)
_PRICES: Final = {"price": 10015, "limit_price": 10015, "sl": 10016, "tp": 10016}


def off_grid(case: Case, intent: Intent, symbol: SymbolRecord) -> Iterator[Reason]:
    """The figures of the command that no grid point is."""
    volume = intent.volume
    if intent.action in DEALS or intent.action == PENDING:
        yield from _off("volume_off_step", "volume", volume, symbol.volume_step or LOT_STEP, LOT_STEP, 10014)
    tick = tick_of(symbol)
    if tick <= 0 or _decimals(tick) > MAX_DIGITS:
        return
    for field, retcode in _PRICES.items():
        price = getattr(case.verb, field, None)
        if isinstance(price, Decimal) and abs(price) <= LARGEST_PRICE:
            yield from _off("price_off_tick", field, price, tick, tick, retcode)


def _off(
    code: str, field: str, given: Decimal, limit: Decimal, step: Decimal, retcode: int
) -> Iterator[Reason]:
    if EXACT.remainder(given, step):
        message = f"{given:f} is not a multiple of {limit:f}"
        yield reason(code, message, field=field, given=given, limit=limit, retcode=retcode)


def _decimals(value: Decimal) -> int:
    return max(0, -int(value.as_tuple().exponent))
