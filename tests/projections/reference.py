"""A ledger of its own, in plain Decimal, written from docs/semantics.md 1, 4 and 5.

It shares nothing with the projections, is as slow as it is simple, and starts from the first deal each time:
all deals that count, in the order of server time and ticket.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Context, Decimal, localcontext

from oms.domain.records import DealRecord

ZERO = Decimal(0)
WIDE = Context(prec=50)


@dataclass
class Held:
    """A position."""

    identifier: str
    ticket: str | None
    symbol: str
    side: str
    volume: Decimal
    price: Decimal


@dataclass
class Reference:
    """What deals come to."""

    hedging: bool
    positions: dict[str, Held] = field(default_factory=dict)  # by identifier, or by symbol in netting
    balance: Decimal = ZERO
    credit: Decimal = ZERO
    trades: int = 0
    profit: Decimal = ZERO
    commission: Decimal = ZERO
    swap: Decimal = ZERO
    fee: Decimal = ZERO

    def book(self, deal: DealRecord) -> None:
        """One deal more."""
        amounts = [deal.profit or ZERO, deal.commission or ZERO, deal.swap or ZERO, deal.fee or ZERO]
        if deal.type in ("credit", "bonus"):
            self.credit += sum(amounts)
            return
        self.balance += sum(amounts)
        if deal.type not in ("buy", "sell"):
            return
        self.trades += 1
        self.profit, self.commission = self.profit + amounts[0], self.commission + amounts[1]
        self.swap, self.fee = self.swap + amounts[2], self.fee + amounts[3]
        self.trade(deal, deal.volume or ZERO, deal.price or ZERO)

    def trade(self, deal: DealRecord, volume: Decimal, price: Decimal) -> None:
        identifier = deal.position or deal.order or deal.deal
        key = identifier if self.hedging else deal.symbol
        held = self.positions.get(key)
        if held is None:
            self.positions[key] = Held(identifier, deal.order, deal.symbol, deal.type, volume, price)
        elif held.side == deal.type:
            with localcontext(WIDE):
                held.price = (held.price * held.volume + price * volume) / (held.volume + volume)
            held.volume += volume
        elif volume < held.volume:
            held.volume -= volume
        elif volume == held.volume:
            del self.positions[key]
        else:
            held.volume, held.side = volume - held.volume, deal.type
            held.price, held.ticket = price, deal.order


def reference_of(deals: Iterable[DealRecord], *, hedging: bool) -> Reference:
    """What these deals come to, in the order of the venue."""
    made = Reference(hedging)
    for deal in sorted(deals, key=lambda deal: ((deal.time or "")[:23], int(deal.deal))):
        made.book(deal)
    return made
