"""Full symbols (docs/protocol.md 4.5) as specifications."""

from collections.abc import Iterable

from oms.domain.observations import Observation, SymbolSeen
from oms.domain.records import SymbolRecord
from protocol.enums import CalcMode, Execution, GtcMode, OptionMode, Rollover, SwapMode, TradeMode
from protocol.records.symbols import FULL_SYMBOL, FullSymbol, Sessions, Subscription

from .reading import Reading, Terms

SUBSCRIPTION_STATES = (1, 2)  # unsubscribed, subscribed


def symbols(found: Iterable[FullSymbol], terms: Terms) -> list[Observation]:
    """Specifications of an answer 18 or a push 13."""
    return [symbol(one, terms) for one in found]


def symbol(spec: FullSymbol, terms: Terms) -> SymbolSeen:
    """One specification."""
    reading = Reading(terms, "symbol", lambda: FULL_SYMBOL.dump(spec))
    trade = spec.trade
    record = SymbolRecord(
        symbol=reading.text("symbol", spec.trade_symbol),
        path=reading.text("path", trade.symbol_path),
        description=reading.text("description", spec.symbol_description),
        isin=reading.text("isin", spec.isin),
        exchange=reading.text("exchange", spec.trade_exchange),
        currency_base=reading.text("currency_base", spec.currency_base),
        currency_profit=reading.text("currency_profit", spec.currency_profit),
        currency_margin=reading.text("currency_margin", spec.currency_margin),
        base_digits=reading.digits("base_digits", spec.currency_base_digits),
        profit_digits=reading.digits("profit_digits", spec.currency_profit_digits),
        margin_digits=reading.digits("margin_digits", spec.currency_margin_digits),
        digits=reading.digits("digits", spec.digits),
        point=reading.number("point", spec.point),
        tick_size=reading.number("tick_size", spec.trade_tick_size),
        tick_value=reading.number("tick_value", spec.trade_tick_value),
        contract_size=reading.number("contract_size", spec.trade_contract_size),
        calc_mode=reading.word("calc_mode", CalcMode, spec.trade_calc_mode),
        trade_mode=reading.word("trade_mode", TradeMode, trade.trade_mode),
        execution=reading.word("execution", Execution, trade.trade_exemode),
        filling_flags=trade.trade_fill_flags,
        time_flags=trade.trade_time_flags,
        order_flags=trade.trade_order_flags,
        gtc_mode=reading.word("gtc_mode", GtcMode, spec.trade_gtc_mode),
        volume_min=reading.lots(trade.volume_min),
        volume_max=reading.lots(trade.volume_max),
        volume_step=reading.lots(trade.volume_step),
        volume_limit=reading.lots(trade.volume_limit),
        instant_volume=reading.lots(trade.trade_instant_volume),
        request_timeout=trade.trade_request_timeout,
        instant_timeout=trade.trade_instant_timeout,
        stops_level=trade.trade_stops_level,
        freeze_level=trade.trade_freeze_level,
        spread=spec.trade_spread,
        spread_diff=trade.spread_diff,
        spread_diff_balance=trade.spread_diff_balance,
        margin_flags=trade.margin_flags,
        margin_initial=reading.number("margin_initial", trade.margin_initial),
        margin_maintenance=reading.number("margin_maintenance", trade.margin_maintenance),
        margin_hedged=reading.number("margin_hedged", trade.margin_hedged),
        margin_liquidity=reading.number("margin_liquidity", trade.margin_rate_liquidity),
        margin_rate_currency=reading.number("margin_rate_currency", trade.margin_rate_currency),
        margin_rates_initial=reading.numbers("margin_rates_initial", trade.margin_rates_initial),
        margin_rates_maintenance=reading.numbers("margin_rates_maintenance", trade.margin_rates_maintenance),
        swap_mode=reading.word("swap_mode", SwapMode, trade.swap_mode),
        swap_long=reading.number("swap_long", trade.swap_long),
        swap_short=reading.number("swap_short", trade.swap_short),
        swap_triple_day=reading.word("swap_triple_day", Rollover, trade.swap_rollover3days),
        swap_rates=reading.numbers("swap_rates", trade.swap_rates),
        quote_sessions=week(spec.schedule.quote_sessions),
        trade_sessions=week(spec.schedule.trade_sessions),
        trade_flags=spec.trade_flags,
        tick_flags=spec.ticks_flags,
        book_depth=trade.permissions_bookdepth if trade.permissions_flags & 1 else 0,
        quotes_delayed=_delayed(spec.subscription),
        price_settle=reading.number("price_settle", spec.trade_price_settle),
        price_limit_min=reading.number("price_limit_min", spec.trade_price_limit_min),
        price_limit_max=reading.number("price_limit_max", spec.trade_price_limit_max),
        price_strike=reading.number("price_strike", spec.trade_price_strike),
        option_mode=reading.word("option_mode", OptionMode, spec.trade_option_mode),
        face_value=reading.number("face_value", spec.trade_face_value),
        accrued_interest=reading.number("accrued_interest", spec.trade_accrued_interest),
        starts_at=reading.time(spec.time_start),
        expires_at=reading.time(spec.time_expiration),
    )
    return SymbolSeen(record, reading.anomalies(record.symbol))


def week(week: Sessions) -> tuple[tuple[tuple[int, int], ...], ...]:
    """The sessions that are used, (from, to) in minutes of each day from Sunday on."""
    return tuple(tuple(session for session in day if session != (0, 0)) for day in week)


def _delayed(subscription: Subscription) -> bool:
    """Whether nobody pays for live quotes (docs/protocol.md 6.6)."""
    return subscription.status in SUBSCRIPTION_STATES and subscription.level == 0
