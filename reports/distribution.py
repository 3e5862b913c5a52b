"""How durations are spread, in steps of a logarithmic scale."""

from typing import Final

from simulator.measurements.hdr import HIGHEST_US
from simulator.measurements.histogram import Histogram
from simulator.measurements.ranges import counts_up_to

_A_DECADE: Final = 10
"""Steps of a distribution from one power of ten to the next: each is 26 % wider than the one before."""
_FINEST_MS: Final = 0.01


def distribution(histogram: Histogram) -> list[list[float]]:
    """Rows [from ms, to ms, count] without a gap from the smallest to the largest value, ten to a power of ten."""
    if not histogram.count:
        return []
    # what lasted longer than a histogram tells apart stands in its last bucket
    most = min(histogram.max_us, HIGHEST_US)
    edges = [_edge(0)]
    while edges[-1] * 1000.0 < most:
        edges.append(_edge(len(edges)))
    counts = counts_up_to(histogram, [min(round(edge * 1000), HIGHEST_US) for edge in edges])
    rows = [[low, high, count] for low, high, count in zip((0.0, *edges), edges, counts, strict=False)]
    first = next(index for index, row in enumerate(rows) if row[2])
    last = max(index for index, row in enumerate(rows) if row[2])
    return rows[first : last + 1]


def _edge(step: int) -> float:
    """Three digits of 0.01 ms times a power of ten's tenth root: every tenth is a power of ten itself."""
    return float(f"{_FINEST_MS * 10 ** (step / _A_DECADE):.3g}")
