"""An account's own terms: what its overrides make of the symbols (docs/protocol.md 7.6)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec.structs import replace

from protocol.records.account import TradeSettings
from protocol.records.symbols import FullSymbol

from .masks import matches

U32, I32, U64, MAX_DOUBLE = 2**32 - 1, 2**31 - 1, 2**64 - 1, 1.7976931348623157e308

# A mask for every symbol that overrides nothing (docs/protocol.md 7.6): the reader's quirk wants one (4.2).
NO_OVERRIDE: Final = TradeSettings(
    symbol_path="*",
    spread_diff=I32,
    spread_diff_balance=I32,
    trade_mode=U32,
    trade_stops_level=I32,
    trade_freeze_level=I32,
    trade_exemode=U32,
    trade_fill_flags=U32,
    trade_time_flags=U32,
    trade_order_flags=U32,
    trade_request_flags=U32,
    trade_request_timeout=U32,
    trade_instant_flags=U32,
    trade_instant_timeout=U32,
    trade_instant_slip_profit=U32,
    trade_instant_slip_losing=U32,
    trade_instant_volume=U64,
    trade_instant_checkmode=U32,
    trade_market_flags=U32,
    trade_exchange_flags=U32,
    volume_min=U64,
    volume_max=U64,
    volume_step=U64,
    volume_limit=U64,
    margin_flags=U32,
    margin_initial=MAX_DOUBLE,
    margin_maintenance=MAX_DOUBLE,
    margin_rates_initial=(MAX_DOUBLE,) * 8,
    margin_rates_maintenance=(MAX_DOUBLE,) * 8,
    margin_rate_liquidity=MAX_DOUBLE,
    margin_hedged=MAX_DOUBLE,
    margin_rate_currency=MAX_DOUBLE,
    swap_mode=U32,
    swap_long=MAX_DOUBLE,
    swap_short=MAX_DOUBLE,
    swap_rollover3days=I32,
    permissions_flags=U32,
    permissions_bookdepth=U32,
    swap_rates=(MAX_DOUBLE,) * 7,
)

# Fields in which 0 overrides nothing either.
_ZERO_TOO: Final = frozenset(
    {"volume_min", "volume_max", "volume_step", "volume_limit", "trade_instant_volume"}
)


def terms_of(specs: Mapping[str, FullSymbol], overrides: Sequence[TradeSettings]) -> Mapping[str, FullSymbol]:
    """The symbols as an account with these overrides has them; of several that fit the last one wins."""
    if not overrides:
        return specs
    return {name: _overridden(spec, overrides) for name, spec in specs.items()}


def _overridden(spec: FullSymbol, overrides: Sequence[TradeSettings]) -> FullSymbol:
    changes: dict[str, Any] = {}
    for override in overrides:
        if not matches(override.symbol_path, spec.trade.symbol_path):
            continue
        for field in TradeSettings.__struct_fields__[1:]:
            own = changes.get(field, getattr(spec.trade, field))
            changes[field] = _chosen(field, getattr(override, field), own)
    return replace(spec, trade=replace(spec.trade, **changes)) if changes else spec


def _chosen(field: str, value: Any, own: Any) -> Any:
    nothing = getattr(NO_OVERRIDE, field)
    if isinstance(value, tuple):
        return tuple(own[i] if one == nothing[i] else one for i, one in enumerate(value))
    if value == nothing or (not value and field in _ZERO_TOO):
        return own
    return value
