"""Two clients that send commands, seeded: good ones, wrong ones, the same ones again.

They remember each command they sent and each reply they were given, across every death of the daemon.
"""

import json
from collections.abc import Callable
from random import Random
from typing import Any

from .market import Venue
from .process import Process

CLIENTS = ("desk", "bot")
Body = dict[str, Any]


class Sent:
    """A command, and everything that was told of it."""

    def __init__(self, verb: str, body: Body) -> None:
        self.verb, self.body = verb, body
        self.replies: list[dict[str, Any]] = []

    @property
    def key(self) -> tuple[str, str]:
        return self.body["client"], self.body["id"]

    @property
    def final(self) -> dict[str, Any] | None:
        """The last final reply, refusals that use no id up apart."""
        found = [one for one in self.replies if one["final"] and one["status"] != "conflict" and known(one)]
        return found[-1] if found else None


def known(reply: dict[str, Any]) -> bool:
    """Whether a reply speaks of a command that was taken in; a passing refusal does not."""
    return bool(reply["times"])


class Clients:
    """Both of them."""

    def __init__(self, venue: Venue, chance: Random) -> None:
        self.sent: dict[tuple[str, str], Sent] = {}
        self.conflicts = 0
        self._venue, self._chance = venue, chance
        self._makers: tuple[Callable[[Process], tuple[str, Body]], ...] = (
            *(self._market,) * 4,
            *(self._pending,) * 3,
            *(self._close,) * 3,
            *(self._modify,) * 2,
            *(self._cancel,) * 2,
            self._close_by,
            self._sweep,
        )

    def act(self, process: Process) -> None:
        """Send something: new, or again, or with another content under an id that is taken."""
        drawn = self._chance.random()
        if self.sent and drawn < 0.15:
            self.repeat(process, self._chance.choice(list(self.sent.values())))
        elif self.sent and drawn < 0.18:
            taken = [one for one in self.sent.values() if any(map(known, one.replies))]
            if taken:
                self._contradict(process, self._chance.choice(taken))
        else:
            verb, body = self._chance.choice(self._makers)(process)
            client, wait = self._chance.choice(CLIENTS), self._chance.choice((0, 5, 60))
            sent = self.send(process, verb, {"client": client, "wait": wait, **body})
            if self._chance.random() < 0.1:
                self.repeat(process, sent)

    def send(self, process: Process, verb: str, body: Body) -> Sent:
        """A new command, by a name of its own."""
        sent = Sent(verb, {"id": f"c{len(self.sent) + 1}", **body})
        self.sent[sent.key] = sent
        self.repeat(process, sent)
        return sent

    def repeat(self, process: Process, sent: Sent) -> None:
        """Ask for the same again."""
        process.nursery.start_soon(self._ask, process, sent)

    def _contradict(self, process: Process, sent: Sent) -> None:
        body = {"id": sent.body["id"], "client": sent.body["client"], "position": "77"}
        process.nursery.start_soon(self._ask_otherwise, process, body)

    async def _ask(self, process: Process, sent: Sent) -> None:
        reply = await process.intake.request(sent.verb, {}, json.dumps(sent.body).encode())
        if not process.dead:  # else nobody hears it
            sent.replies.append(json.loads(reply.payload))

    async def _ask_otherwise(self, process: Process, body: Body) -> None:
        """An id that is taken, with what nobody asked for under it."""
        reply = await process.intake.request("close", {}, json.dumps(body).encode())
        if not process.dead:
            self.conflicts += 1
            assert json.loads(reply.payload)["status"] == "conflict", reply.payload

    # What they send.

    def _symbol(self) -> str:
        return self._chance.choice(("EURUSD", "EURUSD", "EURUSD.ins", "EURUSD.req"))

    def _price(self, symbol: str, points: int) -> str:
        return f"{self._venue.venue.prices[symbol].bid + points / 100_000:.5f}"

    def _market(self, process: Process) -> tuple[str, Body]:
        symbol, side = self._symbol(), self._chance.choice(("buy", "sell"))
        body = {"symbol": symbol, "side": side, "volume": self._chance.choice(("0.01", "0.10", "0.015", "1"))}
        if self._chance.random() < 0.3:
            away = -300 if side == "buy" else 300
            body |= {"sl": self._price(symbol, away), "tp": self._price(symbol, -away)}
        return "submit", body

    def _pending(self, process: Process) -> tuple[str, Body]:
        symbol, side = self._symbol(), self._chance.choice(("buy", "sell"))
        kind = self._chance.choice(("limit", "stop"))
        below = (side == "buy") == (kind == "limit")
        away = self._chance.choice((5, 20, 200))
        body = {"symbol": symbol, "side": side, "volume": "0.05", "type": kind}
        body["price"] = self._price(symbol, -away if below else away + 20)
        if self._chance.random() < 0.2:
            body["time_in_force"] = "day"
        return "submit", body

    def _close(self, process: Process) -> tuple[str, Body]:
        body: Body = {"position": self._position(process)}
        if self._chance.random() < 0.3:
            body["volume"] = "0.01"
        return "close", body

    def _modify(self, process: Process) -> tuple[str, Body]:
        side = self._chance.choice((-1, 1))
        if self._chance.random() < 0.5:
            away = 200 * side
            return "modify", {"position": self._position(process), "sl": self._price("EURUSD", away)}
        away = self._chance.choice((100, 250)) * side
        return "modify", {"order": self._order(process), "price": self._price("EURUSD", away)}

    def _cancel(self, process: Process) -> tuple[str, Body]:
        submits = [one for one in self.sent.values() if one.verb == "submit"]
        if submits and self._chance.random() < 0.3:
            return "cancel", {"command": self._chance.choice(submits).body["id"]}
        return "cancel", {"order": self._order(process)}

    def _close_by(self, process: Process) -> tuple[str, Body]:
        return "close_by", {"position": self._position(process), "position_by": self._position(process)}

    def _sweep(self, process: Process) -> tuple[str, Body]:
        verb = self._chance.choice(("close_all", "cancel_all"))
        return verb, {"symbol": self._symbol()} if self._chance.random() < 0.5 else {}

    def _position(self, process: Process) -> str:
        """One that is there, or was, or never."""
        return self._chance.choice((*(one.position for one in process.books.positions), "4"))

    def _order(self, process: Process) -> str:
        return self._chance.choice((*(one.order for one in process.books.orders.open()), "4"))
