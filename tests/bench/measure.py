"""Measuring side by side: interleaved rounds, medians, ratios."""

import gc
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

ROUNDS = 7
ROUND_S = 0.12  # how long one round of one candidate takes, about


class Row(NamedTuple):
    """A line of bench-results.json; `met` speaks of must."""

    name: str
    value: float
    unit: str
    reference: float | None
    ratio: float | None
    better: str
    must: float | None
    goal: float | None
    met: bool | None

    @property
    def reached(self) -> bool | None:
        """Whether the goal is met."""
        return within(self.ratio if self.reference else self.value, self.goal, self.better)


def within(measured: float | None, bound: float | None, better: str) -> bool | None:
    """Whether a figure keeps its bound; None without one."""
    if bound is None or measured is None:
        return None
    return measured <= bound if better == "lower" else measured >= bound


def row(
    name: str,
    value: float,
    unit: str,
    reference: float | None,
    *,
    better: str = "lower",
    must: float | None = None,
    goal: float | None = None,
    speed: bool = False,
) -> Row:
    """A result.  With `speed` the ratio is how many times faster than the reference, both being times."""
    ratio = None if reference is None else (reference / value if speed else value / reference)
    met = within(ratio if reference is not None else value, must, better)
    return Row(name, value, unit, reference, ratio, better, must, goal, met)


def nanoseconds(candidates: Sequence[tuple[Callable[[], object], int]]) -> list[float]:
    """Median ns per unit of each (call, units), rounds interleaved so that a slow moment hits all."""
    loops = [_loops(call) for call, _ in candidates]
    rounds: list[list[float]] = [[] for _ in candidates]
    gc.collect()
    for _ in range(ROUNDS):
        for number, (call, units) in enumerate(candidates):
            rounds[number].append(_time(call, loops[number]) / loops[number] / units)
    return [median(times) * 1e9 for times in rounds]


def _time(call: Callable[[], object], loops: int) -> float:
    start = time.perf_counter()
    for _ in range(loops):
        call()
    return time.perf_counter() - start


def _loops(call: Callable[[], object]) -> int:
    """So many calls that a round takes about ROUND_S."""
    loops = 1
    while (taken := _time(call, loops)) < ROUND_S / 4:
        loops *= 2
    return max(1, int(loops * ROUND_S / taken))
