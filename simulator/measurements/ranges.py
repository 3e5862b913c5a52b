"""Response-time ranges: how many durations lie between bounds."""

from collections.abc import Sequence
from typing import Final

from simulator.measurements.hdr import bucket_of
from simulator.measurements.histogram import Histogram

RANGES_MS: Final = (10, 50, 100, 250, 500, 1_000, 2_500, 5_000, 15_000)
"""Upper bounds of the ranges in tables: each begins where the one before ends, and one more is above the last."""


def ranges(histogram: Histogram) -> list[list[int | None]]:
    """Rows [upper bound in ms, how many took longer than the bound before and no longer than this one].

    The last row has no bound. A bound is known to the histogram's bucket (0.1 %).
    """
    counts = counts_up_to(histogram, [bound * 1000 for bound in RANGES_MS])
    return [[bound, count] for bound, count in zip((*RANGES_MS, None), counts, strict=True)]


def counts_up_to(histogram: Histogram, bounds_us: Sequence[int]) -> list[int]:
    """How many values lie up to each bound and above the one before; the last count is of those above all bounds."""
    limits = [bucket_of(bound) for bound in bounds_us]
    counts = [0] * (len(limits) + 1)
    place = 0
    for bucket, count in sorted(histogram.counts.items()):
        while place < len(limits) and bucket > limits[place]:
            place += 1
        counts[place] += count
    return counts
