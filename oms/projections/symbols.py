"""Symbols: the latest specification of each."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec.structs import astuple

from oms.domain.events import Event, SymbolChanged, SymbolGone
from oms.domain.records import DealRecord, SymbolRecord


class Symbols:
    """All symbols that an account has asked for."""

    def __init__(self) -> None:
        self._symbols: dict[str, SymbolRecord] = {}
        self.folds: Mapping[type[Event], Callable[[Any], None]] = {
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

    def _change(self, event: SymbolChanged) -> None:
        self._symbols[event.symbol] = SymbolRecord(*astuple(event))

    def _go(self, event: SymbolGone) -> None:
        self._symbols.pop(event.symbol, None)
