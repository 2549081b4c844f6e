"""Leverage tiers: a base margin split by volume or value (docs/protocol.md 7.4, Leverage tiers)."""

from collections.abc import Callable, Iterable

import msgspec

from ..enums import RangeMode
from .conversion import equal_currencies
from .doubles import MAX_DOUBLE, divide
from .families import BOND_FAMILY, FOREX_FAMILY, FUTURES_FAMILY
from .margin_base import Exposure, SymbolMargin
from .margin_input import (
    LeverageRule,
    LeverageTier,
    Lots,
    MarginAccount,
    MarginSymbol,
    RateBuy,
)
from .masks import matches
from .rounding import normalize, size

POOLING: frozenset[int] = frozenset({RangeMode.VOLUME_TOTAL, RangeMode.VALUE_TOTAL})
VALUED: frozenset[int] = frozenset({RangeMode.VALUE_TOTAL, RangeMode.VALUE_SYMBOL})


class Bucket(msgspec.Struct, frozen=True):
    """A base margin with the quantity that borders cut: lots, or money in modes 2 and 3."""

    margin: float = 0.0
    quantity: float = 0.0

    def joined(self, other: "Bucket") -> "Bucket":
        """Both buckets as one (docs/protocol.md 7.4: modes 0 and 2 pool all symbols of a rule)."""
        return Bucket(self.margin + other.margin, self.quantity + other.quantity)


class Buckets(msgspec.Struct, frozen=True):
    """The three that each start again at the first tier; `complete` is False when a rate was missing."""

    positions: Bucket = Bucket()
    in_flight: Bucket = Bucket()
    orders: Bucket = Bucket()
    complete: bool = True

    def joined(self, other: "Buckets") -> "Buckets":
        """Two symbols of one rule pooled (docs/protocol.md 7.4)."""
        return Buckets(
            self.positions.joined(other.positions),
            self.in_flight.joined(other.in_flight),
            self.orders.joined(other.orders),
            self.complete and other.complete,
        )


def first_rule(rules: Iterable[LeverageRule], path: str) -> LeverageRule | None:
    """The first rule whose mask list matches the symbol's path (docs/protocol.md 7.4)."""
    return next((rule for rule in rules if matches(rule.path, path)), None)


def buckets_of(
    rule: LeverageRule, account: MarginAccount, symbol: MarginSymbol, margin: SymbolMargin, rate_buy: RateBuy
) -> Buckets:
    """The symbol's buckets measured as the rule asks (docs/protocol.md 7.4).

    A missing conversion rate empties the bucket, as in the official client, which `complete` tells.
    """
    positions, in_flight, orders = (
        _measure(rule, account, symbol, exposure, rate_buy)
        for exposure in (margin.positions, margin.in_flight, margin.orders)
    )
    complete = positions is not None and in_flight is not None and orders is not None
    return Buckets(positions or Bucket(), in_flight or Bucket(), orders or Bucket(), complete)


def _measure(
    rule: LeverageRule, account: MarginAccount, symbol: MarginSymbol, exposure: Exposure, rate_buy: RateBuy
) -> Bucket | None:
    if rule.range_mode not in VALUED:
        return Bucket(exposure.margin, exposure.lots.volume)
    if not exposure.lots.volume:
        return Bucket()
    value = tier_value(rule, account, symbol, exposure.lots, rate_buy)
    return None if value is None else Bucket(exposure.margin, value)


def tier_margin(rule: LeverageRule, buckets: Buckets, digits: int) -> float:
    """The margin of one symbol's or one rule's buckets, rounded to `digits` (docs/protocol.md 7.4).

    A range_mode above 3 gives 0.
    """
    if rule.range_mode > RangeMode.VALUE_SYMBOL:
        return 0.0
    total = walk(rule.tiers, buckets.positions, lambda tier: tier.margin_rate_maintenance, digits)
    for bucket in (buckets.in_flight, buckets.orders):
        part = walk(rule.tiers, bucket, lambda tier: tier.margin_rate_initial, digits)
        total = normalize(total + part, digits)
    return total


def walk(
    tiers: tuple[LeverageTier, ...], bucket: Bucket, rate_of: Callable[[LeverageTier], float], digits: int
) -> float:
    """One bucket taken through the tiers, each part rounded as it is added (docs/protocol.md 7.4).

    Tiers of no width are skipped, a border of max double ends the walk, what remains takes the rate of
    the last tier in the list.  Without tiers the bucket's margin is the result.
    """
    if not tiers:
        return normalize(bucket.margin, digits)
    total, left = 0.0, bucket.quantity
    for tier in tiers:
        if left <= 0 or MAX_DOUBLE in (tier.range_from, tier.range_to):
            break
        width = tier.range_to - tier.range_from
        if width > 0:
            part = min(width, left)
            total = normalize(total + _share(bucket, part) * rate_of(tier), digits)
            left -= part
    if left > 0:
        total = normalize(total + _share(bucket, left) * rate_of(tiers[-1]), digits)
    return total


def _share(bucket: Bucket, part: float) -> float:
    return bucket.margin * part / bucket.quantity


def tier_value(
    rule: LeverageRule, account: MarginAccount, symbol: MarginSymbol, lots: Lots, rate_buy: RateBuy
) -> float | None:
    """What lots are worth to range modes 2 and 3; None when a conversion rate is missing.

    docs/protocol.md 7.4.  In account currency, or in the rule's own when it names another.
    """
    value = _value(symbol, lots, rate_buy)
    if value is None:
        return None
    target = rule.range_currency or account.account_currency
    foreign = not equal_currencies(target, account.account_currency)
    if not foreign and equal_currencies(symbol.currency_base, symbol.currency_margin):
        return normalize(value * lots.rate, account.currency_digits)
    rate = rate_buy(symbol.currency_base, target)
    return normalize(value * rate, rule.range_currency_digits) if rate > 0 else None


def _value(symbol: MarginSymbol, lots: Lots, rate_buy: RateBuy) -> float | None:
    mode = symbol.trade_calc_mode
    units = size(lots.volume, symbol.trade_contract_size)
    if mode in FOREX_FAMILY:
        return units
    if mode in FUTURES_FAMILY:
        money = divide(lots.volume * lots.price * symbol.trade_tick_value, symbol.trade_tick_size)
        return normalize(money, symbol.currency_base_digits)
    if mode in BOND_FAMILY:
        return _bond_value(symbol, units, lots.price, rate_buy)
    return normalize(units * lots.price, symbol.currency_profit_digits)


def _bond_value(symbol: MarginSymbol, units: float, price: float, rate_buy: RateBuy) -> float | None:
    digits = symbol.currency_profit_digits
    rate = rate_buy(symbol.currency_base, symbol.currency_profit)
    if not rate > 0:
        return None
    face = normalize(units * symbol.trade_face_value * price / 100, symbol.currency_base_digits)
    accrued = normalize(units * symbol.trade_accrued_interest, digits)
    return normalize(normalize(face * rate, digits) + accrued, digits)
