"""Records of an account: state, settings, leverage, commission (docs/protocol.md 4.2)."""

from typing import Annotated

from ..enums import (
    AccountType,
    DaylightMode,
    Execution,
    MarginFreeMode,
    MarginMode,
    RangeMode,
    Rollover,
    StopOutMode,
    SwapMode,
    TradeMode,
)
from ..layout import COUNTED, F64, I32, U16, U32, U64, Layout, Record, doubles, i8, i32, text, u8, u32


class AccountMain(Record, frozen=True):
    """State, rights, money of an account."""

    account_type: Annotated[int, u8(AccountType)] = 0  # 0 real, 1 demo, 2 contest, 3 preliminary
    rights: I32 = 0  # 4 trading disabled, 8 investor login, 512 read only, 1024 password must be changed
    permissions_flags: I32 = 0  # 16 = show the risk warning
    balance: F64 = 0.0
    credit: F64 = 0.0
    account_currency: Annotated[str, text(64)] = ""
    currency_digits: U32 = 0  # money digits
    margin_leverage: U32 = 0
    account_name: Annotated[str, text(256)] = ""
    server_build: U16 = 0
    server_name: Annotated[str, text(128)] = ""
    company: Annotated[str, text(256)] = ""
    timezone_shift: I32 = 0  # seconds east of UTC
    daylightmode: Annotated[int, i8(DaylightMode)] = 0  # hours added when DST is on (0/1)
    margin_mode: Annotated[int, u32(MarginMode)] = 0  # 0 netting retail, 1 exchange, 2 hedging
    margin_free_mode: Annotated[int, u32(MarginFreeMode)] = 0  # §7.3
    margin_so_call: F64 = 0.0  # stop-out call level
    margin_so_so: F64 = 0.0  # stop-out level
    margin_so_mode: Annotated[int, u32(StopOutMode)] = 0  # 0 percent, 1 money
    margin_virtual: F64 = 0.0  # not used by this client
    margin_free_profit_mode: U32 = 0  # §7.3
    acc_profit: F64 = 0.0  # fixed profit of the day
    commission_daily: F64 = 0.0
    commission_monthly: F64 = 0.0
    auth_password_min: U32 = 0  # 0 is read as 8
    otp_status: U32 = 0  # 2FA state


ACCOUNT_MAIN = Layout(AccountMain)


class TradeSettings(Record, frozen=True):
    """How a symbol may be traded; inside an account body, an override by mask."""

    symbol_path: Annotated[str, text(256)] = ""  # full path; in an override: masks (§7.6)
    spread_diff: I32 = 0  # points added to the spread
    spread_diff_balance: I32 = 0  # shift of the added spread
    trade_mode: Annotated[int, u32(TradeMode)] = 0  # §6.6
    trade_stops_level: I32 = 0  # points
    trade_freeze_level: I32 = 0  # points; never checked by this client
    trade_exemode: Annotated[int, u32(Execution)] = 0  # 0 request, 1 instant, 2 market, 3 exchange
    trade_fill_flags: U32 = 0  # 1 FOK, 2 IOC, 4 BOC
    trade_time_flags: U32 = 0  # 1 GTC, 2 DAY, 4 SPECIFIED, 8 SPECIFIED_DAY
    trade_order_flags: U32 = 0  # 1 market, 2 limit, 4 stop, 8 stop-limit, 16 SL, 32 TP, 64 close-by
    trade_request_flags: U32 = 0
    trade_request_timeout: U32 = 0  # s a requested price stays usable
    trade_instant_flags: U32 = 0
    trade_instant_timeout: U32 = 0  # s a requote stays usable
    trade_instant_slip_profit: U32 = 0
    trade_instant_slip_losing: U32 = 0
    trade_instant_volume: U64 = 0  # lots × 10^8; above it the request flow is used; 0 = no limit
    trade_instant_checkmode: U32 = 0
    trade_market_flags: U32 = 0
    trade_exchange_flags: U32 = 0
    volume_min: U64 = 0  # lots × 10^8
    volume_max: U64 = 0  # lots × 10^8
    volume_step: U64 = 0  # lots × 10^8
    volume_limit: U64 = 0  # lots × 10^8, 0 = none
    margin_flags: U32 = 0  # 4 = larger leg only, 8 = exclude P/L of long positions
    margin_initial: F64 = 0.0  # 0 = computed from price
    margin_maintenance: F64 = 0.0  # 0 = use margin_initial
    margin_rates_initial: Annotated[tuple[float, ...], doubles(8)] = (0.0,) * 8  # index = order type 0..7
    margin_rates_maintenance: Annotated[tuple[float, ...], doubles(8)] = (0.0,) * 8  # 0 → the initial rate
    margin_rate_liquidity: F64 = 0.0  # collateral factor
    margin_hedged: F64 = 0.0  # contract size (or amount) for the hedged part
    margin_rate_currency: F64 = 0.0  # percent, FORTS formula
    swap_mode: Annotated[int, u32(SwapMode)] = 0  # §6.6
    swap_long: F64 = 0.0
    swap_short: F64 = 0.0
    swap_rollover3days: Annotated[int, i32(Rollover)] = 0  # 0 Sunday … 6 Saturday, 7 disabled
    permissions_flags: U32 = 0  # 1 = book available
    permissions_bookdepth: U32 = 0  # levels
    swap_rates: Annotated[tuple[float, ...], doubles(7)] = (0.0,) * 7  # multipliers from Sunday


TRADE_SETTINGS = Layout(TradeSettings)


class LeverageTier(Record, frozen=True):
    """One step of a leverage rule."""

    range_from: F64 = 0.0
    range_to: F64 = 0.0  # max double = open end
    margin_rate_initial: F64 = 0.0
    margin_rate_maintenance: F64 = 0.0


LEVERAGE_TIER = Layout(LeverageTier)


class LeverageRule(Record, frozen=True):
    """Margin rates by volume or value for the symbols of a mask."""

    path: Annotated[str, text(256)] = ""  # mask list
    range_mode: Annotated[int, u32(RangeMode)] = 0  # volume: 0 total, 1 per symbol; value: 2, 3
    range_currency: Annotated[str, text(32)] = ""
    range_currency_digits: U32 = 0
    tier_count: Annotated[I32, COUNTED] = 0  # number of tier records that follow
    tiers: list[LeverageTier] = []  # tier_count of them


LEVERAGE_RULE = Layout(LeverageRule)


class CommissionTier(Record, frozen=True):
    """One step of a commission."""

    mode: U32 = 0
    type: U32 = 0
    value: F64 = 0.0
    range_from: F64 = 0.0
    range_to: F64 = 0.0
    minimal: F64 = 0.0
    maximal: F64 = 0.0
    currency: Annotated[str, text(32)] = ""


COMMISSION_TIER = Layout(CommissionTier)


class Commission(Record, frozen=True):
    """A commission for the symbols of a mask."""

    path: Annotated[str, text(256)] = ""
    mode: U32 = 0  # 1 = agent commission (hidden from the trader)
    mode_range: U32 = 0
    mode_charge: U32 = 0
    mode_currency: Annotated[str, text(32)] = ""
    mode_entry: U32 = 0
    tiers: list[CommissionTier] = []  # behind a u32 count


COMMISSION = Layout(Commission)
