"""Account overrides laid over a symbol's trade settings (docs/protocol.md 7.6).

Works on any msgspec.Struct that has the field names of TRADE_SETTINGS (docs/protocol.md 4.2); the record
itself lives in `protocol.records`.
"""

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, TypeVar

import msgspec

from .doubles import MAX_DOUBLE
from .masks import matches

T = TypeVar("T", bound=msgspec.Struct)

# T promises field names, not a class, so fields are reached by name.
_mask_of: Callable[[Any], str] = attrgetter("symbol_path")

_NO_I32 = 2**31 - 1
_NO_U32 = 2**32 - 1
_NO_U64 = 2**64 - 1


def _i32(own: int, other: int) -> int:
    return own if other == _NO_I32 else other


def _u32(own: int, other: int) -> int:
    return own if other == _NO_U32 else other


def _volume(own: int, other: int) -> int:
    return own if other in (0, _NO_U64) else other


def _double(own: float, other: float) -> float:
    return own if other == MAX_DOUBLE else other


def _doubles(own: Iterable[float], other: Iterable[float]) -> tuple[float, ...]:
    return tuple(_double(a, b) for a, b in zip(own, other, strict=True))


# Every field of TRADE_SETTINGS but symbol_path, with how one override value meets the symbol's own.
_MERGES: tuple[tuple[Callable[[Any, Any], Any], str], ...] = (
    (_i32, "spread_diff spread_diff_balance trade_stops_level trade_freeze_level swap_rollover3days"),
    (
        _u32,
        "trade_mode trade_exemode trade_fill_flags trade_time_flags trade_order_flags trade_request_flags"
        " trade_request_timeout trade_instant_flags trade_instant_timeout trade_instant_slip_profit"
        " trade_instant_slip_losing trade_instant_checkmode trade_market_flags trade_exchange_flags"
        " margin_flags swap_mode permissions_flags permissions_bookdepth",
    ),
    (_volume, "trade_instant_volume volume_min volume_max volume_step volume_limit"),
    (
        _double,
        "margin_initial margin_maintenance margin_rate_liquidity margin_hedged margin_rate_currency"
        " swap_long swap_short",
    ),
    (_doubles, "margin_rates_initial margin_rates_maintenance swap_rates"),
)

MERGES: dict[str, Callable[[Any, Any], Any]] = {
    field: merge for merge, fields in _MERGES for field in fields.split()
}


def apply_overrides(settings: T, overrides: Iterable[T], path: str) -> T:
    """`settings` with every override whose mask matches `path` laid over it, in order, last one wins.

    Always pass the symbol's own settings, never an earlier result: each application starts from them
    (docs/protocol.md 7.6).  "No override" values leave a field alone: 2^32-1 (u32), 2^31-1 (i32), the max
    double (f64; in a list of rates element by element), 2^64-1 or 0 (the volumes).  symbol_path is kept.
    """
    for override in overrides:
        if matches(_mask_of(override), path):
            changes = {
                name: merge(getattr(settings, name), getattr(override, name))
                for name, merge in MERGES.items()
            }
            settings = msgspec.structs.replace(settings, **changes)
    return settings
