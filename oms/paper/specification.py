"""A symbol's specification changed while the venue runs."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from protocol.records.symbols import FullSymbol

from .catalog import Instrument
from .contradictions import contradictions

FIXED: Final = frozenset(
    {"trade_symbol", "symbol_id", "symbol_path"}  # what symbol it is
    | {"digits", "point", "symbol_multiply"}  # the feed makes its prices on them
    # Terminals would show other prices than those that the venue deals at (docs/protocol.md 7.5).
    | {"spread_diff", "spread_diff_balance"}
)
APART: Final = frozenset({"trade", "schedule", "subscription"})  # records inside


def changed_spec(instruments: Mapping[str, Instrument], symbol: str, changes: dict[str, Any]) -> FullSymbol:
    """The specification with fields of its own or of its trade settings changed.

    ValueError for an unknown symbol, an unknown field, or a value that makes no symbol that can be traded.
    """
    if symbol not in instruments:
        raise ValueError(f"there is no symbol {symbol!r}")
    instrument = instruments[symbol]
    made = _made(instrument.spec, changes)
    for field, message in contradictions(replace(instrument, spec=made)):
        raise ValueError(f"{field}: {message}")
    return made


def _made(spec: FullSymbol, changes: dict[str, Any]) -> FullSymbol:
    own, trade = set(spec.__struct_fields__) - APART, set(spec.trade.__struct_fields__)
    for name in changes:
        if name in FIXED or name not in own | trade:
            raise ValueError(f"{name} cannot be changed")
    inner = {name: value for name, value in changes.items() if name in trade}
    outer = {name: value for name, value in changes.items() if name in own}
    # Through built-in types: what a replaced field holds is checked only when it is converted.
    loose = msgspec.to_builtins(replace(spec, **outer, trade=replace(spec.trade, **inner)))
    try:
        return msgspec.convert(loose, FullSymbol)
    except msgspec.ValidationError as why:
        raise ValueError(str(why)) from None
