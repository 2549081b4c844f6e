"""Symbols: the latest specification of each."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from oms.domain.events import Event, SymbolChanged, SymbolGone
from oms.domain.records import DealRecord, SymbolRecord

from .columns import Rows


class Symbols:
    """All symbols that an account has asked for."""

    def __init__(self) -> None:
        self._symbols: dict[str, SymbolRecord] = {}

    @property
    def folds(self) -> Mapping[type[Event], Callable[[Any], None]]:
        """What it does with events that are no deals."""
        return {
            SymbolChanged: self._change,
            SymbolGone: self._go,
        }

    def __iter__(self) -> Iterator[SymbolRecord]:
        return iter(tuple(self._symbols.values()))

    def get(self, name: str) -> SymbolRecord | None:
        """A symbol by its name."""
        return self._symbols.get(name)

    def deal(self, before: DealRecord | None, after: DealRecord | None) -> None:
        """None of its business."""

    def state(self) -> Any:
        """All of them."""
        return dict(self._symbols)

    def essence(self) -> Any:
        """All of the state."""
        return self.state()

    def dumped(self, rank: Mapping[str, int]) -> bytes:
        """All of them."""
        return msgspec.msgpack.encode(list(self))

    def restore(self, dump: msgspec.Raw, deals: Rows[DealRecord]) -> None:
        """Likewise."""
        found = msgspec.msgpack.decode(dump, type=list[SymbolRecord])
        self._symbols = {symbol.symbol: symbol for symbol in found}

    def _change(self, symbol: SymbolRecord) -> None:
        self._symbols[symbol.symbol] = symbol

    def _go(self, event: SymbolGone) -> None:
        self._symbols.pop(event.symbol, None)
