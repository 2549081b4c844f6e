"""Series: what they count, who shares them, and what is refused."""

import time
from statistics import median

import pytest

from oms.telemetry.metrics import SERIES_LIMIT, MetricMisused, Metrics
from oms.telemetry.series import Histogram


def test_who_asks_again_counts_on() -> None:
    metrics = Metrics()
    metrics.counter("oms.ticks.received", account="main").value += 5
    metrics.counter("oms.ticks.received", account="other").value += 1
    metrics.counter("oms.ticks.received", account="main").value += 2
    found = {labels: series.value for labels, series in metrics.series("oms.ticks.received")}  # type: ignore[union-attr]
    assert found == {("main",): 7, ("other",): 1}


def test_labels_may_be_given_in_any_order() -> None:
    metrics = Metrics()
    metrics.counter("oms.pushes.received", account="main", command="8").value += 1
    metrics.counter("oms.pushes.received", command="8", account="main").value += 1
    ((labels, series),) = metrics.series("oms.pushes.received")
    assert labels == ("main", "8")
    assert series is metrics.counter("oms.pushes.received", account="main", command="8")
    assert series.value == 2


def test_a_bucket_includes_its_bound() -> None:
    histogram = Histogram((1.0, 2.0, 5.0))
    for value in (0.5, 1.0, 1.5, 2.0, 2.1, 5.0, 5.1, 100.0):
        histogram.record(value)
    assert histogram.cumulated() == [2, 4, 6, 8]
    assert histogram.total == pytest.approx(117.2)


def test_what_is_observed_later_takes_its_place() -> None:
    metrics = Metrics()
    metrics.observe("oms.outbox.backlog", lambda: 1, account="main")
    metrics.observe("oms.outbox.backlog", lambda: 2, account="main")
    assert [series.value for _, series in metrics.series("oms.outbox.backlog")] == [2]  # type: ignore[union-attr]


def test_what_is_not_declared_is_refused_with_the_reason() -> None:
    metrics = Metrics()
    with pytest.raises(MetricMisused, match=r"^oms\.tick\.received: no such metric is declared$"):
        metrics.counter("oms.tick.received", account="main")
    with pytest.raises(MetricMisused, match=r"^oms\.journal\.seq: is a gauge$"):
        metrics.counter("oms.journal.seq", account="main")
    with pytest.raises(MetricMisused, match=r"^oms\.commit\.seconds: is a histogram$"):
        metrics.observe("oms.commit.seconds", lambda: 1, account="main")
    with pytest.raises(MetricMisused, match=r"labels are account, command; given: account$"):
        metrics.counter("oms.pushes.received", account="main")
    with pytest.raises(MetricMisused, match=r"labels are none; given: account$"):
        metrics.gauge("oms.nats.connected", account="main")


def test_one_series_is_not_counted_and_observed() -> None:
    metrics = Metrics()
    metrics.counter("oms.wire.drift", account="main")
    with pytest.raises(MetricMisused, match="is counted already"):
        metrics.observe("oms.wire.drift", lambda: 1, account="main")
    metrics.observe("oms.wire.late", lambda: 1, account="main")
    with pytest.raises(MetricMisused, match="is observed already"):
        metrics.counter("oms.wire.late", account="main")


def test_the_number_of_series_is_bounded() -> None:
    metrics = Metrics()
    for number in range(SERIES_LIMIT + 100):
        metrics.counter("oms.ticks.received", account=f"account-{number}").value += 1
    metrics.counter("oms.ticks.received", account="account-0").value += 1
    found = {labels: series.value for labels, series in metrics.series("oms.ticks.received")}  # type: ignore[union-attr]
    assert len(found) == SERIES_LIMIT + 1
    assert found["other",] == 100
    assert found["account-0",] == 2


def test_counting_and_recording_cost_next_to_nothing() -> None:
    """Goals 35 and 150 ns; the bounds here leave room for a busy machine."""
    metrics = Metrics()
    counter = metrics.counter("oms.ticks.received", account="main")
    histogram = metrics.histogram("oms.commit.seconds", account="main")
    turns = range(100_000)

    def count() -> float:
        start = time.perf_counter()
        for _ in turns:
            counter.value += 5
        return time.perf_counter() - start

    def record() -> float:
        start = time.perf_counter()
        for _ in turns:
            histogram.record(0.0003)
        return time.perf_counter() - start

    assert median(count() for _ in range(5)) / len(turns) < 150e-9
    assert median(record() for _ in range(5)) / len(turns) < 600e-9
    assert counter.value == 5 * 5 * len(turns)
    assert histogram.cumulated()[-1] == 5 * len(turns)
