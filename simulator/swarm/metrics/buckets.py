"""The fixed buckets under which Prometheus is told durations, filled from the HDR histograms of a run."""

from bisect import bisect_left
from functools import cache
from itertools import accumulate
from typing import Final

from simulator.measurements.histogram import BUCKETS, Histogram, bucket_of

BOUNDS_S: Final = (
    *(0.001, 0.002, 0.003, 0.005, 0.0075),
    *(0.01, 0.02, 0.03, 0.05, 0.075),
    *(0.1, 0.2, 0.3, 0.5, 0.75),
    *(1.0, 2.0, 3.0, 5.0, 7.5),
    *(10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0),
)
"""Upper bounds, in seconds; what took longer is counted in the total alone.

The protocol's promise for records, 15 s, is one of them. They are the same for all series, so that sums can be taken.
"""


def cumulative(histogram: Histogram) -> list[int]:
    """How many durations were at most each of `BOUNDS_S` long.

    A bound lies within one of the HDR histogram's own buckets, which counts as at most the bound as a whole: what is up
    to 0.1 % longer is taken in, as everywhere in our reports.
    """
    found = [0] * (len(BOUNDS_S) + 1)
    places = _places()
    for bucket, count in histogram.counts.items():
        found[places[bucket]] += count
    return list(accumulate(found[:-1]))


@cache
def _places() -> bytes:
    """For each bucket of an HDR histogram the number of the bound that it counts for; one more for what is longer."""
    bounds = [bucket_of(round(bound * 1e6)) for bound in BOUNDS_S]
    return bytes(bisect_left(bounds, bucket) for bucket in range(BUCKETS))
