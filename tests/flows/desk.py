"""What a trader does, each with what must come of it: bytes by the sheets, outcome, events, books."""

from collections.abc import Sequence
from typing import Any, Final

from tests.flows import wire_sheet as wire
from tests.flows.system import HEDGE
from tests.flows.trader import Row, Trader
from tests.flows.wire_sheet import Sheet

FILLED: Final = {"status": "filled", "final": True, "retcode": 10009}
DONE: Final = {"status": "done", "final": True, "retcode": 10009}
WORKING: Final = {"status": "working", "final": True, "filled": "0.00", "price": None, "deals": []}
Held = tuple[str, str, str]  # position, its side, its volume


def plain(price: float) -> str:
    """A price as text, without what is not needed."""
    return f"{price:.5f}".rstrip("0")


class Desk:
    """A trader's commands."""

    def __init__(self, trader: Trader) -> None:
        self.trader, self.symbol = trader, trader.symbol

    def current(self, held: str) -> float:
        """The price at which a position of this side closes."""
        return self.trader.bid if held == "buy" else self.trader.ask

    def opens(self, side: str, volume: str, /, **fields: Any) -> Row:
        """A market order, filled whole at the price shown."""
        trader = self.trader
        stops: Sheet = {f"price_{name}": float(fields.get(name, 0)) for name in ("sl", "tp")}
        at = trader.ask if side == "buy" else trader.bid
        return trader.does(
            "submit",
            {**FILLED, "volume": volume, "filled": volume, "price": plain(at), "symbol": self.symbol},
            wire.opening(self.symbol, side, volume, trader.bid, trader.ask, **stops),
            **{"symbol": self.symbol, "side": side, "volume": volume, **fields},
        )

    def closes(self, position: str, held: str, volume: str, /, **fields: Any) -> Row:
        """A position, or a part of it, at the price shown."""
        price = plain(self.current(held))
        return self.trader.does(
            "close",
            {**FILLED, "volume": volume, "filled": volume, "price": price, "position": position},
            wire.closing(self.symbol, held, volume, position, self.trader.bid, self.trader.ask),
            **fields,
        )

    def places(
        self, kind: str, volume: str, price: str, limit: str | None, /, **fields: Any
    ) -> tuple[str, Sheet]:
        """A pending order: its ticket, and what was sent."""
        side, _, sort = kind.partition("_")
        words = {"symbol": self.symbol, "side": side, "volume": volume, "type": sort, "price": price}
        if limit is not None:
            words["limit_price"] = limit
        sent = wire.placing(self.symbol, kind, volume, float(price), price_trigger=float(limit or 0))
        comes = {**WORKING, "volume": volume, "symbol": self.symbol}
        found = self.trader.does("submit", comes, [sent], fields.get("comment", ""), **words, **fields)
        return found["order"], sent

    def changes(self, order: str, now: Sheet, into: Sheet, /, **fields: Any) -> Sheet:
        """A pending order; as it is then."""
        known = self.trader.order(order)["comment"]
        sent = wire.changing({**now, **into}, order)
        self.trader.does("modify", {**DONE, "order": order}, [sent], known, order=order, **fields)
        return {**now, **into}

    def cancels(self, order: str, now: Sheet, /, **fields: Any) -> None:
        """A pending order; `fields` name it, else its ticket."""
        sent = wire.removing(now, order)
        self.trader.does("cancel", {**DONE, "order": order}, [sent], **fields or {"order": order})

    def protects(
        self, position: str, held: str, volume: str, sl: str | None, tp: str | None, /, **fields: Any
    ) -> None:
        """A position, so that its stops are these; `fields` say what of them, where not both."""
        levels = [float(one or 0) for one in (sl, tp)]
        sent = wire.stopping(self.symbol, held, volume, position, self.current(held), *levels)
        fields = fields or {"sl": sl, "tp": tp}
        self.trader.does("modify", {**DONE, "position": position}, [sent], position=position, **fields)

    def closes_by(self, position: str, held: str, volume: str, by: str) -> None:
        """A position of this side and volume, by another one."""
        current = self.current(held)
        sent = wire.closing_by(self.symbol, held, volume, position, by, current)
        comes = {**DONE, "position": position}
        self.trader.does("close_by", comes, [sent], position=position, position_by=by)

    # What the market does.

    def is_filled_by_the_market(
        self, order: str, quotes: Sequence[tuple[float, float]], volume: str, price: str
    ) -> str:
        """A pending order, by the last of the quotes; the position."""
        events = self._moved(quotes)
        (deal,) = [one for one in events if one["type"] == "deal.booked"]
        ended = [one for one in events if one["type"] == "order.ended"]
        assert [one["data"]["order"] for one in ended] == [order] == [deal["data"]["order"]]
        assert (deal["data"]["volume"], deal["data"]["price"]) == (volume, price)
        command = self.trader.made[order]
        assert {one["cause"] for one in (deal, *ended)} == {command}
        (found,) = self.trader.query("commands", command=command)["commands"]
        assert (found["status"], found["final"], found["filled"]) == ("filled", True, volume)
        assert (found["order"], found["price"]) == (order, price)
        position: str = deal["data"]["position"]
        return position

    def is_closed_by_the_market(self, position: str, quote: tuple[float, float], why: str) -> Row:
        """A position, by its stops; the deal that did it, which is nobody's command."""
        events = self._moved([quote])
        (deal,) = [one for one in events if one["type"] == "deal.booked"]
        (order,) = [one for one in events if one["type"] == "order.ended"]
        assert deal["data"]["reason"] == order["data"]["reason"] == why
        assert deal["data"]["position"] == order["data"]["position"] == position
        assert deal["cause"] is order["cause"] is None
        assert position not in self.trader.open(self.trader.last)[1]
        found: Row = deal["data"]
        return found

    def _moved(self, quotes: Sequence[tuple[float, float]]) -> list[Row]:
        """What is recorded while the market moves; the venue hears of nothing."""
        trader, before = self.trader, self.trader.query("state")["seq"]
        for bid, ask in quotes:
            trader.quote(bid, ask)
        assert len(trader.sent(trader.agrees())) == trader.seen
        return trader.up.daemon.journal(trader.account, before)

    # Sweeps.

    def holds_several(self) -> list[Held]:
        """Positions: two in hedging, the one there can be in netting."""
        first = self.opens("buy", "0.10")["position"]
        if self.trader.account == HEDGE:
            return [(first, "buy", "0.10"), (self.opens("sell", "0.20")["position"], "sell", "0.20")]
        return [(first, "buy", "0.10")]

    def closes_all(self, held: Sequence[Held]) -> None:
        """All positions of the symbol."""
        bid, ask = self.trader.bid, self.trader.ask
        sheets = [
            wire.closing(self.symbol, side, volume, position, bid, ask) for position, side, volume in held
        ]
        comes = [{**FILLED, "position": position, "filled": volume} for position, _, volume in held]
        self.trader.sweeps("close_all", comes, sheets)

    def cancels_all(self, orders: Sequence[tuple[str, Sheet]]) -> None:
        """All pending orders of the symbol."""
        sheets = [[wire.removing(sent, order)] for order, sent in orders]
        self.trader.sweeps("cancel_all", [{**DONE, "order": order} for order, _ in orders], sheets)
