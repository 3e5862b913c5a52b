"""All metrics of the current run, read together when somebody asks, and for a moment kept for who asks next."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from simulator.swarm.metrics.demands import Demands
from simulator.swarm.metrics.group_metrics import GROUP_METRICS
from simulator.swarm.metrics.metered import MeteredRun
from simulator.swarm.metrics.metric import Metric, Sample
from simulator.swarm.metrics.moment import Moment
from simulator.swarm.metrics.run_metrics import RUN_METRICS
from simulator.swarm.metrics.threshold_metrics import THRESHOLD_METRICS
from simulator.swarm.metrics.traffic_metrics import TRAFFIC_METRICS

METRICS: Final = (*RUN_METRICS, *THRESHOLD_METRICS, *TRAFFIC_METRICS, *GROUP_METRICS)
"""Every metric of a run, in the order of tables."""
KEPT_S: Final = 0.9
"""Several who ask within a second, as two servers that watch each other, cost as much as one."""

Reading = Sequence[tuple[Metric, Sequence[Sample]]]


def read(run: MeteredRun, judge: Demands) -> Reading:
    """The figures of a run as they are now."""
    moment = Moment(run, judge)
    return [(metric, list(metric.read(moment))) for metric in METRICS]


class Readings:
    """Reads the run that is the current one; nothing is done, or kept ready, until somebody asks.

    Args:
        current: the newest run; None before the first.
        monotonic: seconds of any clock that is never set.
    """

    def __init__(
        self, current: Callable[[], MeteredRun | None], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._current = current
        self._monotonic = monotonic
        self._judge = Demands(monotonic)
        self._kept: Reading = ()
        self._of: tuple[str, bool] | None = None
        self._at = 0.0

    @property
    def run(self) -> MeteredRun | None:
        """The run that there is something to tell of: one that has begun."""
        run = self._current()
        return None if run is None or run.order is None else run

    def read(self) -> Reading:
        """Every metric with its samples; empty where no run has begun."""
        run = self.run
        if run is None:
            return ()
        # With its verdict a run is another matter than it was a moment before.
        of = run.run_id, run.summary is not None
        now = self._monotonic()
        if of != self._of or now - self._at >= KEPT_S:
            self._kept, self._of, self._at = read(run, self._judge), of, now
        return self._kept
