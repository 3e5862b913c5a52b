"""Locust's own figures: none contradicts another, in one process and merged on a master."""

import csv
import io
import random
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from locust import stats

from simulator.measurements.histogram import rank_of
from simulator.swarm.locust import percentiles

REPORTED = (0.5, 0.66, 0.75, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 0.9999, 1.0)
CHARTED = (0.5, 0.95)
SHARES = [f"response_time_percentile_{share}" for share in stats.PERCENTILES_TO_STATISTICS]


@pytest.fixture(autouse=True, scope="module")
def installed() -> Iterator[None]:
    """Locust's own functions come back after this module."""
    names = ("bucket_response_time", "calculate_response_time_percentile")
    kept = {name: getattr(stats, name) for name in names}
    kept_entry = {name: vars(stats.StatsEntry)[name] for name in percentiles._REPLACED}
    kept_csv = stats.StatsCSV._percentile_fields
    percentiles.install()
    yield
    for name, value in kept.items():
        setattr(stats, name, value)
    for name, value in kept_entry.items():
        setattr(stats.StatsEntry, name, value)
    stats.StatsCSV._percentile_fields = kept_csv  # type: ignore[method-assign]


def counted(*workers: Sequence[float]) -> stats.RequestStats:
    """What a master holds when each worker has reported its requests; a single one is counted on the spot."""
    whole = stats.RequestStats()
    for durations in workers:
        part = stats.RequestStats(use_response_times_cache=False) if len(workers) > 1 else whole
        for duration in durations:
            part.log_request("BEST", "dev.login", duration, 10)  # type: ignore[arg-type]
        if part is not whole:
            mine = [(whole.entries[key], entry) for key, entry in part.entries.items()]
            for entry, reported in (*mine, (whole.total, part.total)):
                entry.extend(stats.StatsEntry.unserialize(reported.serialize(), whole))  # type: ignore[no-untyped-call]
    return whole


def csv_rows(found: stats.RequestStats) -> list[dict[str, str]]:
    out = io.StringIO()
    writer = stats.StatsCSV(SimpleNamespace(stats=found), list(REPORTED))  # type: ignore[arg-type]
    writer.requests_csv(csv.writer(out))  # type: ignore[arg-type]
    return list(csv.DictReader(io.StringIO(out.getvalue())))


def ordered(low: float, *between: float, high: float) -> None:
    assert all(one <= other for one, other in zip((low, *between), (*between, high), strict=True)), (low, between, high)


def consistent(found: stats.RequestStats) -> None:
    for row in csv_rows(found):
        low, mean, high = (float(row[f"{name} Response Time"]) for name in ("Min", "Average", "Max"))
        ordered(low, mean, high=high)
        ordered(low, *(float(value) for name, value in row.items() if name.endswith("%")), high=high)
        assert float(row["100%"]) == high
        assert float(row["Median Response Time"]) == float(row["50%"])
    for entry in (*found.entries.values(), found.total):
        shown: dict[str, Any] = entry.to_dict()
        low, high = shown["min_response_time"], shown["max_response_time"]
        ordered(low, *(shown[name] for name in SHARES), high=high)
        ordered(low, shown["avg_response_time"], high=high)
        ordered(low, shown["median_response_time"], high=high)
        if entry.response_times_cache:
            for share in CHARTED:
                current = entry.get_current_response_time_percentile(share)
                assert not current or low <= current <= high


durations = st.lists(st.floats(0.0, 700_000.0, allow_subnormal=False), min_size=1, max_size=40)


@given(st.lists(durations, min_size=1, max_size=3))
def test_no_column_contradicts_another(workers: list[list[float]]) -> None:
    consistent(counted(*workers))


@pytest.mark.parametrize(
    "durations", [[123.6], [0.416], [1_234.5, 1_234.4], [99_950.0], [0.004], [0.0], [9.996, 9.994]]
)
def test_a_percentile_that_rounding_lifts_or_lowers_stays_within_the_extremes(durations: list[float]) -> None:
    found = counted(durations)
    consistent(found)
    (entry,) = found.entries.values()
    assert entry.max_response_time == pytest.approx(max(durations), abs=0.0051)
    assert entry.get_response_time_percentile(1.0) == entry.max_response_time


def test_the_rank_is_that_of_the_report() -> None:
    rng = random.Random(5)
    values = sorted(rng.choice([1.5, 2.5, 14.5, 300.0, 4_000.0]) for _ in range(1_000))
    (entry,) = counted(values).entries.values()
    for share in REPORTED:
        assert entry.get_response_time_percentile(share) == values[rank_of(share * 100, 1_000) - 1], share
    assert counted([1.0, 2.0]).total.median_response_time == 1.0


def test_current_percentiles_are_of_the_last_seconds_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000.0
    monkeypatch.setattr(stats.time, "time", lambda: now)  # type: ignore[attr-defined]
    found = stats.RequestStats()
    for duration in (5.0, 6.0):
        found.log_request("BEST", "dev.login", duration, 1)  # type: ignore[arg-type]
    now = 1_020.0
    found.log_request("BEST", "dev.login", 123.6, 1)  # type: ignore[arg-type]
    now = 1_022.0
    assert found.total.get_current_response_time_percentile(0.5) == 123.6
    now = 1_031.0
    found.log_request("BEST", "dev.login", 8.0, 1)  # type: ignore[arg-type]
    found.total._cache_response_times(1_035)
    now = 1_045.0
    assert found.total.get_current_response_time_percentile(0.95) == 0.0


def test_nothing_measured_is_shown_as_nothing() -> None:
    found = stats.RequestStats()
    (row,) = csv_rows(found)
    assert (row["Max Response Time"], row["95%"]) == ("0", "N/A")
    found.log_request("BEST", "dev.login", None, 0)  # type: ignore[arg-type]
    entry = found.total
    assert (entry.avg_response_time, entry.get_response_time_percentile(0.95), entry.num_none_requests) == (0.0, 0.0, 1)


@pytest.mark.parametrize(
    ("ms", "rounded"),
    [
        (0.1234, 0.12),
        (9.876, 9.88),
        (12.345, 12.3),
        (123.4, 123),
        (1234.0, 1230),
        (12345.0, 12300),
        (99_999.0, 100_000),
    ],
)
def test_three_digits_of_a_latency_are_kept(ms: float, rounded: float) -> None:
    assert percentiles.rounded_ms(ms) == rounded


# --- What is kept of a long run ---


class Time:
    """Stands in for Locust's clock."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.25

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    clock = Time()
    monkeypatch.setattr(stats.time, "time", clock.time)
    return clock


@pytest.mark.parametrize("pause", [1, 3, 7])
def test_the_current_percentile_is_that_of_the_last_seconds_at_any_moment(clock: Time, pause: int) -> None:
    whole = stats.RequestStats()
    for second in range(0, 210, pause):
        clock.now = 1_700_000_000.25 + second
        slow = second >= 100
        whole.log_request("BEST", "dev.heartbeat", 500.0 if slow else 1.0, 10)  # type: ignore[arg-type]
        found = whole.total.get_current_response_time_percentile(0.5)
        if second >= 20 and not 100 <= second < 120:
            assert found == (500.0 if slow else 1.0), second


def test_hours_keep_few_copies_and_an_hour_of_seconds(clock: Time) -> None:
    whole = stats.RequestStats()
    for second in range(3 * 3600):
        clock.now = 1_700_000_000.25 + second
        whole.log_request("BEST", "dev.heartbeat", 1.0 + second % 50, 10)  # type: ignore[arg-type]
        whole.log_error("BEST", "dev.heartbeat", OSError("refused"))  # type: ignore[arg-type]
    for entry in (whole.total, *whole.entries.values()):
        assert len(entry.response_times_cache or ()) <= 5
        # The second that has just begun may be one more.
        assert len(entry.num_reqs_per_sec) <= percentiles.SECONDS_KEPT + 1
        assert len(entry.num_fail_per_sec) <= percentiles.SECONDS_KEPT + 1
        assert int(clock.now) in entry.num_reqs_per_sec
        assert entry.num_requests == entry.num_failures == 3 * 3600
        assert entry.current_rps == pytest.approx(1.0)
