"""Events of symbols."""

from ..records import SymbolRecord
from .fact import Fact


class SymbolChanged(SymbolRecord, frozen=True, tag="symbol.changed", tag_field="event"):
    """The symbol's specification, whole; only when its content changed."""


class SymbolGone(Fact, frozen=True, tag="symbol.gone"):
    """The venue lists the symbol no longer."""

    symbol: str
