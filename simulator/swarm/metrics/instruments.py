"""The same metrics as OpenTelemetry's instruments, read when its SDK collects.

They are observable ones, so that nobody pays between two collections. A histogram cannot be observed so; durations of
requests are in Locust's own `locust.client.duration`.
"""

from collections.abc import Iterable
from functools import partial
from typing import Final

from opentelemetry.metrics import CallbackOptions, Meter, Observation, get_meter

import simulator
from simulator.measurements.histogram import Histogram
from simulator.swarm.metrics.demands import Demands
from simulator.swarm.metrics.metered import MeteredRun
from simulator.swarm.metrics.metric import Kind, Metric
from simulator.swarm.metrics.readings import METRICS, Readings, read

SCOPE: Final = "best_fleet"
_UNITS: Final = {"_seconds": "s", "_bytes": "By", "_ratio": "1"}
OBSERVED: Final = tuple(metric for metric in METRICS if metric.kind is not Kind.HISTOGRAM)


def name_of(metric: Metric) -> str:
    """Its name at OpenTelemetry."""
    return f"{SCOPE}.{metric.name}"


def unit_of(metric: Metric) -> str:
    """Its unit, as UCUM writes it; empty for a number of things."""
    return next((unit for ending, unit in _UNITS.items() if metric.name.endswith(ending)), "")


def instrument(readings: Readings, meter: Meter | None = None) -> None:
    """Make the instruments.

    Args:
        meter: of the provider that is set for the process unless given.
    """
    meter = meter or get_meter(SCOPE, simulator.__version__)
    sums = _Sums(readings)
    for metric in OBSERVED:
        make = meter.create_observable_counter if metric.kind is Kind.COUNTER else meter.create_observable_gauge
        make(name_of(metric), [partial(sums.observe, metric)], unit=unit_of(metric), description=metric.text)


class _Sums:
    """What is observed. A counter here must never fall, not even when a run of the web page follows another."""

    def __init__(self, readings: Readings) -> None:
        self._readings = readings
        self._run: MeteredRun | None = None
        self._earlier: dict[tuple[str, tuple[str, ...]], float] = {}
        """What counters of the runs before came to."""

    def observe(self, metric: Metric, _: CallbackOptions) -> Iterable[Observation]:
        """The samples of one metric."""
        self._follow(self._readings.run)
        samples = next((samples for read, samples in self._readings.read() if read is metric), ())
        found = {labels: value for labels, value in samples if not isinstance(value, Histogram)}
        if metric.kind is Kind.COUNTER:
            for (name, labels), value in self._earlier.items():
                if name == metric.name:
                    found[labels] = found.get(labels, 0.0) + value
        for labels, value in found.items():
            yield Observation(value, dict(zip(metric.labels, labels, strict=True)))

    def _follow(self, run: MeteredRun | None) -> None:
        """Notice that another run has begun."""
        former, self._run = self._run, run or self._run
        if former is None or run is None or former.run_id == run.run_id:
            return
        for metric, samples in read(former, Demands()):
            for labels, value in samples:
                if metric.kind is Kind.COUNTER and not isinstance(value, Histogram):
                    key = metric.name, labels
                    self._earlier[key] = self._earlier.get(key, 0.0) + value
