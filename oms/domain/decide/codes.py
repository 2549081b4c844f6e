"""Why an order is denied: every code, what it means, what the venue would have said to the same request.

In the order in which a venue meets its own reasons (rights, symbol, session, what is named, volume, prices,
quotes, margin), which is the order in which reasons are given: the first is the venue's.
"""

from typing import Final

from protocol.enums import Retcode

from ..codes import Code

RECONCILING: Final = "reconciling"
VENUE_UNAVAILABLE: Final = "venue_unavailable"
NATS_AWAY: Final = "nats_away"
BREAKER_OPEN: Final = "breaker_open"

CODES: Final[dict[str, Code]] = {
    # The account, as it stands.
    VENUE_UNAVAILABLE: Code("there is no session, or the venue has lost its trade server; try again"),
    RECONCILING: Code("books and venue are being compared, and this has to wait for it; try again"),
    "halted": Code("the account is halted: nothing is sent"),
    "read_only": Code("the account's login may look and not trade", Retcode.TRADE_DISABLED),
    "difference": Code("books and venue differ: only what reduces is sent"),
    "restored": Code("the journal was restored and not compared yet: only what reduces is sent"),
    "dirty": Code("the books are not complete: only what reduces is sent"),
    "reducing": Code("the account only reduces: nothing that adds risk is sent"),
    "client_halted": Code("the client is halted: nothing of it is sent"),
    "client_reducing": Code("the client only reduces: nothing of it that adds risk is sent"),
    NATS_AWAY: Code("NATS is required and not there: nothing that adds risk is sent"),
    BREAKER_OPEN: Code(
        "such requests were not answered again and again: none is sent for a while; try again"
    ),
    "account_trade_disabled": Code("the broker disabled trading for the account", Retcode.TRADE_DISABLED),
    "account_read_only": Code("an investor's login, or a read-only account", Retcode.TRADE_DISABLED),
    "password_change_required": Code("the password must be changed first", Retcode.TRADE_DISABLED),
    # What is asked for, by its words alone.
    "nothing_named": Code("the command names neither an order nor a position"),
    "position_required": Code("in a hedging account a close names its position"),
    "field_not_used": Code("the field means nothing in this command"),
    "number_out_of_range": Code("a figure that no price and no volume can be"),
    "deviation_not_held": Code(
        "nothing on the wire holds a deviation in this execution mode, or of a pending order; "
        "deviation_advisory goes on without"
    ),
    # The symbol.
    "unknown_symbol": Code("the venue has no such symbol", Retcode.INVALID),
    "execution_unknown": Code("the symbol trades in an execution mode without a name", Retcode.INVALID),
    "trade_disabled": Code("trading the symbol is disabled", Retcode.TRADE_DISABLED),
    "symbol_not_started": Code("the symbol is not traded yet", Retcode.MARKET_CLOSED),
    "symbol_expired": Code("the symbol is not traded any more", Retcode.MARKET_CLOSED),
    "market_closed": Code("the symbol's trade sessions do not hold this time", Retcode.MARKET_CLOSED),
    # What is named.
    "close_by_needs_hedging": Code("only a hedging account closes by", Retcode.INVALID),
    "unknown_position": Code("no position ever had this ticket", Retcode.INVALID),
    "position_closed": Code("the position is not open", Retcode.POSITION_CLOSED),
    "close_by_other_symbol": Code("the positions are of two symbols", Retcode.INVALID),
    "close_by_same_side": Code("the positions are on the same side", Retcode.INVALID),
    "close_by_not_allowed": Code("the symbol does not allow close by", Retcode.INVALID_ORDER),
    "order_not_found": Code("there is no such order", Retcode.INVALID_ORDER),
    "order_ended": Code("the order is filled, canceled, rejected or expired", Retcode.INVALID_ORDER),
    "order_not_pending": Code("only a pending order can be changed", Retcode.INVALID_ORDER),
    # How much.
    "long_only": Code("the symbol allows long positions only", Retcode.LONG_ONLY),
    "short_only": Code("the symbol allows short positions only", Retcode.SHORT_ONLY),
    "close_only": Code("the symbol's positions may only be closed", Retcode.CLOSE_ONLY),
    "volume_not_positive": Code("the volume is not above 0", Retcode.INVALID_VOLUME),
    "volume_above_max": Code("the volume is above the symbol's maximum", Retcode.INVALID_VOLUME),
    "volume_off_step": Code("the volume is no multiple of the symbol's step", Retcode.INVALID_VOLUME),
    "volume_below_min": Code("the volume is below the symbol's minimum", Retcode.INVALID_VOLUME),
    "volume_above_position": Code("the position has less than that", Retcode.INVALID_VOLUME),
    "volume_above_limit": Code(
        "with what is open, waits and is on its way, more of one side than the symbol allows",
        Retcode.LIMIT_VOLUME,
    ),
    "frozen": Code("the market is within the freeze level of the order, or of a stop", Retcode.FROZEN),
    "outcome_pending": Code(
        "a close of the position is on its way; a second could open the other side",
        Retcode.CLOSE_ORDER_EXIST,
    ),
    "modify_pending": Code(
        "a change of it is on its way; with a second nobody could tell what became of the first",
        Retcode.LOCKED,
    ),
    # At which prices; of a stop loss or take profit the code is 10016.
    "price_too_large": Code("the price is above 10^9", Retcode.INVALID_PRICE),
    "price_negative": Code("the price is negative", Retcode.INVALID_PRICE),
    "price_off_tick": Code("the price is no multiple of the tick size", Retcode.INVALID_PRICE),
    "price_missing": Code("the order needs a price", Retcode.INVALID_PRICE),
    # Of which kind.
    "order_type_not_allowed": Code("the symbol does not take this type of order", Retcode.INVALID_ORDER),
    "sl_not_allowed": Code("the symbol takes no stop loss", Retcode.INVALID_ORDER),
    "tp_not_allowed": Code("the symbol takes no take profit", Retcode.INVALID_ORDER),
    "filling_not_allowed": Code("the symbol does not take this filling", Retcode.INVALID_FILL),
    "lifetime_not_allowed": Code("the symbol does not take this lifetime", Retcode.INVALID_EXPIRATION),
    "expiration_invalid": Code("the lifetime needs a time at which it ends", Retcode.INVALID_EXPIRATION),
    "expiration_past": Code("the order would have expired already", Retcode.INVALID_EXPIRATION),
    # In which market.
    "no_quote": Code("the symbol has no quote yet", Retcode.PRICE_OFF),
    "delayed_quote": Code("the symbol's quotes are delayed", Retcode.PRICE_OFF),
    "stale_quote": Code("the last quote is too old", Retcode.PRICE_OFF),
    "price_moved": Code("the price asked for is too far from the one decided on", Retcode.PRICE_CHANGED),
    "price_too_near": Code("on the wrong side of the market, or too near to it", Retcode.INVALID_PRICE),
    "sl_too_near": Code("the stop loss is on the wrong side, or too near", Retcode.INVALID_STOPS),
    "tp_too_near": Code("the take profit is on the wrong side, or too near", Retcode.INVALID_STOPS),
    "price_outside_limits": Code("the price is outside the day's limits", Retcode.INVALID_PRICE),
    # With which money.
    "margin_unknown": Code("what margin the order leaves cannot be computed"),
    "no_money": Code("the margin that the order needs is not free", Retcode.NO_MONEY),
    # By which limits of our own (docs/configuration.md).
    "risk_unreadable": Code("the limits cannot be read: nothing that adds risk is sent"),
    "risk_unknown": Code("what a limit is about cannot be computed, and the limit holds"),
    "risk_symbol": Code("the symbol is none of those allowed"),
    "risk_side": Code("the side is none of those allowed"),
    "risk_action": Code("this type of order, or changing orders, is not allowed"),
    "risk_hours": Code("it is not within the trading hours"),
    "risk_order_volume": Code("the order's volume is above its limit"),
    "risk_symbol_volume": Code("with what is open, waits and is on its way, the symbol's side has too much"),
    "risk_account_volume": Code("likewise, all symbols together"),
    "risk_gross_exposure": Code("what is bought and what is sold is too much together"),
    "risk_net_exposure": Code("one side is too much more than the other"),
    "risk_notional": Code("what the exposure is worth is above its limit"),
    "risk_orders": Code("there are as many pending orders as there may be"),
    "risk_positions": Code("there are as many positions, or orders that may open one, as there may be"),
    "risk_rate_second": Code("as many orders and changes were sent within a second as may be"),
    "risk_rate_minute": Code("as many orders and changes were sent within a minute as may be"),
    "risk_duplicate": Code("the client sent the same order a moment ago"),
    "risk_collar": Code("the price is too far from the market"),
    "risk_daily_loss": Code("the day's loss has reached its limit"),
    "risk_drawdown": Code("the loss since the equity's peak has reached its limit"),
}

# They pass by themselves: the same command may be tried again, its id is not used up.
PASSING: Final = frozenset({RECONCILING, VENUE_UNAVAILABLE, BREAKER_OPEN})
# What is true of the moment only.  While the account cannot be reached nothing of it is known, so that a
# command that could be tried again is not refused for good because the last quote is old.
MOMENTARY: Final = frozenset(
    {
        *("unknown_symbol", "symbol_not_started", "market_closed", "unknown_position", "position_closed"),
        *("close_by_other_symbol", "close_by_same_side", "order_not_found", "volume_above_position"),
        *(
            "volume_above_limit",
            "frozen",
            "outcome_pending",
            "modify_pending",
            "no_quote",
            "delayed_quote",
            "stale_quote",
        ),
        *("price_moved", "price_too_near", "sl_too_near", "tp_too_near", "price_outside_limits"),
        *("margin_unknown", "no_money", "risk_unknown", "risk_hours", "risk_symbol_volume"),
        *("risk_account_volume", "risk_gross_exposure", "risk_net_exposure", "risk_notional", "risk_orders"),
        *("risk_positions", "risk_rate_second", "risk_rate_minute", "risk_duplicate", "risk_collar"),
        *("risk_daily_loss", "risk_drawdown"),
    }
)
RANK: Final = {code: place for place, code in enumerate(CODES)}
