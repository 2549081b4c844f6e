"""The wall clock set by hours while the daemon runs: quotes keep their age, and each journal says so."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trio

from oms.daemon.clock_steps import mind_clock
from oms.dispatch.gathering import quote_of
from oms.domain.events import AnomalySeen
from oms.eventlog.reader import Reader
from oms.ingest.market import Feed, Pump
from oms.ingest.quotes import Listed
from oms.ingest.skew import LEAST, Skew
from oms.projections import Books
from oms.queries.past import books_as_of
from oms.recorder import Recorder
from tests.eventlog.scene import NOON, opened, stored
from tests.ingest.held import Published, rebuilt

NS, HOUR_S = 1_000_000_000, 3600


class WallClock:
    """UTC: an hour goes by as on Trio's clock, but for what somebody set."""

    def __init__(self) -> None:
        self.set_ns = 0

    def __call__(self) -> int:
        return NOON + int(trio.current_time() * NS) + self.set_ns


class Scene:
    """A feed with a quote, and two journals."""

    def __init__(self, folder: Path) -> None:
        self.clock = WallClock()
        self.feed = Feed("main", Pump(None, Published()), self.clock)
        self.account: Any = SimpleNamespace(feed=self.feed)
        self.journals = [opened(folder, name, clock=self.clock) for name in ("main", "_daemon")]
        self.recorders = {
            one.account: Recorder(one, Books(), lambda one=one: rebuilt(one))  # type: ignore[misc]
            for one in self.journals
        }

    def quote(self) -> None:
        """One of EURUSD, now, from a venue whose clock shows UTC as it truly is."""
        self.feed.board.add(Listed(1, "EURUSD", 5, 0.00001))
        true_ms = (NOON + int(trio.current_time() * NS)) // 1_000_000
        row = (1, true_ms // 1000, 3, 110_000, 110_010, 0, 0, true_ms % 1000, 0)
        self.feed.board.ticks([row], self.clock())

    def age(self) -> float:
        found = quote_of(self.account, "EURUSD", self.clock(), 0)
        assert found is not None
        assert found.age is not None
        return found.age

    def told(self) -> list[list[tuple[str, str, str]]]:
        """Of each journal the anomalies."""
        found = [[one["data"] for one in stored(journal.path)] for journal in self.journals]
        return [
            [(one["kind"], one["field"], one["value"]) for one in some if "kind" in one] for some in found
        ]


@pytest.mark.parametrize("hours", [-5, -1, 1, 30])
@pytest.mark.trio
async def test_a_quote_keeps_its_age_and_the_step_is_recorded(
    tmp_path: Path, autojump_clock: object, hours: int
) -> None:
    scene = Scene(tmp_path)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(mind_clock, scene.clock, {"main": scene.account}, scene.recorders)
        await trio.sleep(0.5)
        scene.quote()
        await trio.sleep(600)
        assert scene.age() == 600
        scene.clock.set_ns = hours * HOUR_S * NS
        await trio.sleep(2)
        # Set back, by the time since it came; set forward, by its own time, which is the greater.
        assert scene.age() == 602 + max(0, hours) * HOUR_S
        assert next(iter(scene.feed.board)).received_at == scene.clock() - 602 * NS
        await trio.sleep(60)
        nursery.cancel_scope.cancel()
    for journal in scene.journals:
        journal.close()
    assert scene.told() == [[("clock_set", "seconds", f"{hours * HOUR_S}.000")]] * 2


@pytest.mark.trio
async def test_a_clock_that_is_slewed_is_not_told(tmp_path: Path, autojump_clock: object) -> None:
    """A tenth of a second a second is more than any slewing."""
    scene = Scene(tmp_path)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(mind_clock, scene.clock, {"main": scene.account}, scene.recorders)
        for _ in range(100):
            scene.clock.set_ns += NS // 10
            await trio.sleep(1)
        nursery.cancel_scope.cancel()
    for journal in scene.journals:
        journal.close()
    assert scene.told() == [[], []]


@pytest.mark.trio
async def test_what_was_recorded_before_and_after_is_found_by_seq_and_by_time(tmp_path: Path) -> None:
    """Times go back in the journal, seqs do not; state at a time is that before anything later."""
    now = [NOON, NOON + HOUR_S * NS, NOON + 60 * NS, NOON + 2 * HOUR_S * NS]
    clock: Callable[[], int] = lambda: now.pop(0)  # noqa: E731
    journal = opened(tmp_path, "main", clock=clock)
    recorder = Recorder(journal, Books(), lambda: rebuilt(journal))
    for seconds in ("3600.000", "-3540.000", "7140.000"):
        await recorder.record([AnomalySeen("clock_set", "utc", field="seconds", value=seconds)])
    journal.close()
    times = [one["recorded_at"][11:19] for one in stored(journal.path)]
    assert times == ["12:00:00", "13:00:00", "12:01:00", "14:00:00"]
    for at, seq in (("12:30:00", 1), ("13:30:00", 3), ("15:00:00", 4)):
        then = await books_as_of(journal.path, f"2026-11-20T{at}Z")
        assert then.seq == seq
    reader = Reader(journal.path)
    try:
        assert [json.loads(row.body)["seq"] for row in reader.read()] == [1, 2, 3, 4]
    finally:
        reader.close()


@pytest.mark.parametrize(("set_by_s", "found"), [(-HOUR_S, HOUR_S), (HOUR_S, -HOUR_S), (0, 0)])
def test_the_servers_clock_is_learned_anew_at_once(set_by_s: int, found: int) -> None:
    """A server that is two hours ahead of UTC is three ahead of a clock that was set back by one."""
    skew = Skew()
    for _ in range(LEAST):
        skew.hear(9_200_000, 2_000_000)
    assert not skew.learn(7_200)
    skew.clock_stepped(set_by_s * 1000)
    assert skew.learn(7_200) is bool(found)
    assert skew.seconds == found
