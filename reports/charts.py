"""The numbers behind the charts of `report.html`: series over time thinned to a few hundred points, and distributions.

Everything is plain data for JSON; times are seconds since the run's start, durations are ms. Points over time are taken
from merged histograms of their whole span, never averaged from percentiles.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from reports.chart_devices import devices_by_state
from reports.chart_groups import GroupCharts
from reports.chart_points import Points, TagBins, percentile_curve
from reports.chart_requests import AllRequests, Bins, request_charts
from reports.distribution import distribution
from reports.figures import record_counts, succeeded
from reports.labels import short_name
from reports.order import in_order
from reports.run_info import RunInfo
from simulator.measurements.groups import split_tag
from simulator.measurements.histogram import Histogram
from simulator.measurements.names import (
    INIT,
    LOOP_LAG_TAG,
    PENDING,
    RECORD_DELIVERY,
    RECORD_GAUGES,
    is_command,
    is_flow,
    is_request,
    is_series,
    name_of,
)
from simulator.measurements.run import RunMeasurements
from simulator.measurements.short_labels import code_label, event_label, reason_label, state_label
from simulator.protocol.catalogue import CONNECT

MOST_POINTS: Final = 240
STEPS_S: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600)


def chart_data(measurements: RunMeasurements, run: RunInfo) -> dict[str, Any]:
    """Everything that the page draws."""
    measurements.settle()
    step = next((step for step in STEPS_S if run.duration_s / step <= MOST_POINTS), STEPS_S[-1])
    bins = Bins(int(run.started), step, max(1, int(-(-run.duration_s // step))))
    together, groups = AllRequests(bins), GroupCharts(bins)
    latency, connects = _over_time(measurements, bins, together, groups)
    shown = (tag for tag, totals in measurements.totals.items() if totals.count and is_series(tag))
    names = {tag: name_of(tag) for tag in in_order(shown)}
    devices, peaks = devices_by_state(measurements.devices, bins, run.ended)
    requests = request_charts(measurements, bins)
    records = _binned(measurements.records_over_time, bins, lambda event: event not in RECORD_GAUGES)
    disconnects = _binned(measurements.disconnects, bins)
    return {
        "started": run.started,
        "step_s": step,
        "times": [index * step for index in range(bins.count)],
        "requests": [name for tag, name in names.items() if is_request(tag)],
        "flows": [name for tag, name in names.items() if is_flow(tag)],
        "commands": [name for tag, name in names.items() if is_command(tag)],
        "latency": {names[tag]: points for tag, points in latency.items() if tag in names},
        **groups.dump(measurements, run),
        "loop_lag": latency.get(LOOP_LAG_TAG),
        "failures": _binned(measurements.failures_over_time, bins, is_request),
        "curves": {name: percentile_curve(measurements.totals[tag].histogram) for tag, name in names.items()},
        "distribution": {name: distribution(measurements.totals[tag].histogram) for tag, name in names.items()},
        **together.dump(),
        **requests,
        "devices": devices,
        "devices_peak": peaks,
        "waterfall": _waterfall(measurements),
        "delivery": _delivery(measurements, run),
        "connects": _connects(connects, bins),
        "disconnects": disconnects,
        "records": records,
        "health": _health(measurements, bins),
        "labels": {
            "states": {state: state_label(state) for state in devices},
            "records": {event: event_label(event) for event in records},
            "disconnects": {reason: reason_label(reason) for reason in disconnects},
            "codes": {code: code_label(code) for code in requests["codes"]},
        },
    }


def _over_time(
    measurements: RunMeasurements, bins: Bins, together: AllRequests, groups: GroupCharts
) -> tuple[dict[str, Points], dict[int, int]]:
    """The points of each series, and how many connections were opened or tried in each second; one walk for all."""
    series: defaultdict[str, TagBins] = defaultdict(lambda: TagBins(bins.count))
    connects: defaultdict[int, int] = defaultdict(int)
    for interval in measurements.intervals:
        tag = interval.tag
        if is_series(tag) or tag == LOOP_LAG_TAG:
            index = bins.of(int(interval.start))
            series[tag].add(index, interval.encoded, interval.max_us)
            if is_request(tag):
                together.add(index, interval.encoded)
            if tag == CONNECT:
                connects[int(interval.start)] += Histogram.decode(interval.encoded).count
        elif (told := split_tag(tag)) is not None:
            groups.add(*told, interval)
    for figures in measurements.weather.faults.values():
        for second, count in figures.connects.items():
            connects[second] += count
    return {tag: found.close() for tag, found in series.items()}, connects


def _connects(by_second: Mapping[int, int], bins: Bins) -> dict[str, list[float]]:
    """Connects per second: of spans of several seconds the mean, and their busiest second."""
    total, most = [0] * bins.count, [0] * bins.count
    for second, count in by_second.items():
        index = bins.of(second)
        total[index] += count
        most[index] = max(most[index], count)
    if bins.step == 1:
        return {"connects/s": list(map(float, total))}
    return {"busiest second": list(map(float, most)), "mean": [round(count / bins.step, 3) for count in total]}


def _binned(
    series: Mapping[int, Mapping[str, int]], bins: Bins, shown: Callable[[str], bool] = bool
) -> dict[str, list[int]]:
    found = bins.sums(series)
    return {name: found[name] for name in in_order(found) if shown(name)}


def _waterfall(measurements: RunMeasurements) -> list[dict[str, Any]]:
    """The steps of the initial flow that succeeded, in their order, each starting where the medians before it end."""
    steps = []
    at = 0.0
    for name in INIT.parts:
        histogram = succeeded(measurements, name)
        if not histogram.count:
            continue
        p50, p95 = (value / 1000.0 for value in histogram.percentiles((50.0, 95.0)))
        steps.append({"name": name, "start": round(at, 3), "p50": p50, "p95": p95, "count": histogram.count})
        at += p50
    return steps


def _delivery(measurements: RunMeasurements, run: RunInfo) -> dict[str, Any] | None:
    """How records kept the promise: the share of all that did, and how long the delivered ones took.

    Of the others some failed, and some are still pending: they kept nothing so far.
    """
    tag = RECORD_DELIVERY.tag
    totals = measurements.totals.get(tag)
    if totals is None or not totals.count:
        return None
    histogram = succeeded(measurements, tag)
    pending = max(record_counts(measurements.records)[PENDING], 0)
    count = totals.count + pending
    edges = (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 300_000)
    shares = [histogram.share_at_most(edge * 1000) for edge in edges]
    counts = [round(share * histogram.count) for share in shares]
    return {
        "promise_ms": run.promise_s * 1000.0,
        "count": count,
        "pending": pending,
        "within": histogram.share_at_most(int(run.promise_s * 1e6)) * histogram.count / count,
        "edges_ms": list(edges),
        "counts": [count - before for before, count in zip((0, *counts), (*counts, histogram.count), strict=False)],
    }


def _health(measurements: RunMeasurements, bins: Bins) -> dict[str, Any]:
    """CPU, memory, files and tasks of each process by span (the highest look), and the queues of all of them."""
    cpu: defaultdict[str, list[float | None]] = defaultdict(lambda: [None] * bins.count)
    rss: defaultdict[str, list[float | None]] = defaultdict(lambda: [None] * bins.count)
    held: dict[str, list[float | None]] = {"open files": [None] * bins.count, "tasks": [None] * bins.count}
    waiting: dict[str, list[float | None]] = {"samples": [None] * bins.count, "connects": [None] * bins.count}
    for process, sample in measurements.health.samples:
        index = bins.of(int(sample.at))
        _raise(cpu[short_name(process)], index, round(sample.cpu_percent, 1))
        _raise(rss[short_name(process)], index, round(sample.rss_mb, 1))
        _raise(waiting["samples"], index, sample.waiting_samples)
        _raise(waiting["connects"], index, sample.waiting_connects)
        for name, value in (("open files", sample.held.open_files), ("tasks", sample.held.tasks)):
            if value is not None:
                _raise(held[name], index, value)
    return {"cpu": _few(cpu), "rss": _few(rss), "waiting": waiting, "held": _carried(held)}


def _carried(series: Mapping[str, list[float | None]]) -> dict[str, list[float | None]]:
    """Figures that are looked at every few seconds only: what was seen last stands until the next look."""
    found: dict[str, list[float | None]] = {}
    for name, values in series.items():
        last: float | None = None
        carried = [last := value if value is not None else last for value in values]
        if last is not None:
            found[name] = carried
    return found


def _raise(values: list[float | None], index: int, value: float) -> None:
    before = values[index]
    values[index] = value if before is None else max(before, value)


def _few(series: Mapping[str, list[float | None]], most: int = 8) -> dict[str, list[float | None]]:
    """At most `most` series: the others, lowest first, become one that shows their highest values."""
    if len(series) <= most:
        return dict(series)
    ranked = sorted(series, key=lambda name: -max((value or 0.0 for value in series[name]), default=0.0))
    rest = [_highest(values) for values in zip(*(series[name] for name in ranked[most - 1 :]), strict=True)]
    return {**{name: series[name] for name in ranked[: most - 1]}, f"{len(ranked) - most + 1} others (highest)": rest}


def _highest(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)
