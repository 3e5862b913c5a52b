"""How far a run's quantiles and failure shares may lie from the platform's true ones by chance.

A quantile's bounds are order statistics: of n independent samples, the number below the true q-quantile is binomial, so
the values at the ranks n*q ± z*sqrt(n*q*(1-q)) enclose it. Samples of a load test are not independent (a slow second is
slow for all), so the run is cut into spans of time, and where the spans differ by more than chance allows, the bounds
widen by as much (the dispersion of the counts). z is 3.29: one pair of bounds in a thousand misses. A burst, such as
the initial flows of a fast ramp, has too few spans to tell: it is not judged. Nor can a run know how much whole runs
differ; several base runs can, and a further run may lie as far outside of them as they lie apart on average.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from simulator.measurements.histogram import Histogram, rank_of

Z: Final = 3.29
SPANS: Final = 12
LEAST_SAMPLES: Final = 20
"""Of fewer samples no quantile is judged."""
LEAST_SPANS: Final = 5
"""Nor of samples of fewer spans of time: what slowed one second of them slowed a fifth of all."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """A figure and the range that chance allows it; ms for quantiles, 0..1 for shares."""

    value: float
    low: float
    high: float


def quantile_bounds(histogram: Histogram, spans: Sequence[Histogram], percent: float) -> Bounds | None:
    """The quantile in ms with its bounds; None when there are too few samples or spans of time to have any.

    Args:
        histogram: of the whole run.
        spans: of its spans of time, in their order.
        percent: which quantile, 0..100.
    """
    count = histogram.count
    share = percent / 100.0
    if count < LEAST_SAMPLES or sum(span.count > 0 for span in spans) < LEAST_SPANS:
        return None
    rank = rank_of(percent, count)
    value = histogram.values_at_ranks([rank])[0]
    width = Z * math.sqrt(count * share * (1.0 - share) * _dispersion(spans, value, share))
    low, high = math.floor(count * share - width), math.ceil(count * share + width) + 1
    if low < 1 and high > count:
        return None
    ends = histogram.values_at_ranks([max(low, 1), min(max(high, 1), count)])
    # beyond the last rank the true quantile has no upper bound that the samples could tell
    upper = math.inf if high > count else ends[1] / 1000.0
    return Bounds(value / 1000.0, ends[0] / 1000.0 if low >= 1 else 0.0, upper)


def share_bounds(hits: int, count: int) -> Bounds | None:
    """A share with Wilson's bounds; None when nothing was counted."""
    if not count:
        return None
    share = hits / count
    scale = 1.0 + Z * Z / count
    centre = (share + Z * Z / (2.0 * count)) / scale
    width = Z * math.sqrt(share * (1.0 - share) / count + Z * Z / (4.0 * count * count)) / scale
    return Bounds(share, max(centre - width, 0.0), min(centre + width, 1.0))


def widest(found: Sequence[Bounds]) -> Bounds:
    """The bounds of several runs together, around the middle one of their values, and wider by their mean distance."""
    values = sorted(bounds.value for bounds in found)
    apart = (values[-1] - values[0]) / max(len(values) - 1, 1)
    low = min(bounds.low for bounds in found) - apart
    return Bounds(values[(len(values) - 1) // 2], max(low, 0.0), max(bounds.high for bounds in found) + apart)


def _dispersion(spans: Sequence[Histogram], value_us: int, share: float) -> float:
    """How much more than independent samples the spans differ in their share above the quantile; at least 1."""
    counts: list[int] = []
    below: list[float] = []
    count, hits = 0, 0.0
    for span in spans:
        count += span.count
        hits += span.count * span.share_at_most(value_us)
        # neighbours together, where one span alone has hardly a sample on the rare side
        if count * min(share, 1.0 - share) >= 1.0:
            counts.append(count)
            below.append(hits / count)
            count, hits = 0, 0.0
    if len(counts) < 3:
        return 1.0
    mean = sum(part * count for part, count in zip(below, counts, strict=True)) / sum(counts)
    if not 0.0 < mean < 1.0:
        return 1.0
    spread = sum(count * (part - mean) ** 2 for part, count in zip(below, counts, strict=True))
    return max(1.0, spread / (mean * (1.0 - mean)) / (len(counts) - 1))
