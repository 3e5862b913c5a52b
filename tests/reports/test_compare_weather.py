"""Recoveries of two runs beside each other: worse only beyond what chance explains."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from reports.commands import compare_directories
from reports.comparability import remarks
from reports.compare import BETTER, NEW, NOISE, UNKNOWN, WORSE, ComparedRun, compare_runs, compared_run
from reports.compare_weather import schedules_differ
from reports.gates import parse_fail_on, regressions
from reports.run_info import RunInfo
from reports.writer import write_reports
from simulator.exit_codes import ExitCode
from simulator.measurements.run import RunMeasurements
from simulator.measurements.weather import PlannedFault
from tests.reports.stormy import planned, strike

Info = Callable[..., RunInfo]
DEVICES = 400
OUTAGE = planned(0, devices=DEVICES)


def storm(
    info: Info,
    slow: float = 1.0,
    seed: int = 1,
    faults: Sequence[PlannedFault] = (OUTAGE,),
    never: int = 0,
    devices: int = DEVICES,
) -> ComparedRun:
    rng = random.Random(seed)
    measurements = RunMeasurements()
    for fault in faults:
        strike(measurements, fault, [rng.uniform(1.0, 20.0) * slow for _ in range(devices - never)], hit=devices)
    measurements.seal(float("inf"))
    return compared_run(f"run {seed}", measurements, info(1000.0, faults=tuple(faults), thresholds=()))


def marks(base: ComparedRun, new: ComparedRun) -> dict[str, str]:
    return {
        f"{item.name} {item.metric}": item.mark
        for item in compare_runs([base], new)
        if item.name.startswith("recovery")
    }


@pytest.mark.parametrize(
    ("slow", "expected"),
    [(1.0, NOISE), (1.05, NOISE), (1.5, NOISE), (2.0, WORSE), (0.45, BETTER)],
)
def test_one_storm(info: Info, slow: float, expected: str) -> None:
    assert marks(storm(info), storm(info, slow, seed=2))["recovery.outage p50"] == expected


def test_storms_that_differ_by_chance_are_noise(info: Info) -> None:
    for seed in range(2, 12):
        assert set(marks(storm(info), storm(info, seed=seed)).values()) <= {NOISE, UNKNOWN}


def test_several_storms_tell_by_themselves_how_much_they_differ(info: Info) -> None:
    faults = [planned(number, 20.0 + 100.0 * number) for number in range(6)]
    found = marks(storm(info, faults=faults), storm(info, 1.5, seed=2, faults=faults))
    assert found["recovery.outage p50"] == WORSE


def test_a_device_that_never_came_back_took_for_ever(info: Info) -> None:
    found = compare_runs([storm(info)], storm(info, seed=2, never=60))
    worse = {item.metric: item for item in found if item.name == "recovery.outage" and item.mark == WORSE}
    assert worse["p95"].change == float("inf")
    assert "recovery.outage p95 ∞" in regressions(found, [])["recovery.outage"]


def test_few_devices_tell_nothing(info: Info) -> None:
    assert set(marks(storm(info, devices=8), storm(info, 1.3, seed=2, devices=8)).values()) == {UNKNOWN}


def test_a_kind_that_the_base_did_not_have_is_new(info: Info) -> None:
    faults = (OUTAGE, planned(1, 100.0, what="power_cut", devices=DEVICES))
    assert marks(storm(info), storm(info, faults=faults))["recovery.power_cut p50"] == NEW


def test_faults_that_took_nobody_offline_have_no_recovery(info: Info) -> None:
    measurements = RunMeasurements()
    strike(measurements, OUTAGE, [0.0] * DEVICES)
    assert compared_run("run", measurements, info(faults=(OUTAGE,))).recoveries == {}


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ((OUTAGE,), ""),
        ((), "different faults: 1 outage in a, none in b"),
        ((OUTAGE, planned(1, what="flapping")), "different faults: 1 outage in a, 1 outage, 1 flapping in b"),
        ((planned(0, 21.0),), "different faults: as many in a and b, but not the same ones at the same times"),
    ],
)
def test_different_schedules_are_told(info: Info, now: tuple[PlannedFault, ...], told: str) -> None:
    assert schedules_differ(info(faults=(OUTAGE,)), info(faults=now), ("a", "b")) == told


def test_the_comparison_says_all_of_it(info: Info, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, slow, fault in (("base", 1.0, OUTAGE), ("new", 3.0, planned(0, 25.0, devices=DEVICES))):
        rng = random.Random(slow)
        measurements = RunMeasurements()
        strike(measurements, fault, [rng.uniform(1.0, 20.0) * slow for _ in range(DEVICES)])
        write_reports(tmp_path / name, measurements, info(1000.0, faults=(fault,), thresholds=(), run_ids=(name,)))
    page = tmp_path / "page.html"
    code = compare_directories([tmp_path / "base"], tmp_path / "new", html=page)
    shown = capsys.readouterr().out
    assert code == ExitCode.THRESHOLD_CROSSED
    assert "Regression recovery.outage p50" in shown
    assert "but not the same ones at the same times" in shown
    assert "recovery.outage" in page.read_text()
    limits = [parse_fail_on("recovery.outage p50 +500%")]
    code = compare_directories([tmp_path / "base"], tmp_path / "new", limits, allow_unjudged=True)
    assert code == ExitCode.PASSED


def test_same_schedules_make_no_remark(info: Info) -> None:
    assert not any("faults" in remark for remark in remarks([storm(info)], storm(info, seed=2)))
