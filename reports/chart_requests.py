"""The charts of all requests together over time: latency as a heat map and against the load, codes, bytes, backlog.

As in `reports.charts`: plain data, a value for each span ("bin") of the run, null where there is none.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

from simulator.measurements.accumulate import HistogramSum
from simulator.measurements.histogram import Histogram
from simulator.measurements.names import (
    ACKNOWLEDGED,
    GENERATED,
    LOST,
    OTHERS,
    REFUSED,
    REJECTED,
    RESTORED,
)
from simulator.measurements.ranges import counts_up_to
from simulator.measurements.run import RunMeasurements
from simulator.measurements.timeline import BYTES_IN, BYTES_OUT

MOST_CODES: Final = 12
HEAT_BOUNDS_MS: Final = (
    *(0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700),
    *(1_000, 1_500, 2_000, 3_000, 5_000, 7_000, 10_000, 15_000, 20_000, 30_000, 60_000),
)
"""Upper bounds of the heat map's rows; one more row is above the last."""

_WAITING: Final[Mapping[str, int]] = {
    **dict.fromkeys((GENERATED, RESTORED), 1),
    **dict.fromkeys((ACKNOWLEDGED, REFUSED, REJECTED, LOST), -1),
}
"""By how much an event changes the number of records that wait for the platform."""
_OPEN_BINS: Final = 3


class Bins:
    """The spans of a chart: `count` of them, `step` seconds each, from the epoch second `first`."""

    __slots__ = ("count", "first", "step")

    def __init__(self, first: int, step: int, count: int) -> None:
        self.first = first
        self.step = step
        self.count = count

    def of(self, second: float) -> int:
        """Where the epoch second `second` belongs; what lies outside, in the first or the last."""
        return min(max(int(second - self.first) // self.step, 0), self.count - 1)

    def sums(self, series: Mapping[int, Mapping[str, int]]) -> dict[str, list[int]]:
        """Name -> its counts by bin."""
        found: defaultdict[str, list[int]] = defaultdict(lambda: [0] * self.count)
        for second, counts in series.items():
            index = self.of(second)
            for name, count in counts.items():
                found[name][index] += count
        return dict(found)


class AllRequests:
    """Every request's latency by bin; only the latest bins stay open, as seconds come nearly in order."""

    def __init__(self, bins: Bins) -> None:
        self._bins = bins
        self._open: dict[int, HistogramSum] = {}
        self._closed: dict[int, Histogram] = {}

    def add(self, index: int, encoded: bytes) -> None:
        """Add a second's histogram of one funcId to the bin `index`."""
        total = self._open.get(index)
        if total is None:
            if len(self._open) >= _OPEN_BINS:
                self._close(min(self._open))
            total = self._open[index] = HistogramSum()
        total.add(encoded)

    def _close(self, index: int) -> None:
        self._closed.setdefault(index, Histogram()).add(self._open.pop(index).histogram())

    def dump(self) -> dict[str, Any]:
        """`heat`: cells [bin, row, count], where row r holds what lies above `bounds_ms[r]` up to the next bound (null:
        none); `load`: [requests/s, p50 ms, p99 ms] of each bin."""
        for index in list(self._open):
            self._close(index)
        load: list[list[float] | None] = [None] * self._bins.count
        rows: list[tuple[int, list[int]]] = []
        bounds_us = [round(bound * 1000) for bound in HEAT_BOUNDS_MS]
        for index, histogram in sorted(self._closed.items()):
            if not histogram.count:
                continue
            p50, p99 = histogram.percentiles((50.0, 99.0))
            load[index] = [round(histogram.count / self._bins.step, 3), p50 / 1000.0, p99 / 1000.0]
            rows.append((index, counts_up_to(histogram, bounds_us)))
        used = [row for _, counts in rows for row, count in enumerate(counts) if count]
        low, high = (min(used), max(used)) if used else (0, -1)
        cells = [
            [index, row - low, count]
            for index, counts in rows
            for row, count in enumerate(counts[low : high + 1], low)
            if count
        ]
        edges = [0.0, *map(float, HEAT_BOUNDS_MS), None]
        return {"load": load, "heat": {"bounds_ms": edges[low : high + 2], "cells": cells}}


def most_first(series: Mapping[str, list[int]], most: int = MOST_CODES) -> dict[str, list[int]]:
    """The `most` names with the highest sums, and all that is left as `others`."""
    ranked = sorted(series, key=lambda name: (name == OTHERS, -sum(series[name]), name))
    shown = {name: series[name] for name in ranked[:most]}
    rest = [series[name] for name in ranked[most:]]
    if rest:
        shown[OTHERS] = [sum(values) for values in zip(*rest, shown.get(OTHERS, [0] * len(rest[0])), strict=True)]
    return shown


def request_charts(measurements: RunMeasurements, bins: Bins) -> dict[str, Any]:
    """By bin: `codes` (failures by code), `expected` (refusals that the scenario wants), `bytes` (B/s, `out` and `in`)
    and `backlog` (records that wait)."""
    timeline = measurements.timeline
    expected = [sum(values) for values in zip(*bins.sums(timeline.expected).values(), strict=True)]
    moved = bins.sums(timeline.bytes)
    return {
        "codes": most_first(bins.sums(timeline.codes)),
        "expected": expected or [0] * bins.count,
        "bytes": {
            name: [round(count / bins.step, 1) for count in moved[name]]
            for name in (BYTES_OUT, BYTES_IN)
            if name in moved
        },
        "backlog": backlog(measurements.records_over_time, bins),
    }


def backlog(events: Mapping[int, Mapping[str, int]], bins: Bins) -> list[int | None]:
    """Records that wait for the platform: of each bin the most at the end of a second; null before the first record."""
    found: list[int | None] = [None] * bins.count
    waiting = 0
    reached: int | None = None
    for second in sorted(events):
        change = sum(_WAITING.get(name, 0) * count for name, count in events[second].items())
        told = any(name in _WAITING and count for name, count in events[second].items())
        if not told:
            continue
        index = bins.of(second)
        if reached is not None:
            _carry(found, reached, index, waiting)
        waiting += change
        found[index] = max(waiting, found[index] or 0, 0)
        reached = index
    if reached is not None:
        _carry(found, reached, bins.count - 1, waiting)
    return found


def _carry(found: list[int | None], reached: int, index: int, waiting: int) -> None:
    """What waited at the end of the bin `reached` waits on until it changes, in the bin `index`."""
    for later in range(reached + 1, index + 1):
        found[later] = max(waiting, 0)
