"""The durable queue: the same commands, published; nothing is lost, nothing is done twice."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.errors import NoStreamResponseError

from tests.flows.desk import Desk
from tests.flows.pieces import UNHURRIED, again
from tests.flows.queueing import QueueTrader, deadline, publish
from tests.flows.system import HEDGE, NET, System, system, until
from tests.flows.trader import Line, Row
from tests.flows.wire_sheet import SYMBOLS, lots, read

pytestmark = pytest.mark.slow
BUY: Row = {"symbol": "EURUSD", "side": "buy", "volume": "0.10"}
AFTER_S = 0.5  # a deadline that passes


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with system(tmp_path_factory.mktemp("queue"), f"{UNHURRIED}clock_skew = 0\n") as found:
        found.venue.control("feed", on=False)
        yield found


@pytest.fixture(scope="module")
def line(up: System) -> Iterator[Line]:
    with Line(up.nats.url) as found:
        yield found


@pytest.fixture
def symbol() -> str:
    return "EURUSD"


@pytest.fixture
def trader(up: System, line: Line, account: str, symbol: str) -> QueueTrader:
    """May trade, and has nothing open."""
    up.operate("_daemon", "resume")
    found = QueueTrader(up, line, account, symbol)
    found.quote(1.1, 1.1001)
    for sweep in ("cancel_all", "close_all"):
        up.command(account, sweep)
    found.arrived()
    return found


both = pytest.mark.parametrize("account", [HEDGE, NET])
hedging = pytest.mark.parametrize("account", [HEDGE])
everywhere = pytest.mark.parametrize(
    ("account", "symbol"), [(account, symbol) for account in (HEDGE, NET) for symbol in SYMBOLS]
)


# The same commands.


@everywhere
def test_every_verb_goes_through_the_queue(trader: QueueTrader) -> None:
    desk, before = Desk(trader), trader.query("state")["seq"]
    order, sheet = desk.places("buy_limit", "0.10", "1.05", None, comment="queued")
    sheet = desk.changes(order, sheet, {"price_order": 1.04, "price_sl": 1.0}, price="1.04", sl="1.0")
    desk.cancels(order, sheet)
    position = desk.opens("buy", "0.30")["position"]
    desk.protects(position, "buy", "0.30", "1.05", "1.15")
    desk.closes(position, "buy", "0.10", position=position, volume="0.10")
    if trader.account == HEDGE:
        other = desk.opens("sell", "0.10")["position"]
        desk.closes_by(position, "buy", "0.20", other)
        desk.closes_all([(position, "buy", "0.10")])
    else:
        desk.closes_all([(position, "buy", "0.20")])
    desk.cancels_all([desk.places("sell_stop", "0.10", "1.05", None)])
    assert trader.open() == ([], [])
    channels = [
        one["data"]["channel"]
        for one in trader.up.daemon.journal(trader.account, before)
        if one["type"] == "command.received" and one["data"]["parent"] is None
    ]
    assert set(channels) == {"queue"}
    assert trader.waiting() == 0


@both
def test_what_is_denied_and_what_is_refused_is_told(up: System, trader: QueueTrader) -> None:
    denied = trader.command("submit", **{**BUY, "volume": "0.015"})
    assert [(one["code"], one["retcode"]) for one in denied["reasons"]] == [("volume_off_step", 10014)]
    up.venue.control("reject_next", retcode=10019)
    refused = trader.command("submit", **BUY)
    assert (refused["status"], refused["final"], refused["retcode"]) == ("rejected", True, 10019)
    assert len(trader.arrived()) == 1
    assert trader.waiting() == 0


@hedging
def test_what_is_no_command_is_a_dead_letter_and_holds_nothing_up(trader: QueueTrader) -> None:
    unread, good = trader.outcomes([("submit", BUY), trader.queued("submit", **{**BUY, "symbol": "NOPE"})])
    assert [(one["code"], one["field"]) for one in unread["reasons"]] == [
        *(("missing_field", name) for name in ("id", "deadline"))
    ]
    assert [one["code"] for one in good["reasons"]] == ["unknown_symbol"]

    async def letter(client: Client) -> tuple[str, bytes | None, list[str]]:
        found = await client.jetstream().get_last_msg("OMS_DEAD", f"oms.v1.dead.{HEDGE}")
        assert found.headers is not None
        reasons = json.loads(found.headers["Oms-Reason"])
        return found.headers["Oms-Subject"], found.data, [one["code"] for one in reasons]

    subject, payload, codes = trader.line.use(letter)
    assert (subject, payload) == (f"oms.v1.queue.{HEDGE}.submit", json.dumps(BUY).encode())
    assert codes == ["missing_field", "missing_field"]
    assert (trader.arrived(), trader.waiting()) == ([], 0)


@hedging
def test_a_mistyped_verb_and_an_unknown_account_are_told_to_the_publisher(trader: QueueTrader) -> None:
    for account, verb in ((HEDGE, "sumbit"), (HEDGE, "check"), ("nobody", "submit")):
        with pytest.raises(NoStreamResponseError):
            trader.line.use(lambda client, to=account, what=verb: publish(client, to, what, BUY))  # type: ignore[misc]


# Once.


@both
def test_tc_d3_the_same_command_again_is_no_second_order(trader: QueueTrader) -> None:
    command = trader.queued("submit", **BUY)
    first, again = trader.outcomes([command, command])
    assert first == again
    assert (first["status"], len(trader.arrived())) == ("filled", 1)
    plain = super(QueueTrader, trader).command("submit", **BUY, id=command[1]["id"])
    assert plain == first
    other = trader.command("submit", **{**BUY, "volume": "0.20"}, id=command[1]["id"])
    assert (other["status"], other["reasons"][0]["code"]) == ("conflict", "conflict")
    assert trader.arrived() == []


@both
def test_tc_d4_a_publisher_that_tries_again_is_answered_once(trader: QueueTrader) -> None:
    verb, fields = trader.queued("submit", **BUY)

    async def twice(client: Client) -> tuple[list[bool], list[Row]]:
        inbox, told = client.new_inbox(), list[Row]()

        async def hear(message: Msg) -> None:
            told.append(json.loads(message.data))

        await client.subscribe(inbox, cb=hear)
        headers = {"Oms-Reply": inbox, "Nats-Msg-Id": fields["id"]}
        known = [await publish(client, trader.account, verb, fields, headers) for _ in range(2)]
        await asyncio.sleep(AFTER_S)
        return known, told

    known, told = trader.line.use(twice)
    assert known == [False, True]
    assert [one["status"] for one in told] == ["filled"]
    assert len(trader.arrived()) == 1


def test_tc_d5_killed_in_the_middle_each_command_is_done_once_and_in_order(up: System, line: Line) -> None:
    """The message in hand comes again when the server has waited long enough for its acknowledgement."""
    volumes = {f"kept-{number}": f"0.{number:02}" for number in range(1, 25)}
    traders = [QueueTrader(up, line, account) for account in (HEDGE, NET)]
    up.operate("_daemon", "halt")
    for trader in traders:
        trader.quote(1.1, 1.1001)
        commands = (
            trader.queued("submit", **{**BUY, "volume": volume}, id=name, deadline=deadline(600))
            for name, volume in volumes.items()
        )
        trader.publishes(*commands)
    up.venue.control("dealer_delay", ms=20)
    up.operate("_daemon", "resume")
    until(lambda: all(0 < trader.waiting() < len(volumes) for trader in traders))
    again(up)
    up.operate("_daemon", "resume")
    up.venue.control("dealer_delay", ms=0)
    for trader in traders:
        until(partial(all_is_done, trader))
        whole, sent = trader.agrees(), [read(one) for one in trader.arrived()]
        assert [one["trade_volume"] for one in sent] == sorted({one["trade_volume"] for one in sent})
        made = [one for one in whole["orders"] if one["comment"] in [one["comment"] for one in sent]]
        assert len(made) == len(sent)
        found = [trader.query("commands", command=name)["commands"][0]["status"] for name in volumes]
        statuses = Counter(found)
        assert statuses["filled"] == len(sent)
        assert statuses["filled"] + statuses["unknown"] == len(volumes)  # written down, and never sent
        up.check_stream(trader.account)


def all_is_done(trader: QueueTrader) -> bool:
    """Nothing waits, and nothing is on its way; what is unknown waits for a person."""
    found = trader.query("commands", final=False)["commands"]
    return trader.waiting() == 0 and all(one["status"] == "unknown" for one in found)


# In order, when they may.


@both
def test_commands_are_done_in_the_order_in_which_they_were_published(trader: QueueTrader) -> None:
    volumes = [f"0.{number:02}" for number in range(1, 21)]
    told = trader.outcomes([trader.queued("submit", **{**BUY, "volume": one}) for one in volumes])
    assert [(one["status"], one["filled"]) for one in told] == [("filled", one) for one in volumes]
    assert [read(one)["trade_volume"] for one in trader.arrived()] == [lots(one) for one in volumes]


@both
def test_while_halted_they_wait_and_only_what_is_too_late_is_denied(up: System, trader: QueueTrader) -> None:
    up.operate(trader.account, "halt")
    late = trader.queued("submit", **BUY, deadline=deadline(AFTER_S))
    good, close = trader.queued("submit", **BUY), trader.queued("close_all", client="other")
    trader.publishes(late, good, close)
    time.sleep(2 * AFTER_S)
    assert (trader.waiting(), trader.arrived()) == (3, [])
    up.operate(trader.account, "resume")
    until(lambda: all_is_done(trader))
    (denied,), (filled,) = (
        trader.query("commands", command=fields["id"])["commands"] for _, fields in (late, good)
    )
    assert (denied["status"], denied["reasons"][0]["code"]) == ("denied", "past_deadline")
    assert filled["status"] == "filled"


@both
def test_closing_goes_on_while_reducing_and_calls_off_what_the_client_had_queued(
    up: System, trader: QueueTrader
) -> None:
    opened = trader.command("submit", **BUY, client="desk")
    up.operate(trader.account, "reduce")
    mine, others = trader.queued("submit", **BUY, client="desk"), trader.queued("submit", **BUY, client="x")
    elsewhere = trader.queued("submit", **{**BUY, "symbol": "EURUSD.exc"}, client="desk")
    trader.publishes(mine, others, elsewhere)
    swept = trader.command("close_all", symbol="EURUSD", client="desk")
    assert [one["position"] for one in swept["children"]] == [opened["position"]]
    assert trader.waiting() == 3
    up.operate(trader.account, "resume")
    until(lambda: all_is_done(trader))
    statuses = [
        trader.query("commands", command=fields["id"], client=fields["client"])["commands"][0]
        for _, fields in (mine, others, elsewhere)
    ]
    assert [one["status"] for one in statuses] == ["denied", "filled", "filled"]
    assert [one["code"] for one in statuses[0]["reasons"]] == ["overtaken"]


@both
def test_closing_overtakes_what_waits_to_be_opened(up: System, trader: QueueTrader) -> None:
    opened = trader.command("submit", **BUY)
    trader.arrived()
    up.venue.control("fault", fault={"do": "delay", "on": "answer", "command": 12, "seconds": 0.5})
    orders = [trader.queued("submit", **BUY, client="a") for _ in range(3)]
    close = trader.queued("close", position=opened["position"], client="b")
    trader.outcomes([*orders, close])
    flags = [read(one)["type_flags"] for one in trader.arrived()]
    assert flags.index(3) < len(flags) - 1  # not as the last, though it was published last


@both
def test_what_is_published_while_the_daemon_is_away_is_done_when_it_comes(
    up: System, trader: QueueTrader
) -> None:
    assert up.daemon.stop() == 0
    commands = [trader.queued("submit", **{**BUY, "volume": f"0.0{number}"}) for number in (1, 2, 3)]
    trader.publishes(*commands)
    up.daemon.start()
    until(lambda: all(one["link"] == "ready" for one in up.daemon.ready()["accounts"]))
    up.operate("_daemon", "resume")
    until(lambda: all_is_done(trader))
    assert [read(one)["trade_volume"] for one in trader.arrived()] == [1_000_000, 2_000_000, 3_000_000]


@both
def test_the_stream_is_the_journal_after_all_of_it(up: System, trader: QueueTrader) -> None:
    trader.agrees()
    up.check_stream(trader.account)
