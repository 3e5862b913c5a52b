"""Measured things as plain lists for JSON, and back: what deltas and states are made of."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from simulator.measurements.histogram import Histogram

OverTime = defaultdict[int, defaultdict[str, int]]
"""Second -> name -> count."""


def dump_histogram(histogram: Histogram, encoded: bool) -> list[Any] | None:
    """Counts and exact figures; None for an empty one. Not `encoded`: larger, but quickly made."""
    if not histogram.count:
        return None
    counts = histogram.encode_text() if encoded else [[*histogram.counts], [*histogram.counts.values()]]
    return [counts, histogram.min_us, histogram.max_us, histogram.sum_us]


def load_histogram(data: list[Any] | None) -> Histogram:
    """The inverse of `dump_histogram`, for both its forms."""
    if data is None:
        return Histogram()
    histogram = Histogram.decode(data[0]) if isinstance(data[0], str) else Histogram.of_counts(*data[0])
    histogram.set_exact(data[1], data[2], data[3])
    return histogram


def dump_over_time(series: OverTime, resolution_s: int) -> list[list[Any]]:
    """Rows [second, counts by name], summed up over `resolution_s` seconds."""
    binned: OverTime = defaultdict(lambda: defaultdict(int))
    for second, counts in series.items():
        target = binned[second - second % resolution_s]
        for name, count in counts.items():
            target[name] += count
    return [[second, dict(counts)] for second, counts in sorted(binned.items())]


def shorten(series: OverTime, resolution_s: int) -> None:
    """Sum `series` up over `resolution_s` seconds, in place: what `dump_over_time` tells stays the same."""
    for second in sorted(series):
        if rest := second % resolution_s:
            target = series[second - rest]
            for name, count in series.pop(second).items():
                target[name] += count


def merge_over_time(series: OverTime, rows: Iterable[list[Any]], label: Callable[[str], str] = str) -> None:
    """Add rows of `dump_over_time` to `series`, each name under its `label`."""
    for second, counts in rows:
        target = series[int(second)]
        for name, count in counts.items():
            target[label(name)] += count
