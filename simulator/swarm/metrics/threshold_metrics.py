"""Metrics of the scenario's thresholds: what each is held against, and whether it holds."""

from collections.abc import Callable, Iterator

from simulator.swarm.metrics.demands import Demand
from simulator.swarm.metrics.metric import Kind, Metric, Sample
from simulator.swarm.metrics.moment import Moment


def _of_demands(figure: Callable[[Demand], float | None]) -> Callable[[Moment], Iterator[Sample]]:
    def read(moment: Moment) -> Iterator[Sample]:
        for demand in moment.demands:
            if (value := figure(demand)) is not None:
                yield (demand.expression,), float(value)

    return read


THRESHOLD_METRICS = (
    Metric(
        "threshold_value",
        Kind.GAUGE,
        "What a threshold of the scenario is held against, in its own unit (ms, %, ...), on the run so far; +Inf where "
        "a failed request decides, missing where nothing was measured, and until the end for one with `after`",
        _of_demands(lambda demand: demand.value),
        ("threshold",),
    ),
    Metric(
        "threshold_limit",
        Kind.GAUGE,
        "The limit of a threshold, in its own unit",
        _of_demands(lambda demand: demand.limit),
        ("threshold",),
    ),
    Metric(
        "threshold_holds",
        Kind.GAUGE,
        "1 if a threshold holds on the run so far, 0 if it is crossed; missing while it cannot be judged",
        _of_demands(lambda demand: demand.holds),
        ("threshold",),
    ),
)
"""In the order of tables."""
