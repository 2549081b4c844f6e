"""The symbols of one session: which there are, by which ids, and as this account may trade them.

A specification is asked for when it is needed, and the account's overrides are laid over it (docs/protocol.md
7.6).  What a broker changes meanwhile is pushed.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec.structs import replace

from oms.domain.observations import Observation
from oms.projections.rates import Forex
from oms.sessions import translate
from oms.sessions.connection import Connection
from oms.sessions.opening import value_of
from oms.sessions.translate.reading import storable
from protocol.account_body import Account
from protocol.maths.conversion import Pairs, Quote, index_pairs, symbols_wanted
from protocol.maths.overrides import apply_overrides
from protocol.records.symbols import FullSymbol, Symbol

from .quotes import Listed

FULL_SYMBOLS: Final = 18
AT_ONCE: Final = 100  # specifications in one answer, 3 kB each
MOST_DIGITS: Final = 8


class Catalogue:
    """What the venue lists for one session."""

    def __init__(self, symbols: Iterable[Symbol], account: Account) -> None:
        self.symbols = {symbol.trade_symbol: symbol for symbol in symbols}
        self.account = account
        modes = [(symbol.trade_symbol, symbol.trade_calc_mode) for symbol in self.symbols.values()]
        self.forex = Forex(modes)
        self._pairs: Pairs = index_pairs(Quote(name, mode) for name, mode in modes)

    async def specifications(self, connection: Connection, names: Iterable[str]) -> list[FullSymbol]:
        """The specifications of those of these symbols that there are; raises Outage."""
        ids = [self.symbols[name].symbol_id for name in names if name in self.symbols]
        found: list[FullSymbol] = []
        for place in range(0, len(ids), AT_ONCE):
            found += await value_of(connection, FULL_SYMBOLS, ids[place : place + AT_ONCE])
        return list(self.effective(found))

    def effective(self, specs: Iterable[FullSymbol]) -> Iterator[FullSymbol]:
        """Specifications as this account may trade them."""
        overrides = self.account.trade_settings or []
        for spec in specs:
            trade = apply_overrides(spec.trade, overrides, spec.trade.symbol_path)
            yield spec if trade is spec.trade else replace(spec, trade=trade)

    def converting(self, specs: Iterable[FullSymbol]) -> dict[str, None]:
        """The symbols that turn these symbols' profit and margin into the account's currency."""
        own = self.account.main.account_currency
        wanted: dict[str, None] = {}
        for spec in specs:
            for currency in (spec.currency_profit, spec.currency_margin):
                names = symbols_wanted(self._pairs, currency, own, spec.trade_symbol)
                wanted.update(dict.fromkeys(names))
        return wanted

    def observations(self, specs: Iterable[FullSymbol]) -> list[Observation]:
        """The specifications, for the books."""
        return translate.symbols(specs, translate.terms_of(self.account))


def listed(spec: FullSymbol) -> Listed:
    """What reading a symbol's market data takes."""
    return Listed(
        spec.symbol_id,
        storable(spec.trade_symbol),
        spec.digits,
        spec.point or 10.0 ** -min(spec.digits, MOST_DIGITS),
        spec.trade.spread_diff,
        spec.trade.spread_diff_balance,
        spec.trade_contract_size or 1.0,
    )
