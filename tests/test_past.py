"""Books of then are those that were live then, at any cut, with a snapshot and without (TC-L3).

The live ones are of a simulated daemon that trades, dies and starts again: hashed after every turn.
"""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
import trio

from oms.domain.events import AccountState, Event
from oms.eventlog.envelope import Draft
from oms.past import NotRecorded, books_at, seq_at
from oms.replay import rebuilt, save_snapshot, snapshot_path
from tests.eventlog.scene import NOON, opened
from tests.simulation.process import NAME, Doom
from tests.simulation.scheduling import run
from tests.simulation.world import World

SECOND = 1_000_000_000
CUTS = 40


class Noting(World):
    """Every turn of every life is noted: the last seq, and the hash of the books behind it."""

    states: dict[int, str]

    async def start(self, nursery: trio.Nursery, doom: Doom | None) -> None:
        await super().start(nursery, doom)
        process = self.process

        def hear(events: Sequence[Event]) -> None:
            if not process.dead:  # what it does then, nobody sees
                self.states[process.recorder.seq] = process.books.state_hash()

        process.recorder.tell(hear)


class Lived(NamedTuple):
    folder: Path  # of the journal
    states: dict[int, str]


@pytest.fixture(scope="module", params=[11, 12])
def lived(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Lived:
    seed: int = request.param
    found: list[Path] = []
    world = Noting(
        seed, tmp_path_factory.mktemp("lives"), settled=lambda world: found.append(world.process.folder)
    )
    world.states = {}
    run(seed, world.run)
    assert world.deaths
    snapshot_path(found[0], NAME).unlink(missing_ok=True)
    return Lived(found[0], world.states)


@pytest.mark.slow
def test_tc_l3_at_any_cut_they_are_the_live_ones_with_and_without_a_snapshot(lived: Lived) -> None:
    draw = Random(9)
    cuts = sorted(draw.sample(sorted(lived.states), CUTS))
    kept_at = cuts[CUTS // 2]
    save_snapshot(lived.folder, NAME, rebuilt(lived.folder / f"{NAME}.db", kept_at).books, kept_at)
    begun = []
    for seq in cuts:
        bare = books_at(lived.folder, NAME, seq, snapshots=False)
        short = books_at(lived.folder, NAME, seq)
        assert bare.books.state_hash() == short.books.state_hash() == lived.states[seq], seq
        assert (bare.seq, bare.since, short.seq) == (seq, 0, seq)
        begun.append(short.since)
    # The nearest snapshot that is not of later: none before it, that one from it on.
    assert begun == [0] * (CUTS // 2) + [kept_at] * (CUTS - CUTS // 2)


def test_a_time_is_the_last_event_that_was_recorded_by_then(tmp_path: Path) -> None:
    """Clocks may be set back: what was recorded behind a later event does not count."""
    times = iter([NOON, NOON + 2 * SECOND, NOON + 5 * SECOND, NOON + SECOND, NOON + 6 * SECOND])
    journal = opened(tmp_path, clock=lambda: next(times))
    for _ in range(4):
        journal.write([Draft("account.state", 1, {"link": "ready", "permission": "active"})])
    journal.close()
    path = journal.path
    found = [seq_at(path, None, NOON + seconds * SECOND) for seconds in (-1, 0, 1, 2, 4, 5, 6, 99)]
    assert found == [0, 1, 1, 2, 2, 4, 5, 5]
    assert seq_at(path, None, NOON + 2 * SECOND - 1) == 1
    assert seq_at(path, None, None) == 5


def test_a_seq_that_is_not_recorded_is_told(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.close()
    assert seq_at(journal.path, 0, None) == 0
    for seq in (2, -1):
        with pytest.raises(NotRecorded, match=f"{seq} is not recorded, the last is 1"):
            seq_at(journal.path, seq, None)


def test_a_snapshot_that_is_no_good_is_passed_over(tmp_path: Path) -> None:
    with closing(opened(tmp_path)) as journal:
        journal.write([Draft("account.state", 1, {"link": "ready", "permission": "halted"})])
    snapshot_path(tmp_path, "main").write_bytes(b"no snapshot")
    found = books_at(tmp_path, "main", 2)
    assert (found.since, found.books.terms.standing) == (0, AccountState("ready", "halted"))
