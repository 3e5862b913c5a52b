"""What the charts of a comparison are drawn from: of each run its percentiles, its requests and its failures over time.

Times are seconds since each run's own start, so that runs of different days lie on each other.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reports.charts import chart_data
from reports.run_info import RunInfo
from simulator.measurements.run import RunMeasurements


def run_charts(label: str, measurements: RunMeasurements, run: RunInfo) -> dict[str, Any]:
    """A run's part of the charts.

    Returns:
        `label`, `curves` (name -> points of `reports.charts.percentile_curve`), and `rate` and `failed` of all
        requests: points [seconds since the start, requests per second].
    """
    data = chart_data(measurements, run)
    counts = [data["latency"].get(name, {}).get("count", ()) for name in data["requests"]]
    failed = [data["failures"].get(name, ()) for name in data["requests"]]
    return {
        "label": label,
        "curves": data["curves"],
        "rate": _per_second(data, counts),
        "failed": _per_second(data, failed),
    }


def _per_second(data: Mapping[str, Any], series: Iterable[Sequence[float | None]]) -> list[list[float]]:
    sums = [0.0] * len(data["times"])
    for values in series:
        for place, value in enumerate(values):
            sums[place] += value or 0.0
    return [[second, round(total / data["step_s"], 3)] for second, total in zip(data["times"], sums, strict=True)]
