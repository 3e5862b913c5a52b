"""Points of a chart over time out of the intervals of a log, and percentile curves.

Points are taken from merged histograms of their whole span, never averaged from percentiles.
"""

from typing import Final

from simulator.measurements.accumulate import HistogramSum
from simulator.measurements.histogram import Histogram

_OPEN_BINS: Final = 3

Points = dict[str, list[float | None]]


def percentile_curve(histogram: Histogram) -> list[list[float]]:
    """Points [x, ms] of the HDR plot: x is 1 / (1 - percentile), so that each decade is another nine.

    Eight points a halving of the distance to 100 %, as far as there are samples to tell them apart.
    """
    count = histogram.count
    if not count:
        return []
    ranks: list[int] = []
    rest = float(count)
    while rest >= 1.0:
        rank = round(count - rest) + 1
        if not ranks or rank > ranks[-1]:
            ranks.append(rank)
        rest *= 0.5**0.125
    if ranks[-1] != count:
        ranks.append(count)
    values = histogram.values_at_ranks(ranks)
    # rank r of n is passed by n - r of them; the highest one stands half a sample before 100 %
    return [
        [round(count / max(count - rank, 0.5), 4), round(value / 1000.0, 3)]
        for rank, value in zip(ranks, values, strict=True)
    ]


class TagBins:
    """One series' histograms by span of time; only the latest spans stay open, the others become points."""

    def __init__(self, bins: int) -> None:
        self.points: Points = {name: [None] * bins for name in ("count", "p50", "p99", "max")}
        self._open: dict[int, tuple[HistogramSum, list[int]]] = {}

    def add(self, index: int, encoded: bytes, max_us: int) -> None:
        found = self._open.get(index)
        if found is None:
            if len(self._open) >= _OPEN_BINS:
                self._close(min(self._open))
            found = self._open[index] = (HistogramSum(), [0])
        found[0].add(encoded)
        found[1][0] = max(found[1][0], max_us)

    def _close(self, index: int) -> None:
        total, most = self._open.pop(index)
        histogram = total.histogram()
        if not histogram.count:
            return
        histogram.max_us = most[0]
        p50, p99 = histogram.percentiles((50.0, 99.0))
        fresh = {"count": histogram.count, "p50": p50 / 1000.0, "p99": p99 / 1000.0, "max": most[0] / 1000.0}
        for name, value in fresh.items():
            before = self.points[name][index]
            if before is not None:
                # a span that was closed already got a late second: its extremes are the honest choice
                value = before + value if name == "count" else max(before, value)
            self.points[name][index] = round(value, 3)

    def close(self) -> Points:
        for index in sorted(self._open):
            self._close(index)
        return self.points
