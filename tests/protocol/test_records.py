"""Every field of every record against the tables of docs/protocol.md, copied here as they were observed.

A round trip cannot see a wrong offset or a wrong sign: both ends would share it.
"""

import struct
from typing import Any

import pytest

from protocol.layout import Layout
from protocol.records import access, account, market, onboarding, symbols, trade
from tests.strategies import LAYOUTS

# Offset, name, type.
TABLES: dict[Layout[Any], str] = {
    access.LOGIN: """
        0 version u32, 4 password utf16 64, 68 otp utf16 128, 196 cid bytes 16, 212 utm_campaign utf16 64,
        276 utm_source utf16 64, 340 lead_cookie_id u64, 348 lead_affiliate_site utf16 128,
        476 url_length u32, 480 url utf16 256, 736 login u64, 744 password_ticket bytes 160,
        904 session u64
    """,
    access.INIT: """
        0 version u32, 4 password utf16 64, 68 otp utf16 128, 196 cid bytes 16, 212 utm_campaign utf16 64,
        276 utm_source utf16 64, 340 lead_cookie_id u64, 348 lead_affiliate_site utf16 128,
        476 url_length u32, 480 url utf16 256, 736 login u64
    """,
    account.ACCOUNT_MAIN: """
        0 account_type u8, 1 rights i32, 5 permissions_flags i32, 9 balance f64, 17 credit f64,
        25 account_currency utf16 64, 89 currency_digits u32, 93 margin_leverage u32,
        97 account_name utf16 256, 353 server_build u16, 355 server_name utf16 128, 483 company utf16 256,
        739 timezone_shift i32, 743 daylightmode i8, 744 margin_mode u32, 748 margin_free_mode u32,
        752 margin_so_call f64, 760 margin_so_so f64, 768 margin_so_mode u32, 772 margin_virtual f64,
        780 margin_free_profit_mode u32, 784 acc_profit f64, 792 commission_daily f64,
        800 commission_monthly f64, 808 auth_password_min u32, 812 otp_status u32
    """,
    account.TRADE_SETTINGS: """
        0 symbol_path utf16 256, 256 spread_diff i32, 260 spread_diff_balance i32, 264 trade_mode u32,
        268 trade_stops_level i32, 272 trade_freeze_level i32, 276 trade_exemode u32,
        280 trade_fill_flags u32, 284 trade_time_flags u32, 288 trade_order_flags u32,
        292 trade_request_flags u32, 296 trade_request_timeout u32, 300 trade_instant_flags u32,
        304 trade_instant_timeout u32, 308 trade_instant_slip_profit u32,
        312 trade_instant_slip_losing u32, 316 trade_instant_volume u64, 324 trade_instant_checkmode u32,
        328 trade_market_flags u32, 332 trade_exchange_flags u32, 336 volume_min u64, 344 volume_max u64,
        352 volume_step u64, 360 volume_limit u64, 368 margin_flags u32, 372 margin_initial f64,
        380 margin_maintenance f64, 388 margin_rates_initial bytes 64,
        452 margin_rates_maintenance bytes 64, 516 margin_rate_liquidity f64, 524 margin_hedged f64,
        532 margin_rate_currency f64, 540 swap_mode u32, 544 swap_long f64, 552 swap_short f64,
        560 swap_rollover3days i32, 564 permissions_flags u32, 568 permissions_bookdepth u32,
        572 swap_rates bytes 56
    """,
    account.LEVERAGE_RULE: """
        0 path utf16 256, 256 range_mode u32, 260 range_currency utf16 32, 292 range_currency_digits u32,
        296 tier_count i32
    """,
    account.LEVERAGE_TIER: """
        0 range_from f64, 8 range_to f64, 16 margin_rate_initial f64, 24 margin_rate_maintenance f64
    """,
    account.COMMISSION: """
        0 path utf16 256, 256 mode u32, 260 mode_range u32, 264 mode_charge u32,
        268 mode_currency utf16 32, 300 mode_entry u32
    """,
    account.COMMISSION_TIER: """
        0 mode u32, 4 type u32, 8 value f64, 16 range_from f64, 24 range_to f64, 32 minimal f64,
        40 maximal f64, 48 currency utf16 32
    """,
    trade.POSITION: """
        0 position_id i64, 8 trade_order i64, 16 time_create u32, 20 time_update u32,
        24 trade_symbol utf16 64, 88 trade_action u32, 92 price_open f64, 100 price_close f64, 108 sl f64,
        116 tp f64, 124 trade_volume u64, 132 profit f64, 140 rate_profit f64, 148 rate_margin f64,
        156 commission f64, 164 storage f64, 172 expert i64, 180 expert_position_id i64,
        188 comment utf16 64, 252 contract_size f64, 260 digits u32, 264 digits_currency u32,
        268 trade_reason u32, 272 external_id utf16 64, 336 time_create_msc i32, 340 time_update_msc i32
    """,
    trade.ORDER: """
        0 trade_order i64, 8 order_id utf16 64, 72 trade_symbol utf16 64, 136 time_setup u32,
        140 time_expiration u32, 144 time_done u32, 148 order_type u32, 152 type_filling u32,
        156 type_time u32, 160 type_reason u32, 164 price_order f64, 172 price_trigger f64,
        180 price_current f64, 188 price_sl f64, 196 price_tp f64, 204 volume_initial i64,
        212 volume_current i64, 220 order_state u32, 224 expert i64, 232 position_id i64,
        240 comment utf16 64, 304 contract_size f64, 312 digits u32, 316 digits_currency u32,
        320 commission_daily f64, 328 commission_monthly f64, 336 margin_rate f64, 344 activation_mode u32,
        348 time_setup_msc i32, 352 time_done_msc i32
    """,
    trade.DEAL: """
        0 deal i64, 8 deal_id utf16 64, 72 trade_order i64, 80 time_create u32, 84 time_update u32,
        88 trade_symbol utf16 64, 152 trade_action u32, 156 entry u32, 160 price_open f64,
        168 price_close f64, 176 sl f64, 184 tp f64, 192 trade_volume u64, 200 profit f64,
        208 rate_profit f64, 216 rate_margin f64, 224 commission f64, 232 storage f64, 240 expert i64,
        248 position_id i64, 256 comment utf16 64, 320 contract_size f64, 328 digits u32,
        332 digits_currency u32, 336 trade_reason u32, 340 time_create_msc i32, 344 time_update_msc i32,
        348 commission_fee f64
    """,
    symbols.SYMBOL: """
        0 trade_symbol utf16 64, 64 symbol_description utf16 128, 192 digits u32, 196 symbol_id u32,
        200 symbol_path utf16 256, 456 trade_calc_mode u32, 460 basis utf16 64, 524 sector u16
    """,
    symbols.FULL_SYMBOL: """
        0 trade_symbol utf16 64, 64 isin utf16 32, 96 symbol_description utf16 128,
        224 international utf16 128, 352 basis utf16 64, 416 symbol_source utf16 64,
        480 symbol_page utf16 512, 992 category utf16 128, 1120 trade_exchange utf16 128,
        1248 cfi utf16 16, 1264 sector u16, 1266 industry u16, 1268 country utf16 8,
        1276 currency_base utf16 32, 1308 currency_profit utf16 32, 1340 currency_margin utf16 32,
        1372 currency_base_digits u32, 1376 currency_profit_digits u32, 1380 currency_margin_digits u32,
        1384 symbol_color u32, 1388 color_background u32, 1392 digits u32, 1396 point f64,
        1404 symbol_multiply f64, 1412 symbol_id u32, 1416 ticks_flags u32, 1420 ticks_bookdepth u32,
        1424 ticks_chart_mode u32, 1428 trade_flags u32, 1432 trade_spread i32,
        1436 trade_spread_balance i32, 1440 trade_tick_value f64, 1448 trade_tick_size f64,
        1456 trade_contract_size f64, 1464 trade_gtc_mode u32, 1468 trade_calc_mode u32,
        1472 trade_price_settle f64, 1480 trade_price_limit_min f64, 1488 trade_price_limit_max f64,
        1496 trade_price_strike f64, 1504 trade_option_mode u32, 1508 trade_face_value f64,
        1516 trade_accrued_interest f64, 1524 time_flags u32, 1528 time_start i32,
        1532 time_expiration i32, 1536 trade bytes 628, 2164 schedule bytes 896, 3060 subscription bytes 8
    """,
    market.RATES_REQUEST: """
        0 trade_symbol utf16 64, 64 period u16, 66 from i32, 70 to i32
    """,
    market.RATE: """
        0 time i32, 4 open f64, 12 high f64, 20 low f64, 28 close f64, 36 tick_volume u32,
        40 real_volume f64
    """,
    trade.TRADE_REQUEST: """
        0 action_id u32, 4 trade_action u32, 8 trade_symbol utf16 64, 72 trade_volume u64, 80 digits u32,
        84 trade_order u64, 92 trade_type u32, 96 type_filling u32, 100 type_time u32, 104 type_flags u32,
        108 type_reason u32, 112 price_order f64, 120 price_trigger f64, 128 price_sl f64,
        136 price_tp f64, 144 price_deviation u32, 148 price_top f64, 156 price_bottom f64,
        164 comment utf16 64, 228 trade_position u64, 236 position_by u64, 244 time_expiration u32
    """,
    symbols.SPREAD: """
        0 spread_id u32, 4 flag_mask u32, 8 margin_initial f64, 16 margin_maintenance f64,
        24 margin_type u32
    """,
    symbols.SPREAD_LEG: """
        0 spread_mode u32, 4 flag_mask u32, 8 trade_symbol utf16 64, 72 time_from u32, 76 time_to u32,
        80 spread_ratio f64
    """,
    access.CHANGE_PASSWORD: """
        0 is_investor u8, 1 new_password utf16 64, 65 old_password utf16 64
    """,
    access.OTP_SETUP: """
        0 version u32, 4 login u64, 12 password utf16 64, 76 otp utf16 128, 204 otp_secret utf16 128,
        332 otp_secret_check utf16 128, 460 cid bytes 16
    """,
    onboarding.OPENING: """
        0 name utf16 256, 256 group utf16 128, 384 phone_password utf16 64, 448 country utf16 64,
        512 city utf16 64, 576 state utf16 64, 640 zipcode utf16 32, 672 address utf16 256,
        928 phone utf16 64, 992 email utf16 128, 1120 deposit f64, 1128 leverage u32,
        1132 reserved_zero u32, 1136 reserved_one u32, 1140 domain utf16 128, 1268 utm_campaign utf16 64,
        1332 utm_source utf16 64, 1396 email_confirm_code u32, 1400 phone_confirm_code u32,
        1404 first_name utf16 128, 1532 second_name utf16 128, 1660 agreements u32
    """,
    onboarding.REAL_EXT: """
        0 first_name utf16 128, 128 second_name utf16 128, 256 middle_name utf16 128,
        384 birth_date filetime, 392 gender u32, 396 language utf16 128, 524 citizenship utf16 64,
        588 tax_id utf16 128, 716 employment u32, 720 industry u32, 724 education u32, 728 wealth u32,
        732 annual_income u64, 740 net_worth u64, 748 annual_deposit u64, 756 experience_fx u32,
        760 experience_cfd u32, 764 experience_futures u32, 768 experience_stocks u32,
        772 reserved bytes 512
    """,
    onboarding.DOCUMENT: """
        0 data_type u32, 4 document_type u32, 8 front_name utf16 520, 528 front_size u32,
        532 back_name utf16 520, 1052 back_size u32
    """,
    onboarding.OPEN_RESULT: """
        0 code u32, 4 login i64, 12 password utf16 32, 44 investor_password utf16 32
    """,
    onboarding.LINK: """
        0 type u32, 4 url utf16 512, 516 label utf16 512, 1028 flags u32, 1032 icon bytes 256
    """,
    market.TICK: """
        0 symbol_id u32, 4 tick_time i32, 8 fields u32, 12 bid f64, 20 ask f64, 28 last f64,
        36 tick_volume i64, 44 time_ms_delta u32, 48 flags u16
    """,
    market.STATISTICS: """
        0 symbol_id u32, 4 fields i64, 12 lasttime i32, 16 digits u32, 20 bid_last f64, 28 bid_high f64,
        36 bid_low f64, 44 ask_last f64, 52 ask_high f64, 60 ask_low f64, 68 last_last f64,
        76 last_high f64, 84 last_low f64, 92 vol_last i64, 100 vol_high i64, 108 vol_low i64,
        116 trade_deals u32, 120 trade_volume u64, 128 trade_turnover u32, 132 trade_interest u32,
        136 trade_buy_orders u32, 140 trade_buy_volume i64, 148 trade_sell_orders u32,
        152 trade_sell_volume i64, 160 price_open f64, 168 price_close f64, 176 price_aw f64,
        184 price_change f64, 192 price_volatility f64, 200 price_theoretical f64, 208 lasttime_msc i64,
        216 price_greeks_delta i64, 224 price_greeks_theta i64, 232 price_greeks_gamma i64,
        240 price_greeks_vega i64, 248 price_greeks_rho i64, 256 price_greeks_omega i64,
        264 price_sensitivity i64, 272 flags u16
    """,
    trade.TRADE_RESULT: """
        0 retcode u32, 4 deal i64, 12 trade_order i64, 20 volume i64, 28 price f64, 36 res_time u32,
        40 bid f64, 48 ask f64, 56 last f64, 64 comment utf16 64
    """,
    market.BOOK_HEAD: """
        0 symbol_id u32, 4 books_time i32, 8 time_msc i32, 12 flag_mask u32, 16 books_flags u32,
        20 count u16
    """,
    market.BOOK_LEVEL: """
        0 flag_mask u32, 4 book_type u8, 5 price i64, 13 volume i64
    """,
    # From the text of 2.2, 3, 4.1, 4.5, 5.3, 5.4 and 12.
    access.BOOTSTRAP_REQUEST: "0 token bytes 64",
    access.BOOTSTRAP_ANSWER: "0 server_word u16, 2 token bytes 64",
    access.LOGIN_ANSWER: "0 password_ticket bytes 160",
    access.NOTIFY: "0 notify u32",
    access.PASSWORD_CHANGED: "0 result i32",
    onboarding.VERIFICATION: "0 build i16, 2 cid bytes 16, 18 opening bytes 1664",
    onboarding.VERIFICATION_NEEDED: "0 email u8, 1 phone u8",
    onboarding.TRADER_PARAMETERS: "0 trader_country utf16 32, 32 trader_currency utf16 32",
    onboarding.FILETIME_RECORD: "0 unix_ms filetime",
    symbols.SYMBOL_GROUP: "0 group_name utf16 256",
    symbols.SUBSCRIPTION: "0 delay u32, 4 status u8, 5 level u8, 6 reserved u16",
    symbols.SPREAD_GROUP: "0 ignored u32",
    trade.ORDER_TRANSACTION: """
        0 flag_mask u32, 4 transaction_id u32, 8 transaction_type u32, 12 order bytes 356
    """,
    trade.DEAL_TRANSACTION: """
        0 flag_mask u32, 4 transaction_id u32, 8 transaction_type u32, 12 deal bytes 356,
        368 position bytes 344, 712 balance f64, 720 credit f64, 728 commission_daily f64,
        736 commission_monthly f64, 744 acc_profit f64
    """,
    trade.TRADE_ANSWER: "0 retcode u32",
    trade.TRADE_OUTCOME: "0 code u32, 4 request bytes 248, 252 result bytes 128",
    trade.HISTORY_REQUEST: "0 from i32, 4 to i32",
    trade.SERVER_LINK: "0 state u32",
}

NUMBERS = {"u": "BHIQ", "i": "bhiq"}
CODES = {f"{sign}{8 << power}": code for sign, codes in NUMBERS.items() for power, code in enumerate(codes)}
CODES |= {"f64": "d", "filetime": "Q"}


def rows(table: str) -> list[tuple[int, str, str]]:
    items = [" ".join(item.split()).split(" ", 2) for item in table.split(",")]
    return [(int(offset), name, kind) for offset, name, kind in items]


@pytest.mark.parametrize(("layout", "table"), TABLES.items(), ids=[repr(layout) for layout in TABLES])
def test_the_fields_are_those_of_the_document(layout: Layout[Any], table: str) -> None:
    assert [(field.offset, field.name, field.kind.name) for field in layout.fields] == rows(table)


def test_every_record_is_compared() -> None:
    assert set(TABLES) == set(LAYOUTS.values())


def test_a_type_means_the_same_everywhere() -> None:
    for layout in LAYOUTS.values():
        for field in layout.fields:
            name, _, size = field.kind.name.partition(" ")
            assert field.kind.code == CODES.get(name, f"{size}s"), f"{layout!r} {field.name}"


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=list(LAYOUTS))
def test_numbers_are_read_from_their_own_bytes(layout: Layout[Any]) -> None:
    """Each byte differs from its neighbours, so that a number read from elsewhere shows."""
    raw = bytes(position * 7 % 251 for position in range(layout.size))
    record = layout.load(raw)
    for offset, name, kind in rows(TABLES[layout]):
        attribute = {"from": "from_"}.get(name, name)
        if kind in CODES and kind != "filetime":
            (expected,) = struct.unpack_from("<" + CODES[kind], raw, offset)
            assert getattr(record, attribute) == expected
