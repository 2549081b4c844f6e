"""An account that traded at a paper venue in every way that has a story, and the venue's own truth."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import trio

from oms.explain import explained
from protocol.records.trade import TRADE_REQUEST
from tests.dispatch.desked import Desked, desked
from tests.paper.running import HEDGE, running

Row = dict[str, Any]
HOSTILE = "<b onclick=x>&hi</b>"  # as long as a comment may be
BOOK = "80.00"  # lots: all that the book of a quote holds


class Told(NamedTuple):
    """What is left of it."""

    folder: Path  # of the journal
    replies: Mapping[str, Row]
    truth: Mapping[str, Any]

    def explained(self, asked: str, client: str | None = None) -> Row:
        return explained(self.folder, "main", asked, client=client)

    def order(self, ticket: str) -> Row:
        """The venue's."""
        (found,) = [one for one in self.truth["orders"] if one["trade_order"] == int(ticket)]
        return dict(found)

    def deals(self, order: str) -> Sequence[Row]:
        return [one for one in self.truth["deals"] if one["trade_order"] == int(order)]

    def requests(self) -> list[int]:
        """The numbers of the trade requests that arrived there from the daemon."""
        trades = [bytes.fromhex(one["hex"]) for one in self.truth["requests"] if one["command"] == 12]
        return [TRADE_REQUEST.load(body).action_id for body in trades]


async def _traded(folder: Path) -> Told:
    async with running() as venue, desked(venue, folder) as trading:
        venue.control("deposit", login=HEDGE, amount="5000000")
        replies = await _commands(trading)
        await trading.held.agrees(venue)
        return Told(folder, replies, venue.control("truth"))


async def _commands(trading: Desked) -> dict[str, Row]:
    venue = trading.venue
    replies = {"filled": await trading.buy(id="filled", comment=HOSTILE)}
    replies["denied"] = await trading.buy("0.015", id="denied")
    for client in ("desk", "bot"):
        replies[f"same of {client}"] = await trading.buy("0.015", id="same", client=client)
    venue.quote(1.102, 1.1021)
    replies["partly"] = await trading.buy("90", id="partly", filling="ioc")
    replies["placed"] = await trading.buy(
        "0.30", id="placed", type="limit", price="1.05", client="bot", sl="1.04"
    )
    replies["moved"] = await trading.ask("modify", id="moved", order=replies["placed"]["order"], price="1.06")
    venue.quote(1.102, 1.1021)  # whose book nobody has traded in
    trading.fault("abort", on="answer", command=12)  # executed, and nothing of it is heard
    replies["lost"] = await trading.buy("0.20", id="lost", wait=15)
    await trading.until_ready()
    async with venue.terminal(HEDGE) as phone:
        await phone.trade(phone.request(3, 0, 0.4, type_filling=1))
    position = replies["filled"]["position"]
    replies["closed"] = await trading.ask("close", id="closed", position=position, client="bot")
    replies["again"] = await trading.ask("close", id="again", position=position, client="bot")
    return replies


def traded(folder: Path) -> Told:
    """The whole of it; it ends by itself."""
    return trio.run(_traded, folder)
