"""Measured things as plain lists for JSON, and back: what deltas and states are made of."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import accumulate
from typing import Any, Final

from simulator.measurements.histogram import Histogram

OverTime = defaultdict[int, defaultdict[str, int]]
"""Second -> name -> count."""


def dump_histogram(histogram: Histogram) -> list[Any] | None:
    """Encoded counts and exact figures; None for an empty one."""
    return _with_exact(histogram, histogram.encode_text()) if histogram.count else None


def dump_plain(histogram: Histogram) -> list[Any] | None:
    """As `dump_histogram`, larger but made in a tenth of the time."""
    return _with_exact(histogram, [[*histogram.counts], [*histogram.counts.values()]]) if histogram.count else None


FEW: Final = 3
"""So often a bucket is told by naming it again: read and counted so, it is cheaper than one with its count."""


def dump_sparse(histogram: Histogram) -> list[Any] | None:
    """As `dump_histogram`, made in a third of the time, and read and added in an eighth.

    The counts are one list: the length of what follows for buckets that came more often than `FEW`, these buckets and
    their counts, and then all others, ascending, as often as they came: how far each is from the one before. As short
    as the encoded form where a second has some ten durations, three times as long with many hundred.
    """
    if not histogram.count:
        return None
    often: list[int] = []
    steps: list[int] = []
    before = 0
    for bucket, count in sorted(histogram.counts.items()):
        if count > FEW:
            often += (bucket, count)
            continue
        steps.append(bucket - before)
        if count > 1:
            steps += (0,) * (count - 1)
        before = bucket
    return _with_exact(histogram, [len(often), *often, *steps])


def _load_sparse(counts: list[int]) -> Histogram:
    end = counts[0] + 1
    if end > len(counts):
        raise ValueError("a histogram that was cut off")
    often, steps = counts[1:end], counts[end:]
    histogram = Histogram.of_counts(often[::2], often[1::2])
    histogram.wait(accumulate(steps))
    return histogram


def _with_exact(histogram: Histogram, counts: Any) -> list[Any]:
    return [counts, histogram.min_us, histogram.max_us, histogram.sum_us]


def load_histogram(data: list[Any] | None) -> Histogram:
    """The inverse of `dump_histogram`, `dump_plain` and `dump_sparse`.

    Raises:
        ValueError: If it is nothing that they make.
    """
    if data is None:
        return Histogram()
    counts = data[0]
    if isinstance(counts, str):
        histogram = Histogram.decode(counts)
    elif isinstance(counts[0], int):
        histogram = _load_sparse(counts)
    else:
        histogram = Histogram.of_counts(*counts)
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
