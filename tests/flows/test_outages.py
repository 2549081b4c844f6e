"""NATS away, at a standstill, without JetStream, taken by others: the daemon goes on, and says what is so."""

import shutil
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from nats.aio.client import Client

from tests.flows.pieces import QUICK, UNHURRIED, seconds_to, surroundings, until_logged
from tests.flows.queueing import QueueTrader, deadline
from tests.flows.system import HEDGE, NET, System, system, until
from tests.flows.trader import Line, Row, Trader

pytestmark = pytest.mark.slow
JSON_LOG = '[log]\nformat = "json"\n'
BUY: Row = {"symbol": "EURUSD", "side": "buy", "volume": "0.10"}
STILL_S = 8.0  # how long a server stands still
PROMPT_S = 1.0  # in which a push is in the journal, on a busy machine
ON_THE_LINE_S = 3  # how long an answer takes behind which others wait


def rows(up: System, account: str, kind: str) -> list[dict[str, Any]]:
    return [one for one in up.daemon.journal(account) if one["type"] == kind]


def metric(up: System, name: str) -> dict[str, float]:
    """Values by labels, as /metrics tells them."""
    with urlopen(f"{up.daemon.http}/metrics", timeout=5) as answer:  # noqa: S310 - our own
        lines = answer.read().decode().splitlines()
    return {line.split()[0]: float(line.split()[-1]) for line in lines if line.startswith(name)}


def back(up: System) -> None:
    """The server is there again."""
    up.nats.start()
    until(lambda: up.daemon.ready()["nats_connected"])


def without_jetstream(up: System) -> None:
    """NATS is there, and no stream is."""
    up.nats.stop()
    up.nats.jetstream = False
    back(up)


def with_jetstream(up: System) -> None:
    up.nats.stop()
    up.nats.jetstream = True
    back(up)
    until(lambda: all(up.published(one) for one in (HEDGE, NET)))


# The daemon never waits for NATS.


def test_a_server_that_stands_still_holds_nothing_up(tmp_path: Path) -> None:
    """Pushes go on into the journal, a command in flight gets its outcome, the event loop is on time."""
    with system(tmp_path, UNHURRIED) as up, Line(up.nats.url) as line:
        trader = Trader(up, line, HEDGE)  # the market goes on, in all symbols
        up.venue.control("slow_next", ms=2_000)
        assert trader.submit("buy", "0.10", id="flying", reply="receipt")["final"] is False
        until(lambda: trader.query("commands", command="flying")["commands"][0]["status"] == "accepted")
        before = metric(up, "oms_loop_delay_seconds")
        up.nats.pause()
        try:
            took: list[float] = []
            ends = time.monotonic() + STILL_S
            while time.monotonic() < ends:
                known = len(rows(up, NET, "deal.booked"))
                up.venue.control("deposit", login=1002, amount="1.00")
                began = time.monotonic()
                until(lambda: len(rows(up, NET, "deal.booked")) > known)  # noqa: B023 - waited for here
                took.append(time.monotonic() - began)
            outcomes = [one["data"] for one in rows(up, HEDGE, "command.outcome")]
            assert [(one["command"], one["status"]) for one in outcomes] == [("flying", "filled")]
            after = metric(up, "oms_loop_delay_seconds")
        finally:
            up.nats.resume()
        assert sorted(took)[len(took) // 2] < PROMPT_S
        (late,) = [name for name in after if 'le="0.2"' in name]
        (all_of_it,) = [name for name in after if 'le="+Inf"' in name]
        on_time = after[late] - before[late]
        assert on_time > 0.8 * (after[all_of_it] - before[all_of_it]) > 0
        until(lambda: up.agrees(NET))
        for account in (HEDGE, NET):
            up.check_stream(account)


def test_a_stop_does_not_wait_long_for_a_server_that_stands_still(tmp_path: Path) -> None:
    with surroundings(tmp_path, f"{QUICK}stop_settle = 2\n") as up:
        up.daemon.start()
        up.daemon.until_ready()
        up.nats.pause()
        try:
            codes: list[int] = []
            assert seconds_to(lambda: codes.append(up.daemon.stop())) < 15
            assert codes == [0]
        finally:
            up.nats.resume()
        up.daemon.start()
        up.daemon.until_ready()
        up.check_stream(HEDGE)


# What is asked for meanwhile.


@pytest.fixture(params=[True, False])
def required(request: pytest.FixtureRequest) -> bool:
    found: bool = request.param
    return found


def test_nats_required_decides_about_new_risk_while_nats_is_away(tmp_path: Path, required: bool) -> None:
    """Three commands were taken in before it went, and are decided on after."""
    more = f"{UNHURRIED}command_deadline = 60\n"
    with system(tmp_path, more, "") as up:
        config = up.daemon.config.read_text().replace(
            "[nats]\n", f"[nats]\nnats_required = {str(required).lower()}\n"
        )
        assert up.daemon.stop() == 0
        up.daemon.config.write_text(config)
        up.daemon.start()
        up.daemon.until_ready()
        up.venue.control("feed", on=False)
        with Line(up.nats.url) as line:
            trader = Trader(up, line, HEDGE)
            trader.quote(1.1, 1.1001)
            opened = trader.submit("buy", "0.30")
            assert opened["status"] == "filled"
            fault = {"do": "delay", "on": "answer", "command": 12, "seconds": ON_THE_LINE_S}
            up.venue.control("fault", fault=fault)
            trader.submit("buy", "0.10", id="first", reply="receipt")
            trader.submit("buy", "0.10", id="risk", reply="receipt")
            trader.command("modify", position=opened["position"], sl="1.05", id="stops", reply="receipt")
            trader.command("close", position=opened["position"], volume="0.10", id="part", reply="receipt")
            until(lambda: len(trader.sent()) == 2)
            up.nats.kill()
        names = ("first", "risk", "stops", "part")

        def ended() -> dict[str, tuple[str, str]]:
            found = {}
            for one in up.daemon.journal(HEDGE):
                if one["type"] in ("command.denied", "command.outcome"):
                    reasons = one["data"]["reasons"]
                    status = one["data"].get("status", "denied")
                    found[one["data"]["command"]] = status, reasons[0]["code"] if reasons else ""
            return {name: found[name] for name in names if name in found}

        until(lambda: len(ended()) == len(names), 60)
        assert ended() == {
            "first": ("filled", ""),
            "risk": ("denied", "nats_away") if required else ("filled", ""),
            "stops": ("done", ""),
            "part": ("filled", ""),
        }
        back(up)
        until(lambda: up.agrees(HEDGE))
        up.check_stream(HEDGE)
        assert up.ask(HEDGE, "commands", b'{"command": "risk"}')["commands"][0]["status"] == (
            "denied" if required else "filled"
        )


def test_a_stream_that_takes_nothing_counts_as_nats_away(tmp_path: Path) -> None:
    with system(tmp_path, UNHURRIED) as up:
        up.venue.control("feed", on=False)
        with Line(up.nats.url) as line:
            trader = Trader(up, line, HEDGE)
            trader.quote(1.1, 1.1001)
            opened = trader.submit("buy", "0.10")
        without_jetstream(up)
        with Line(up.nats.url) as line:
            trader = Trader(up, line, HEDGE)
            assert [one["code"] for one in trader.submit("buy", "0.10")["reasons"]] == ["nats_away"]
            assert trader.command("close", position=opened["position"])["status"] == "filled"
        with_jetstream(up)
        with Line(up.nats.url) as line:
            trader = Trader(up, line, HEDGE)
            opened = trader.submit("buy", "0.10")
            assert opened["status"] == "filled"
            trader.command("close", position=opened["position"])
            trader.agrees()
        up.check_stream(HEDGE)


def test_publish_before_send_sends_what_the_stream_has(tmp_path: Path) -> None:
    """With `nats_required` off, so that it alone decides."""
    with surroundings(tmp_path, UNHURRIED) as up:
        up.daemon.start(OMS_NATS_PUBLISH_BEFORE_SEND="true", OMS_NATS_NATS_REQUIRED="false")
        up.daemon.until_ready()
        up.venue.control("feed", on=False)
        with Line(up.nats.url) as line:
            trader = Trader(up, line, HEDGE)
            trader.quote(1.1, 1.1001)
            opened = trader.submit("buy", "0.10", id="opened")
            assert opened["status"] == "filled"
            asked = [one for one in up.daemon.journal(HEDGE) if one["type"] == "command.sending"][-1]

            async def stored_at(client: Client) -> datetime:
                found = await client.jetstream().get_msg(f"OMS_EVT_{HEDGE}", asked["seq"])
                assert found.time is not None
                return found.time

            answered = [one for one in up.daemon.journal(HEDGE) if one["type"] == "command.answered"][-1]
            assert line.use(stored_at) < datetime.fromisoformat(answered["recorded_at"])
            trader.arrived()
        without_jetstream(up)
        with Line(up.nats.url) as line:
            trader = Trader(up, line, HEDGE)
            refused = trader.submit("buy", "0.10", id="refused")
            assert (refused["status"], refused["final"]) == ("rejected", True)
            assert [one["code"] for one in refused["reasons"]] == ["not_published"]
            assert trader.arrived() == []
            assert trader.command("close", position=opened["position"])["status"] == "filled"
        with_jetstream(up)
        with Line(up.nats.url) as line:
            trader = Trader(up, line, HEDGE)
            assert trader.submit("buy", "0.10", id="refused") == refused
            opened = trader.submit("buy", "0.10")
            assert opened["status"] == "filled"
            trader.agrees()
        up.check_stream(HEDGE)


def test_durable_commands_are_delayed_by_an_outage_and_only_what_is_too_late_is_denied(
    tmp_path: Path,
) -> None:
    with system(tmp_path, f"{UNHURRIED}clock_skew = 0\n") as up:
        up.venue.control("feed", on=False)
        up.operate("_daemon", "halt")
        with Line(up.nats.url) as line:
            trader = QueueTrader(up, line, HEDGE)
            trader.quote(1.1, 1.1001)
            late = trader.queued("submit", **{**BUY, "volume": "0.50"}, deadline=deadline(2))
            good = [
                trader.queued("submit", **{**BUY, "volume": f"0.0{n}"}, deadline=deadline(600))
                for n in (1, 2, 3)
            ]
            trader.publishes(good[0], late, *good[1:])
        up.nats.kill()
        time.sleep(2.5)  # the late one's deadline
        back(up)
        up.operate("_daemon", "resume")
        with Line(up.nats.url) as line:
            trader = QueueTrader(up, line, HEDGE)
            until(lambda: trader.waiting() == 0 and not trader.query("commands", final=False)["commands"])
            found = [
                trader.query("commands", command=fields["id"])["commands"][0] for _, fields in (late, *good)
            ]
            assert [one["status"] for one in found] == ["denied", "filled", "filled", "filled"]
            assert [one["code"] for one in found[0]["reasons"]] == ["past_deadline"]
        up.nats.kill()
        back(up)  # the consumers come back by themselves
        with Line(up.nats.url) as line:
            trader = QueueTrader(up, line, HEDGE)
            assert trader.outcomes([trader.queued("submit", **BUY)])[0]["status"] == "filled"
            trader.agrees()
        up.check_stream(HEDGE)


# Taken by others, and mended.


def foreign(up: System, account: str) -> None:
    """Somebody else writes into an account's stream."""
    with Line(up.nats.url) as line:

        async def write(client: Client) -> None:
            await client.jetstream().publish(f"oms.v1.evt.{account}.foreign", b"{}")

        line.use(write)


def deleted(up: System, account: str) -> None:
    with Line(up.nats.url) as line:

        async def delete(client: Client) -> bool:
            return await client.jetstream().delete_stream(f"OMS_EVT_{account}")

        assert line.use(delete)


def test_a_fence_halts_its_account_until_the_stream_is_mended_and_a_person_resumes(tmp_path: Path) -> None:
    with system(tmp_path, UNHURRIED + JSON_LOG) as up:
        up.venue.control("feed", on=False)
        foreign(up, NET)
        up.venue.control("deposit", login=1002, amount="1.00")
        (told,) = until_logged(up.daemon, "stream contradicts journal")
        assert (told["account"], told["why"], told["level"]) == (NET, "another_body", "error")
        assert f"OMS_EVT_{NET}: its message " in told["detail"]
        until(lambda: up.ask(NET, "state")["permission"] == "halted")
        assert up.operate(NET, "resume")["reasons"][0]["code"] == "fenced"
        with Line(up.nats.url) as line:
            trader, other = Trader(up, line, NET), Trader(up, line, HEDGE)
            other.quote(1.1, 1.1001)
            assert [one["code"] for one in trader.submit("buy", "0.10")["reasons"]] == ["halted"]
            assert other.submit("buy", "0.10")["status"] == "filled"
            assert len(trader.sent()) == 0
        until(lambda: up.agrees(NET))  # its journal goes on

        # A restart finds it again; a person mends the stream, and the next start says that they agree.
        assert up.daemon.stop() == 0
        up.daemon.start()
        until_logged(up.daemon, "stream contradicts journal", 2)
        assert up.operate(NET, "resume")["reasons"][0]["code"] == "fenced"
        assert up.daemon.stop() == 0
        deleted(up, NET)
        up.daemon.start()
        until(lambda: up.ask(NET, "state")["reason"].startswith("stream and journal agree again"))
        assert up.ask(NET, "state")["permission"] == "halted"
        assert up.operate(NET, "resume")["permission"] == "active"
        up.daemon.until_ready()
        with Line(up.nats.url) as line:
            trader = Trader(up, line, NET)
            trader.quote(1.1, 1.1001)
            assert trader.submit("buy", "0.10")["status"] == "filled"
            trader.agrees()
        up.check_stream(NET)


def torn(journal: Path) -> None:
    """The end of what was written is gone, as a disk does that only said that it had written it."""
    log = journal.with_name(journal.name + "-wal")
    assert log.stat().st_size > 20_000
    with log.open("r+b") as file:
        file.truncate(log.stat().st_size - 10_000)


@pytest.fixture
def stopped(tmp_path: Path) -> Iterator[System]:
    """A daemon that was killed, everything published, with a log of SQLite's that holds some events."""
    with system(tmp_path, UNHURRIED + JSON_LOG) as up:
        up.venue.control("feed", on=False)
        for _ in range(20):
            up.venue.control("deposit", login=1002, amount="1.00")
        until(lambda: up.agrees(NET))
        until(lambda: up.published(NET))
        up.daemon.kill()
        yield up


def test_a_torn_log_is_told_and_what_was_published_and_is_gone_halts_the_account(stopped: System) -> None:
    before = len(stopped.stream(NET))
    torn(stopped.daemon.data / "journal" / f"{NET}.db")
    stopped.daemon.start()
    (unclean,) = [one for one in until_logged(stopped.daemon, "unclean end", 3) if one["account"] == NET]
    assert unclean["torn_frames"] > 0
    (told,) = until_logged(stopped.daemon, "stream contradicts journal")
    assert (told["account"], told["why"]) == (NET, "stream_ahead")
    assert f"OMS_EVT_{NET} is ahead: it ends at {before}" in told["detail"]
    assert "Restore the journal from the stream" in told["detail"]
    until(lambda: stopped.ask(NET, "state")["permission"] == "halted")
    assert len(stopped.stream(NET)) == before
    until(lambda: stopped.ask(HEDGE, "state")["permission"] == "active")
    stopped.check_stream(HEDGE)


def overwritten(journal: Path) -> None:
    """A page in the middle; nothing of it is read at the start but by folding."""
    with journal.open("r+b") as file:
        file.seek(journal.stat().st_size // 2 // 4096 * 4096)
        file.write(b"\xff" * 4096)


def test_a_page_that_cannot_be_read_is_told_by_its_file_and_nothing_is_changed(stopped: System) -> None:
    stopped.daemon.start()
    stopped.daemon.until_ready()
    assert stopped.daemon.stop() == 0  # so that all of it is in the file itself
    journal = stopped.daemon.data / "journal" / f"{NET}.db"
    shutil.copy(journal, journal.with_suffix(".kept"))
    overwritten(journal)
    held = journal.read_bytes()
    process = stopped.daemon
    with pytest.raises(AssertionError):
        process.start()
    assert process.process is not None
    assert process.process.wait(20) == 1
    assert f"oms run: {journal}: " in process.log.read_text().splitlines()[-1]
    assert "Traceback" not in process.log.read_text()
    assert journal.read_bytes() == held
    shutil.copy(journal.with_suffix(".kept"), journal)
    process._gone()
    process.start()
    process.until_ready()
    stopped.check_stream(NET)
