"""The values that components change: plain numbers, so that a hot path pays for an addition and no more.

Changed by one thread, read by any.
"""

from bisect import bisect_left
from collections.abc import Callable
from itertools import accumulate


class Counter:
    """Something that only grows: `counter.value += 1`."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: float = 0


class Gauge:
    """Something that is so now: `gauge.value = 1`."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: float = 0


class Observed:
    """A counter or gauge that somebody else keeps; asked when the metrics are collected."""

    __slots__ = ("_read",)

    def __init__(self, read: Callable[[], float]) -> None:
        self._read = read

    @property
    def value(self) -> float:
        """What it is now."""
        return self._read()


class Histogram:
    """How often a value fell into which bucket; a bucket includes its upper bound."""

    __slots__ = ("_counts", "bounds", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.total = 0.0  # of all values
        self._counts = [0] * (len(bounds) + 1)

    def record(self, value: float) -> None:
        """One value more."""
        self._counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def cumulated(self) -> list[int]:
        """For each bound how many values are not above it; last the number of all."""
        return list(accumulate(self._counts))
