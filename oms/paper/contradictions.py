"""What a symbol cannot be: fields that make no trading possible, or that the venue could not reckon with."""

from collections.abc import Iterator
from typing import Final

from protocol.records.symbols import FullSymbol

from .catalog import Instrument
from .decimals import MAX_DIGITS
from .fitness import BIGGEST, HIGHEST, misfits

DEEPEST: Final = 32  # levels of a book, a side
# Amounts below zero would make margins or profits of the wrong sign.
POSITIVE: Final = ("trade_contract_size", "trade_tick_size")
NATURAL: Final = ("trade_tick_value", "trade_face_value")
NATURAL_OF_TRADE: Final = (
    "trade_stops_level",
    "trade_freeze_level",
    "margin_initial",
    "margin_maintenance",
    "margin_hedged",
    "margin_rate_liquidity",
    "margin_rate_currency",
)


def contradictions(one: Instrument) -> Iterator[tuple[str, str]]:
    """Each field, by its name in the records, that cannot be so, with what is wrong with it."""
    found = [(str(path[-1]), message) for path, message in (*misfits(one.spec), *_of_signs(one.spec))]
    yield from found
    if not found:  # what follows divides
        yield from _of_prices(one)
        yield from _of_volumes(one)


def _of_signs(spec: FullSymbol) -> Iterator[tuple[tuple[str], str]]:
    for name in POSITIVE:
        if getattr(spec, name) <= 0:
            yield (name,), "must be above 0"
    for record, names in ((spec, NATURAL), (spec.trade, NATURAL_OF_TRADE)):
        for name in names:
            if getattr(record, name) < 0:
                yield (name,), "must not be below 0"
    if min(spec.trade.margin_rates_initial) < 0:  # a maintenance rate may be (docs/protocol.md 7.4)
        yield ("margin_rates_initial",), "must not be below 0"
    if not spec.point > 0 or spec.digits > MAX_DIGITS:
        yield ("digits",), f"must be 0 to {MAX_DIGITS}, with a point above 0"


def _of_prices(one: Instrument) -> Iterator[tuple[str, str]]:
    spec = one.spec
    if abs(spec.point * 10**spec.digits - 1) > 1e-9:
        yield "point", f"{spec.point} is not that of {spec.digits} digits"
    ticks = spec.trade_tick_size / spec.point
    if round(ticks) < 1 or abs(ticks - round(ticks)) > 1e-6:
        yield "trade_tick_size", f"{spec.trade_tick_size} is no multiple of the point {spec.point}"
    if spec.trade_price_limit_max and spec.trade_price_limit_min > spec.trade_price_limit_max:
        yield "trade_price_limit_min", "is above price_limit_max"
    if not spec.trade_tick_size * 10 <= one.start <= HIGHEST:
        yield "start", f"{one.start} is less than ten ticks or above {HIGHEST:g}"
    if sum(weight * weight for _, weight in one.factors) > 1 + 1e-9:
        yield "factors", "their squares sum to more than 1"


def _of_volumes(one: Instrument) -> Iterator[tuple[str, str]]:
    trade, contract = one.spec.trade, one.spec.trade_contract_size
    if not trade.volume_step:
        yield "volume_step", "must be above 0"
        return
    for field in ("volume_min", "volume_max"):
        volume = getattr(trade, field)
        if not 0 < volume <= BIGGEST or volume % trade.volume_step:
            yield field, "must be above 0, at most 10^9 lots and a multiple of volume_step"
    if trade.volume_min > trade.volume_max:
        yield "volume_min", "is above volume_max"
    if not one.depth_lots or not all(one.depth_lots):
        yield "depth_lots", "must name a volume above 0 for each level"
    elif max(one.depth_lots) * contract >= 2**63:  # books are in units (docs/protocol.md 5.5)
        yield "trade_contract_size", "makes more units than a book can show"
    if trade.permissions_bookdepth > DEEPEST:
        yield "permissions_bookdepth", f"is above {DEEPEST}"
