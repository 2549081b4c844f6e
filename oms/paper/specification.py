"""A symbol's specification changed while the venue runs."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from protocol.bodies import Stream
from protocol.errors import ProtocolError
from protocol.records.symbols import FULL_SYMBOL, FullSymbol

FIXED: Final = frozenset({"trade_symbol", "symbol_id", "symbol_path"})  # what symbol it is
APART: Final = frozenset({"trade", "schedule", "subscription"})  # records inside


def changed_spec(specs: Mapping[str, FullSymbol], symbol: str, changes: dict[str, Any]) -> FullSymbol:
    """The specification with fields of its own or of its trade settings changed.

    ValueError for an unknown symbol, an unknown field, or a value that the wire cannot hold.
    """
    if symbol not in specs:
        raise ValueError(f"there is no symbol {symbol!r}")
    spec = specs[symbol]
    own, trade = set(spec.__struct_fields__) - APART, set(spec.trade.__struct_fields__)
    for name in changes:
        if name in FIXED or name not in own | trade:
            raise ValueError(f"{name} cannot be changed")
    inner = {name: value for name, value in changes.items() if name in trade}
    outer = {name: value for name, value in changes.items() if name in own}
    try:
        made = replace(spec, **outer, trade=replace(spec.trade, **inner))
        made = msgspec.convert(msgspec.to_builtins(made), FullSymbol)
        Stream(FULL_SYMBOL).encode([made])
    except (msgspec.ValidationError, ProtocolError) as why:
        raise ValueError(str(why)) from None
    return made
