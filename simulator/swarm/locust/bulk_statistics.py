"""Many requests at once into Locust's statistics: what `RequestStats.log_request` and `log_error` do one by one.

Each counts for the second in which it ended, not for that in which it is counted: rates and charts are as smooth as the
load is, however seldom this is done.
"""

from collections import Counter

from locust import stats as locust_stats
from locust.stats import RequestStats, StatsEntry, StatsError

from simulator.measurements.counting import Cell
from simulator.swarm.locust.percentiles import extreme_ms


def log_cell(stats: RequestStats, cell: Cell, method: str, error: Exception | None) -> None:
    """Count the requests of `cell`; `error` is what they failed with, None for those that succeeded."""
    times = [duration * 1000.0 for duration in cell.durations]
    rounded = Counter(map(locust_stats.bucket_response_time, times))
    for entry in (stats.total, _entry_of(stats, cell, method)):
        _log(entry, cell, times, rounded)
        if error is not None:
            entry.num_failures += len(times)
            entry.num_fail_per_sec[cell.second] += len(times)
    if error is not None:
        _log_error(stats, cell, method, error)


def _entry_of(stats: RequestStats, cell: Cell, method: str) -> StatsEntry:
    """The entry of a name; a new one is as old as its first request, as Locust makes it then."""
    key = (cell.name, method)
    known = key in stats.entries
    entry = stats.entries[key]
    if not known:
        entry.start_time = cell.first
        if entry.response_times_cache is not None:
            entry.response_times_cache.clear()
            entry._cache_response_times(cell.second)
    return entry


def _log(entry: StatsEntry, cell: Cell, times: list[float], rounded: Counter[int]) -> None:
    second, newest = cell.second, entry.last_request_timestamp
    if entry.use_response_times_cache and newest and second > int(newest):
        entry._cache_response_times(second - 1)
    entry.num_requests += len(times)
    entry.num_reqs_per_sec[second] += len(times)
    entry.last_request_timestamp = max(newest or 0.0, cell.last)
    # Locust's annotations say int; see `percentiles`, also for how extremes are rounded.
    entry.total_response_time = sum(times, entry.total_response_time)  # type: ignore[assignment]
    least, most = min(times), max(times)
    if entry.min_response_time is None or least < entry.min_response_time:
        entry.min_response_time = extreme_ms(least)  # type: ignore[assignment]
    if most > entry.max_response_time:
        entry.max_response_time = extreme_ms(most)  # type: ignore[assignment]
    response_times = entry.response_times
    for bucket, count in rounded.items():
        response_times[bucket] += count
    entry.total_content_length += cell.bytes_in


def _log_error(stats: RequestStats, cell: Cell, method: str, error: Exception) -> None:
    key = StatsError.create_key(method, cell.name, error)
    entry = stats.errors.get(key)
    if entry is None:
        entry = stats.errors[key] = StatsError(method, cell.name, error)
    entry.occurrences += len(cell.durations)
    entry.first_seen = cell.first if entry.first_seen is None else min(entry.first_seen, cell.first)
    entry.last_seen = cell.last if entry.last_seen is None else max(entry.last_seen, cell.last)
