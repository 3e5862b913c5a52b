"""The summary's groups and their charts: of several groups, of one, of merged runs, and of runs that do not tell."""

import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from reports.charts import chart_data
from reports.groups import groups_section
from reports.html import render_report
from reports.rebuild import load_run, merge, rebuild
from reports.run_info import RunInfo
from reports.summary import build_summary
from reports.writer import SUMMARY, write_reports
from simulator.measurements.events import Event, QueueRecorder
from simulator.measurements.groups import SPAN_S
from simulator.measurements.run import RunMeasurements
from tests.reports.conftest import STARTED, busy_events

Info = Callable[..., RunInfo]
ADDED_UP = ("count", "failures", "expected", "bytes_out", "bytes_in")
GROUPS = {"rooms": 15, "doors": 5}


def measured(*names: str, seconds: int = 60) -> RunMeasurements:
    """A busy run whose requests and flows are the groups' in turn."""
    measurements = RunMeasurements()
    turn = 0
    for event in busy_events(seconds):
        if names and event[0] in (0, 1):
            event = (*event[:-1], names[turn % len(names)])
            turn += 1
        measurements.apply([event])
    return measurements


def assert_add_up(summary: dict[str, Any]) -> None:
    for kind in ("requests", "flows"):
        for name, whole in summary[kind].items():
            rows = [group[kind][name] for group in summary["groups"].values() if name in group[kind]]
            for key in ADDED_UP:
                assert sum(row[key] for row in rows) == whole[key], (kind, name, key)
            for key in ("codes", "expected_codes"):
                told: dict[str, int] = {}
                for row in rows:
                    for code, count in row[key].items():
                        told[code] = told.get(code, 0) + count
                assert told == whole[key]
            if rows:
                ranges = [
                    [bound, sum(row["ranges"][place][1] for row in rows)]
                    for place, (bound, _) in enumerate(whole["ranges"])
                ]
                assert ranges == whole["ranges"]


def test_groups_stand_in_the_summary_and_add_up(info: Info) -> None:
    summary = build_summary(measured(*GROUPS), info(groups=GROUPS))
    assert {name: group["devices"] for name, group in summary["groups"].items()} == GROUPS
    assert_add_up(summary)
    assert list(summary["groups"]["rooms"]["requests"]) == list(summary["requests"])
    schema = json.loads(files("reports").joinpath("schema/summary.schema.json").read_text())
    jsonschema.validate(json.loads(json.dumps(summary)), schema)


def test_one_group_is_the_whole_run(info: Info) -> None:
    summary = build_summary(measured(), info(groups={"rooms": 20, "none": 0}))
    assert_add_up(summary)
    row, whole = summary["groups"]["rooms"]["requests"]["dev.heartbeat"], summary["requests"]["dev.heartbeat"]
    assert row["latency_ms"] == whole["latency_ms"]
    assert summary["groups"]["none"] == {"devices": 0, "requests": {}, "flows": {}}
    assert chart_data(measured(), info(groups={"rooms": 20}))["groups"] == {}


def test_a_run_that_does_not_tell_its_groups_has_no_section(info: Info) -> None:
    assert groups_section(measured(), info()) is None
    assert "groups" not in build_summary(measured(), info())


def test_a_group_in_which_nothing_was_sent_is_there(info: Info) -> None:
    summary = build_summary(measured("rooms"), info(groups=GROUPS))
    assert summary["groups"]["doors"] == {"devices": 5, "requests": {}, "flows": {}}
    assert_add_up(summary)


def test_charts_of_groups(info: Info) -> None:
    measurements = measured(*GROUPS)
    measurements.seal(float("inf"))
    data = chart_data(measurements, info(groups=GROUPS))
    assert list(data["groups"]) == list(GROUPS)
    assert data["groups_step_s"] == SPAN_S
    assert data["groups_times"][:2] == [0, SPAN_S - int(STARTED) % SPAN_S]
    rooms = data["groups"]["rooms"]
    assert len(rooms["latency"]["p99"]) == len(data["groups_times"]) == 6
    assert list(rooms["requests"]) == data["requests"]
    told = sum(count or 0 for group in data["groups"].values() for count in group["latency"]["count"])
    summary = build_summary(measurements, info(groups=GROUPS))
    assert told == sum(row["count"] for row in summary["requests"].values())


def test_the_report_has_a_place_for_their_chart_where_there_are_several(info: Info) -> None:
    def page(groups: dict[str, int], *names: str) -> str:
        measurements = measured(*names)
        measurements.seal(float("inf"))
        run = info(groups=groups)
        return render_report(build_summary(measurements, run), measurements, run)

    assert 'id="chart-groups"' in page(GROUPS, *GROUPS)
    assert 'id="chart-groups"' not in page({"rooms": 20})


def test_a_rebuilt_run_says_the_same(info: Info, tmp_path: Path) -> None:
    told = write_reports(tmp_path / "run", measured(*GROUPS), info(groups=GROUPS))
    assert rebuild(tmp_path / "run")["groups"] == told["groups"]
    assert (
        chart_data(*load_run(tmp_path / "run"))["groups"]
        == chart_data(measured_and_sealed(), info(groups=GROUPS))["groups"]
    )


def measured_and_sealed() -> RunMeasurements:
    measurements = measured(*GROUPS)
    measurements.seal(float("inf"))
    return measurements


@pytest.mark.parametrize("other", [{"rooms": 20}, {"halls": 20}, GROUPS])
def test_runs_of_several_machines_add_up_by_the_groups_name(info: Info, tmp_path: Path, other: dict[str, int]) -> None:
    names = tuple(other) if len(other) > 1 else ()
    write_reports(tmp_path / "a", measured(*GROUPS), info(groups=GROUPS, run_ids=("a",)))
    write_reports(tmp_path / "b", measured(*names, seconds=40), info(groups=other, run_ids=("b",)))
    merged = merge([tmp_path / "a", tmp_path / "b"], tmp_path / "both")
    expected = {name: GROUPS.get(name, 0) + other.get(name, 0) for name in {**GROUPS, **other}}
    assert {name: group["devices"] for name, group in merged["groups"].items()} == expected
    assert_add_up(merged)
    assert rebuild(tmp_path / "both")["groups"] == merged["groups"]


def test_runs_of_the_same_single_group_stay_one(info: Info, tmp_path: Path) -> None:
    for name in "ab":
        write_reports(tmp_path / name, measured(seconds=20), info(groups={"rooms": 20}, run_ids=(name,)))
    merged = merge([tmp_path / "a", tmp_path / "b"], tmp_path / "both")
    assert merged["groups"]["rooms"]["devices"] == 40
    assert_add_up(merged)


def test_a_run_of_an_earlier_version_opens_and_takes_the_groups_from_a_merge(info: Info, tmp_path: Path) -> None:
    write_reports(tmp_path / "new", measured(*GROUPS, seconds=20), info(groups=GROUPS, run_ids=("new",)))
    write_reports(tmp_path / "old", measured(seconds=20), info(run_ids=("old",)))
    path = tmp_path / "old" / SUMMARY
    summary = json.loads(path.read_text())
    del summary["run"]["groups"]
    for name in ("groups", "codes_over_time", "bytes_over_time", "expected_over_time"):
        del summary["state"][name]
    for series in summary["state"]["series"].values():
        del series["expected"]
    path.write_text(json.dumps(summary))
    assert "groups" not in rebuild(tmp_path / "old")
    assert "groups" not in merge([tmp_path / "new", tmp_path / "old"], tmp_path / "both")


def test_events_name_their_group() -> None:
    queued: list[Event] = []
    QueueRecorder(queued.append).of_group("rooms").flow("init", 1.0, 0.1, "00000000")
    assert queued == [(1, "init", 1.0, 0.1, "00000000", "rooms")]
