"""A client of one account in one symbol.  After each command it looks at everything: bytes, books, events."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg

from tests.flows.system import LOGINS, QUESTIONS, UP_S, System, until
from tests.flows.wire_sheet import APART, MARKED, Sheet, read, written

TRADE = 12
BID, ASK = 1.1, 1.1001
ORDERS = ("order.placed", "order.updated", "order.ended", "deal.booked")
Row = dict[str, Any]
T = TypeVar("T")


class Line:
    """A connection to NATS, kept, for code that is not asynchronous."""

    def __init__(self, url: str) -> None:
        self._runner = asyncio.Runner()
        self._client = self._runner.run(nats.connect(url))

    def request(
        self, subject: str, payload: bytes, headers: Mapping[str, str] | None = None
    ) -> tuple[bytes, dict[str, str]]:
        """What is answered; NoRespondersError where nobody is there."""
        found = self._runner.run(self._request(subject, payload, headers))
        return found.data, dict(found.headers or {})

    def ask(self, subject: str, **fields: Any) -> Row:
        """The same as JSON."""
        found: Row = json.loads(self.request(subject, json.dumps(fields).encode())[0])
        return found

    def asks(self, front: str, questions: Sequence[tuple[str, bytes]]) -> list[Row]:
        """Several at once."""

        async def ask() -> list[Msg]:
            return await asyncio.gather(
                *(self._request(f"{front}.{what}", payload) for what, payload in questions)
            )

        return [json.loads(found.data) for found in self._runner.run(ask())]

    def use(self, act: Callable[[Client], Awaitable[T]]) -> T:
        """What comes of something done with the client."""

        async def do() -> T:
            return await act(self._client)

        return self._runner.run(do())

    async def _request(self, subject: str, payload: bytes, headers: Mapping[str, str] | None = None) -> Msg:
        return await self._client.request(subject, payload, timeout=20, headers=dict(headers or {}))

    def close(self) -> None:
        self._runner.run(self._client.close())
        self._runner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Trader:
    """The only one who trades in its account."""

    def __init__(self, up: System, line: Line, account: str, symbol: str = "EURUSD") -> None:
        self.up, self.line, self.account, self.symbol = up, line, account, symbol
        self.bid, self.ask = BID, ASK
        self.made: dict[str, str] = {}  # order -> the command that made it
        self.last = self.whole()  # as the venue was when it was looked at last
        self.seen = len(self.sent(self.last))  # requests at the venue that were looked at

    # The market, which stands still but for this.

    def quote(self, bid: float, ask: float) -> None:
        """The price is so now, and the daemon knows it."""
        self.bid, self.ask = bid, ask
        self.up.venue.control("tick", symbol=self.symbol, bid=bid, ask=ask)
        until(lambda: self._shown() == (bid, ask), what=f"{self.symbol}: no {bid} {ask}")

    def _shown(self) -> tuple[float, float]:
        (quote,) = self.query("quotes", symbol=self.symbol)["quotes"]
        return quote["bid"], quote["ask"]

    # Asking.

    def query(self, what: str, **fields: Any) -> Row:
        return self.line.ask(f"oms.v1.query.{self.account}.{what}", **fields)

    def command(self, verb: str, **fields: Any) -> Row:
        """The reply to a command."""
        return self.line.ask(f"oms.v1.cmd.{self.account}.{verb}", **fields)

    def submit(self, side: str, volume: str | float, **fields: Any) -> Row:
        """The reply to an order in the symbol."""
        return self.command("submit", symbol=self.symbol, side=side, volume=volume, **fields)

    def specification(self) -> Row:
        """The symbol, as the daemon shows it."""
        (found,) = self.query("symbols", symbol=self.symbol)["symbols"]
        return dict(found)

    def whole(self) -> Row:
        """Everything that the venue knows."""
        found: Row = self.up.venue.control("truth")
        return found

    def sent(self, whole: Row | None = None) -> list[str]:
        """Every trade request of the account that has arrived at the venue, as hex."""
        mine = (one for one in (whole or self.whole())["requests"] if one["login"] == LOGINS[self.account])
        return [one["hex"] for one in mine if one["command"] == TRADE]

    def arrived(self) -> list[str]:
        """Those that have arrived since somebody looked at them last."""
        return self._arrived(self.whole())

    def _arrived(self, whole: Row) -> list[str]:
        sent = self.sent(whole)
        arrived, self.seen = sent[self.seen :], len(sent)
        return arrived

    def order(self, ticket: str) -> Row:
        """An order as the venue had it when the books were compared last."""
        (found,) = [one for one in self.last["orders"] if one["trade_order"] == int(ticket)]
        return dict(found)

    def open(self, whole: Row | None = None) -> tuple[list[str], list[str]]:
        """Tickets of the orders and positions that the venue has open."""
        truth = self.up.truth(self.account, whole)
        return sorted(truth["orders"]), sorted(truth["positions"])

    def agrees(self) -> Row:
        """The books come to be the venue's own truth, which is returned."""
        deadline = time.monotonic() + UP_S
        while True:
            replies = self.line.asks(f"oms.v1.query.{self.account}", QUESTIONS)
            whole, told = self.whole(), self.up.told(self.account, replies)
            truth = self.up.truth(self.account, whole)
            if told == truth or time.monotonic() > deadline:
                assert told == truth
                self.last = whole
                return whole
            time.sleep(0.01)

    # Doing.

    def does(self, verb: str, comes: Row, sends: Sequence[Sheet], carries: str = "", /, **fields: Any) -> Row:
        """A command, with everything that belongs to it; the reply.

        `comes` is of the reply; `sends` is what must arrive at the venue, with a comment that is `carries`,
        and the marker of what makes an order.
        """
        events = self._seq()
        found = self.command(verb, **fields)
        assert {name: found[name] for name in comes} == comes, found
        arrived = self._arrived(self.agrees())
        _is_as_documented(arrived, sends, verb in ("submit", "close"), carries)
        if verb not in ("modify", "cancel") and found["order"]:
            self.made[found["order"]] = found["command"]
        _is_told(self.up.daemon.journal(self.account, events), found, len(sends), self.made)
        return found

    def sweeps(self, verb: str, comes: Sequence[Row], sends: Sequence[Sequence[Sheet]]) -> Row:
        """All of the symbol: a child command for each, in any order, with what belongs to it; the reply."""
        events = self._seq()
        found = self.command(verb, symbol=self.symbol)
        assert (found["status"], found["final"]) == ("done", True), found
        children = found["children"]
        assert [one["command"] for one in children] == [
            f"{found['command']}/{number}" for number in range(1, len(comes) + 1)
        ]
        assert [{name: one[name] for name in two} for one, two in zip(children, comes, strict=True)] == list(
            comes
        )
        arrived = self._arrived(self.agrees())
        _are_as_documented(arrived, sends, verb == "close_all")
        recorded = self.up.daemon.journal(self.account, events)
        own = [one["type"] for one in recorded if one["data"].get("command") == found["command"]]
        assert own == ["command.received", "command.outcome"]
        for child, sheets in zip(children, sends, strict=True):
            if child["order"] not in self.made:
                self.made[child["order"]] = child["command"]
            mine = [
                one
                for one in recorded
                if one["data"].get("order") == child["order"]
                or one["data"].get("command") == child["command"]
            ]
            _is_told(mine, child, len(sheets), self.made)
        return found

    def _seq(self) -> int:
        return int(self.query("state")["seq"])


def _is_as_documented(arrived: Sequence[str], sends: Sequence[Sheet], marks: bool, carries: str) -> None:
    """The bytes at the venue are those of the sheets, but for the number and the marker."""
    found = [read(one) for one in arrived]
    assert [{name: one[name] for name in one if name not in APART} for one in found] == list(sends)
    assert [written(one) for one in found] == list(arrived)
    comments = [one["comment"] for one in found]
    if marks:
        parts = [MARKED.fullmatch(one) for one in comments]
        assert None not in parts, comments
        comments = [one[1] for one in parts if one is not None]
    assert comments == [carries] * len(sends)


def _are_as_documented(arrived: Sequence[str], sends: Sequence[Sequence[Sheet]], marks: bool) -> None:
    """Those of each child in their order, those of different ones in any."""
    sheets = [sheet for each in sends for sheet in each]
    wanted = [
        sheets.index({name: one[name] for name in one if name not in APART}) for one in map(read, arrived)
    ]
    assert sorted(wanted) == list(range(len(sheets)))
    _is_as_documented(arrived, [sheets[place] for place in wanted], marks, "")
    for each in sends:
        places = [wanted.index(sheets.index(sheet)) for sheet in each]
        assert places == sorted(places)


def _is_told(events: Sequence[Row], found: Row, sent: int, made: Mapping[str, str]) -> None:
    """The events of a command; what became of orders was caused by those that made them."""
    mine = [one for one in events if one["data"].get("command") == found["command"]]
    steps = ["command.sending", "command.answered", "command.result"] * sent
    assert [one["type"] for one in mine] == ["command.received", *steps, "command.outcome"]
    begun = found["command"].partition("/")[0]  # a child is written down by its sweep
    assert [one["cause"] for one in mine] == [begun, *[found["command"]] * (len(mine) - 1)]
    moved = [one for one in events if one["type"] in ORDERS]
    assert bool(moved) is bool(sent and found["order"]), events
    assert [one["cause"] for one in moved] == [made[one["data"]["order"]] for one in moved]
    outcome = mine[-1]["data"]
    assert all(outcome[name] == found[name] for name in ("status", "final", "order", "filled", "price"))
    assert outcome["deals"] == [one["deal"] for one in found["deals"]]
    assert found["seq"] == mine[-1]["seq"]
