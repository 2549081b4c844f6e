"""The metrics of one daemon: declared series, found by name and labels.

    ticks = metrics.counter("oms.ticks.received", account="main")
    ticks.value += 5

Who asks again for the same name and labels gets the same series.  Of one metric there are at most
`SERIES_LIMIT`; what comes after is counted in one series whose labels all say `other`.
"""

from collections.abc import Callable
from functools import partial
from typing import Final, TypeVar

from .declared import BY_NAME, Declared, Kind
from .series import Counter, Gauge, Histogram, Observed

SERIES_LIMIT: Final = 5_000
OTHER: Final = "other"

Series = Counter | Gauge | Histogram | Observed
Labels = tuple[str, ...]
S = TypeVar("S", Counter, Gauge, Histogram)


class MetricMisused(ValueError):
    """A metric is not declared, or not so: a bug of whoever asks."""


class Metrics:
    """Every series, by the name of its metric."""

    def __init__(self) -> None:
        self._series: dict[str, dict[Labels, Series]] = {name: {} for name in BY_NAME}

    def counter(self, name: str, **labels: str) -> Counter:
        """The counter with these labels, from zero.  MetricMisused if it is not declared so."""
        return self._kept(_declared(name, "counter"), labels, Counter, Counter)

    def gauge(self, name: str, **labels: str) -> Gauge:
        """The gauge with these labels, from zero.  MetricMisused if it is not declared so."""
        return self._kept(_declared(name, "gauge"), labels, Gauge, Gauge)

    def histogram(self, name: str, **labels: str) -> Histogram:
        """The histogram with these labels.  MetricMisused if it is not declared so."""
        declared = _declared(name, "histogram")
        return self._kept(declared, labels, Histogram, partial(Histogram, declared.buckets))

    def observe(self, name: str, read: Callable[[], float], **labels: str) -> None:
        """A counter or gauge that is read when metrics are collected, instead of what was observed before.

        `read` runs in any thread and must be quick: it looks at a number, it does not walk through what
        others change.  MetricMisused if the metric is not declared so, or something else counts it.
        """
        declared = _declared(name, "counter", "gauge")
        key = self._key(declared, labels)
        if not isinstance(self._series[name].get(key), Observed | None):
            raise MetricMisused(f"{name} {labels}: is counted already")
        self._series[name][key] = Observed(read)

    def series(self, name: str) -> list[tuple[Labels, Series]]:
        """What there is of a metric: label values, as ordered in its declaration, and the series."""
        return list(self._series[name].items())

    def _kept(self, declared: Declared, labels: dict[str, str], kind: type[S], make: Callable[[], S]) -> S:
        known = self._series[declared.name]
        key = self._key(declared, labels)
        found = known.get(key)
        if found is None:
            found = known[key] = make()
        if not isinstance(found, kind):
            raise MetricMisused(f"{declared.name} {labels}: is observed already")
        return found

    def _key(self, declared: Declared, labels: dict[str, str]) -> Labels:
        if set(labels) != set(declared.labels):
            wanted = ", ".join(declared.labels) or "none"
            raise MetricMisused(f"{declared.name}: labels are {wanted}; given: {', '.join(labels) or 'none'}")
        key = tuple(labels[label] for label in declared.labels)
        known = self._series[declared.name]
        if key not in known and len(known) >= SERIES_LIMIT:
            return (OTHER,) * len(key)
        return key


def _declared(name: str, *kinds: Kind) -> Declared:
    declared = BY_NAME.get(name)
    if declared is None:
        raise MetricMisused(f"{name}: no such metric is declared")
    if declared.kind not in kinds:
        raise MetricMisused(f"{name}: is a {declared.kind}")
    return declared
