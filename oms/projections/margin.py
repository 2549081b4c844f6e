"""An account's margin and what it leaves, now and with an order more: a view, never a part of the state.

Computed as the official client does (docs/protocol.md 7.3, 7.4), over positions, open orders, orders in
flight, leverage tiers and the venue's own margin rates.  Where something is missing the figure is None and
the gaps say what.  Spreads (command 20) are not asked for: in a netting account they can only make the
margin smaller than it is here.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cached_property
from math import isfinite
from typing import Final, NamedTuple, TypeVar

import msgspec

from oms.domain import words
from oms.domain.decide.facts import Exposure
from oms.domain.events.command import JudgedMargin
from oms.domain.records import AccountRecord, PositionRecord
from protocol.enums import RangeMode
from protocol.maths.margin import AccountMargin, MarginGap, account_margin
from protocol.maths.margin_tiers import first_rule
from protocol.maths.rounding import normalize
from protocol.maths.totals import EXCLUDE_BUY_PROFIT, TotalsPosition, totals

from .books import Books
from .in_flight import Closing, Stakes, worst
from .margin_book import NO_RATE, NOT_FINITE, Gap, MarginBook
from .margin_inputs import MarginInputs
from .pnl import NO_ACCOUNT, Valued, money, value
from .rates import Forex, Once, Prices, Rates
from .specification import double, margin_account, totals_account

# Gaps, beside those of `margin_book` and `margin_mode`: exchange accounts have no figures.
LEVERAGE_RULES: Final = "leverage_rules"  # the venue was not asked for them yet
RANGE_MODE: Final = "range_mode"  # a symbol's leverage rule measures by what docs/protocol.md does not know
NOT_BOOKED: Final = "not_booked"  # the opening entry is not: the balance is not known
UNVALUED: Final = "unvalued"  # a position without a profit
MORE: Final = "more"
MOST_GAPS: Final = 20  # told; of more it is said how many
LEVEL_DIGITS: Final = 8

T = TypeVar("T")


class Figures(msgspec.Struct, frozen=True):
    """Money as it stands, in account currency; None: there is no figure, `gaps` say why."""

    margin: Decimal | None = None
    margin_free: Decimal | None = None
    margin_level: Decimal | None = None  # percent; None also where the margin is 0
    gaps: tuple[str, ...] = ()


class _Margin(NamedTuple):
    total: float  # not to be relied on where there are gaps
    gaps: tuple[Gap, ...] = ()


class _Held(NamedTuple):
    stakes: Stakes
    gaps: list[Gap]


class MarginView:
    """An account at one moment; made for one look, then thrown away."""

    def __init__(self, books: Books, prices: Prices, forex: Forex, inputs: MarginInputs) -> None:
        prices = Once(prices).__getitem__
        self._books, self._prices, self._inputs = books, prices, inputs
        self._known = books.account()
        self._account = self._known or AccountRecord()
        self._rates = Rates(forex, prices)
        self._book = MarginBook(self._account, books.symbol, prices, self._rates, inputs)

    def now(self, in_flight: Sequence[Exposure] = ()) -> Figures:
        """The account as it is; `in_flight` was sent, has no outcome, and counts in the worse direction."""
        return self._figures(self._margin((), in_flight))

    def after(self, exposure: Exposure, in_flight: Sequence[Exposure] = ()) -> JudgedMargin:
        """The account with one order more: in flight where it is a market order, else open.

        What it adds is the difference to `now` with the same `in_flight`.
        """
        with_it = self._margin((exposure,), in_flight)
        found = self._figures(with_it)
        added: Decimal | None = None
        if found.margin is not None:
            digits = self._account.digits
            added = money(normalize(with_it.total - self._margin((), in_flight).total, digits), digits)
        return JudgedMargin(found.margin, found.margin_free, found.margin_level, added, found.gaps)

    # Margin.

    def _margin(self, adding: Sequence[Exposure], in_flight: Sequence[Exposure]) -> _Margin:
        if self._known is None:
            return _Margin(0.0, (Gap(NO_ACCOUNT),))
        held, gaps = self._held
        more, missing = _apart(map(self._book.exposure, adding))
        sent, lost = _apart(map(self._book.exposure, in_flight))
        gaps = [*self._gaps_of_rules(), *gaps, *missing, *lost]
        if gaps:
            return _Margin(0.0, tuple(gaps))
        stakes = Stakes(held.positions, [*held.orders, *more])
        if self._account.hedging and in_flight:
            stakes = worst(
                stakes, sent, _closing(in_flight), lambda option: self._computed(option).total or 0.0
            )
        else:
            stakes = Stakes(stakes.positions, [*stakes.orders, *sent])
        found = self._computed(stakes)
        return _Margin(found.total or 0.0, tuple(map(_told_by_formula, found.gaps)))

    @cached_property
    def _open(self) -> list[PositionRecord]:
        return list(self._books.positions)

    @cached_property
    def _held(self) -> _Held:
        """Positions and open orders, beside what cannot be counted of them."""
        positions = {one.position: self._book.position(one) for one in self._open}
        orders, gaps = _apart(map(self._book.order, self._books.orders.open()))
        held = {key: one for key, one in positions.items() if not isinstance(one, Gap)}
        missing = [one for one in positions.values() if isinstance(one, Gap)]
        return _Held(Stakes(held, orders), [*missing, *gaps])

    def _gaps_of_rules(self) -> list[Gap]:
        rules = self._inputs.rules
        if rules is None:
            return [Gap(LEVERAGE_RULES)]
        if all(rule.range_mode <= RangeMode.VALUE_SYMBOL for rule in rules):
            return []
        found = {name: first_rule(rules, symbol.path) for name, symbol in self._book.symbols.items()}
        return [
            Gap(RANGE_MODE, name)
            for name, rule in found.items()
            if rule is not None and rule.range_mode > RangeMode.VALUE_SYMBOL
        ]

    def _computed(self, stakes: Stakes) -> AccountMargin:
        return account_margin(
            margin_account(self._account),
            self._book.symbols,
            stakes.positions.values(),
            stakes.orders,
            rules=self._inputs.rules or (),
            rate_buy=self._rates.buy,
        )

    # What it leaves.

    def _figures(self, margin: _Margin) -> Figures:
        if self._known is None:
            return Figures(gaps=_said(margin.gaps))
        gaps = [*margin.gaps, *self._gaps_of_money]
        total = None if margin.gaps else money(margin.total, self._account.digits)
        if gaps:
            return Figures(total, gaps=_said(gaps))
        balance = self._books.money()
        terms = totals_account(self._account, balance.balance, balance.credit, self._inputs)
        found = totals(terms, self._earned(), margin.total)
        if not (isfinite(found.margin_free) and isfinite(found.margin_level)):
            return Figures(total, gaps=_said([Gap(NOT_FINITE)]))
        level = money(normalize(found.margin_level, LEVEL_DIGITS), 2) if margin.total > 0 else None
        return Figures(total, money(found.margin_free, self._account.digits), level)

    @cached_property
    def valued(self) -> list[Valued]:
        """The open positions at the present prices."""
        symbols, prices, rates = self._books.symbol, self._prices, self._rates
        own = self._inputs.position_rate
        return [value(one, self._known, symbols, prices, rates, own(one.position)) for one in self._open]

    @cached_property
    def _gaps_of_money(self) -> list[Gap]:
        gaps = [] if self._books.money().opened else [Gap(NOT_BOOKED)]
        return gaps + [Gap(UNVALUED, one.position.position) for one in self.valued if one.profit is None]

    def _earned(self) -> list[TotalsPosition]:
        flags = {name: symbol.margin_flags for name, symbol in self._book.symbols.items()}
        return [
            TotalsPosition(
                double(one.profit),
                double(one.position.swap),
                one.position.side == words.BUY,
                bool(flags[one.position.symbol] & EXCLUDE_BUY_PROFIT),
                one.collateral,
            )
            for one in self.valued
        ]


def _apart(found: Iterable[T | Gap | None]) -> tuple[list[T], list[Gap]]:
    """What there is, and what is missing; what is free is neither."""
    there: list[T] = []
    missing: list[Gap] = []
    for one in found:
        if isinstance(one, Gap):
            missing.append(one)
        elif one is not None:
            there.append(one)
    return there, missing


def _closing(in_flight: Iterable[Exposure]) -> list[Closing]:
    """What may have been closed: a pending order that names a position has closed nothing of it yet."""
    return [
        Closing(one.position, float(one.volume))
        for one in in_flight
        if one.position is not None and one.type in words.OPPOSITE
    ]


def _told_by_formula(gap: MarginGap) -> Gap:
    """A gap of the formula, in the words that are used here."""
    return Gap(NO_RATE if gap.code == "no_conversion_rate" else gap.code, gap.symbol)


def _said(gaps: Sequence[Gap]) -> tuple[str, ...]:
    """The first of them in words, each once, and how many more there are."""
    said = list(dict.fromkeys(map(str, gaps)))
    left = len(said) - MOST_GAPS
    return (*said[:MOST_GAPS], *([f"{MORE} {left}"] if left > 0 else ()))
