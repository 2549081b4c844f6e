"""Positions, orders and what is still to be sent, as margin is computed from them (docs/protocol.md 7.4).

Where something is missing for it there is a gap in its place, and nothing is taken for 0 or 1 in its stead.
"""

from decimal import Decimal
from typing import Final, NamedTuple

from msgspec.structs import replace

from oms.domain import words
from oms.domain.decide.facts import Exposure
from oms.domain.lifecycle import Order
from oms.domain.records import AccountRecord, PositionRecord
from oms.domain.words import number_of
from protocol.enums import OrderType
from protocol.maths.conversion import equal_currencies
from protocol.maths.families import BUY_TYPES, MARKET_TYPES, STOP_LIMIT_TYPES
from protocol.maths.margin_base import LISTED, needs_margin
from protocol.maths.margin_input import MarginOrder, MarginPosition, MarginSymbol

from .margin_inputs import MarginInputs
from .pnl import Symbols
from .rates import Prices, Rates
from .specification import margin_symbol

# Why there is no margin.
SYMBOL_NOT_LOADED: Final = "symbol_not_loaded"  # the books have no specification
NOT_FINITE: Final = "not_finite"  # a number of the venue's is none
CALC_MODE: Final = "calc_mode"  # the symbol's is not in docs/protocol.md 7.4
ORDER_TYPE: Final = "order_type"  # likewise the order's
NO_PRICE: Final = "no_price"  # of a position or an order
NO_RATE: Final = "no_rate"  # no live, fresh quote leads from the margin's currency to the account's
NO_MARGIN_RATE: Final = "no_margin_rate"  # the position's own is not known

NO_CLOSING: Final = 0  # position_id of an order that closes nothing


class Gap(NamedTuple):
    """Why a figure must not be relied on, and of what: a symbol, or a position's or an order's ticket."""

    code: str
    subject: str = ""

    def __str__(self) -> str:
        return f"{self.code} {self.subject}" if self.subject else self.code


class _Terms(NamedTuple):
    """The price and the kind of an order, whether it is open or only meant."""

    subject: str
    symbol: str
    type: str
    volume: Decimal
    price: Decimal | None
    limit_price: Decimal | None
    position: str | None


class MarginBook:
    """The view of one moment; each symbol is looked up once."""

    def __init__(
        self, account: AccountRecord, symbols: Symbols, prices: Prices, rates: Rates, inputs: MarginInputs
    ) -> None:
        self._account, self._symbols, self._prices = account, symbols, prices
        self._rates, self._inputs = rates, inputs
        self.symbols: dict[str, MarginSymbol] = {}  # that were looked up, and have a margin
        self._missing: dict[str, Gap] = {}

    def symbol(self, name: str) -> MarginSymbol | Gap:
        """A symbol that has a margin."""
        known = self.symbols.get(name) or self._missing.get(name)
        if known is None:
            known = self._looked_up(name)
            if isinstance(known, Gap):
                self._missing[name] = known
            else:
                self.symbols[name] = known
        return known

    def position(self, record: PositionRecord) -> MarginPosition | Gap:
        """An open position at its own margin rate; where both currencies are one that is 1."""
        symbol = self.symbol(record.symbol)
        if isinstance(symbol, Gap):
            return symbol
        if record.price is None:
            return Gap(NO_PRICE, record.position)
        rate = self._inputs.position_rate(record.position)
        if not rate and self._own_money(symbol):
            rate = 1.0
        if not rate:
            return Gap(NO_MARGIN_RATE, record.position)
        return MarginPosition(
            symbol=record.symbol,
            is_buy=record.side == words.BUY,
            volume=float(record.volume),
            price_open=float(record.price),
            margin_rate=rate,
        )

    def order(self, order: Order) -> MarginOrder | Gap | None:
        """What is left of an open order, at its own margin rate or the conversion rate; None: it is free."""
        record = order.record
        if record is None:  # deals alone are no open order
            return None
        own = self._inputs.order_rate(order.order)
        terms = _Terms(
            order.order,
            record.symbol,
            record.type,
            order.remaining,
            record.price,
            record.limit_price,
            record.position,
        )
        return self._order(terms, own)

    def exposure(self, one: Exposure) -> MarginOrder | Gap | None:
        """What an order would be, a market order in flight at the price that is given; None: it is free."""
        terms = _Terms(one.symbol, one.symbol, one.type, one.volume, one.price, one.limit_price, one.position)
        return self._order(terms, 0.0)

    def _looked_up(self, name: str) -> MarginSymbol | Gap:
        record = self._symbols(name)
        if record is None:
            return Gap(SYMBOL_NOT_LOADED, name)
        symbol = margin_symbol(record)
        if symbol is None:
            return Gap(NOT_FINITE, name)
        return symbol if symbol.trade_calc_mode in LISTED else Gap(CALC_MODE, name)

    def _order(self, terms: _Terms, own_rate: float) -> MarginOrder | Gap | None:
        symbol = self.symbol(terms.symbol)
        if isinstance(symbol, Gap):
            return symbol
        kind = number_of(OrderType, terms.type)
        if not OrderType.BUY <= kind <= OrderType.CLOSE_BY:
            return Gap(ORDER_TYPE, terms.subject)
        price = self._price(kind, terms)
        order = MarginOrder(
            symbol=terms.symbol,
            order_type=kind,
            volume=max(0.0, float(terms.volume)),
            price_order=price or 0.0,
            price_trigger=price or 0.0,
            margin_rate=own_rate,
            position_id=int(terms.position) if terms.position else NO_CLOSING,
        )
        if not order.volume or not needs_margin(symbol, order) or self._closes(order):
            return None
        if price is None:
            return Gap(NO_PRICE, terms.subject)
        return order if own_rate else self._converted(order, symbol, price)

    def _converted(self, order: MarginOrder, symbol: MarginSymbol, price: float) -> MarginOrder | Gap:
        """The order at the rate that live, fresh quotes give (docs/protocol.md 7.2, margin rates)."""
        rate = self._rates.margin(
            symbol.currency_margin,
            self._account.currency,
            traded=order.symbol,
            price=price,
            is_buy=order.is_buy,
        )
        return replace(order, margin_rate=rate) if rate > 0 else Gap(NO_RATE, order.symbol)

    def _closes(self, order: MarginOrder) -> bool:
        """Whether it is free because it closes a position: in a hedging account only."""
        return self._account.hedging and order.is_market and order.position_id != NO_CLOSING

    def _own_money(self, symbol: MarginSymbol) -> bool:
        own = self._account.currency
        return bool(own) and equal_currencies(symbol.currency_margin, own)

    def _price(self, kind: int, terms: _Terms) -> float | None:
        """What an order counts at; a market order without a price at what it would be filled at now."""
        given = terms.limit_price if kind in STOP_LIMIT_TYPES else terms.price
        if kind not in MARKET_TYPES:
            return None if given is None else float(given)
        if given:
            return float(given)
        quote = self._prices(terms.symbol)
        if quote is None or not quote.live:
            return None
        return (quote.ask if kind in BUY_TYPES else quote.bid) or None
