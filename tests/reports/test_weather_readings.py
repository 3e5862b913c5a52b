"""Thresholds on faults: judged by the worst of them, and never green where nothing is known."""

import math
from collections.abc import Callable

import pytest

from reports.evaluation import ThresholdResult, evaluate_all
from reports.run_info import RunInfo
from reports.thresholds import parse_all, wrong_threshold
from reports.weather_readings import KINDS_OF_FAULTS, part_of
from simulator.measurements.run import RunMeasurements
from simulator.measurements.weather import PlannedFault
from tests.reports.stormy import planned, strike

Info = Callable[..., RunInfo]
FIRST = planned(0, 20.0)
SECOND = planned(1, 120.0, 10.0, "power_cut")
LATE = planned(2, 270.0)
LENGTH = 300.0


def judged(info: Info, expression: str, *faults: PlannedFault, **struck: object) -> ThresholdResult:
    """A threshold over a run in which all these faults came and hit four devices each; `struck` is what `strike` takes
    for each by its kind and number (`outage_0`)."""
    measurements = RunMeasurements()
    for fault in faults:
        told = struck.get(f"{fault.what}_{fault.number}", {})
        if told is not None:
            strike(measurements, fault, **told)  # type: ignore[arg-type]
    run = info(LENGTH, thresholds=(expression,), faults=faults)
    (result,) = evaluate_all(parse_all(run.thresholds, measurements), measurements, run)
    return result


@pytest.mark.parametrize(
    ("expression", "value", "remark"),
    [
        ("recovery.all < 60 s", 50_000, "worst: power_cut at 2 min 00 s"),
        ("recovery.p50 < 60 s", 30_000, "worst: power_cut at 2 min 00 s"),
        ("recovery.outage.all < 60 s", 3_000, "worst: outage at 20.0 s"),
        ("recovery.power_cut.p99 < 60 s", 50_000, "worst: power_cut at 2 min 00 s"),
        ("backlog.delivered < 60 s", 51_000, "worst: power_cut at 2 min 00 s"),
        ("backlog.peak < 20", 12, "worst: outage at 20.0 s"),
        ("requests_cut <= 4", 4, "worst: outage at 20.0 s"),
        ("never_back == 0", 0, ""),
    ],
)
def test_worst_of_all_faults(info: Info, expression: str, value: float, remark: str) -> None:
    result = judged(info, expression, FIRST, SECOND, power_cut_1={"back": (20.0, 30.0, 40.0, 50.0)})
    assert result.passed
    assert result.value == pytest.approx(value, rel=0.002)
    assert result.reason == remark


# --- Never falsely green ---


@pytest.mark.parametrize(
    "expression", ["recovery.p99 < 60 s", "never_back == 0", "backlog.delivered < 3 min", "requests_cut < 5"]
)
def test_without_a_fault_nothing_holds(info: Info, expression: str) -> None:
    for result in (
        judged(info, expression),
        judged(info, expression, FIRST, outage_0=None),
        judged(info, expression, FIRST, outage_0={"hit": 0, "back": ()}),
    ):
        assert not result.passed
        assert result.value is None
        assert result.reason == "no fault hit a device"


def test_without_one_of_the_kind_nothing_holds(info: Info) -> None:
    result = judged(info, "recovery.flapping.p99 < 60 s", FIRST)
    assert (result.passed, result.reason) == (False, "no flapping hit a device")


def test_a_device_that_never_came_back_took_for_ever(info: Info) -> None:
    result = judged(info, "recovery.p99 < 60 s", FIRST, SECOND, outage_0={"back": (1.0, 2.0, 3.0)})
    assert not result.passed
    assert result.value == math.inf
    assert result.reason == "worst: outage at 20.0 s; 1 of 4 devices was not back 4 min 30 s after it"
    result = judged(info, "never_back == 0", FIRST, SECOND, outage_0={"back": (1.0, 2.0, 3.0)})
    assert (result.passed, result.value, result.reason) == (False, 1, "worst: outage at 20.0 s")


def test_a_backlog_that_waits_is_never_delivered(info: Info) -> None:
    result = judged(info, "backlog.delivered < 3 min", FIRST, outage_0={"delivered": False})
    assert not result.passed
    assert result.reason == "worst: outage at 20.0 s; records still waited 4 min 30 s after it"


@pytest.mark.parametrize("comparison", ["< 20001 ms", "<= 30 s", "> 5 s"])
def test_devices_away_for_longer_than_any_return_keep_no_limit(info: Info, comparison: str) -> None:
    # The platform may have died after the last fault: that 20 s are less than 30 s says nothing.
    result = judged(info, f"recovery.all {comparison}", FIRST, LATE, outage_2={"back": (1.0, 2.0, 3.0)})
    assert (result.passed, result.judged, result.value) == (False, False, None)
    assert result.reason == (
        "the run ended too early to tell: outage at 4 min 30 s 1 of 4 devices was not back 20.0 s after it"
    )


@pytest.mark.parametrize("comparison", ["< 15 s", "<= 20 s", "< 20 s"])
def test_but_cross_one_that_they_are_away_for_longer_than(info: Info, comparison: str) -> None:
    result = judged(info, f"recovery.outage.all {comparison}", FIRST, LATE, outage_2={"back": (1.0, 2.0, 3.0)})
    assert (result.passed, result.judged, result.value) == (False, True, 20_000)
    assert result.reason.startswith("at least, as the run ended too early to tell: outage at 4 min 30 s")


@pytest.mark.parametrize(
    ("expression", "value", "reason"),
    [
        ("recovery.all < 60 s", 3000, "worst: outage at 20.0 s"),
        ("never_back == 0", 0, "1 device had too little time until the run's end to come back"),
    ],
)
def test_a_fault_shortly_before_the_end_says_nothing_beside_others(
    info: Info, expression: str, value: float, reason: str
) -> None:
    late = planned(2, 288.0)
    result = judged(info, expression, FIRST, late, outage_2={"back": (0.1, 0.2, 0.3)})
    assert result.passed
    assert result.value == pytest.approx(value, rel=0.002)
    assert result.reason == reason


@pytest.mark.parametrize("expression", ["recovery.p99 < 60 s", "never_back == 0", "backlog.delivered < 60 s"])
@pytest.mark.parametrize("fault", [LATE, planned(2, 295.0)])
def test_but_where_it_is_the_only_one_nothing_holds(info: Info, expression: str, fault: PlannedFault) -> None:
    result = judged(info, expression, fault, outage_2={"back": (), "delivered": False})
    assert not result.passed
    assert result.value is None


def test_who_was_taken_over_by_another_fault_is_not_counted_here(info: Info) -> None:
    result = judged(info, "recovery.p99 < 60 s", FIRST, SECOND, outage_0={"back": (1.0,), "overtaken": 3})
    assert result.passed
    result = judged(info, "recovery.p99 < 60 s", FIRST, outage_0={"back": (), "overtaken": 4})
    assert (result.passed, result.reason) == (False, "every device that a fault hit was taken over by another fault")


# --- Misbehaviour ---


def test_misbehaviour(info: Info) -> None:
    measurements = RunMeasurements()
    for way, outcome, count in (
        ("bad_sign", "sent", 5),
        ("bad_sign", "refused_as_expected", 5),
        ("oversize", "sent", 3),
        ("oversize", "accepted", 2),
        ("oversize", "silent", 1),
    ):
        measurements.weather.misbehaved(way, outcome, count)
    expected = {
        "misbehaviour.sent >= 8": (True, 8, "bad_sign 5, oversize 3"),
        "misbehaviour.accepted == 0": (False, 2, "oversize 2"),
        "misbehaviour.bad_sign.accepted == 0": (True, 0, ""),
        "misbehaviour.silent <= 1": (True, 1, "oversize 1"),
        "misbehaviour.offset_gap.accepted == 0": (False, None, "nobody misbehaved by offset_gap"),
    }
    run = info(thresholds=tuple(expected))
    results = evaluate_all(parse_all(run.thresholds, measurements), measurements, run)
    assert {one.expression: (one.passed, one.value, one.reason) for one in results} == expected
    (result,) = evaluate_all(
        parse_all(["misbehaviour.accepted == 0"], measurements), RunMeasurements(), info(thresholds=())
    )
    assert (result.passed, result.reason) == (False, "nobody misbehaved")


# --- How they are written ---


@pytest.mark.parametrize(
    ("measure", "subject", "part"),
    [
        ("recovery.p99", "recovery.p99", ""),
        ("recovery.p99", "recovery.outage.p99", "outage"),
        ("recovery.p99", "recovery.outage.p50", None),
        ("recovery.p99", "recovery..p99", None),
        ("never_back", "never_back", ""),
        ("never_back", "never_back.outage", "outage"),
        ("never_back", "never_back.", None),
        ("never_back", "never_backs", None),
    ],
)
def test_what_stands_in_a_measure(measure: str, subject: str, part: str | None) -> None:
    assert part_of(measure, subject) == part


def test_kinds_are_those_of_the_schedule() -> None:
    assert {"outage", "flapping", "power_cut", "misbehave"} <= set(KINDS_OF_FAULTS)
    for kind in KINDS_OF_FAULTS:
        assert wrong_threshold(f"never_back.{kind} == 0") is None


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("recovery.outtage.p99 < 1 s", "there is no kind of fault 'outtage' (did you mean outage?)"),
        ("misbehaviour.bad_sing.accepted == 0", "there is no way of misbehaviour 'bad_sing' (did you mean bad_sign?)"),
        ("recovery.p99 < 1 s abort", "recovery.p99 is judged for the whole run, without 'abort'"),
        ("never_back.outage == 0 after 5s", "never_back is judged for the whole run, without 'after'"),
        ("recovery.p99 p50 < 1 s", "'recovery.p99' takes no metric, but a comparison"),
    ],
)
def test_mistakes(expression: str, problem: str) -> None:
    assert problem in (wrong_threshold(expression) or "")
