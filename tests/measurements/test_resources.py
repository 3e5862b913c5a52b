"""A robust line through what a process holds: a leak shows, peaks that come and go do not, too little tells nothing."""

import random
from collections.abc import Callable

import orjson
import pytest

from simulator.measurements.health import HealthSample
from simulator.measurements.resources import LEAST_S, MOST_SPANS, Held, Resources, Trend
from simulator.measurements.run import RunMeasurements
from simulator.measurements.state import absorb_state, dump_state

T0 = 1_700_000_000.25


def trend_of(seconds: int, value: Callable[[int], float], every: int = 1) -> Trend:
    trend = Trend()
    for second in range(0, seconds, every):
        trend.add(T0 + second, value(second))
    return trend


# --- The line ---


@pytest.mark.parametrize("seconds", [301, 1200, 8 * 3600])
@pytest.mark.parametrize("per_hour", [-12.0, 0.0, 3.0, 400.0])
def test_the_slope_of_what_grows_evenly_is_that(seconds: int, per_hour: float) -> None:
    trend = trend_of(seconds, lambda second: 100.0 + per_hour * second / 3600.0)
    assert trend.per_hour() == pytest.approx(per_hour, abs=1e-6)


def test_however_long_the_run_few_numbers_are_kept_and_none_is_lost() -> None:
    trend = trend_of(3 * 3600, lambda second: float(second))
    assert MOST_SPANS / 2 <= len(trend.spans) <= MOST_SPANS
    assert sum(count for _, count in trend.spans) == 3 * 3600
    assert sum(total for total, _ in trend.spans) == sum(range(3 * 3600))
    assert (trend.peak, trend.newest) == (3 * 3600 - 1, 3 * 3600 - 1)


def test_what_is_seen_for_less_than_five_minutes_has_no_slope() -> None:
    assert Trend().per_hour() is None
    assert trend_of(int(LEAST_S), lambda _: 100.0).per_hour() is None
    assert trend_of(int(LEAST_S) + 1, lambda _: 100.0).per_hour() == 0.0
    # Long enough, and looked at a handful of times.
    assert trend_of(3600, lambda _: 100.0, every=300).per_hour() is None


def test_the_start_is_left_out() -> None:
    trend = trend_of(1200, lambda second: 100.0 + min(second, 240))
    assert trend.per_hour() == pytest.approx(0.0)
    # After hours ten minutes of it, not a quarter of them.
    late = trend_of(8 * 3600, lambda second: 100.0 + (second / 360.0 if second < 2 * 3600 else 20.0))
    assert late.per_hour() is not None
    assert late.per_hour() == pytest.approx(0.0, abs=1.0)


def test_storms_that_come_and_go_are_no_slope_and_a_leak_beneath_them_is() -> None:
    rng = random.Random(4)

    def value(second: int, leak: float) -> float:
        storm = 80.0 if second % 300 > 260 else 0.0
        return 150.0 + leak * second / 3600.0 + storm + rng.gauss(0.0, 1.0)

    assert trend_of(1200, lambda second: value(second, 0.0)).per_hour() == pytest.approx(0.0, abs=4.0)
    assert trend_of(1200, lambda second: value(second, 60.0)).per_hour() == pytest.approx(60.0, abs=6.0)


def test_a_clock_that_steps_back_takes_nothing_along() -> None:
    trend = trend_of(600, lambda _: 100.0)
    trend.add(T0 - 50, 100.0)
    assert trend.per_hour() == 0.0


def test_a_dumped_trend_goes_on_exactly_where_it_was() -> None:
    rng = random.Random(7)
    values = [rng.uniform(100, 110) for _ in range(2000)]
    whole = trend_of(2000, lambda second: values[second])
    half = trend_of(1000, lambda second: values[second])
    again = Trend.load(orjson.loads(orjson.dumps(half.dump())))
    for second in range(1000, 2000):
        again.add(T0 + second, values[second])
    assert again.dump() == whole.dump()


def test_of_several_lives_the_longest_tells() -> None:
    trend = Trend()
    at = T0
    for seconds, per_hour in ((700, 30.0), (400, 900.0), (200, 5.0)):
        for second in range(seconds):
            trend.add(at, 50.0 + per_hour * second / 3600.0)
            at += 1
        assert trend.per_hour() == pytest.approx(30.0)
        assert Trend.load(orjson.loads(orjson.dumps(trend.dump()))).per_hour() == trend.per_hour()
        trend.live_again()
    assert trend.per_hour() == pytest.approx(30.0)
    for second in range(701):
        trend.add(at + second, 50.0)
    assert trend.per_hour() == 0.0


def test_many_short_lives_have_no_slope() -> None:
    trend = Trend()
    for life in range(9):
        for second in range(200):
            trend.add(T0 + 200 * life + second, 50.0)
        trend.live_again()
    assert trend.per_hour() is None
    assert trend.peak == 50.0


# --- A process, several of them ---


def test_the_lines_begin_when_the_last_device_was_started() -> None:
    resources = Resources()
    for second in range(1000):
        devices = min(second, 400)
        resources.add(T0 + second, 50.0 + devices, Held(10 + devices, 1000, 3 * devices, devices))
    assert resources.rss.began == T0 + 400
    assert [trend.per_hour() for trend in (resources.rss, resources.open_files, resources.tasks)] == [0.0, 0.0, 0.0]
    assert (resources.open_files.peak, resources.tasks.peak, resources.files_used) == (410, 1200, 0.41)


def test_a_peak_is_never_below_what_was_online_at_once_whenever_somebody_looked() -> None:
    resources = Resources()
    resources.add(T0, 50.0, Held(44, 1000, 12, 193))
    resources.add(T0 + 1, 50.0, Held(devices=193, connections=193))
    assert (resources.open_files.peak, resources.tasks.peak, resources.files_used) == (193, 193, 0.193)
    assert (resources.open_files.newest, resources.tasks.newest) == (44, 12)
    resources.add(T0 + 2, 50.0, Held(231, 1000, 812, 193, 193))
    assert (resources.open_files.peak, resources.tasks.peak) == (231, 812)
    of_nobody = Resources()
    of_nobody.add(T0, 50.0, Held())
    assert (of_nobody.open_files.peak, of_nobody.tasks.peak) == (None, None)


def feed(process: str, leak: float, files: int, limit: int | None = 1000, seconds: int = 900) -> RunMeasurements:
    measurements = RunMeasurements(process, "run")
    for second in range(seconds):
        held = Held(files, limit, 7 + second // 100, 5) if second % 5 == 0 else Held(devices=5)
        measurements.sample_health(HealthSample(T0 + second, 10.0, 90.0 + leak * second / 3600.0, 0, 0, held))
    return measurements


def test_of_several_processes_the_worst_tells_and_deltas_carry_it_exactly() -> None:
    master = RunMeasurements("master", "run")
    for process, leak, files in (("w1", 2.0, 50), ("w2", 30.0, 40), ("w3", -40.0, 60)):
        assert master.merge_delta(feed(process, leak, files).drain_delta())
    health = master.health
    assert health.rss_slope() == feed("w2", 30.0, 40).health.rss_slope() == pytest.approx(30.0)
    assert (health.open_files(), health.files_limit(), health.files_used()) == (60, 1000, 0.06)
    assert (health.tasks(), health.files_slope()) == (15, 0.0)
    assert health.tasks_slope() == pytest.approx(36.0, abs=3.0)


def test_files_are_held_against_the_limit_of_their_own_process() -> None:
    master = RunMeasurements("master", "run")
    for process, files, limit in (("w1", 90, 100), ("w2", 400, 10_000), ("w3", 500, None)):
        master.merge_delta(feed(process, 0.0, files, limit).drain_delta())
    assert (master.health.open_files(), master.health.files_limit(), master.health.files_used()) == (500, 100, 0.9)


def test_one_process_that_was_not_seen_for_long_enough_leaves_the_slope_open() -> None:
    master = RunMeasurements("master", "run")
    master.merge_delta(feed("w1", 0.0, 50).drain_delta())
    assert master.health.rss_slope() == 0.0
    # What a master tells of itself is no look at its memory.
    master.health.stalled("master", 0.5)
    assert master.health.rss_slope() == 0.0
    master.merge_delta(feed("w2", 0.0, 50, seconds=200).drain_delta())
    assert master.health.rss_slope() is None
    assert master.health.files_slope() is None
    assert master.health.open_files() == 50


def test_a_rebuilt_report_has_the_same_figures() -> None:
    measurements = feed("local", 17.0, 50, seconds=9000)
    again = RunMeasurements()
    absorb_state(again, orjson.loads(orjson.dumps(dump_state(measurements, 0), option=orjson.OPT_NON_STR_KEYS)), [])
    assert again.health.rss_slope() == measurements.health.rss_slope()
    assert again.health.tasks_slope() == measurements.health.tasks_slope()
    assert again.health.files_used() == measurements.health.files_used()


def test_a_report_of_an_earlier_version_has_no_such_figures() -> None:
    data = RunMeasurements().health.dump()
    data["processes"] = {"w1": [3, 90.0, 40.0, 100.0, 0.0, 0.0, None], "w2": [3, 90.0, 40.0, 100.0, 0.0]}
    data["samples"] = [["w1", T0, 30.0, 100.0, 0, 0]]
    again = RunMeasurements()
    again.health.load(data)
    health = again.health
    assert health.samples == [("w1", HealthSample(T0, 30.0, 100.0, 0, 0, Held()))]
    assert health.rss_mb() == 200.0
    assert (health.rss_slope(), health.open_files(), health.files_used(), health.tasks()) == (None, None, None, None)
    assert health.files_limit() is None
