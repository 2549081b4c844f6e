"""Metrics as Prometheus reads them, through OpenTelemetry.

Counters and gauges are OpenTelemetry's observable instruments, which read the series when somebody collects.
It has no observable histogram, so histograms are put beside them, in the same registry, as they are.
"""

from collections.abc import Iterable, Iterator

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.metrics import CallbackOptions, CallbackT, Meter, Observation
from opentelemetry.sdk.metrics import MeterProvider, ObservableCounter, ObservableGauge
from opentelemetry.sdk.resources import Resource
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

from .declared import METRICS, Declared
from .metrics import SERIES_LIMIT, Metrics
from .series import Histogram


class Exposition:
    """The metrics of one daemon, to be read again and again."""

    def __init__(self, metrics: Metrics, *, version: str) -> None:
        """`version` is told as a label of `target_info`."""
        self._registry = CollectorRegistry()
        limit = SERIES_LIMIT + 1  # with the one of all others
        reader = PrometheusMetricReader(
            scope_info_enabled=False,
            registry=self._registry,
            cardinality_limits={ObservableCounter: limit, ObservableGauge: limit},
        )
        self._provider = MeterProvider(
            metric_readers=[reader],
            resource=Resource({"service.name": "oms", "service.version": version}),
            shutdown_on_exit=False,
        )
        meter = self._provider.get_meter("oms")
        for declared in METRICS:
            if declared.kind != "histogram":
                _instrument(meter, declared, metrics)
        self._registry.register(_Histograms(metrics))

    def text(self) -> bytes:
        """All metrics as they are now, in Prometheus' text format 0.0.4.

        About 15 us a series, so not for the event loop's thread with many accounts; one thread at a time.
        """
        return generate_latest(self._registry)

    def close(self) -> None:
        """Let go of what OpenTelemetry keeps."""
        self._provider.shutdown()


def _instrument(meter: Meter, declared: Declared, metrics: Metrics) -> None:
    make = meter.create_observable_counter if declared.kind == "counter" else meter.create_observable_gauge
    make(declared.name, [_reading(declared, metrics)], declared.unit, declared.description)


def _reading(declared: Declared, metrics: Metrics) -> CallbackT:
    def read(_: CallbackOptions) -> Iterator[Observation]:
        for labels, series in metrics.series(declared.name):
            if not isinstance(series, Histogram):
                yield Observation(series.value, dict(zip(declared.labels, labels, strict=True)))

    return read


class _Histograms(Collector):
    """The histograms that hold anything, as families of Prometheus."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def describe(self) -> Iterable[HistogramMetricFamily]:
        """Nothing, so that the registry does not collect in order to know."""
        return ()

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """A family for each histogram that has series."""
        for declared in METRICS:
            found = [
                (labels, series)
                for labels, series in self._metrics.series(declared.name)
                if isinstance(series, Histogram)
            ]
            if found:
                yield _family(declared, found)


def _family(declared: Declared, found: list[tuple[tuple[str, ...], Histogram]]) -> HistogramMetricFamily:
    family = HistogramMetricFamily(declared.exposed, declared.description, labels=declared.labels)
    edges = [*(str(float(bound)) for bound in declared.buckets), "+Inf"]
    for labels, series in found:
        family.add_metric(labels, list(zip(edges, series.cumulated(), strict=True)), series.total)
    return family
