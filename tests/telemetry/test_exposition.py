"""What Prometheus is given, read back by Prometheus' own parser."""

import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import prometheus_client
import pytest
from prometheus_client.parser import text_string_to_metric_families

from oms.telemetry.declared import METRICS
from oms.telemetry.exposition import Exposition
from oms.telemetry.metrics import SERIES_LIMIT, Metrics
from oms.telemetry.process import observe_process

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def exposition(metrics: Metrics) -> Iterator[Exposition]:
    exposition = Exposition(metrics, version="1.2.3")
    yield exposition
    exposition.close()


def samples(exposition: Exposition) -> Samples:
    families = text_string_to_metric_families(exposition.text().decode())
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def labelled(**labels: str) -> frozenset[tuple[str, str]]:
    return frozenset(labels.items())


def test_counters_gauges_and_histograms_are_told_as_they_are(
    metrics: Metrics, exposition: Exposition
) -> None:
    metrics.counter("oms.ticks.received", account="main").value += 5
    metrics.observe("oms.outbox.backlog", lambda: 3, account="main")
    metrics.gauge("oms.nats.connected").value = 1
    commits = metrics.histogram("oms.commit.events", account="main")
    for events in (1, 2, 3, 5000):
        commits.record(events)
    found = samples(exposition)
    main = labelled(account="main")
    assert found["oms_ticks_received_total", main] == 5
    assert found["oms_outbox_backlog", main] == 3
    assert found["oms_nats_connected", labelled()] == 1
    assert found["oms_commit_events_bucket", labelled(account="main", le="1.0")] == 1
    assert found["oms_commit_events_bucket", labelled(account="main", le="5.0")] == 3
    assert found["oms_commit_events_bucket", labelled(account="main", le="2000.0")] == 3
    assert found["oms_commit_events_bucket", labelled(account="main", le="+Inf")] == 4
    assert found["oms_commit_events_count", main] == 4
    assert found["oms_commit_events_sum", main] == 5006


def test_what_changed_since_is_told_the_next_time(metrics: Metrics, exposition: Exposition) -> None:
    counter = metrics.counter("oms.events.committed", account="main")
    key = "oms_events_committed_total", labelled(account="main")
    assert samples(exposition)[key] == 0
    counter.value += 10
    assert samples(exposition)[key] == 10
    assert samples(exposition)[key] == 10
    metrics.counter("oms.events.committed", account="later").value += 1
    assert samples(exposition)["oms_events_committed_total", labelled(account="later")] == 1


def test_the_resource_is_told_once_and_is_no_label(metrics: Metrics, exposition: Exposition) -> None:
    metrics.counter("oms.ticks.received", account="main")
    found = samples(exposition)
    assert found.pop(("target_info", labelled(service_name="oms", service_version="1.2.3"))) == 1
    assert list(found) == [("oms_ticks_received_total", labelled(account="main"))]


def test_every_declared_metric_appears_under_the_name_it_is_documented_by(
    metrics: Metrics, exposition: Exposition
) -> None:
    for declared in METRICS:
        labels = dict.fromkeys(declared.labels, "x")
        match declared.kind:
            case "counter":
                metrics.counter(declared.name, **labels)
            case "gauge":
                metrics.gauge(declared.name, **labels)
            case "histogram":
                metrics.histogram(declared.name, **labels)
    text = exposition.text().decode()
    for declared in METRICS:
        assert f"# HELP {declared.exposed} {declared.description}\n" in text
        assert f"# TYPE {declared.exposed} {declared.kind}\n" in text
    assert text.count("# TYPE ") == len(METRICS) + 1  # and target_info


def test_nothing_of_it_is_in_the_registry_of_the_library(metrics: Metrics, exposition: Exposition) -> None:
    metrics.counter("oms.ticks.received", account="main").value += 5
    assert b"oms_" in exposition.text()
    assert b"oms_" not in prometheus_client.generate_latest()


@pytest.mark.slow
def test_as_many_series_as_are_allowed_are_told_one_by_one(metrics: Metrics, exposition: Exposition) -> None:
    for number in range(SERIES_LIMIT + 2):
        metrics.counter("oms.ticks.received", account=f"account-{number}").value += 1
    found = samples(exposition)
    assert found["oms_ticks_received_total", labelled(account="other")] == 2
    assert sum(name == "oms_ticks_received_total" for name, _ in found) == SERIES_LIMIT + 1


def test_a_value_that_cannot_be_read_is_logged_and_the_rest_is_told(
    metrics: Metrics, exposition: Exposition, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> float:
        raise RuntimeError("gone")

    metrics.observe("oms.journal.seq", broken, account="main")
    metrics.counter("oms.ticks.received", account="main").value += 5
    with caplog.at_level(logging.ERROR):
        found = samples(exposition)
    assert found["oms_ticks_received_total", labelled(account="main")] == 5
    assert not any(name == "oms_journal_seq" for name, _ in found)
    assert "oms.journal.seq" in caplog.text
    assert "gone" in caplog.text


@pytest.mark.slow
def test_series_may_appear_while_another_thread_collects(metrics: Metrics, exposition: Exposition) -> None:
    stop = threading.Event()
    failed: list[Exception] = []

    def collect() -> None:
        while not stop.is_set():
            try:
                exposition.text()
            except Exception as why:  # noqa: BLE001 - whatever it is
                failed.append(why)
                return

    thread = threading.Thread(target=collect)
    thread.start()
    for number in range(2_000):
        metrics.counter("oms.ticks.received", account=f"account-{number}").value += 1
        metrics.histogram("oms.commit.seconds", account=f"account-{number}").record(0.1)
    stop.set()
    thread.join()
    assert failed == []
    assert sum(name == "oms_ticks_received_total" for name, _ in samples(exposition)) == 2_000


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_the_process_tells_its_memory_and_its_time(metrics: Metrics, exposition: Exposition) -> None:
    observe_process(metrics)
    found = samples(exposition)
    status = Path("/proc/self/status").read_text()
    kernel_kb = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    assert found["oms_process_rss_bytes", labelled()] == pytest.approx(kernel_kb * 1024, rel=0.1)
    assert found["oms_process_cpu_seconds_total", labelled()] == pytest.approx(sum(os.times()[:2]), abs=0.5)
    assert found["oms_process_started_seconds", labelled()] > 1.7e9
