from collections.abc import Callable

import pytest

from reports.evaluation import LiveThresholds, evaluate_all
from reports.run_info import RunInfo
from reports.thresholds import parse_all
from simulator.measurements.events import MISSED, Event, QueueRecorder
from simulator.measurements.resources import Resources
from simulator.measurements.run import RunMeasurements
from simulator.measurements.weather import PlannedFault
from tests.reports.stormy import planned, strike

Info = Callable[..., RunInfo]
T0 = 1_700_000_000.25


@pytest.mark.parametrize(
    ("expression", "value", "passed"),
    [
        ("dev.heartbeat count == 1200", 1200.0, True),
        ("dev.heartbeat rate > 19", 20.0, True),
        ("dev.heartbeat max < 1 s", pytest.approx(8.9, abs=2), True),
        ("dev.heartbeat intended_min > 1 ms", pytest.approx(1.4, abs=0.5), True),
        ("dev.login intended_p50 < 1 s", None, False),
        ("dev.data.upload.verifyPhoto failures == 0", 12.0, False),
        ("dev.data.upload.* failures < 50 %", 100.0, False),
        ("dev.data.upload.verifyLog failures == 0", 0.0, True),
        ("init p95 < 5 s", pytest.approx(66, abs=10), True),
        ("record_delivery p99 < 15 s", pytest.approx(62, abs=10), True),
        ("photo_delivery p99 < 15 s", None, False),
        ("dev.data.upload.bioPhoto count == 0", None, False),
        ("cmd.data.update.user p50 < 1 s", pytest.approx(22, abs=10), True),
        ("failures < 1 %", pytest.approx(12 / 2572 * 100), True),
        ("failures == 12", 12.0, True),
        ("online >= 99 %", pytest.approx(99.7, abs=0.2), True),
        ("came_online >= 100 %", 100.0, True),
        ("requests_per_second > 200", pytest.approx(2572 / 60), False),
        ("disconnects <= 6", 6.0, True),
        ("violations == 0", 6.0, False),
        ("violations.reply.* == 0", 6.0, False),
        ("violations.reply.late < 7", 6.0, True),
        ("violations.reply.code == 0", 0.0, True),
        ("violations.command.* == 0", 0.0, True),
        ("observations <= 12", 12.0, True),
        ("observations.command.repeated < 12", 12.0, False),
        ("internal_errors == 0", 0.0, True),
        ("records.pending == 0", 0.0, True),
        ("generator.loop_lag p99 < 20 ms", pytest.approx(4, abs=1), True),
        ("generator.cpu < 90 %", pytest.approx(33, abs=1), True),
        ("generator.rss < 1000 MB", 120.0, True),
        ("generator.rss_slope < 20 MB/h", pytest.approx(12.0), True),
        ("generator.rss_slope < 10MB/h", pytest.approx(12.0), False),
        ("generator.open_files < 150", 109.0, True),
        ("generator.open_files < 10 %", pytest.approx(10.9), False),
        ("generator.open_files_slope < 70 /h", pytest.approx(60, abs=5), True),
        ("generator.tasks <= 49", 49.0, True),
        ("embedded_platform.rss < 100 MB", pytest.approx(122, abs=0.1), False),
        ("embedded_platform.rss_slope < 50 MB/h", pytest.approx(12.0), True),
        ("embedded_platform.open_files == 109", 109.0, True),
        ("generator.tasks_slope < 50", pytest.approx(60, abs=5), False),
        ("dev.heartbeat count == 800 after 20s", 800.0, True),
        ("dev.login p99 < 1 s after 30s", None, False),
        ("disconnects <= 2 after 40s", 2.0, True),
        ("failures == 4 after 40s", 4.0, True),
        ("online >= 99 % after 30s", pytest.approx(100, abs=0.5), True),
    ],
)
def test_table(busy: RunMeasurements, info: Info, expression: str, value: float | None, passed: bool) -> None:
    run = info(thresholds=(expression,))
    busy.seal(run.ended)
    (result,) = evaluate_all(parse_all(run.thresholds, busy), busy, run)
    assert result.value == value
    assert result.passed is passed


def test_without_an_embedded_platform_no_limit_of_it_holds(busy: RunMeasurements, info: Info) -> None:
    busy.health.platforms.clear()
    run = info(thresholds=("embedded_platform.rss > 0 MB", "embedded_platform.rss_slope < 50 MB/h"))
    for result in evaluate_all(parse_all(run.thresholds, busy), busy, run):
        assert (result.value, result.passed) == (None, False)
        assert result.reason == "the run had no embedded platform, or not for long enough"


@pytest.mark.parametrize(
    "expression", ["generator.rss_slope < 20 MB/h", "generator.open_files_slope > 0", "generator.tasks_slope < 1000 /h"]
)
def test_a_slope_is_not_judged_from_a_short_run_and_no_limit_of_it_holds_there(
    busy: RunMeasurements, info: Info, expression: str
) -> None:
    busy.health.of("local").resources = Resources()
    run = info(thresholds=(expression,))
    (result,) = evaluate_all(parse_all(run.thresholds, busy), busy, run)
    assert (result.value, result.passed) == (None, False)
    assert result.reason == "too short to judge: a slope needs five minutes from when the last device was started"


@pytest.mark.parametrize("broken", [0, 2])
@pytest.mark.parametrize("expression", ["violations < 3", "violations.lookup.* <= 2", "observations == 0"])
def test_where_nobody_came_online_nothing_was_judged_and_no_limit_of_it_holds(
    info: Info, expression: str, broken: int
) -> None:
    measurements = RunMeasurements()
    if broken:
        measurements.violations.add("lookup.status", "HTTP 500", T0, 0, "", broken)
    run = info(thresholds=(expression,))
    (result,) = evaluate_all(parse_all(run.thresholds, measurements), measurements, run)
    assert result.value == (0 if expression.startswith("obs") else broken)
    assert not result.passed
    assert result.reason == "no device came online, so that little could be judged"


def test_a_pattern_counts_rules_that_are_not_declared_too(busy: RunMeasurements, info: Info) -> None:
    busy.violations.add("others", "of a version to come", T0, 0, "", 5)
    run = info(thresholds=("violations.* == 11", "violations.others == 5", "violations == 11"))
    results = evaluate_all(parse_all(run.thresholds, busy), busy, run)
    assert [(result.value, result.passed) for result in results] == [(11, True), (5, True), (11, True)]


def test_missed_requests_are_counted_in_the_part_that_a_threshold_speaks_of(busy: RunMeasurements, info: Info) -> None:
    at = info().started
    busy.apply([(MISSED, "dev.heartbeat", 3, at + 5), (MISSED, "dev.heartbeat", 1, at + 45)])
    busy.seal(at + 60)
    expressions = ("dev.heartbeat missed == 4", "dev.heartbeat missed == 1 after 40s", "dev.login missed == 0")
    run = info(thresholds=expressions)
    assert [result.value for result in evaluate_all(parse_all(expressions, busy), busy, run)] == [4, 1, 0]


def test_missed_requests_of_the_whole_fleet_are_those_of_all_names(busy: RunMeasurements, info: Info) -> None:
    at = info().started
    # Of the last nothing was ever sent.
    events = [("dev.heartbeat", 3, at + 5), ("dev.heartbeat", 1, at + 45), ("dev.made.up", 2, at + 46)]
    busy.apply([(MISSED, *event) for event in events])
    busy.seal(at + 60)
    expressions = ("missed == 6", "missed == 3 after 40s", "missed == 0 after 50s")
    run = info(thresholds=expressions)
    results = evaluate_all(parse_all(expressions, busy), busy, run)
    assert [(result.value, result.passed) for result in results] == [(6, True), (3, True), (0, True)]


def refused(failing: int, of: int, failed_s: float = 0.001) -> RunMeasurements:
    """A run in which `failing` of `of` initial flows are refused at once; the others take 100 ms, 101 ms …"""
    measurements = RunMeasurements()
    events: list[Event] = []
    recorder = QueueRecorder(events.append)
    for number in range(of):
        if number < failing:
            recorder.flow("init", T0 + number / 10, failed_s, "refused")
        else:
            recorder.flow("init", T0 + number / 10, 0.1 + (number - failing) / 1000, "00000000")
    measurements.apply(events)
    return measurements


@pytest.mark.parametrize("suffix", ["", " after 0s", " after 1ms"])
@pytest.mark.parametrize(
    ("failing", "expression", "value", "passed", "reason"),
    [
        (0, "init p95 < 5 s", pytest.approx(194, rel=0.002), True, ""),
        (4, "init p95 < 5 s", pytest.approx(194, rel=0.002), True, "4 of 100 failed"),
        (5, "init p95 < 5 s", pytest.approx(194, rel=0.002), True, "5 of 100 failed"),
        (6, "init p95 < 5 s", None, False, "6 of 100 failed"),
        (100, "init p95 < 5 s", None, False, "100 of 100 failed"),
        (1, "init max <= 5 s", None, False, "1 of 100 failed"),
        (50, "init p50 < 5 s", pytest.approx(149, rel=0.002), True, "50 of 100 failed"),
        (99, "init mean < 5 s", pytest.approx(100, rel=0.002), True, "99 of 100 failed"),
        (100, "init mean < 5 s", None, False, "100 of 100 failed"),
        (100, "init min > 0 ms", None, False, "100 of 100 failed"),
        (100, "init p99 != 7 ms", None, False, "100 of 100 failed"),
        (90, "init p50 > 50 ms", pytest.approx(104, rel=0.002), True, "90 of 100 failed"),
        (100, "init failures <= 100", 100.0, True, ""),
        (100, "init count == 100", 100.0, True, ""),
        (100, "ini* p95 < 5 s", None, False, "worst: init; 100 of 100 failed"),
    ],
)
def test_failing_fast_keeps_no_limit(
    info: Info, failing: int, expression: str, value: float | None, passed: bool, reason: str, suffix: str
) -> None:
    measurements = refused(failing, 100)
    run = info(started=T0, thresholds=(expression + suffix,))
    measurements.seal(run.ended)
    (result,) = evaluate_all(parse_all(run.thresholds, measurements), measurements, run)
    assert (result.dump()["value"], result.passed, result.reason) == (value, passed, reason)


def test_a_slow_failure_is_no_success_either(info: Info) -> None:
    measurements = refused(1, 10, failed_s=10.0)
    run = info(started=T0, thresholds=("init mean < 1 s", "init p90 < 1 s", "init p95 < 60 s"))
    results = evaluate_all(parse_all(run.thresholds, measurements), measurements, run)
    assert [(item.passed, item.value) for item in results] == [
        (True, pytest.approx(104, rel=0.002)),
        (True, pytest.approx(108, rel=0.002)),
        (False, float("inf")),
    ]


@pytest.mark.parametrize("suffix", ["", " after 1ms"])
@pytest.mark.parametrize(
    ("pending", "passed", "reason"), [(0, True, ""), (1, True, "1 still pending"), (10, False, "10 still pending")]
)
def test_what_is_still_pending_kept_no_promise(
    info: Info, pending: int, passed: bool, reason: str, suffix: str
) -> None:
    measurements = RunMeasurements()
    events: list[Event] = []
    recorder = QueueRecorder(events.append)
    for number in range(99):
        recorder.flow("record_delivery", T0 + number / 10, 0.1, "00000000")
    recorder.record("generated", 99 + pending)
    recorder.record("acknowledged", 99)
    measurements.apply(events)
    run = info(started=T0, thresholds=(f"record_delivery p99 < 15 s{suffix}",))
    measurements.seal(run.ended)
    (result,) = evaluate_all(parse_all(run.thresholds, measurements), measurements, run)
    assert (result.passed, result.reason) == (passed, reason)


def test_glob_names_the_worst(busy: RunMeasurements, info: Info) -> None:
    run = info(thresholds=("dev.data.upload.* p99 < 2 s",))
    (result,) = evaluate_all(parse_all(run.thresholds, busy), busy, run)
    assert not result.passed
    assert "verifyPhoto" in result.reason


class Live:
    """A run of a heartbeat every 0.1 s, looked at each second."""

    def __init__(self, info: Info, expression: str, faults: tuple[PlannedFault, ...] = ()) -> None:
        self.run = info(thresholds=(expression,), faults=faults)
        self.measurements = RunMeasurements()
        self.live = LiveThresholds(parse_all(self.run.thresholds, self.measurements), self.measurements, self.run)

    def aborted_at(
        self, latency: Callable[[int], float], seconds: int = 60, code: str = "00000000", late: float = 0.0
    ) -> int | None:
        for second in range(seconds):
            events: list[Event] = []
            recorder = QueueRecorder(events.append)
            for tenth in range(10):
                recorder.request("dev.heartbeat", T0 + second + tenth / 10, latency(second), code, 1, 1, late)
            self.measurements.apply(events)
            self.measurements.seal(T0 + second + 1)
            if self.live.tick(T0 + second + 1):
                return second
        return None


def test_lasting_crossing_aborts(info: Info) -> None:
    live = Live(info, "dev.heartbeat p99 < 100 ms abort")
    assert live.aborted_at(lambda second: 0.5 if second >= 20 else 0.01) in range(32, 37)


@pytest.mark.parametrize(
    ("expression", "aborts"),
    [
        ("requests_per_second > 20 abort", False),
        ("dev.heartbeat rate >= 20 abort", False),
        # What a fault cuts off is no failure, so that these are the platform's.
        ("failures < 50 % abort", True),
        ("requests_per_second < 5 abort", True),
    ],
)
def test_what_a_fault_lowers_aborts_nothing_while_it_is_under_way(info: Info, expression: str, aborts: bool) -> None:
    live = Live(info, expression, faults=(planned(0, 5.0, 200.0),))
    strike(live.measurements, planned(0, 5.0, 200.0), ())
    assert (live.aborted_at(lambda second: 0.01, code="E0000001") is not None) is aborts
    # Without a fault the fleet is just as slow, and that aborts.
    assert Live(info, expression).aborted_at(lambda second: 0.01, code="E0000001") is not None


def test_by_intended_time_what_was_sent_late_aborts(info: Info) -> None:
    intended = Live(info, "dev.heartbeat intended_p99 < 100 ms abort")
    assert intended.aborted_at(lambda second: 0.01, late=0.5) in range(20, 27)
    assert Live(info, "dev.heartbeat p99 < 100 ms abort").aborted_at(lambda second: 0.01, late=0.5) is None


def test_one_bad_second_does_not_abort(info: Info) -> None:
    live = Live(info, "dev.heartbeat p99 < 100 ms abort")
    assert live.aborted_at(lambda second: 0.5 if second == 20 else 0.01) is None


def test_ramp_is_left_alone(info: Info) -> None:
    live = Live(info, "dev.heartbeat p99 < 100 ms after 30s abort")
    assert live.aborted_at(lambda second: 0.5, 90) in range(52, 57)


def test_failing_alone_aborts_a_latency_threshold(info: Info) -> None:
    live = Live(info, "dev.heartbeat p99 < 100 ms abort")
    assert live.aborted_at(lambda second: 0.01, code="refused") in range(20, 27)


def test_what_a_worker_has_not_reported_yet_does_not_count_as_missing(info: Info) -> None:
    live = Live(info, "requests_per_second >= 10 abort")
    events: list[Event] = []
    recorder = QueueRecorder(events.append)
    for second in range(60):
        for tenth in range(10):
            recorder.request("dev.heartbeat", T0 + second + tenth / 20, 0.01, "00000000", 1, 1, 0.0)
        if second % 3 == 2:
            live.measurements.apply(events)
            events.clear()
        assert live.live.tick(T0 + second + 1) == []


def test_without_abort_the_run_goes_on(info: Info) -> None:
    assert Live(info, "dev.heartbeat p99 < 100 ms").aborted_at(lambda second: 0.5) is None
