"""What a server refuses (docs/protocol.md 7.7) is denied by us, with its retcode, and nothing is sent.

Each wish goes to the daemon as a command, then raw to the venue, as another terminal of the account would
send it: the venue refuses it with the code that we gave as the first reason's.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest
import trio

from protocol.records.trade import TradeRequest
from tests.flows.pieces import UNHURRIED
from tests.flows.refusals import QUOTED, ROWS, SETTINGS
from tests.flows.system import HEDGE, LOGINS, NET, System, system, until
from tests.flows.trader import Line, Trader
from tests.flows.wishes import Wish, change, deal, protect
from tests.paper.terminal import Terminal, connected

pytestmark = pytest.mark.slow


class Scene(NamedTuple):
    """A system in which the venue refuses for many reasons, and what is open there."""

    up: System
    line: Line
    tickets: Mapping[str, Mapping[str, str]]  # account -> $name -> ticket

    def trader(self, account: str) -> Trader:
        return Trader(self.up, self.line, account)

    def named(self, wish: Wish, value: Any) -> Any:
        """A value with the ticket that it stands for."""
        known = self.tickets[wish.account]
        return known[value] if isinstance(value, str) and value.startswith("$") else value

    def fields(self, wish: Wish) -> dict[str, Any]:
        return {name: self.named(wish, value) for name, value in wish.fields.items()}

    def request(self, wish: Wish, action_id: int) -> TradeRequest:
        sheet = {name: self.named(wish, value) for name, value in wish.sheet.items()}
        tickets = {name: int(sheet[name]) for name in ("trade_order", "trade_position", "position_by")}
        return TradeRequest(**{**sheet, **tickets, "action_id": action_id})


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with system(tmp_path_factory.mktemp("refusals"), UNHURRIED, SETTINGS) as up, Line(up.nats.url) as line:
        up.venue.control("feed", on=False)
        tickets = {}
        for account in (HEDGE, NET):
            for symbol in QUOTED:
                Trader(up, line, account, symbol).quote(1.1, 1.1001)
            tickets[account] = set_up(Trader(up, line, account))
        yield Scene(up, line, tickets)


def set_up(trader: Trader) -> dict[str, str]:
    """Open what the rows name."""

    def opened(symbol: str, side: str = "buy", **fields: Any) -> str:
        found = trader.command("submit", symbol=symbol, side=side, volume="0.10", **fields)
        assert found["status"] in ("filled", "working"), found
        return str(found["position"] or found["order"])

    limit = {"type": "limit", "price": "1.05"}
    found = {"$long": opened("EURUSD"), "$frozen": opened("frozen", sl="1.0996")}
    if trader.account == NET:
        opened("long")
        return found
    found |= {
        "$long_too": opened("EURUSD"),
        "$closed": opened("EURUSD"),
        "$removed": opened("EURUSD", **limit),
        "$ticks": opened("ticks"),
        "$ticks_order": opened("ticks", **limit),
        "$at_once": opened("at_once"),
        "$at_once_short": opened("at_once", "sell"),
        "$waiting": opened("waiting", **limit),
        "$gtc": opened("gtc", **limit),
        "$levels": opened("levels"),
        "$levels_short": opened("levels", "sell"),
        "$levels_order": opened("levels", **limit),
        "$frozen_order": opened("frozen", type="limit", price="1.0996"),
        "$waits": opened("limited", "sell", type="limit", price="1.15"),
        "$waits_too": opened("limited", "sell", type="limit", price="1.16"),
    }
    assert trader.command("close", position=found["$closed"])["status"] == "filled"
    assert trader.command("cancel", order=found["$removed"])["status"] == "done"
    return found


def sent_raw(scene: Scene, account: str, wishes: Mapping[str, Wish]) -> dict[str, int]:
    """What the venue says to each, by push 19; another terminal of the account sends them."""
    found: dict[str, int] = {}

    async def run() -> None:
        async with connected(scene.up.venue.url) as terminal:
            await terminal.bootstrap()
            await terminal.login(LOGINS[account])
            await terminal.settled()
            for number, (name, wish) in enumerate(wishes.items(), 1):
                found[name] = await refused(terminal, scene.request(wish, number))

    trio.run(run)
    return found


async def refused(terminal: Terminal, request: TradeRequest) -> int:
    """The code of the result; that of the answer where there is no result to come."""
    code = await terminal.trade(request)
    if code:
        return code
    outcome = await terminal.push(19)
    assert outcome.request.action_id == request.action_id
    return int(outcome.result.retcode)


@pytest.fixture(scope="module")
def codes(scene: Scene) -> dict[str, int]:
    """The venue's code for each row."""
    found: dict[str, int] = {}
    for account in (HEDGE, NET):
        wishes = {name: row.wish for name, row in ROWS.items() if row.wish.account == account}
        found |= sent_raw(scene, account, wishes)
    return found


@pytest.mark.parametrize("name", ROWS)
def test_it_is_denied_with_the_code_that_the_venue_gives(
    scene: Scene, codes: Mapping[str, int], name: str
) -> None:
    wish, code, retcode = ROWS[name]
    trader = scene.trader(wish.account)
    before = trader.query("state")["seq"]
    found = trader.command(wish.verb, **scene.fields(wish))
    assert (found["status"], found["final"], found["deals"]) == ("denied", True, [])
    assert code in [one["code"] for one in found["reasons"]], found["reasons"]
    (first, *_) = [one["retcode"] for one in found["reasons"]]
    assert (first, codes[name]) == (retcode, retcode), found["reasons"]
    assert trader.arrived() == []
    events = [one["type"] for one in scene.up.daemon.journal(wish.account, before)]
    unread = found["reasons"][0]["code"] in ("missing_field", "bad_value")
    assert [one for one in events if one != "symbol.changed"] == (
        [] if unread else ["command.received", "command.denied"]
    )


# Beside the table.


def test_a_change_of_nothing_is_done_where_the_venue_says_10025(scene: Scene) -> None:
    trader = scene.trader(HEDGE)
    for wish in (protect("$frozen", "frozen", sl="1.0996"), change("$gtc", "gtc", price="1.05")):
        found = trader.command(wish.verb, **scene.fields(wish))
        assert (found["status"], found["retcode"]) == ("done", 10025)
        assert trader.arrived() == []
    unfrozen = {"order": change("$gtc", "gtc", price="1.05"), "position": protect("$levels", "levels")}
    assert sent_raw(scene, HEDGE, unfrozen) == dict.fromkeys(unfrozen, 10025)


def test_more_than_the_netted_position_is_denied_though_the_venue_would_turn_it(scene: Scene) -> None:
    trader = scene.trader(NET)
    found = trader.command("close", symbol="EURUSD", volume="0.11")
    assert [(one["code"], one["retcode"]) for one in found["reasons"]] == [("volume_above_position", 10014)]
    assert trader.arrived() == []


def test_stops_of_a_market_order_are_the_venues_to_refuse(scene: Scene) -> None:
    """The official client does not check them, so neither do we (7.7)."""
    trader = scene.trader(HEDGE)
    found = trader.submit("buy", "0.10", sl="1.2")
    assert (found["status"], found["final"], found["retcode"]) == ("rejected", True, 10016)
    assert [(one["code"], one["retcode"]) for one in found["reasons"]] == [("venue_refused", 10016)]
    assert len(trader.arrived()) == 1


@pytest.mark.parametrize(
    ("account", "rights", "code"),
    [
        (HEDGE, 4, "account_trade_disabled"),
        (HEDGE, 8, "account_read_only"),
        (HEDGE, 512, "account_read_only"),
        (NET, 4, "account_trade_disabled"),
    ],
)
def test_who_may_not_trade_is_denied(scene: Scene, account: str, rights: int, code: str) -> None:
    trader = scene.trader(account)
    control = scene.up.venue.control
    control("rights", login=LOGINS[account], rights=rights)
    try:
        until(lambda: trader.query("account")["rights"] == rights)
        found = trader.submit("buy", "0.10")
        assert found["status"] == "denied"
        assert code in [one["code"] for one in found["reasons"]]
        assert {one["retcode"] for one in found["reasons"]} == {10017}
        assert trader.arrived() == []
        assert sent_raw(scene, account, {"deal": deal("EURUSD").of(account)}) == {"deal": 10017}
    finally:
        control("rights", login=LOGINS[account], rights=0)
        until(lambda: trader.query("account")["rights"] == 0)
    until(lambda: trader.query("state")["permission"] == "active")


def test_a_venue_without_its_trade_server_leaves_the_id_free(scene: Scene) -> None:
    trader = scene.trader(HEDGE)
    scene.up.venue.control("link", state=1)
    try:
        wanted = {"symbol": "EURUSD", "side": "buy", "volume": "0.10"}
        until(lambda: trader.command("check", **wanted)["status"] == "denied")
        found = trader.submit("buy", "0.10", id="away")
        assert [one["code"] for one in found["reasons"]] == ["venue_unavailable"]
        assert sent_raw(scene, HEDGE, {"deal": deal("EURUSD")}) == {"deal": 10031}
    finally:
        scene.up.venue.control("link", state=0)
    until(lambda: trader.submit("buy", "0.10", id="away")["status"] == "filled")
    assert len(trader.arrived()) == 2  # the raw one, and this


def test_what_may_only_be_closed_is_closed(scene: Scene) -> None:
    trader = scene.trader(HEDGE)
    opened = trader.command("submit", symbol="fok", side="buy", volume="0.10")
    assert opened["status"] == "filled", opened
    scene.up.venue.control("spec", symbol="fok", changes={"trade_mode": 3})
    fok = Trader(scene.up, scene.line, HEDGE, "fok")
    until(lambda: fok.specification()["trade_mode"] == "close_only")
    closed = trader.command("close", position=opened["position"])
    assert closed["status"] == "filled", closed


@pytest.mark.parametrize("account", [HEDGE, NET])
def test_refusals_leave_books_and_stream_whole(scene: Scene, account: str) -> None:
    scene.trader(account).agrees()
    scene.up.check_stream(account)
