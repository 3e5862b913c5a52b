"""How far a run's quantiles and failure shares may lie from the platform's true ones by chance.

A quantile's bounds are order statistics: of n independent samples, the number below the true q-quantile is binomial, so
the values at the ranks n*q ± z*sqrt(n*q*(1-q)) enclose it. Samples of a load test are not independent (a slow second is
slow for all), so the run is cut into spans of time, and where the spans differ by more than chance allows, the bounds
widen by as much (the dispersion of the counts). z is 3.29: one pair of bounds in a thousand misses. A burst, such as
the initial flows of a fast ramp, has too few spans to tell: it is not judged. Nor can a run know how much whole runs
differ; several base runs can, and a further run may lie as far outside of them as they lie apart on average.

A failed request is one that took for ever, as it is to a threshold: it stands in the last bucket of a histogram here.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from simulator.measurements.histogram import HIGHEST_US, Histogram, bucket_of, highest_of, rank_of

Z: Final = 3.29
SPANS: Final = 12
LEAST_SAMPLES: Final = 20
"""Of fewer samples no quantile is judged."""
LEAST_SPANS: Final = 5
"""Nor of samples of fewer spans of time: what slowed one second of them slowed a fifth of all."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """A figure and the range that chance allows it; ms for quantiles, 0..1 for shares. Infinite: it failed."""

    value: float
    low: float
    high: float
    enough: bool = True
    """Whether there were samples and spans of time enough to tell the range; else `low` is the smallest value seen."""
    open: bool = False
    """Whether `high` is infinite because so few samples cannot tell an upper end."""
    minimum: float = 0.0
    """The smallest value seen; of a share the lower bound, which tells of few samples as well."""
    maximum: float = math.inf
    """The largest value of those that succeeded; of a share the upper bound."""
    count: int = 0
    """Samples."""
    above: int = 0
    """How many of them are not below `low`; 0 where all came within so short a time that they tell as much as one."""


def quantile_bounds(histogram: Histogram, spans: Sequence[Histogram], percent: float) -> Bounds | None:
    """The quantile in ms with its bounds; None when there are too few samples or spans of time to have any.

    Args:
        histogram: of the whole run.
        spans: of its spans of time, in their order.
        percent: which quantile, 0..100.
    """
    found = quantile(histogram, spans, percent)
    return found if found is not None and found.enough else None


def quantile(
    histogram: Histogram, spans: Sequence[Histogram], percent: float, assumed: float | None = None
) -> Bounds | None:
    """As `quantile_bounds`, but whatever the samples: None without any, with `enough` false where they are too few.

    Args:
        assumed: the dispersion, for samples whose spans cannot tell it.
    """
    count = histogram.count
    if not count:
        return None
    share = percent / 100.0
    value = histogram.values_at_ranks([rank_of(percent, count)])[0]
    seen = (_ms(histogram.min_us), _largest_success(histogram), count)
    spread = assumed is not None or sum(span.count > 0 for span in spans) >= LEAST_SPANS
    if count >= LEAST_SAMPLES and spread:
        dispersion = assumed if assumed is not None else _dispersion(spans, value, share)
        width = Z * math.sqrt(count * share * (1.0 - share) * dispersion)
        low, high = math.floor(count * share - width), math.ceil(count * share + width) + 1
        if low >= 1 or high <= count:
            ends = histogram.values_at_ranks([max(low, 1), min(max(high, 1), count)])
            # beyond the last rank the true quantile has no upper bound that the samples could tell
            upper = math.inf if high > count else _ms(ends[1])
            lower = _ms(ends[0]) if low >= 1 else 0.0
            return Bounds(_ms(value), lower, upper, True, high > count, *seen, count - max(low, 1) + 1)
    return Bounds(_ms(value), seen[0], math.inf, False, True, *seen, count if spread else 0)


def least_samples(percent: float) -> int:
    """Of how many samples a quantile has an upper bound at all, if they are independent."""
    share = percent / 100.0
    rare = 1.0 - share
    spread = Z * math.sqrt(share * rare)
    # the smallest n with n * rare >= Z * sqrt(n * share * rare) + 2, which is quadratic in its root
    root = (spread + math.sqrt(spread * spread + 8.0 * rare)) / (2.0 * rare)
    return max(math.ceil(root * root), LEAST_SAMPLES)


def _ms(microseconds: int) -> float:
    """What lasted as long as a histogram can tell, or failed, is infinite."""
    return math.inf if microseconds >= HIGHEST_US else microseconds / 1000.0


def _largest_success(histogram: Histogram) -> float:
    if histogram.max_us < HIGHEST_US:
        return histogram.max_us / 1000.0
    last = bucket_of(HIGHEST_US)
    return max((highest_of(bucket) / 1000.0 for bucket in histogram.counts if bucket < last), default=math.inf)


def share_bounds(hits: int, count: int) -> Bounds | None:
    """A share with Wilson's bounds; None when nothing was counted, and not `enough` when hardly anything was."""
    if not count:
        return None
    share = hits / count
    scale = 1.0 + Z * Z / count
    centre = (share + Z * Z / (2.0 * count)) / scale
    width = Z * math.sqrt(share * (1.0 - share) / count + Z * Z / (4.0 * count * count)) / scale
    low, high = max(centre - width, 0.0), min(centre + width, 1.0)
    return Bounds(share, low, high, count >= LEAST_SAMPLES, False, low, high, count, count)


def widest(found: Sequence[Bounds]) -> Bounds:
    """The bounds of several runs together, around the middle one of their values, and wider by their mean distance.

    A run with too few samples counts only where all have too few.
    """
    known = [bounds for bounds in found if bounds.enough] or found
    values = sorted(bounds.value for bounds in known)
    finite = [value for value in values if math.isfinite(value)]
    apart = (values[-1] - values[0]) / max(len(values) - 1, 1) if len(finite) == len(values) else 0.0
    if 0 < len(finite) < len(values):
        apart = math.inf
    return Bounds(
        values[(len(values) - 1) // 2],
        max(min(bounds.low for bounds in known) - apart, 0.0),
        max(bounds.high for bounds in known) + apart,
        known[0].enough,
        any(bounds.open for bounds in known),
        min(bounds.minimum for bounds in found),
        max(bounds.maximum for bounds in found),
        sum(bounds.count for bounds in found),
    )


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
