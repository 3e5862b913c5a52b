from collections.abc import Callable
from pathlib import Path

from reports.faults import outcomes
from reports.rebuild import load_merged, load_run, rebuild
from reports.run_info import RunInfo
from reports.writer import write_reports
from simulator.measurements.run import RunMeasurements
from tests.reports.conftest import STARTED
from tests.reports.kept_run import KeptRun
from tests.reports.stormy import planned, strike

Info = Callable[..., RunInfo]


def test_schedule_and_figures_come_back(busy: RunMeasurements, info: Info, tmp_path: Path) -> None:
    faults = (planned(0), planned(1, 40.0))
    strike(busy, faults[1])
    write_reports(tmp_path, busy, info(faults=faults))
    measurements, run = load_run(tmp_path)
    assert run.faults == faults
    assert measurements.weather.faults[1].hit == 4
    assert measurements.weather.dump() == busy.weather.dump()


def test_a_run_that_broke_off_has_its_faults(busy: RunMeasurements, info: Info, tmp_path: Path) -> None:
    faults = (planned(0), planned(1, 40.0))
    strike(busy, faults[0])
    KeptRun(tmp_path, busy, info(faults=faults)).checkpoint(35)
    summary = rebuild(tmp_path)
    assert [fault["back"] for fault in summary["faults"]] == [4, 0]
    assert [reason["key"] for reason in summary["reasons"]] == ["broken_off"]


def test_schedule_holds_no_secret(info: Info) -> None:
    faults = (planned(0, what='secretKey: "abcdef"'),)
    assert "abcdef" not in str(info(faults=faults).dump()["faults"][0]["text"])


def test_what_a_later_version_knows_of_a_fault_is_left_out(info: Info) -> None:
    data = info(faults=(planned(0),)).dump()
    data["faults"][0]["colour"] = "grey"
    assert RunInfo.load(data).faults == (planned(0),)


def test_faults_of_merged_runs_are_different_ones(
    make_run: Callable[..., RunMeasurements], info: Info, tmp_path: Path
) -> None:
    schedule = (planned(0), planned(1, 40.0))
    for name, later in (("a", 0.0), ("b", 10.0), ("c", 20.0)):
        measurements = make_run()
        if name != "b":
            strike(measurements, schedule[1])
        run = info(faults=schedule if name != "b" else (), run_ids=(name,), started=STARTED + later)
        write_reports(tmp_path / name, measurements, run)
    measurements, run = load_merged([tmp_path / "a", tmp_path / "b", tmp_path / "c"])
    assert [(fault.number, fault.at) for fault in run.faults] == [(0, 20.0), (1, 40.0), (2, 40.0), (3, 60.0)]
    assert [measurements.weather.faults[number].back.count for number in (1, 3)] == [4, 4]


def test_a_merged_run_gives_nobody_more_time_than_its_own(
    make_run: Callable[..., RunMeasurements], info: Info, tmp_path: Path
) -> None:
    schedule = (planned(0),)
    for name, later in (("a", 0.0), ("b", 600.0)):
        measurements = make_run()
        strike(measurements, schedule[0], back=(1.0, 2.0, 3.0))
        begun = STARTED + later
        run = info(faults=schedule, run_ids=(name,), started=begun, ended=begun + 40.0)
        write_reports(tmp_path / name, measurements, run)
    alone = outcomes(*load_run(tmp_path / "a"))
    merged = outcomes(*load_merged([tmp_path / "a", tmp_path / "b"]))
    assert [(one.undecided, one.never_back) for one in (*alone, *merged)] == [(1, 0)] * 3
    assert [one.left_s for one in merged] == [alone[0].left_s] * 2
