"""Short names for margin tests: one forex symbol, 1:100, two digits, unless said otherwise."""

from collections.abc import Sequence
from typing import Any

import msgspec

from protocol.maths.conversion import equal_currencies
from protocol.maths.margin import AccountMargin, account_margin
from protocol.maths.margin_input import (
    LeverageRule,
    LeverageTier,
    MarginAccount,
    MarginOrder,
    MarginPosition,
    MarginSymbol,
    RateBuy,
)

NETTING, EXCHANGE, HEDGING = 0, 1, 2
ONES = (1.0,) * 8
NO_MAINTENANCE = (0.0,) * 8


def symbol(name: str = "EURUSD", **changes: Any) -> MarginSymbol:
    values: dict[str, Any] = {
        "name": name,
        "path": f"Forex\\{name}",
        "trade_calc_mode": 0,
        "trade_contract_size": 100000.0,
        "margin_hedged": 100000.0,
        "margin_rates_initial": ONES,
        "margin_rates_maintenance": NO_MAINTENANCE,
        "currency_base": "USD",
        "currency_profit": "USD",
        "currency_margin": "USD",
    }
    return MarginSymbol(**{**values, **changes})


def account(margin_mode: int = HEDGING, **changes: Any) -> MarginAccount:
    return MarginAccount(**{"margin_mode": margin_mode, "margin_leverage": 100.0, **changes})


def buy(volume: float, price: float, rate: float = 1.0, name: str = "EURUSD") -> MarginPosition:
    return MarginPosition(symbol=name, is_buy=True, volume=volume, price_open=price, margin_rate=rate)


def sell(volume: float, price: float, rate: float = 1.0, name: str = "EURUSD") -> MarginPosition:
    return MarginPosition(symbol=name, is_buy=False, volume=volume, price_open=price, margin_rate=rate)


def order(order_type: int, volume: float, price: float, rate: float = 1.0, **more: Any) -> MarginOrder:
    values: dict[str, Any] = {"symbol": "EURUSD", "price_order": price, "margin_rate": rate, **more}
    return MarginOrder(order_type=order_type, volume=volume, **values)


def tiers(*steps: tuple[float, float, float, float]) -> tuple[LeverageTier, ...]:
    return tuple(LeverageTier(*step) for step in steps)


def rule(range_mode: int, *steps: tuple[float, float, float, float], **more: Any) -> LeverageRule:
    return LeverageRule(**{"path": "*", "range_mode": range_mode, "tiers": tiers(*steps), **more})


def same_only(source: str, target: str) -> float:
    return 1.0 if equal_currencies(source, target) else 0.0


def result(
    items: Sequence[msgspec.Struct],
    symbols: list[MarginSymbol] | None = None,
    acc: MarginAccount | None = None,
    rules: list[LeverageRule] | None = None,
    rate_buy: RateBuy = same_only,
    spreads: tuple[str, ...] = (),
) -> AccountMargin:
    return account_margin(
        acc or account(),
        {one.name: one for one in symbols or [symbol()]},
        [item for item in items if isinstance(item, MarginPosition)],
        [item for item in items if isinstance(item, MarginOrder)],
        rules=rules or [],
        rate_buy=rate_buy,
        spread_symbols=spreads,
    )


def total(
    items: Sequence[msgspec.Struct],
    symbols: list[MarginSymbol] | None = None,
    acc: MarginAccount | None = None,
    rules: list[LeverageRule] | None = None,
) -> float | None:
    """The margin, which must be free of gaps."""
    found = result(items, symbols, acc, rules)
    assert found.gaps == ()
    return found.total
