"""The metrics in the forms that Prometheus reads, made when it scrapes."""

from collections.abc import Iterable, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

import simulator
from simulator.measurements.histogram import Histogram
from simulator.swarm.metrics.buckets import BOUNDS_S, cumulative
from simulator.swarm.metrics.metric import PREFIX, Kind, Metric, Sample
from simulator.swarm.metrics.readings import Readings

PATH = "/metrics"
BUILD_INFO = f"{PREFIX}build_info"
BUILD_TEXT = "Always 1: the program that tells all of this"
_BOUNDS = [str(bound) for bound in BOUNDS_S]


class FleetCollector(Collector):
    """What a scrape asks."""

    def __init__(self, readings: Readings) -> None:
        self._readings = readings

    def collect(self) -> Iterable[Family]:
        """Every family that has samples."""
        build = GaugeMetricFamily(BUILD_INFO, BUILD_TEXT, labels=("version",))
        build.add_metric((simulator.__version__,), 1)
        yield build
        for metric, samples in self._readings.read():
            if samples:
                yield _family(metric, samples)


def application(readings: Readings) -> Any:
    """The WSGI application that answers scrapes, whatever path it is asked for."""
    registry = CollectorRegistry()
    registry.register(FleetCollector(readings))
    # To pack the answer would cost the generator more than the network saves.
    return make_wsgi_app(registry, disable_compression=True)


def _family(metric: Metric, samples: Sequence[Sample]) -> Family:
    if metric.kind is Kind.HISTOGRAM:
        histograms = HistogramMetricFamily(metric.family, metric.text, labels=metric.labels)
        for labels, value in samples:
            if isinstance(value, Histogram):
                histograms.add_metric(labels, _buckets(value), value.sum_us / 1e6)
        return histograms
    make = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
    family = make(metric.family, metric.text, labels=metric.labels)
    for labels, value in samples:
        if not isinstance(value, Histogram):
            family.add_metric(labels, value)
    return family


def _buckets(histogram: Histogram) -> list[tuple[str, int]]:
    return [*zip(_BOUNDS, cumulative(histogram), strict=True), ("+Inf", histogram.count)]
