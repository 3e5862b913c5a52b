"""A run's measurements as plain data and back: what a summary carries so that every report can be rebuilt from it.

Histograms are not in the state: they stand in the interval log beside it (`IntervalStore`), so that the two together
hold everything once. Only seconds that are not sealed yet come along, for a checkpoint of a run that may still die.
"""

from collections import defaultdict
from collections.abc import Iterable
from itertools import islice
from typing import Any

from simulator.measurements.accumulate import HistogramSum
from simulator.measurements.codec import dump_over_time, load_histogram, merge_over_time
from simulator.measurements.histogram import Histogram
from simulator.measurements.intervals import Interval
from simulator.measurements.run import RunMeasurements
from simulator.measurements.series import INTENDED_PREFIX, dump_failed, load_failed

MOST_POINTS = 3_600
"""Series over time keep one value a second up to an hour; longer runs are summed up over more seconds a value."""


def dump_state(measurements: RunMeasurements, sealed: int) -> dict[str, Any]:
    """Everything but the sealed histograms, of which the first `sealed` intervals belong to this state."""
    rows = measurements.open_rows(encoded=False)
    resolution = resolution_of(measurements)
    return {
        "sealed": sealed,
        "resolution_s": resolution,
        "open": rows,
        "series": {
            tag: {
                "exact_us": _exact(totals.histogram),
                "intended_us": _exact(measurements.intended.get(tag)),
                "failed": dump_failed(totals.failed),
                "bytes": [totals.bytes_out, totals.bytes_in],
                "span": [totals.first, totals.last],
            }
            for tag, totals in measurements.totals.items()
        },
        "devices": measurements.devices.dump(resolution),
        "health": measurements.health.dump(),
        "failures_over_time": dump_over_time(measurements.failures_over_time, resolution),
        "missing": measurements.missing_deltas(),
        **measurements.dump_rest(resolution),
        "latest": measurements.latest,
    }


def resolution_of(measurements: RunMeasurements) -> int:
    """Seconds a value of the series over time, so that there are at most `MOST_POINTS` values."""
    times = [totals.first for totals in measurements.totals.values() if totals.first]
    span = measurements.latest - min(times, default=measurements.latest)
    return max(1, int(span // MOST_POINTS) + 1) if span > MOST_POINTS else 1


def absorb_state(
    measurements: RunMeasurements,
    state: dict[str, Any],
    intervals: Iterable[Interval],
    source: str = "",
    index_offset: int = 0,
) -> None:
    """Add the run that `state` and its log of intervals hold; several runs may be added one after the other.

    Args:
        measurements: its own store receives the intervals, unless it is `intervals` itself.
        state: of `dump_state`.
        intervals: the log that belongs to it.
        source: names the run among several; stands before its processes' names.
        index_offset: added to its devices' indexes, so that devices of separate runs are different ones.
    """
    sums: defaultdict[str, HistogramSum] = defaultdict(HistogramSum)
    for interval in islice(intervals, state["sealed"]):
        sums[interval.tag].add(interval.encoded)
        if measurements.intervals is not intervals:
            measurements.intervals.append(interval)
    found = defaultdict(Histogram, {tag: total.histogram() for tag, total in sums.items()})
    for _, tag, histogram, intended, *_ in state["open"]:
        found[tag].add_counts(load_histogram(histogram))
        found[INTENDED_PREFIX + tag].add_counts(load_histogram(intended))
    for tag, data in state["series"].items():
        totals = measurements.series(tag)
        totals.histogram.add(_with_exact(found[tag], data["exact_us"]))
        totals.add_failed(load_failed(data["failed"]))
        totals.bytes_out += data["bytes"][0]
        totals.bytes_in += data["bytes"][1]
        totals.add_span(*data["span"])
        if data["intended_us"]:
            by_intent = _with_exact(found[INTENDED_PREFIX + tag], data["intended_us"])
            measurements.intended.setdefault(tag, Histogram()).add(by_intent)
    measurements.merge_rows(state["open"], open_only=True)
    measurements.devices.merge(state["devices"], source, index_offset)
    measurements.health.load(state["health"], f"{source}/" if source else "")
    merge_over_time(measurements.failures_over_time, state["failures_over_time"])
    measurements.merge_rest(state, index_offset)
    for process, count in state["missing"].items():
        measurements.note_missing(f"{source}/{process}" if source else process, count)


def _exact(histogram: Histogram | None) -> list[int] | None:
    return [histogram.min_us, histogram.max_us, histogram.sum_us] if histogram is not None and histogram.count else None


def _with_exact(histogram: Histogram, exact: list[int] | None) -> Histogram:
    if exact is not None:
        histogram.set_exact(*exact)
    return histogram
