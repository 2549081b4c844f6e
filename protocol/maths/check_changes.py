"""Checks of requests that change what is already there (docs/protocol.md 7.7)."""

from collections.abc import Iterator

from ..enums import OrderFlags, Retcode, TradeAction
from .check_input import Case, CheckOrder, CheckRequest, Refusal, refuse


def stops_change(case: Case) -> Iterator[Refusal]:
    """A change of stops changes at least one of them (docs/protocol.md 7.7)."""
    request, position = case.request, case.view.position
    if request.trade_action != TradeAction.SLTP or position is None:
        return
    given, current = (request.price_sl, request.price_tp), (position.price_sl, position.price_tp)
    if tuple(map(case.price, given)) == tuple(map(case.price, current)):
        message = "stop loss, take profit are what they were"
        yield refuse("stops_unchanged", "price_sl", message, str(given), str(current), Retcode.NO_CHANGES)


def order_changes(case: Case) -> Iterator[Refusal]:
    """A change of a pending order changes something (docs/protocol.md 7.7).

    The official client compares an expiration in seconds with one in milliseconds, so an order that has
    one never counts as unchanged.
    """
    order = case.view.order
    if case.request.trade_action != TradeAction.MODIFY or order is None:
        return
    if case.request.time_expiration or order.time_expiration:
        return
    if _terms(case, case.request) == _terms(case, order):
        message, price = "the order is what it was", str(order.price_order)
        yield refuse("order_unchanged", "price_order", message, price, price, Retcode.NO_CHANGES)


def _terms(case: Case, order: CheckOrder | CheckRequest) -> tuple[float, ...]:
    prices = (order.price_order, order.price_trigger, order.price_sl, order.price_tp)
    return (order.type_time, *map(case.price, prices))


def close_by_fits(case: Case) -> Iterator[Refusal]:
    """Close-by: a hedging account, two positions of one symbol on opposite sides (docs/protocol.md 7.7)."""
    if case.request.trade_action != TradeAction.CLOSE_BY:
        return
    one, other = case.view.position, case.view.position_by
    if not case.view.hedging:
        yield _misfit("close_by_needs_hedging", "trade_action", "the account does not hedge")
    if one is None:
        yield _misfit("close_by_without_position", "trade_position", "there is no such position")
    if other is None:
        yield _misfit("close_by_without_position", "position_by", "there is no such position")
    if one is None or other is None:
        return
    if one.trade_symbol != other.trade_symbol:
        yield _misfit("close_by_other_symbol", "position_by", "the positions are of two symbols")
    if one.is_buy is other.is_buy:
        yield _misfit("close_by_same_side", "position_by", "the positions are on the same side")


def _misfit(code: str, field: str, message: str) -> Refusal:
    return refuse(code, field, message, "", "", Retcode.INVALID)


def close_by_is_allowed(case: Case) -> Iterator[Refusal]:
    """Close-by must be among the symbol's order flags (docs/protocol.md 7.7)."""
    allowed = case.symbol.trade_order_flags
    if case.request.trade_action == TradeAction.CLOSE_BY and not allowed & OrderFlags.CLOSE_BY:
        message, limit = "the symbol does not allow close-by", f"trade_order_flags {allowed}"
        yield refuse("close_by_not_allowed", "trade_action", message, "10", limit, Retcode.INVALID_ORDER)
