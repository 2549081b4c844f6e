"""The margin of a whole account (docs/protocol.md 7.4).

Where docs/protocol.md gives no figure, none is made up: the result then names the gap, so that the caller
can answer "margin unknown".
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from math import isfinite

import msgspec

from ..enums import MarginMode
from .margin_base import LISTED, SymbolMargin
from .margin_hedging import hedging_margin
from .margin_input import (
    LeverageRule,
    MarginAccount,
    MarginOrder,
    MarginPosition,
    MarginSymbol,
    RateBuy,
)
from .margin_netting import netting_margin
from .margin_tiers import POOLING, Buckets, buckets_of, first_rule, tier_margin
from .rounding import normalize

_Model = Callable[
    [MarginSymbol, MarginAccount, Sequence[MarginPosition], Sequence[MarginOrder]], SymbolMargin
]
_MODELS: dict[int, _Model] = {
    MarginMode.RETAIL_NETTING: netting_margin,
    MarginMode.RETAIL_HEDGING: hedging_margin,
}


class MarginGap(msgspec.Struct, frozen=True):
    """Why a margin must not be relied on; `symbol` is empty when it concerns the account.

    Codes: margin_mode (no figures for exchange accounts), symbol_not_loaded, calc_mode (not in the table),
    no_conversion_rate (a tier's value could not be found, so its part counts 0), spreads (cmd 20 may lower
    the margin by an unknown amount), not_finite (an input such as a leverage of 0 made it inf or nan).
    """

    code: str
    symbol: str = ""


class AccountMargin(msgspec.Struct, frozen=True):
    """The account's margin, rounded to its digits; with `gaps` it is what the official client would show.

    `total` is None where there is no figure at all.  With a gap `spreads` it is an upper bound.
    """

    total: float | None
    gaps: tuple[MarginGap, ...] = ()


def account_margin(
    account: MarginAccount,
    symbols: Mapping[str, MarginSymbol],
    positions: Iterable[MarginPosition],
    orders: Iterable[MarginOrder],
    *,
    rules: Sequence[LeverageRule] = (),
    rate_buy: RateBuy,
    spread_symbols: Collection[str] = (),
) -> AccountMargin:
    """The margin of everything open in an account (docs/protocol.md 7.4).

    `rate_buy(source, target)` gives a conversion rate, 0 for none (7.2); it is asked for tiers by value
    only.  `spread_symbols` are the legs of spreads offered by cmd 20.
    """
    model = _MODELS.get(account.margin_mode)
    if model is None:
        return AccountMargin(None, (MarginGap("margin_mode"),))
    open_positions, open_orders = tuple(positions), tuple(orders)
    names = dict.fromkeys(
        [*(position.symbol for position in open_positions), *(order.symbol for order in open_orders)]
    )
    blind = tuple(gap for name in names if (gap := _blind(symbols.get(name), name)) is not None)
    if blind:
        return AccountMargin(None, blind)
    margins = [
        (
            symbols[name],
            model(
                symbols[name],
                account,
                [position for position in open_positions if position.symbol == name],
                [order for order in open_orders if order.symbol == name],
            ),
        )
        for name in names
    ]
    total, gaps = _sum(account, margins, rules, rate_buy)
    if account.margin_mode == MarginMode.RETAIL_NETTING:
        gaps += [MarginGap("spreads", name) for name in names if name in spread_symbols]
    if not isfinite(total):
        gaps.append(MarginGap("not_finite"))
    return AccountMargin(total, tuple(gaps))


def _blind(symbol: MarginSymbol | None, name: str) -> MarginGap | None:
    """Why a symbol has no margin formula at all."""
    if symbol is None:
        return MarginGap("symbol_not_loaded", name)
    return None if symbol.trade_calc_mode in LISTED else MarginGap("calc_mode", name)


def _sum(
    account: MarginAccount,
    margins: Iterable[tuple[MarginSymbol, SymbolMargin]],
    rules: Sequence[LeverageRule],
    rate_buy: RateBuy,
) -> tuple[float, list[MarginGap]]:
    """Σ of the symbols, rounded at each addition; pools are walked last, when they are complete."""
    digits = account.currency_digits
    total = 0.0
    gaps: list[MarginGap] = []
    pools: dict[LeverageRule, Buckets] = {}
    for symbol, margin in margins:
        rule = first_rule(rules, symbol.path)
        if rule is None:
            total = normalize(total + normalize(margin.plain, digits), digits)
            continue
        buckets = buckets_of(rule, account, symbol, margin, rate_buy)
        if not buckets.complete:
            gaps.append(MarginGap("no_conversion_rate", symbol.name))
        if rule.range_mode in POOLING:
            pools[rule] = pools.get(rule, Buckets()).joined(buckets)
        else:
            total = normalize(total + tier_margin(rule, buckets, digits), digits)
    for rule, pool in pools.items():
        total = normalize(total + tier_margin(rule, pool, digits), digits)
    return total, gaps
