"""What a session tells of its feed and of its round trips."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from oms.domain.events import LatencyDegraded, LatencyRestored
from oms.ingest.health import Health, Hours, Limits
from oms.ingest.quotes import QuoteBoard
from oms.sessions.latency import Limits as LatencyLimits
from tests.ingest.held import held
from tests.paper.running import ToldClock, running

# Sunday has no session, Monday 00:05 to 24:00, Friday until 23:55: as brokers have it.
FOREX = ((), ((5, 1440),), ((0, 1440),), ((0, 1440),), ((0, 1440),), ((0, 1435),), ())


PAIR = "GBPUSD"


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("wall", "open_then"),
    [
        ("2024-05-17T23:54:59", True),  # a Friday
        ("2024-05-17T23:55:00", False),
        ("2024-05-18T12:00:00", False),
        ("2024-05-19T12:00:00", False),
        ("2024-05-20T00:04:59", False),
        ("2024-05-20T00:05:00", True),
    ],
)
def test_the_hours_of_a_symbol(wall: str, open_then: bool) -> None:
    assert Hours(FOREX).hold(at(wall), wall) is open_then
    assert not Hours(FOREX, starts=int(at(wall)) + 1).hold(at(wall), wall)
    assert not Hours(FOREX, ends=int(at(wall))).hold(at(wall), wall)


@pytest.mark.trio
@pytest.mark.slow
async def test_a_feed_that_stops_is_told_and_that_it_comes_back(tmp_path: Path) -> None:
    limits = Limits(silence_s=0.5)
    async with running() as venue, held(venue, tmp_path, health=limits, symbols=("EURUSD",)) as main:
        await main.ready()
        health = main.account.health
        await main.until(lambda: "feed.stale" in main.types())
        assert (health.feed.stale, health.feed.live) == (True, False)
        (stale,) = main.events("feed.stale")
        assert stale["symbols"] == 1
        assert stale["seconds"] >= 0.5
        await venue.advance(10)
        venue.quote(1.2, 1.2001)
        await main.until(lambda: "feed.live" in main.types())
        assert main.events("feed.live")[0]["symbols"] == 1
        assert (health.feed.stale, health.feed.live) == (False, True)


@pytest.mark.trio
@pytest.mark.slow
async def test_the_same_silence_is_nothing_before_the_market_opens(tmp_path: Path) -> None:
    """Sunday, 22:04 of the server's clock (UTC + 3); forex trades from 22:05 on."""
    sunday = ToldClock(int(at("2024-05-19T19:04:00") * 1000))
    limits = Limits(silence_s=0.3)
    async with running(clock=sunday) as venue, held(venue, tmp_path, health=limits, symbols=(PAIR,)) as main:
        await main.ready()
        feed = main.account.health.feed
        await main.until(lambda: feed.silence_s > 0)  # it was looked
        await trio.sleep(1.0)
        assert (feed.open, feed.stale, feed.live) == (0, False, True)
        assert [one for one in main.types() if one.startswith("feed.")] == []
        await venue.advance(60_000)
        await main.until(lambda: "feed.stale" in main.types())
        (stale,) = main.events("feed.stale")
        assert stale["symbols"] == 1


@pytest.mark.trio
@pytest.mark.slow
async def test_what_nobody_may_trade_is_not_waited_for(tmp_path: Path) -> None:
    disabled = {
        "do": "spec",
        "symbol": "EURUSD",
        "changes": {"trade_mode": 0},
        "on": "request",
        "command": 51,
    }
    async with (
        running() as venue,
        held(venue, tmp_path, health=Limits(silence_s=1.0), symbols=("EURUSD",)) as main,
    ):
        await main.ready()
        feed = main.account.health.feed
        await main.until(lambda: feed.open == 1)
        venue.control("fault", fault=disabled)
        await main.until(lambda: feed.open == 0)


@pytest.mark.trio
async def test_time_passes_by_trios_clock_from_quick_to_slow_and_back(autojump_clock: MockClock) -> None:
    """Looked at once a second for five minutes; the venue is slow from the second minute to the fourth."""
    health = Health(None, QuoteBoard(), Limits(60.0, LatencyLimits(1.0, 30.0)))  # type: ignore[arg-type]
    found = []
    while trio.current_time() < 300:
        now = trio.current_time()
        round_trip = 2.5 if 60 <= now < 180 else 0.05
        found += [(now, one) for one in health.look(now, at("2024-05-15T10:00:00") + now, round_trip)]
        await trio.sleep(1)
    assert found == [(90.0, LatencyDegraded(2.5, 1.0)), (210.0, LatencyRestored(0.05, 1.0))]
