"""Push 19: what became of a request, told to the session that asked (docs/protocol.md 5.4)."""

from typing import Final, NamedTuple

from msgspec.structs import replace

from protocol.records.trade import Order, TradeOutcome, TradeRequest, TradeResult

from .floor import TRADE_OUTCOME, Floor
from .model import Price

NO_PRICE = Price(0.0, 0.0, 0.0, 0)
WORD: Final = 1 << 32


class Asked(NamedTuple):
    """A request, and who sent it."""

    login: int
    session: int
    rights: int  # what the session may not do, beside its account
    request: TradeRequest  # as it is worked on
    sent: TradeRequest  # as it came, for the echo


def tell(
    floor: Floor,
    asked: Asked,
    retcode: int,
    *,
    order: Order | None = None,
    deal: int = 0,
    volume: int = 0,
    price: float = 0.0,
) -> None:
    """Push the outcome of a request with the present quotes."""
    quote = floor.prices.get(asked.request.trade_symbol, NO_PRICE)
    result = TradeResult(
        retcode=retcode,
        deal=deal,
        trade_order=order.trade_order if order else 0,
        volume=volume,
        price=price,
        res_time=_res_time(floor),
        bid=quote.bid,
        ask=quote.ask,
        last=quote.last,
    )
    session = None if floor.behaviour.results_to_all else asked.session
    echo = _echo(floor, asked.sent, order, price)
    floor.push(asked.login, TRADE_OUTCOME, TradeOutcome(request=echo, result=result), session)


def _res_time(floor: Floor) -> int:
    if floor.behaviour.res_time == "seconds":
        return floor.now.seconds
    return floor.now.server_ms % WORD


def _echo(floor: Floor, request: TradeRequest, order: Order | None, price: float) -> TradeRequest:
    """The request as it was sent or, by a switch, with what the server filled in."""
    if not floor.behaviour.echo_filled or order is None:
        return request
    return replace(
        request,
        trade_order=request.trade_order or order.trade_order,
        type_filling=order.type_filling,
        price_order=request.price_order or price,
    )
