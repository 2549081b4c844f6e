"""Every refusal of docs/protocol.md 7.7, and what else a server refuses: a wish, our code, the retcode.

Of the table's rows these are not here.  10025 is no refusal: a change of nothing is done.  A price that is
not finite cannot be said in a command.  The price of an instant deal is the one shown, so that it is never
one that was not (10021); what the venue says then is a requote.  Mode 0 and 1 have one filling, which is sent
whatever was asked for.  A close of more than the netted position is refused by the client alone: the venue
turns the position.
"""

from typing import NamedTuple

from tests.flows.system import NET
from tests.flows.wire_sheet import BOC, FOK, RETURN, lots
from tests.flows.wishes import Wish, change, close, close_by, deal, place, protect, remove

# Each is EURUSD with something of its own.
SYMBOLS = {
    "off": 'trade_mode = "disabled"',
    "long": 'trade_mode = "long_only"',
    "short": 'trade_mode = "short_only"',
    "closing": 'trade_mode = "close_only"',
    "coarse": "volume_min = 0.2\nvolume_step = 0.1\nvolume_max = 5",
    "limited": "volume_limit = 0.2",
    "frozen": "freeze_level = 100",
    "levels": "stops_level = 100",
    "levels.ins": 'execution = "instant"\nstops_level = 100',
    "levels.req": 'execution = "request"\nstops_level = 100',
    "levels.exc": 'execution = "exchange"\nstops_level = 100',
    "ticks": "tick_size = 0.00005",
    "limits": "price_limit_min = 1.0\nprice_limit_max = 1.2",
    "waiting": 'orders = ["limit"]',
    "at_once": 'orders = ["market"]',
    "fok": 'fills = ["fok"]',
    "ioc": 'fills = ["ioc"]',
    "exc": 'execution = "exchange"\nfills = ["fok"]',
    "gtc": 'times = ["gtc"]',
    "day": 'times = ["day"]',
    "shut": "trade_sessions = {}",
    "past": "expiration = 2020-01-01T00:00:00",
    "silent": "quote_sessions = {}",
}
QUOTED = ("EURUSD", *(name for name in SYMBOLS if name not in ("past", "silent")))
SETTINGS = "\n".join(
    f'[[symbols]]\nname = "{name}"\nlike = "EURUSD"\n{more}\n' for name, more in SYMBOLS.items()
)
NEVER = "999999"  # a ticket that nothing has
TOO_LONG_AGO = 1_577_934_245  # 2020-01-02 03:04:05


class Row(NamedTuple):
    """What is wished, and how it is refused."""

    wish: Wish
    code: str
    retcode: int


ROWS: dict[str, Row] = {
    # The symbol.
    "a symbol that is not there": Row(deal("NOPE"), "unknown_symbol", 10013),
    "a pending order of one that is not there": Row(place("NOPE", "buy_limit", "1"), "unknown_symbol", 10013),
    "trade_mode 0": Row(deal("off"), "trade_disabled", 10017),
    "a pending order, trade_mode 0": Row(place("off", "buy_limit", "1.05"), "trade_disabled", 10017),
    "trade_mode 1": Row(deal("long", "sell"), "long_only", 10042),
    "a pending order, trade_mode 1": Row(place("long", "sell_limit", "1.15"), "long_only", 10042),
    "trade_mode 1, more than the netted position": Row(
        deal("long", "sell", "0.20").of(NET), "long_only", 10042
    ),
    "trade_mode 2": Row(deal("short"), "short_only", 10043),
    "trade_mode 3": Row(deal("closing"), "close_only", 10044),
    "trade_mode 3, a pending order": Row(place("closing", "sell_stop", "1.05"), "close_only", 10044),
    "no session": Row(deal("shut"), "market_closed", 10018),
    "no session for a pending order": Row(place("shut", "buy_limit", "1.05"), "market_closed", 10018),
    "expired": Row(deal("past"), "symbol_expired", 10018),
    # How much.
    "no volume": Row(deal("EURUSD", volume="0"), "volume_not_positive", 10014),
    "volume below 0": Row(deal("EURUSD", volume="-0.10"), "volume_not_positive", 10014),
    "above the maximum": Row(deal("coarse", volume="5.1"), "volume_above_max", 10014),
    "off the step": Row(deal("coarse", volume="0.25"), "volume_off_step", 10014),
    "below the minimum": Row(deal("coarse", volume="0.10"), "volume_below_min", 10014),
    "a pending order below the minimum": Row(place("coarse", "buy_limit", "1.05"), "volume_below_min", 10014),
    "finer than the wire's step": Row(deal("EURUSD", volume="0.015"), "volume_off_step", 10014),
    "more than the position": Row(close("$long", volume="0.11"), "volume_above_position", 10014),
    "above the volume limit": Row(deal("limited", volume="0.21"), "volume_above_limit", 10034),
    "above it with what waits": Row(place("limited", "sell_stop", "1.05"), "volume_above_limit", 10034),
    "no money": Row(deal("EURUSD", volume="100"), "no_money", 10019),
    "no money for a pending order": Row(
        place("EURUSD", "buy_limit", "1.05", volume="100").sent(trade_volume=lots("100")), "no_money", 10019
    ),
    # Prices by themselves.
    "a price above 10^9": Row(place("EURUSD", "buy_stop", "1000000001"), "price_too_large", 10015),
    "a price below 0": Row(place("EURUSD", "buy_limit", "-1"), "price_negative", 10015),
    "a price of 0": Row(place("EURUSD", "buy_limit", "0"), "price_missing", 10015),
    "a price off the tick": Row(place("ticks", "buy_limit", "1.05003"), "price_off_tick", 10015),
    "a limit off the tick": Row(place("ticks", "buy_stop_limit", "1.15", "1.14003"), "price_off_tick", 10015),
    "a stop loss above 10^9": Row(deal("EURUSD", "sell", sl="1000000001"), "price_too_large", 10016),
    "a stop loss below 0": Row(place("EURUSD", "buy_limit", "1.05", sl="-1"), "price_negative", 10016),
    "a take profit off the tick": Row(
        place("ticks", "buy_limit", "1.05", tp="1.15003"), "price_off_tick", 10016
    ),
    "a stop off the tick, of a position": Row(
        protect("$ticks", "ticks", sl="1.05003"), "price_off_tick", 10016
    ),
    "a changed price off the tick": Row(
        change("$ticks_order", "ticks", price="1.04003"), "price_off_tick", 10015
    ),
    # Order flags.
    "no market orders": Row(deal("waiting"), "order_type_not_allowed", 10035),
    "no limits": Row(place("at_once", "sell_limit", "1.15"), "order_type_not_allowed", 10035),
    "no stops": Row(place("waiting", "buy_stop", "1.15"), "order_type_not_allowed", 10035),
    "no stop limits": Row(
        place("waiting", "sell_stop_limit", "1.05", "1.06"), "order_type_not_allowed", 10035
    ),
    "no stop loss": Row(place("waiting", "buy_limit", "1.05", sl="1.0"), "sl_not_allowed", 10035),
    "no take profit": Row(deal("at_once", tp="1.2"), "tp_not_allowed", 10035),
    "no stop loss of a position": Row(protect("$at_once", "at_once", sl="1.0"), "sl_not_allowed", 10035),
    "no take profit of an order": Row(change("$waiting", "waiting", tp="1.2"), "tp_not_allowed", 10035),
    # Filling.
    "ioc without its flag": Row(deal("fok", filling="ioc"), "filling_not_allowed", 10030),
    "fok without its flag": Row(
        deal("ioc", filling="fok").sent(type_filling=FOK), "filling_not_allowed", 10030
    ),
    "return at the market": Row(
        deal("EURUSD", filling="return").sent(type_filling=RETURN), "filling_not_allowed", 10030
    ),
    "boc at the market": Row(
        deal("EURUSD", filling="boc").sent(type_filling=BOC), "filling_not_allowed", 10030
    ),
    "boc without its flag on an exchange": Row(
        place("exc", "buy_limit", "1.05", filling="boc").sent(type_filling=BOC),
        "filling_not_allowed",
        10030,
    ),
    "a deal by ioc without its flag on an exchange": Row(
        deal("exc", filling="ioc").sent(trade_action=4), "filling_not_allowed", 10030
    ),
    # Lifetimes.
    "day where only gtc is": Row(
        place("gtc", "buy_limit", "1.05", time_in_force="day").sent(type_time=1),
        "lifetime_not_allowed",
        10022,
    ),
    "gtc where only day is": Row(place("day", "buy_limit", "1.05"), "lifetime_not_allowed", 10022),
    "specified where only gtc is": Row(
        place("gtc", "buy_limit", "1.05", expires_at={"server": "2030-01-02 03:04:05"}).sent(
            type_time=2, time_expiration=1_893_553_445
        ),
        "lifetime_not_allowed",
        10022,
    ),
    "specified without an end": Row(
        place("EURUSD", "buy_limit", "1.05", time_in_force="specified").sent(type_time=2),
        "missing_field",
        10022,
    ),
    "an end in the past": Row(
        place("EURUSD", "buy_limit", "1.05", expires_at={"server": "2020-01-02 03:04:05"}).sent(
            type_time=2, time_expiration=TOO_LONG_AGO
        ),
        "expiration_past",
        10022,
    ),
    "a changed lifetime where only gtc is": Row(
        change("$gtc", "gtc", time_in_force="day").sent(type_time=1), "lifetime_not_allowed", 10022
    ),
    # The market.
    "no tick yet": Row(place("silent", "buy_limit", "1.05"), "no_quote", 10021),
    "a buy limit too near": Row(place("levels", "buy_limit", "1.09911"), "price_too_near", 10015),
    "a sell limit too near": Row(place("levels", "sell_limit", "1.10099"), "price_too_near", 10015),
    "a buy stop too near": Row(place("levels", "buy_stop", "1.10109"), "price_too_near", 10015),
    "a sell stop too near": Row(place("levels", "sell_stop", "1.09901"), "price_too_near", 10015),
    "a buy stop limit too near": Row(
        place("levels", "buy_stop_limit", "1.10109", "1.05"), "price_too_near", 10015
    ),
    "a sell stop limit too near": Row(
        place("levels", "sell_stop_limit", "1.09901", "1.15"), "price_too_near", 10015
    ),
    "the limit of a buy stop limit too near": Row(
        place("levels", "buy_stop_limit", "1.15", "1.14901"), "price_too_near", 10015
    ),
    "the limit of a sell stop limit too near": Row(
        place("levels", "sell_stop_limit", "1.05", "1.05099"), "price_too_near", 10015
    ),
    "a stop too near on an exchange": Row(
        place("levels.exc", "buy_stop", "1.10109"), "price_too_near", 10015
    ),
    "a changed price too near": Row(
        change("$levels_order", "levels", price="1.09911"), "price_too_near", 10015
    ),
    "a buy limit on the wrong side": Row(place("EURUSD", "buy_limit", "1.10011"), "price_too_near", 10015),
    "below the day's limits": Row(place("limits", "buy_limit", "0.99999"), "price_outside_limits", 10015),
    "above the day's limits": Row(place("limits", "sell_limit", "1.20001"), "price_outside_limits", 10015),
    # Stops.
    "a pending buy's stop loss too near": Row(
        place("levels", "buy_limit", "1.05", sl="1.04901"), "sl_too_near", 10016
    ),
    "a pending buy's take profit too near": Row(
        place("levels", "buy_stop", "1.15", tp="1.15099"), "tp_too_near", 10016
    ),
    "a pending sell's stop loss too near": Row(
        place("levels", "sell_stop", "1.05", sl="1.05099"), "sl_too_near", 10016
    ),
    "a pending sell's take profit too near": Row(
        place("levels", "sell_limit", "1.15", tp="1.14901"), "tp_too_near", 10016
    ),
    "a stop limit's stop loss too near its limit": Row(
        place("levels", "buy_stop_limit", "1.15", "1.14", sl="1.13901"), "sl_too_near", 10016
    ),
    "a changed order's stop loss too near": Row(
        change("$levels_order", "levels", sl="1.04901"), "sl_too_near", 10016
    ),
    "an instant buy's stop loss too near": Row(
        deal("levels.ins", sl="1.09901").sent(trade_action=2, type_filling=FOK, price_order=1.1001),
        "sl_too_near",
        10016,
    ),
    "an instant sell's take profit too near": Row(
        deal("levels.ins", "sell", tp="1.09911").sent(trade_action=2, type_filling=FOK, price_order=1.1),
        "tp_too_near",
        10016,
    ),
    "a buy's stop loss too near, by request": Row(
        deal("levels.req", sl="1.09901").sent(trade_action=1, type_filling=FOK, price_order=1.1001),
        "sl_too_near",
        10016,
    ),
    "a position's stop loss too near": Row(protect("$levels", "levels", sl="1.09901"), "sl_too_near", 10016),
    "a position's take profit too near": Row(
        protect("$levels", "levels", tp="1.10099"), "tp_too_near", 10016
    ),
    "a short's stop loss too near": Row(
        protect("$levels_short", "levels", "sell", sl="1.10109"), "sl_too_near", 10016
    ),
    "a short's take profit too near": Row(
        protect("$levels_short", "levels", "sell", tp="1.09911"), "tp_too_near", 10016
    ),
    "a stop loss on the wrong side": Row(protect("$long", sl="1.10001"), "sl_too_near", 10016),
    # Frozen: the order waits at 1.09960, the positions have a stop loss at 1.09960.
    "a frozen order is not changed": Row(change("$frozen_order", "frozen", price="1.05"), "frozen", 10029),
    "a frozen order is not removed": Row(remove("$frozen_order", "frozen", 1.0996), "frozen", 10029),
    "a frozen position is not closed": Row(close("$frozen", "frozen"), "frozen", 10029),
    "a frozen position's stops are not changed": Row(
        protect("$frozen", "frozen", sl="1.05"), "frozen", 10029
    ),
    "a frozen position is not netted": Row(deal("frozen", "sell").of(NET), "frozen", 10029),
    # What is named.
    "a position that never was": Row(close(NEVER), "unknown_position", 10013),
    "a position that is closed": Row(close("$closed"), "position_closed", 10036),
    "stops of one that never was": Row(protect(NEVER, sl="1.0"), "unknown_position", 10013),
    "stops of one that is closed": Row(protect("$closed", sl="1.0"), "position_closed", 10036),
    "a change of an order that never was": Row(change(NEVER, price="1.04"), "order_not_found", 10035),
    "a change of one that is removed": Row(change("$removed", price="1.04"), "order_ended", 10035),
    "a removal of one that never was": Row(remove(NEVER), "order_not_found", 10035),
    "a removal of one that is removed": Row(remove("$removed"), "order_ended", 10035),
    # Close by.
    "close by in netting": Row(close_by("$long", "$long").of(NET), "close_by_needs_hedging", 10013),
    "close by on the same side": Row(close_by("$long", "$long_too"), "close_by_same_side", 10013),
    "close by itself": Row(close_by("$long", "$long"), "close_by_same_side", 10013),
    "close by of another symbol": Row(close_by("$long", "$levels_short"), "close_by_other_symbol", 10013),
    "close by without its flag": Row(
        close_by("$at_once", "$at_once_short", "at_once"), "close_by_not_allowed", 10035
    ),
    "close by one that never was": Row(close_by("$long", NEVER), "unknown_position", 10013),
    "close by one that is closed": Row(close_by("$long", "$closed"), "position_closed", 10036),
}
