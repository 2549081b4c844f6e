"""A desk at prices that a test sets, and what it answers about its money."""

import json
from typing import Any

from oms.daemon.view import AccountView
from oms.queries.answering import answer
from oms.sessions.bucket import Bucket
from tests.dispatch.desked import Desked


async def quoted(desk: Desked, bid: float, ask: float, symbol: str = "EURUSD") -> None:
    """The desk has this quote."""
    desk.venue.quote(bid, ask, symbol)
    board, now = desk.held.account.feed.board, desk.venue.server.moment.server_ms
    await desk.held.until(
        lambda: (
            (shown := board.get(symbol)) is not None and (shown.bid, shown.ask, shown.time) == (bid, ask, now)
        )
    )


async def trade(desk: Desked, side: str, volume: str, price: float, symbol: str = "EURUSD") -> dict[str, Any]:
    """The reply to an order at this price; the venue's quotes have no spread."""
    await quoted(desk, price, price, symbol)
    reply = await desk.buy(volume, side=side, symbol=symbol)
    assert reply["status"] == "filled", reply
    return reply


async def query(desk: Desked, what: str, **fields: Any) -> dict[str, Any]:
    """What the daemon answers to a query about the account."""
    clock = lambda: desk.venue.clock.now * 1_000_000  # noqa: E731
    view = AccountView(desk.held.account, Bucket(20, 40), 5.0, clock)
    reply = await answer(view, what, {}, json.dumps(fields).encode())
    assert reply.error is None, reply
    found: dict[str, Any] = json.loads(reply.payload)
    return found


def held(desk: Desked) -> list[tuple[str, str, str]]:
    """Side, lots, average price of the open positions."""
    return [(one.side, str(one.volume), str(one.price)) for one in desk.held.books.positions]
