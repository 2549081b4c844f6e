"""End to end: encrypted frames in, NATS messages at a subscriber in another process, beside the plain client.

The daemon logs everything, the plain client nothing.  Both are ready side by side and take turns, so that a
slow moment of the machine hits both.  A lost tick is an error, not a figure.

`python -m tests.bench.e2e` prints the plain client's own figures, without the daemon.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from statistics import median
from typing import Final, NamedTuple

from tests.bench.measure import Row, row
from tests.bench.rig import DAEMON, PLAIN, Flood, Rig, Setting, rig

ROUNDS: Final = 5
WARM_TICKS: Final = 30_000
FLOOD_S: Final = 1.2  # of one flood, about
PACE_S: Final = 1.5
WARM_PACE_S: Final = 0.3
PUSH_FRAME: Final = 5  # ticks a frame where latency is measured

Command = tuple[str, ...]


class Bounds(NamedTuple):
    """Must and goal."""

    must: float | None = None
    goal: float | None = None


BOUNDS: Final = {
    "e2e_5x10": Bounds(1.3, 2.5),
    "e2e_1x1": Bounds(1.5, 3.5),
    "e2e_20x10_batch": Bounds(3, 6),
    "push_p50": Bounds(1.3, 1.0),
    "push_p99": Bounds(1.3, 1.0),
    "push_p99_20kx50": Bounds(None, 1.0),
    "cpu_per_tick": Bounds(4, 2.5),
}


def rows(commands: Sequence[Command] = (DAEMON, PLAIN)) -> Iterator[Row]:
    """All rows of `make bench`."""
    yield from flood_rows(commands, Setting(1), (1, 5, 20))
    yield from flood_rows(commands, Setting(10), (1, 5, 20), paced=("", 5_000))
    yield from flood_rows(commands, Setting(10, "batch"), (20,))
    yield from flood_rows(commands, Setting(50), (), paced=("_20kx50", 20_000))


def long_rows(commands: Sequence[Command] = (DAEMON, PLAIN)) -> Iterator[Row]:
    """The rest of the table."""
    yield from flood_rows(commands, Setting(50), (1, 5, 20))
    yield from flood_rows(commands, Setting(1, "batch"), (5, 20))
    yield from flood_rows(commands, Setting(50, "batch"), (5, 20))


def flood_rows(
    commands: Sequence[Command],
    setting: Setting,
    frames: Sequence[int],
    paced: tuple[str, float] | None = None,
) -> Iterator[Row]:
    """Floods with so many ticks a frame, then latencies at a rate, of candidates that stand side by side."""
    with ExitStack() as stack:
        rigs = [stack.enter_context(rig(command, setting)) for command in commands]
        for per_frame in frames:
            floods = _floods(rigs, per_frame)
            name = f"{per_frame}x{setting.sessions}" + ("_batch" if setting.ticks == "batch" else "")
            speeds = [median(one.per_s for one in found) for found in floods]
            yield _compared(f"e2e_{name}", speeds, "ticks/s", better="higher")
            if name == "5x10":
                yield from _cpu_rows(floods)
        if paced is not None:
            name, rate = paced
            p50, p99 = _latencies(rigs, rate)
            yield _compared(f"push_p50{name}", p50, "ms", better="lower")
            yield _compared(f"push_p99{name}", p99, "ms", better="lower")


def _floods(rigs: Sequence[Rig], per_frame: int) -> list[list[Flood]]:
    """Of each rig, rounds interleaved, each flood about FLOOD_S long."""
    ticks = [one.flood(per_frame, WARM_TICKS).per_s * FLOOD_S for one in rigs]
    found: list[list[Flood]] = [[] for _ in rigs]
    for _ in range(ROUNDS):
        for one, floods, size in zip(rigs, found, ticks, strict=True):
            floods.append(one.flood(per_frame, size))
    return found


def _latencies(rigs: Sequence[Rig], rate: float) -> tuple[list[float], list[float]]:
    """p50 and p99 in ms of each rig, medians over interleaved rounds."""
    for one in rigs:
        one.load(PUSH_FRAME, rate, WARM_PACE_S)
    p50: list[list[float]] = [[] for _ in rigs]
    p99: list[list[float]] = [[] for _ in rigs]
    for _ in range(ROUNDS):
        for number, one in enumerate(rigs):
            found = one.latencies(PUSH_FRAME, rate, PACE_S)
            p50[number].append(found[len(found) // 2])
            p99[number].append(found[len(found) * 99 // 100])
    return list(map(median, p50)), list(map(median, p99))


def _cpu_rows(floods: Sequence[Sequence[Flood]]) -> Iterator[Row]:
    """CPU of the process, all its threads; the plain client's is told beside it and judges nothing."""
    cpu = [median(one.cpu_s / one.ticks for one in found) * 1e6 for found in floods]
    names = ["cpu_per_tick", "cpu_per_tick_plain"] if len(cpu) > 1 else ["cpu_per_tick_plain"]
    for name, value in zip(names, cpu, strict=True):
        bounds = BOUNDS.get(name, Bounds())
        yield row(name, value, "us", None, must=bounds.must, goal=bounds.goal)


def _compared(name: str, values: Sequence[float], unit: str, *, better: str) -> Row:
    """The first value beside the second, judged; a value alone is told."""
    if len(values) == 1:
        return row(f"{name}_plain", values[0], unit, None, better=better)
    bounds = BOUNDS.get(name, Bounds())
    return row(name, values[0], unit, values[1], better=better, must=bounds.must, goal=bounds.goal)


def main() -> int:
    """The plain client's figures."""
    for found in rows([PLAIN]):
        print(f"{found.name:28} {found.value:12,.2f} {found.unit}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
