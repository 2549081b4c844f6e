"""Leverage rules: margin rates that grow with what is at stake (docs/protocol.md 7.4)."""

import sys
from collections.abc import Callable, Sequence
from decimal import Decimal

from protocol.enums import RangeMode
from protocol.records.account import LeverageRule, LeverageTier
from protocol.records.symbols import FullSymbol

from .contract import BONDS, FOREX, FORTS, FUTURES, size
from .conversion import known_rate, same
from .decimals import NoNumberError, finite, rounded
from .margin_base import ZERO, Book, Bucket, Parts, Stake
from .masks import matches

_OPEN_END = sys.float_info.max
_VOLUME = frozenset({RangeMode.VOLUME_TOTAL, RangeMode.VOLUME_SYMBOL})
_POOLING = frozenset({RangeMode.VOLUME_TOTAL, RangeMode.VALUE_TOTAL})

Member = tuple[Book, Parts]


def place_of(spec: FullSymbol, rules: Sequence[LeverageRule]) -> int | None:
    """The place of the first rule whose masks take the symbol's path."""
    path = spec.trade.symbol_path
    return next((place for place, rule in enumerate(rules) if matches(rule.path, path)), None)


def ruled(rule: LeverageRule, members: Sequence[Member], digits: int) -> Decimal:
    """The margin of all symbols of an account that one rule is for, on the account's digits.

    Where the measure is a value and a rate for it is missing there is no margin either: NoNumberError.  (The
    client shows 0 then; a venue that lent on it would lend without limit.)
    """
    if rule.range_mode > max(RangeMode):
        return ZERO
    groups = [members] if rule.range_mode in _POOLING else [[member] for member in members]
    total = ZERO
    for group in groups:
        total += _walk(rule, group, lambda parts: parts.positions, _maintenance, digits)
        total += _walk(rule, group, lambda parts: parts.flying, _initial, digits)
        total += _walk(rule, group, lambda parts: parts.orders, _initial, digits)
    return total


def _maintenance(tier: LeverageTier) -> float:
    return tier.margin_rate_maintenance


def _initial(tier: LeverageTier) -> float:
    return tier.margin_rate_initial


def _walk(
    rule: LeverageRule,
    group: Sequence[Member],
    bucket_of: Callable[[Parts], Bucket],
    rate_of: Callable[[LeverageTier], float],
    digits: int,
) -> Decimal:
    """The margin of one kind of bucket of the symbols that are measured together."""
    buckets = [(book, bucket_of(parts)) for book, parts in group]
    margin = sum((bucket.margin for _, bucket in buckets), ZERO)
    if not margin or not rule.tiers:
        return rounded(margin, digits)
    measure = sum((_measure(rule, book, bucket.stake) for book, bucket in buckets), ZERO)
    if measure <= 0:
        raise NoNumberError("margin without anything to measure it by")
    total, left = ZERO, measure
    for tier in rule.tiers:
        if _OPEN_END in (tier.range_from, tier.range_to) or left <= 0:
            break
        width = min(finite(tier.range_to) - finite(tier.range_from), left)
        if width > 0:
            total = rounded(total + margin * width / measure * finite(rate_of(tier)), digits)
            left -= width
    return rounded(total + margin * left / measure * finite(rate_of(rule.tiers[-1])), digits)


def _measure(rule: LeverageRule, book: Book, stake: Stake) -> Decimal:
    """How much of a rule's ranges a stake takes: lots, or its value in account or range currency."""
    if not stake.volume:
        return ZERO
    return stake.volume if rule.range_mode in _VOLUME else _value(rule, book, stake)


def _value(rule: LeverageRule, book: Book, stake: Stake) -> Decimal:
    spec, account = book.spec, book.account
    value = _own_value(book, stake)
    foreign = bool(rule.range_currency) and not same(rule.range_currency, account.currency)
    if not foreign and same(spec.currency_base, spec.currency_margin):
        return rounded(value * stake.rate, account.digits)
    target = rule.range_currency or account.currency
    buy, _ = known_rate(book.rates, spec.currency_base, target, spec.trade_symbol)
    return rounded(value * buy, rule.range_currency_digits)


def _own_value(book: Book, stake: Stake) -> Decimal:
    """The value of a stake in the currency that its calc mode reckons in."""
    spec = book.spec
    mode, units = spec.trade_calc_mode, size(stake.volume, spec.trade_contract_size)
    if mode in FOREX:
        return units
    if mode in FUTURES or mode == FORTS:
        ticks = finite(spec.trade_tick_value) / finite(spec.trade_tick_size)
        return rounded(stake.volume * stake.price * ticks, spec.currency_base_digits)
    if mode in BONDS:
        return _bond_value(book, stake.price, units)
    return rounded(units * stake.price, spec.currency_profit_digits)


def _bond_value(book: Book, price: Decimal, units: Decimal) -> Decimal:
    spec = book.spec
    digits = spec.currency_profit_digits
    nominal = rounded(units * finite(spec.trade_face_value) * price / 100, spec.currency_base_digits)
    buy, _ = known_rate(book.rates, spec.currency_base, spec.currency_profit, spec.trade_symbol)
    accrued = rounded(units * finite(spec.trade_accrued_interest), digits)
    return rounded(rounded(nominal * buy, digits) + accrued, digits)
