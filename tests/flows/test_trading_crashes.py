"""A daemon that ends in the middle of trading: nothing is sent twice, and what is not known is said so."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from nats.aio.client import Client
from nats.errors import NoRespondersError, TimeoutError

from tests.flows.conftest import UNHURRIED
from tests.flows.pieces import seconds_to
from tests.flows.system import HEDGE, NET, System, system, until
from tests.flows.trader import Line, Trader
from tests.flows.wire_sheet import MARKED, read

pytestmark = pytest.mark.slow
STOP_S = 15.0  # in which a daemon ends


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with system(tmp_path_factory.mktemp("crashes"), UNHURRIED) as found:
        found.venue.control("feed", on=False)
        yield found


@pytest.fixture(scope="module")
def line(up: System) -> Iterator[Line]:
    with Line(up.nats.url) as found:
        yield found


@pytest.fixture
def trader(up: System, line: Line, account: str) -> Iterator[Trader]:
    """Ready, and left so."""
    found = Trader(up, line, account)
    found.quote(1.1, 1.1001)
    yield found
    up.venue.control("dealer_delay", ms=0)


both = pytest.mark.parametrize("account", [HEDGE, NET])
hedging = pytest.mark.parametrize("account", [HEDGE])


def again(up: System) -> None:
    """Killed, started, ready as far as it will be."""
    up.daemon.kill()
    up.daemon.start()
    until(lambda: all(one["link"] == "ready" for one in up.daemon.ready()["accounts"]))


def on_its_way(trader: Trader, name: str, dealer_ms: int) -> None:
    """A command is with a slow dealer."""
    trader.up.venue.control("slow_next", ms=dealer_ms)
    assert trader.submit("buy", "0.10", id=name, reply="receipt")["final"] is False
    until(lambda: len(trader.sent()) > trader.seen, what=trader.query("commands", command=name))
    assert len(trader.arrived()) == 1


def doubts(trader: Trader, name: str) -> list[tuple[str, bool]]:
    """Reasons for which a command became unknown, and whether it had been accepted."""
    events = trader.up.daemon.journal(trader.account)
    found = (one["data"] for one in events if one["type"] == "command.unknown")
    return [(one["reason"], one["accepted"]) for one in found if one["command"] == name]


@both
def test_between_commands_nothing_is_lost_and_nothing_done_again(up: System, trader: Trader) -> None:
    placed = trader.submit("buy", "0.10", id="placed", type="limit", price="1.05", comment="x")
    opened = trader.submit("buy", "0.10", id="opened")
    denied = trader.submit("buy", "-1", id="denied")
    assert [one["status"] for one in (placed, opened, denied)] == ["working", "filled", "denied"]
    trader.arrived()
    again(up)
    assert trader.submit("buy", "0.10", id="placed", type="limit", price="1.050", comment="x") == placed
    assert trader.submit("buy", 0.1, id="opened") == opened
    assert trader.submit("buy", "-1", id="denied") == denied
    assert trader.submit("buy", "0.20", id="opened")["status"] == "conflict"
    assert trader.arrived() == []
    assert trader.query("state")["permission"] == "active"
    last = read(trader.sent()[-1])["action_id"]
    assert trader.command("close", position=opened["position"])["status"] == "filled"
    assert trader.command("cancel", command="placed")["status"] == "done"
    assert [read(one)["action_id"] for one in trader.arrived()] == [last + 1, last + 2]
    trader.agrees()
    up.check_stream(trader.account)


@both
def test_while_a_dealer_thinks_the_outcome_is_unknown_and_the_account_halts(
    up: System, trader: Trader
) -> None:
    on_its_way(trader, "thinking", 600_000)
    again(up)
    assert doubts(trader, "thinking") == [("restarted", True)]
    state = trader.query("state")
    assert (state["permission"], "thinking" in state["reason"]) == ("halted", True)
    found = trader.submit("buy", "0.10", id="thinking", wait=0)
    assert (found["status"], found["final"], found["retcode"]) == ("unknown", False, 0)
    refused = trader.submit("buy", "0.10", id=f"after-{trader.account}")
    assert [one["code"] for one in refused["reasons"]] == ["halted"]
    again(up)  # nor is it sent by a second start
    assert doubts(trader, "thinking") == [("restarted", True)]
    assert trader.query("state")["permission"] == "halted"
    assert up.operate(trader.account, "resume", by="ann")["permission"] == "active"
    assert trader.submit("buy", "0.10", id="thinking", wait=0) == found
    assert trader.arrived() == []
    opened = trader.submit("buy", "0.10")
    assert opened["status"] == "filled"
    trader.command("close", position=opened["position"])
    trader.agrees()
    up.check_stream(trader.account)


@hedging
def test_what_the_dealer_did_meanwhile_is_found_by_its_marker(up: System, trader: Trader) -> None:
    on_its_way(trader, "found", 5_000)
    again(up)
    assert doubts(trader, "found") == [("restarted", True)]
    until(lambda: trader.submit("buy", "0.10", id="found", wait=0)["status"] == "filled")
    found = trader.submit("buy", "0.10", id="found")
    assert (found["final"], found["filled"], len(found["deals"])) == (True, "0.10", 1)
    assert trader.query("state")["permission"] == "halted"  # a person has to look
    settled = [one for one in up.daemon.journal(HEDGE) if one["type"] == "command.settled"]
    assert [(one["data"]["command"], one["data"]["evidence"]) for one in settled] == [("found", "marker")]
    assert up.operate(HEDGE, "resume")["permission"] == "active"
    assert trader.command("close", position=found["position"])["status"] == "filled"
    assert len(trader.arrived()) == 1
    trader.agrees()
    up.check_stream(HEDGE)


@hedging
def test_a_stop_waits_for_what_is_on_its_way(up: System, trader: Trader) -> None:
    on_its_way(trader, "stopped", 2_000)
    codes: list[int] = []
    assert seconds_to(lambda: codes.append(up.daemon.stop())) < STOP_S
    assert codes == [0]
    outcomes = [one["data"] for one in up.daemon.journal(HEDGE) if one["type"] == "command.outcome"]
    assert [one["status"] for one in outcomes if one["command"] == "stopped"] == ["filled"]
    up.daemon.start()
    up.daemon.until_ready()
    found = trader.submit("buy", "0.10", id="stopped")
    assert (found["status"], trader.arrived()) == ("filled", [])
    assert trader.query("state")["permission"] == "active"
    trader.command("close", position=found["position"])


@hedging
def test_a_stop_does_not_wait_for_ever(up: System, trader: Trader) -> None:
    on_its_way(trader, "given up", 600_000) if False else on_its_way(trader, "given-up", 600_000)
    codes: list[int] = []
    assert seconds_to(lambda: codes.append(up.daemon.stop())) < STOP_S
    assert codes == [0]
    up.daemon.start()
    until(lambda: all(one["link"] == "ready" for one in up.daemon.ready()["accounts"]))
    assert trader.submit("buy", "0.10", id="given-up", wait=0)["status"] == "unknown"
    assert len(doubts(trader, "given-up")) == 1
    assert trader.query("state")["permission"] == "halted"
    assert trader.arrived() == []
    up.operate(HEDGE, "resume")


@both
def test_tc_d5_killed_at_any_moment_no_id_is_two_orders(up: System, trader: Trader) -> None:
    chance = Random(5)
    names = [f"burst-{trader.account}-{number}" for number in range(24)]
    volume = {name: f"0.{number + 1:02}" for number, name in enumerate(names)}
    for _ in range(4):

        async def ask(client: Client, begun: list[Any] = []) -> None:  # noqa: B006
            await asyncio.gather(*(one(client, name) for name in names), kill(chance.uniform(0.005, 0.08)))

        async def one(client: Client, name: str) -> None:
            fields = {"symbol": "EURUSD", "side": "buy", "volume": volume[name], "id": name, "wait": 0.2}
            try:
                subject = f"oms.v1.cmd.{trader.account}.submit"
                await client.request(subject, json.dumps(fields).encode(), timeout=0.3)
            except (NoRespondersError, TimeoutError):
                return

        async def kill(after_s: float) -> None:
            await asyncio.sleep(after_s)
            up.daemon.kill()

        trader.line.use(ask)
        up.daemon.start()
        until(lambda: all(one["link"] == "ready" for one in up.daemon.ready()["accounts"]))
        up.operate(trader.account, "resume")
    found = {name: trader.submit("buy", volume[name], id=name)["status"] for name in names}
    sent = Counter(MARKED.fullmatch(read(one)["comment"])[0] for one in trader.arrived())  # type: ignore[index]
    assert set(sent.values()) == {1}
    trader.agrees()
    filled = [one for one in trader.whole()["orders"] if one["comment"] in sent]
    assert len(filled) == len(sent)
    assert sorted(found.values()) == sorted(
        [*["filled"] * len(filled), *["denied"] * (len(names) - len(filled))]
    )
    up.check_stream(trader.account)
