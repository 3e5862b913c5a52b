"""A run's measurements as plain data and back: what a summary carries so that every report can be rebuilt from it.

Histograms are not in the state: they stand in the interval log beside it (`IntervalStore`), so that the two together
hold everything once. Only seconds that are not sealed yet come along, for a checkpoint of a run that may still die.
"""

from base64 import b64decode, b64encode
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

from simulator.measurements.accumulate import HistogramSum
from simulator.measurements.codec import dump_over_time, load_histogram, merge_over_time, shorten
from simulator.measurements.groups import group_tag, is_grouped
from simulator.measurements.histogram import Histogram
from simulator.measurements.intervals import Interval
from simulator.measurements.names import INTENDED_PREFIX
from simulator.measurements.run import RunMeasurements
from simulator.measurements.series import Totals, add_tallies, dump_tallies, load_tallies

MOST_POINTS = 3_600
"""Series over time keep one value a second up to an hour; longer runs are summed up over more seconds a value, and in
memory every now and then too, or hours of a run would take a MB every ten minutes."""


def dump_state(measurements: RunMeasurements, sealed: int) -> dict[str, Any]:
    """Everything but the sealed histograms, of which the first `sealed` intervals belong to this state."""
    rows = measurements.open_rows(sparse=False)
    resolution = resolution_of(measurements)
    return {
        "sealed": sealed,
        "resolution_s": resolution,
        "open": rows,
        "series": {
            tag: _dump_totals(totals) | {"intended_us": _exact(measurements.intended.get(tag))}
            for tag, totals in measurements.totals.items()
        },
        "groups": measurements.groups.dump(_dump_totals),
        "devices": measurements.devices.dump(resolution),
        "health": measurements.health.dump(),
        "failures_over_time": dump_over_time(measurements.failures_over_time, resolution),
        **measurements.timeline.dump(resolution),
        "missing": measurements.missing_deltas(),
        "attendance": measurements.attendance.dump(),
        **measurements.dump_rest(resolution),
        "latest": measurements.latest,
    }


def dump_interval(interval: Interval) -> list[Any]:
    """An interval that the log could not take, as plain data; `load_interval` reads it."""
    return [interval.tag, interval.start, interval.length_s, interval.max_us, b64encode(interval.encoded).decode()]


def load_interval(data: Sequence[Any]) -> Interval:
    tag, start, length_s, max_us, encoded = data
    return Interval(tag, start, length_s, max_us, b64decode(encoded, validate=True))


def resolution_of(measurements: RunMeasurements) -> int:
    """Seconds a value of the series over time, so that there are at most `MOST_POINTS` values.

    A power of two: what was summed up before falls into the longer spans as a whole.
    """
    times = [totals.first for totals in measurements.totals.values() if totals.first]
    span = measurements.latest - min(times, default=measurements.latest)
    return 1 << int(span // MOST_POINTS).bit_length() if span > MOST_POINTS else 1


def shorten_series(measurements: RunMeasurements) -> None:
    """Keep a long run's series over time short in memory, as its state has them. Call it now and then."""
    series = (
        *(measurements.disconnects, measurements.missed, measurements.records_over_time),
        measurements.failures_over_time,
    )
    longest = max(len(each) for each in (*series, measurements.devices.changes))
    if max(longest, measurements.timeline.longest()) <= 2 * MOST_POINTS:
        return
    resolution = resolution_of(measurements)
    for each in series:
        shorten(each, resolution)
    measurements.timeline.shorten(resolution)
    measurements.devices.shorten(resolution)


def absorb_state(
    measurements: RunMeasurements,
    state: dict[str, Any],
    intervals: Iterable[Interval],
    source: str = "",
    index_offset: int = 0,
    fault_offset: int = 0,
    group: str = "",
) -> None:
    """Add the run that `state` and its log of intervals hold; several runs may be added one after the other.

    Args:
        measurements: its own store receives the intervals, unless it is `intervals` itself.
        state: of `dump_state`.
        intervals: the log that belongs to it.
        source: names the run among several; stands before its processes' names.
        index_offset: added to its devices' indexes, so that devices of separate runs are different ones.
        fault_offset: likewise to the numbers of its faults.
        group: to which all its requests and flows belong, where it did not tell groups apart and another run does.
    """
    label = measurements.labels.tag
    sums: defaultdict[str, HistogramSum] = defaultdict(HistogramSum)
    for interval in islice(intervals, state["sealed"]):
        tag = label(interval.tag)
        sums[tag].add(interval.encoded)
        if measurements.intervals is not intervals:
            measurements.intervals.append(interval if tag == interval.tag else replace(interval, tag=tag))
            if group and is_grouped(tag):
                measurements.intervals.append(replace(interval, tag=group_tag(group, tag)))
    found = defaultdict(Histogram, {tag: total.histogram() for tag, total in sums.items()})
    for _, name, histogram, intended, *_ in state["open"]:
        found[label(name)].add_counts(load_histogram(histogram))
        found[label(INTENDED_PREFIX + name)].add_counts(load_histogram(intended))
    _absorb_groups(measurements, state, found, group)
    exact: dict[str, list[int]] = {}
    for name, data in state["series"].items():
        tag = label(name)
        _add_totals(measurements.series(tag), data, partial(measurements.labels.code, tag))
        _widen(exact, tag, data["exact_us"])
        _widen(exact, INTENDED_PREFIX + tag, data["intended_us"])
    for tag, figures in exact.items():
        name = tag.removeprefix(INTENDED_PREFIX)
        target = measurements.series(tag).histogram if name == tag else measurements.intended_of(name)
        target.add(_with_exact(found[tag], figures))
    measurements.merge_rows(state["open"], open_only=True)
    measurements.devices.merge(state["devices"], source, index_offset)
    measurements.health.load(state["health"], f"{source}/" if source else "")
    merge_over_time(measurements.failures_over_time, state["failures_over_time"], label)
    measurements.timeline.merge(state, label)
    measurements.merge_rest(state, index_offset, fault_offset)
    measurements.attendance.merge(state.get("attendance", {}))
    for process, count in state["missing"].items():
        measurements.note_missing(f"{source}/{process}" if source else process, count)


def _absorb_groups(
    measurements: RunMeasurements, state: dict[str, Any], found: dict[str, Histogram], group: str
) -> None:
    """Add what the state tells of groups; its whole run to one, where it is a run of that `group` alone.

    Args:
        found: the histogram of each tag in the log, and of the seconds of series that are open.
    """
    labels, groups = measurements.labels, measurements.groups
    told = {"open": {group: state["open"]}, "series": {group: state["series"]}} if group else state.get("groups", {})
    rows = {name: [row for row in rows if is_grouped(row[1])] for name, rows in told.get("open", {}).items()}
    open_counts: defaultdict[tuple[str, str], Histogram] = defaultdict(Histogram)
    for name, of_group in () if group else rows.items():
        for _, tag, histogram, *_ in of_group:
            open_counts[name, labels.tag(tag)].add_counts(load_histogram(histogram))
    for name, series in told.get("series", {}).items():
        exact: dict[str, list[int]] = {}
        for told_tag, data in series.items():
            if is_grouped(told_tag):
                tag = labels.tag(told_tag)
                _add_totals(groups.totals[name][tag], data, partial(labels.code, tag))
                _widen(exact, tag, data["exact_us"])
        for tag, figures in exact.items():
            whole = Histogram()
            whole.add_counts(found[tag if group else labels.tag(group_tag(name, tag))])
            whole.add_counts(open_counts[name, tag])
            groups.totals[name][tag].histogram.add(_with_exact(whole, figures))
    groups.merge_rows(rows, labels, open_only=True)


def _dump_totals(totals: Totals) -> dict[str, Any]:
    return {
        "exact_us": _exact(totals.histogram),
        "failed": dump_tallies(totals.failed),
        "expected": dump_tallies(totals.expected),
        "bytes": [totals.bytes_out, totals.bytes_in],
        "span": [totals.first, totals.last],
    }


def _add_totals(totals: Totals, data: dict[str, Any], code: Callable[[str], str]) -> None:
    """Add what `_dump_totals` gave, but for the histogram."""
    add_tallies(totals.failed, load_tallies(data["failed"], code))
    add_tallies(totals.expected, load_tallies(data.get("expected", {}), code))
    totals.bytes_out += data["bytes"][0]
    totals.bytes_in += data["bytes"][1]
    totals.add_span(*data["span"])


def _exact(histogram: Histogram | None) -> list[int] | None:
    return [histogram.min_us, histogram.max_us, histogram.sum_us] if histogram is not None and histogram.count else None


def _widen(exact: dict[str, list[int]], tag: str, figures: list[int] | None) -> None:
    """Take the extremes and the sum of one of the series that are counted as `tag`."""
    if figures is None:
        return
    low, high, total = figures
    known = exact.get(tag)
    exact[tag] = figures if known is None else [min(known[0], low), max(known[1], high), known[2] + total]


def _with_exact(histogram: Histogram, exact: list[int]) -> Histogram:
    histogram.set_exact(*exact)
    return histogram
