"""The charts of a fleet's groups: curves of each funcId, and all requests of a group over time.

Groups are kept for spans of ten seconds, so their charts over time have times of their own.
"""

from collections import defaultdict
from typing import Any

from reports.chart_points import TagBins, percentile_curve
from reports.chart_requests import Bins
from reports.groups import totals_by_group
from reports.order import in_order
from reports.run_info import RunInfo
from simulator.measurements.groups import SPAN_S
from simulator.measurements.intervals import Interval
from simulator.measurements.names import is_request
from simulator.measurements.run import RunMeasurements


class GroupCharts:
    """Takes the groups' intervals while the log is read.

    Args:
        bins: of the run's other charts.
    """

    def __init__(self, bins: Bins) -> None:
        step = -(-bins.step // SPAN_S) * SPAN_S
        self._started = bins.first
        first = bins.first - bins.first % SPAN_S
        end = bins.first + bins.count * bins.step
        self._bins = Bins(first, step, -(-(end - first) // step))
        self._requests: defaultdict[str, TagBins] = defaultdict(lambda: TagBins(self._bins.count))

    def add(self, group: str, tag: str, interval: Interval) -> None:
        """An interval of the series `tag` of `group`."""
        if is_request(tag):
            self._requests[group].add(self._bins.of(interval.start), interval.encoded, interval.max_us)

    def dump(self, measurements: RunMeasurements, run: RunInfo) -> dict[str, Any]:
        """`groups`: by name the curve of each funcId (`requests`) and all requests over `groups_times` (`latency`).

        Empty where a run is of one group, or does not tell its groups.
        """
        told = totals_by_group(measurements, run)
        several = len(told) > 1 and bool(measurements.groups.totals)
        points = {name: found.close() for name, found in self._requests.items()}
        nothing = TagBins(self._bins.count).close()
        return {
            "groups_step_s": self._bins.step,
            "groups_times": [
                max(0, self._bins.first + index * self._bins.step - self._started) for index in range(self._bins.count)
            ],
            "groups": {
                name: {
                    "requests": {
                        tag: percentile_curve(totals[tag].histogram)
                        for tag in in_order(totals)
                        if is_request(tag) and totals[tag].count
                    },
                    "latency": points.get(name, nothing),
                }
                for name, totals in (told.items() if several else ())
            },
        }
