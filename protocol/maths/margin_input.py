"""What the margin of an account is computed from (docs/protocol.md 7.4).

Volumes are in lots, prices and amounts plain doubles.  Field names are those of the records of
docs/protocol.md 4.2, 4.3 and 4.5.
"""

from collections.abc import Callable

import msgspec

from .families import BUY_TYPES, STOP_LIMIT_TYPES

LARGER_LEG = 4  # margin_flags

# Currency pair -> the rate_buy between them, 0 for none (docs/protocol.md 7.2, end).
RateBuy = Callable[[str, str], float]


class MarginSymbol(msgspec.Struct, frozen=True, kw_only=True):
    """A symbol with its settings, account overrides already applied (docs/protocol.md 7.6)."""

    name: str
    path: str
    trade_calc_mode: int
    trade_contract_size: float
    trade_tick_value: float = 0.0
    trade_tick_size: float = 0.0
    trade_face_value: float = 0.0
    trade_accrued_interest: float = 0.0
    trade_price_settle: float = 0.0
    trade_price_limit_min: float = 0.0
    trade_price_limit_max: float = 0.0
    currency_base: str = ""
    currency_profit: str = ""
    currency_margin: str = ""
    currency_base_digits: int = 2
    currency_profit_digits: int = 2
    margin_flags: int = 0
    margin_initial: float = 0.0
    margin_maintenance: float = 0.0
    margin_hedged: float = 0.0
    margin_rate_currency: float = 0.0
    margin_rates_initial: tuple[float, ...]  # 8, by order type
    margin_rates_maintenance: tuple[float, ...]

    @property
    def fixed_maintenance(self) -> float:
        """M of a position: margin_maintenance, or margin_initial when that is 0 (docs/protocol.md 7.4)."""
        return self.margin_maintenance or self.margin_initial

    def position_rate(self, *, is_buy: bool) -> float:
        """The order rate of a position: the maintenance one, or the initial one when that is 0.

        docs/protocol.md 7.4; negative rates are used as they are.
        """
        side = 0 if is_buy else 1
        return self.margin_rates_maintenance[side] or self.margin_rates_initial[side]


class MarginAccount(msgspec.Struct, frozen=True, kw_only=True):
    """The part of ACCOUNT_MAIN that margin depends on (docs/protocol.md 4.2)."""

    margin_mode: int
    margin_leverage: float
    currency_digits: int = 2
    account_currency: str = "USD"


class Lots(msgspec.Struct, frozen=True):
    """A volume in lots at one price, with the margin rate into the account currency."""

    volume: float = 0.0
    price: float = 0.0
    rate: float = 0.0


class MarginPosition(msgspec.Struct, frozen=True, kw_only=True):
    """An open position; `margin_rate` is its rate_margin."""

    symbol: str
    is_buy: bool
    volume: float
    price_open: float
    margin_rate: float = 1.0

    @property
    def lots(self) -> Lots:
        """The position at its open price (docs/protocol.md 7.4)."""
        return Lots(self.volume, self.price_open, self.margin_rate)


class MarginOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order not yet filled; types 0 and 1 are market orders in flight, `volume` is what is still open."""

    symbol: str
    order_type: int
    volume: float
    price_order: float
    price_trigger: float = 0.0
    price_current: float = 0.0
    margin_rate: float = 1.0
    position_id: int = 0

    @property
    def is_buy(self) -> bool:
        """Whether the order buys (docs/protocol.md 6.1)."""
        return self.order_type in BUY_TYPES

    @property
    def is_market(self) -> bool:
        """Whether the order is at market: type 0 or 1 (docs/protocol.md 6.1)."""
        return self.order_type in (0, 1)

    @property
    def lots(self) -> Lots:
        """The order at the price its margin is taken at (docs/protocol.md 7.4).

        A stop-limit counts at its trigger, a market order without a price at the current one.
        """
        price = self.price_order
        if self.order_type in STOP_LIMIT_TYPES:
            price = self.price_trigger
        elif self.is_market and price == 0:
            price = self.price_current
        return Lots(self.volume, price, self.margin_rate)


class LeverageTier(msgspec.Struct, frozen=True):
    """One step of a leverage rule (docs/protocol.md 4.2); a border of max double is open."""

    range_from: float
    range_to: float
    margin_rate_initial: float
    margin_rate_maintenance: float


class LeverageRule(msgspec.Struct, frozen=True, kw_only=True):
    """Margin rates by volume or value for the symbols of a mask list (docs/protocol.md 4.2)."""

    path: str
    range_mode: int
    tiers: tuple[LeverageTier, ...]
    range_currency: str = ""
    range_currency_digits: int = 2
