"""Locust's own durations made consistent: percentiles with three significant digits, within minimum and maximum.

Locust counts rounded response times in dictionaries and takes its percentiles from their keys, but keeps minimum,
maximum and sum as they come, rounds them elsewhere to whole ms, and cuts the percentiles of its CSV files to whole ms:
a p95 stands above the maximum then. Here every column has digits enough for what stands beside it, the rank of a
percentile is that of our own histograms, and none leaves the extremes, in the table, CSV, HTML and web UI alike. The
wider dictionaries (some hundred keys more per name) still travel from worker to master in a few KB.

What Locust keeps beside them does not grow with the run: fewer copies of those dictionaries, and an hour of the counts
that it keeps for every second and never forgets (a quarter of a MB an hour for each name).
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from locust import stats

from simulator.measurements.histogram import rank_of

COPY_EVERY_S = 5
"""Locust copies each name's dictionary every second and keeps twenty copies, 12 MB after four minutes of 200 devices,
to look some 10 s back (2 to 18 s, whichever copy it finds)."""
COPIES_FOR_S = 20
SECONDS_KEPT = 3_600
"""Of requests and failures by the second; the rates shown are of the last 12 s."""


def rounded_ms(response_time: float) -> float:
    """`response_time` (ms) to three significant digits, but to no less than 10 µs."""
    # Twice for every request: this way of rounding takes a third of what `round` with digits takes.
    if response_time < 10:
        return int(response_time * 100 + 0.5) / 100
    if response_time < 100:
        return int(response_time * 10 + 0.5) / 10
    if response_time < 1_000:
        return round(response_time)
    if response_time < 10_000:
        return int(round(response_time, -1))
    return int(round(response_time, -2))


def extreme_ms(response_time: float) -> float:
    """A minimum or maximum (ms) to 10 µs, as what stands beside it."""
    return round(response_time, 2)


def percentile_of(response_times: Mapping[float, int], num_requests: int, percent: float) -> float:
    """The response time (ms) that a share `percent` (0..1) of `num_requests` did not exceed, by nearest rank.

    Args:
        response_times: how often each occurred.
    """
    wanted = rank_of(percent * 100.0, num_requests)
    seen = 0
    found = 0.0
    for found in sorted(response_times):
        seen += response_times[found]
        if seen >= wanted:
            break
    return found


class _Entry(stats.StatsEntry):
    """What `install` puts in place of Locust's own methods; never made itself."""

    def _log_response_time(self, response_time: float | None) -> None:
        # Twice for every request, so nothing is rounded but a new extreme.
        if response_time is None:
            self.num_none_requests += 1
            return
        self.total_response_time += response_time  # type: ignore[assignment]
        least = self.min_response_time
        if least is None or response_time < least:
            self.min_response_time = extreme_ms(response_time)  # type: ignore[assignment]
        if response_time > self.max_response_time:
            self.max_response_time = extreme_ms(response_time)  # type: ignore[assignment]
        self.response_times[rounded_ms(response_time)] += 1  # type: ignore[index]

    def _cache_response_times(self, t: int) -> None:
        for by_second in (self.num_reqs_per_sec, self.num_fail_per_sec):
            while len(by_second) > SECONDS_KEPT:
                del by_second[next(iter(by_second))]
        copies = self.response_times_cache
        if copies and t - next(reversed(copies)) < COPY_EVERY_S:
            return
        _locusts_copy(self, t)
        copies = self.response_times_cache or OrderedDict()
        while next(iter(copies), t) < t - COPIES_FOR_S:
            copies.popitem(last=False)

    @property
    def avg_response_time(self) -> float:
        counted = self.num_requests - self.num_none_requests
        return _within(self, self.total_response_time / counted) if counted > 0 else 0.0

    def get_response_time_percentile(self, percent: float) -> Any:
        return self.max_response_time if percent >= 1.0 else _within(self, _locusts_percentile(self, percent))

    def get_current_response_time_percentile(self, percent: float) -> Any:
        found = _locusts_current_percentile(self, percent)
        # 0 and None say that nothing was measured lately.
        return _within(self, found) if found else found

    def to_dict(self, escape_string_values: bool = False) -> dict[str, Any]:
        exact = {"min_response_time": self.min_response_time or 0, "max_response_time": self.max_response_time}
        return {**_locusts_dict(self, escape_string_values), **exact}


def _within(entry: stats.StatsEntry, value: float) -> float:
    least = entry.min_response_time
    return value if least is None else max(least, min(value, entry.max_response_time))


def _percentile_fields(writer: stats.StatsCSV, entry: stats.StatsEntry, use_current: bool = False) -> list[Any]:
    """The CSV files' percentiles, not cut to whole ms."""
    if not entry.num_requests:
        return writer.percentiles_na
    current = use_current and entry.use_response_times_cache
    of = entry.get_current_response_time_percentile if current else entry.get_response_time_percentile
    return [of(percent) or 0 for percent in writer.percentiles_to_report]


_locusts_copy = stats.StatsEntry._cache_response_times
_locusts_percentile = stats.StatsEntry.get_response_time_percentile
_locusts_current_percentile = stats.StatsEntry.get_current_response_time_percentile
_locusts_dict = stats.StatsEntry.to_dict
_REPLACED = (
    "_log_response_time",
    "_cache_response_times",
    "avg_response_time",
    "get_response_time_percentile",
    "get_current_response_time_percentile",
    "to_dict",
)


def install() -> None:
    """Make Locust count and show durations so. Harmless when done again."""
    # Locust's own annotations say int; it only ever uses the values as keys and prints them.
    stats.bucket_response_time = rounded_ms  # type: ignore[assignment]
    stats.calculate_response_time_percentile = percentile_of  # type: ignore[assignment]
    for name in _REPLACED:
        setattr(stats.StatsEntry, name, vars(_Entry)[name])
    stats.StatsCSV._percentile_fields = _percentile_fields  # type: ignore[assignment,method-assign]
