"""Conversion rates between currencies, out of the quotes of forex symbols (docs/protocol.md 7.2)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from protocol.enums import Side
from protocol.records.symbols import FullSymbol

from .contract import FOREX
from .decimals import WIDE, NoNumberError, exact, number_or_none
from .model import Price

_CODE = 3  # letters of a currency in the name of a pair


class _Quote(NamedTuple):
    """What a pair can be bought and sold at; None where it cannot."""

    buy: Decimal | None
    sell: Decimal | None


_NO_QUOTE = _Quote(None, None)


def same(one: str, other: str) -> bool:
    """Whether two names are one currency; RUB and RUR are."""
    return one == other or {one, other} == {"RUB", "RUR"}


class Rates:
    """The rates that the venue's quotes give.  Both mappings are read at each call, so they may change."""

    def __init__(self, specs: Mapping[str, FullSymbol], prices: Mapping[str, Price]) -> None:
        """Take the venue's symbols and their last quotes, both by name."""
        self._specs = specs
        self._prices = prices

    def rate(
        self, source: str, target: str, near: str = "", at: Decimal | None = None
    ) -> tuple[Decimal, Decimal] | None:
        """(rate_buy, rate_sell) from one currency into another, unrounded; None where one of them is missing.

        `near` is the traded symbol: a forex symbol lends its suffix to the names of the pairs that are looked
        for first.  `at`, for margins, is the order's price, which stands for the quote of `near` itself.
        """
        if same(source, target):
            return Decimal(1), Decimal(1)
        quote = self._pair(source, target, near, at)
        if (quote.buy is None or quote.sell is None) and "USD" not in (source, target):
            first, second = self._pair(source, "USD", near, at), self._pair("USD", target, near, at)
            buy, sell = _product(first.buy, second.buy), _product(first.sell, second.sell)
            quote = _Quote(quote.buy or buy, quote.sell or sell)
        return None if quote.buy is None or quote.sell is None else (quote.buy, quote.sell)

    def _pair(self, source: str, target: str, near: str, at: Decimal | None) -> _Quote:
        there = self._quote(self._symbol(source, target, near), near, at)
        back = self._quote(self._symbol(target, source, near), near, at)
        return _Quote(there.buy or _inverse(back.sell), there.sell or _inverse(back.buy))

    def _symbol(self, base: str, quoted: str, near: str) -> str | None:
        """The name of the forex symbol of a pair: with the suffix, else the alphabetically first."""
        letters = base[:_CODE] + quoted[:_CODE]
        if len(letters) != 2 * _CODE:
            return None
        suffix = near[2 * _CODE :] if self._is_forex(near) else ""
        if self._is_forex(letters + suffix):
            return letters + suffix
        starting = (name for name in self._specs if name.startswith(letters) and self._is_forex(name))
        return min(starting, default=None)

    def _is_forex(self, symbol: str) -> bool:
        spec = self._specs.get(symbol)
        return spec is not None and spec.trade_calc_mode in FOREX

    def _quote(self, symbol: str | None, near: str, at: Decimal | None) -> _Quote:
        if symbol is None:
            return _NO_QUOTE
        if symbol == near and at is not None:
            return _Quote(_positive(at), _positive(at))
        price = self._prices.get(symbol)
        if price is None:
            return _NO_QUOTE
        return _Quote(_positive(exact(price.ask)), _positive(exact(price.bid)))


def _positive(value: Decimal) -> Decimal | None:
    return value if value.is_finite() and value > 0 else None


def _inverse(value: Decimal | None) -> Decimal | None:
    return None if value is None else WIDE.divide(Decimal(1), value)


def _product(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else WIDE.multiply(one, other)


def known_rate(
    rates: Rates, source: str, target: str, near: str = "", at: Decimal | None = None
) -> tuple[Decimal, Decimal]:
    """As `Rates.rate`; NoNumberError where there is none."""
    quote = rates.rate(source, target, near, at)
    if quote is None:
        raise NoNumberError(f"no rate from {source} to {target}")
    return quote


def side_rate(spec: FullSymbol, side: Side, price: Decimal, account_currency: str, rates: Rates) -> Decimal:
    """As `margin_rate`; NoNumberError where there is none."""
    buy, sell = known_rate(rates, spec.currency_margin, account_currency, spec.trade_symbol, price)
    return buy if side == Side.BUY else sell


@number_or_none
def margin_rate(
    spec: FullSymbol, side: Side, price: Decimal, account_currency: str, rates: Rates
) -> Decimal | None:
    """The rate from margin currency to account currency for a trade at a price, unrounded; None without one.

    rate_buy for buys, rate_sell for sells; the trade's own price where the pair is the traded symbol itself
    (docs/protocol.md 7.2).  This is what Position.rate_margin and Order.margin_rate carry.
    """
    return side_rate(spec, side, price, account_currency, rates)
