"""A daemon that ends in the middle of trading: nothing is sent twice, and what is not known is said so."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import product, starmap
from random import Random

import pytest
from nats.aio.client import Client
from nats.errors import Error

from tests.flows.pieces import UNHURRIED, again, seconds_to
from tests.flows.system import HEDGE, NET, System, system, until
from tests.flows.trader import Line, Trader
from tests.flows.wire_sheet import read

pytestmark = pytest.mark.slow
BOTH = (HEDGE, NET)
SETTLE_S, STOP_S = 2, 8.0  # for what is on its way at the end; in which a daemon ends


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with system(tmp_path_factory.mktemp("crashes"), f"{UNHURRIED}stop_settle = {SETTLE_S}\n") as found:
        found.venue.control("feed", on=False)
        yield found


@pytest.fixture
def line(up: System) -> Iterator[Line]:
    with Line(up.nats.url) as found:
        yield found


@pytest.fixture
def trader(up: System, line: Line, account: str) -> Trader:
    """Trades at a standing quote."""
    found = Trader(up, line, account)
    found.quote(1.1, 1.1001)
    return found


netting = pytest.mark.parametrize("account", [NET])
hedging = pytest.mark.parametrize("account", [HEDGE])


def on_its_way(trader: Trader, name: str, dealer_ms: int) -> None:
    """A command is with a slow dealer."""
    trader.up.venue.control("slow_next", ms=dealer_ms)
    assert trader.submit("buy", "0.10", id=name, reply="receipt")["final"] is False
    until(lambda: trader.query("commands", command=name)["commands"][0]["status"] == "accepted")
    assert len(trader.arrived()) == 1


def doubts(trader: Trader, name: str) -> list[tuple[str, bool]]:
    """Reasons for which a command became unknown, and whether it had been accepted."""
    events = trader.up.daemon.journal(trader.account)
    found = (one["data"] for one in events if one["type"] == "command.unknown")
    return [(one["reason"], one["accepted"]) for one in found if one["command"] == name]


@netting
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


@hedging
def test_a_stop_waits_for_what_is_on_its_way(up: System, trader: Trader) -> None:
    on_its_way(trader, "stopped", 700)
    codes: list[int] = []
    assert seconds_to(lambda: codes.append(up.daemon.stop())) < STOP_S
    assert codes == [0]
    assert outcomes(up, HEDGE)["stopped"] == "filled"
    up.daemon.start()
    up.daemon.until_ready()
    found = trader.submit("buy", "0.10", id="stopped")
    assert (found["status"], trader.arrived()) == ("filled", [])
    assert trader.query("state")["permission"] == "active"
    trader.command("close", position=found["position"])


@hedging
def test_while_a_dealer_thinks_the_outcome_is_unknown_and_others_go_on(up: System, trader: Trader) -> None:
    on_its_way(trader, "thinking", 600_000)
    again(up)
    assert doubts(trader, "thinking") == [("restarted", True)]
    assert trader.query("state")["permission"] == "active"
    found = trader.submit("buy", "0.10", id="thinking", wait=0)
    assert (found["status"], found["final"], found["retcode"]) == ("unknown", False, 0)
    again(up)  # nor is it sent by a second start
    assert doubts(trader, "thinking") == [("restarted", True)]
    until(lambda: trader.submit("buy", "0.10", id="thinking", wait=0)["verdict"] == "nothing")
    assert trader.submit("buy", "0.10", id="thinking", wait=0) == {**found, "verdict": "nothing"}
    assert trader.arrived() == []
    opened = trader.submit("buy", "0.10")
    assert opened["status"] == "filled"
    trader.command("close", position=opened["position"])
    trader.agrees()
    up.check_stream(trader.account)


@hedging
def test_what_the_dealer_did_meanwhile_is_found_by_its_marker(up: System, trader: Trader) -> None:
    on_its_way(trader, "found", 3_000)
    again(up)
    assert doubts(trader, "found") == [("restarted", True)]
    until(lambda: trader.submit("buy", "0.10", id="found", wait=0)["status"] == "filled")
    found = trader.submit("buy", "0.10", id="found")
    assert (found["final"], found["filled"], len(found["deals"])) == (True, "0.10", 1)
    settled = [one for one in up.daemon.journal(HEDGE) if one["type"] == "command.settled"]
    assert [(one["data"]["command"], one["data"]["evidence"]) for one in settled] == [("found", "marker")]
    assert trader.command("close", position=found["position"])["status"] == "filled"
    assert len(trader.arrived()) == 1
    trader.agrees()
    up.check_stream(HEDGE)


@hedging
def test_a_stop_does_not_wait_for_ever(up: System, trader: Trader) -> None:
    on_its_way(trader, "given-up", 600_000)
    codes: list[int] = []
    assert seconds_to(lambda: codes.append(up.daemon.stop())) < STOP_S
    assert codes == [0]
    up.daemon.start()
    until(lambda: all(one["link"] == "ready" for one in up.daemon.ready()["accounts"]))
    assert trader.submit("buy", "0.10", id="given-up", wait=0)["status"] == "unknown"
    assert len(doubts(trader, "given-up")) == 1
    assert trader.arrived() == []


@hedging
def test_a_venue_that_dies_leaves_a_doubt_which_is_never_sent_again(up: System, trader: Trader) -> None:
    on_its_way(trader, "orphan", 600_000)
    up.venue.end()
    until(lambda: doubts(trader, "orphan") == [("session_ended", True)])
    state = trader.query("state")
    assert (state["permission"], state["link"]) == ("active", "connecting")
    assert [one["code"] for one in trader.submit("buy", "0.10", id="a")["reasons"]] == ["venue_unavailable"]
    up.venue.start()
    up.venue.control("feed", on=False)
    until(lambda: trader.query("state")["link"] == "ready")
    trader.agrees()
    assert trader.submit("buy", "0.10", id="orphan", wait=0)["status"] == "unknown"
    assert trader.arrived() == []
    up.check_stream(HEDGE)


@hedging
def test_without_nats_what_was_sent_goes_on(up: System, trader: Trader) -> None:
    on_its_way(trader, "alone", 1_000)
    up.nats.kill()
    until(lambda: not up.daemon.ready()["nats_connected"])
    until(lambda: "alone" in outcomes(up, HEDGE))
    up.nats.start()
    until(lambda: up.daemon.ready()["nats_connected"])
    with Line(up.nats.url) as line:
        again = Trader(up, line, HEDGE)
        found = again.submit("buy", "0.10", id="alone")
        assert (found["status"], again.arrived()) == ("filled", [])
        assert again.command("close", position=found["position"])["status"] == "filled"
        again.agrees()
        up.check_stream(HEDGE)


def outcomes(up: System, account: str) -> dict[str, str]:
    """The last status of each command, as the journal has it."""
    found = [one["data"] for one in up.daemon.journal(account) if one["type"] == "command.outcome"]
    return {one["command"]: one["status"] for one in found}


def killed_in_the_middle(up: System, line: Line, volumes: Mapping[str, str], after_s: float) -> None:
    """All of these commands at once, in both accounts; then the daemon is killed."""

    async def run(client: Client) -> None:
        async def ask(account: str, name: str) -> None:
            fields = {"symbol": "EURUSD", "side": "buy", "volume": volumes[name], "id": name, "wait": 0.2}
            with suppress(Error):  # nobody there, or nobody any more
                subject = f"oms.v1.cmd.{account}.submit"
                await client.request(subject, json.dumps(fields).encode(), timeout=0.3)

        async def kill() -> None:
            await asyncio.sleep(after_s)
            up.daemon.kill()

        await asyncio.gather(*starmap(ask, product(BOTH, volumes)), kill())

    line.use(run)


def test_tc_d5_killed_at_any_moment_no_id_is_two_orders(up: System, line: Line) -> None:
    chance = Random(5)
    volumes = {f"burst-{number}": f"0.{number:02}" for number in range(1, 25)}
    up.operate("_daemon", "resume")
    traders = [Trader(up, line, account) for account in BOTH]
    traders[0].quote(1.1, 1.1001)
    up.venue.control("dealer_delay", ms=30)
    for _ in range(3):
        killed_in_the_middle(up, line, volumes, chance.uniform(0.01, 0.08))
        again(up)
        up.operate("_daemon", "resume")
    up.venue.control("dealer_delay", ms=0)
    for trader in traders:
        is_done_once(trader, volumes)
        up.check_stream(trader.account)


def is_done_once(trader: Trader, volumes: Mapping[str, str]) -> None:
    """What is not known yet is sent, what is unknown stays so, and nothing was sent twice."""
    for name, volume in volumes.items():
        trader.submit("buy", volume, id=name, wait=0.2)
    whole = trader.agrees()
    found = {
        name: trader.submit("buy", volume, id=name, wait=0)["status"] for name, volume in volumes.items()
    }
    sent = Counter(read(one)["comment"] for one in trader.arrived())
    assert set(sent.values()) == {1}  # the marker is the command's, so no command was sent twice
    made = [one for one in whole["orders"] if one["comment"] in sent]
    assert len(made) == len(sent) == Counter(found.values())["filled"]
    doubted = {name for name in volumes if doubts(trader, name)}
    assert doubted  # some were caught on their way
    unknown = {name for name, status in found.items() if status == "unknown"}
    assert unknown <= doubted  # written down, and never sent
    assert len(unknown) + len(made) == len(volumes)
