"""What a metric is: its name, its labels, its meaning and how it is read. The one declaration that all forms share."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from simulator.measurements.histogram import Histogram
from simulator.swarm.metrics.moment import Moment

PREFIX: Final = "best_fleet_"


class Kind(Enum):
    """As Prometheus calls them."""

    COUNTER = "counter"
    """Begins at 0 with each run and only grows within it."""
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


Value = float | Histogram
Sample = tuple[tuple[str, ...], Value]
"""The labels' values, in the order of their names, and the figure: a histogram where the metric is one."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One family of series.

    Attributes:
        name: without the prefix, and without `_total`.
        read: its samples at a moment of a run. None of the labels' values may be made up by devices or platform
            without a bound on their number (`measurements.labels`), nor name a device or a secret.
    """

    name: str
    kind: Kind
    text: str
    read: Callable[[Moment], Iterable[Sample]]
    labels: tuple[str, ...] = ()

    @property
    def family(self) -> str:
        """Its name at Prometheus, without what a sample of its kind puts behind it."""
        return PREFIX + self.name

    @property
    def exposed(self) -> str:
        """Its name at Prometheus."""
        return f"{self.family}_total" if self.kind is Kind.COUNTER else self.family
