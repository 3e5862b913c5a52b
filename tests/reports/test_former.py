"""Reports of versions that did not judge the platform are read, and not taken for those of a right platform."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reports.former import NOT_JUDGED, brought_up_to_date
from reports.markdown import render_markdown
from reports.occurrences import CLASSES
from reports.rebuild import rebuild
from reports.run_info import RunInfo
from reports.writer import write_reports
from simulator.measurements.run import RunMeasurements

Info = Callable[..., RunInfo]


@pytest.fixture
def old(busy: RunMeasurements, info: Info, tmp_path: Path) -> Path:
    """A report as it was before there were violations."""
    write_reports(tmp_path, busy, info(thresholds=("failures < 5 %",)))
    path = tmp_path / "summary.json"
    summary = json.loads(path.read_bytes())
    for part in (summary, summary["state"]):
        for name in CLASSES:
            part.pop(name, None)
    summary["anomalies"] = {"late reply": {"count": 3, "first": 1.0, "last": 2.0, "example": "mid 17"}}
    summary["run"]["thresholds"] = ["failures < 5 %", "anomalies == 0"]
    result = {"expression": "anomalies == 0", "value": 3, "passed": False, "reason": "", "unit": ""}
    summary["thresholds"].append(result)
    path.write_text(json.dumps(summary))
    return tmp_path


def change(directory: Path, **values: Any) -> None:
    path = directory / "summary.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | values))


def test_it_is_read_and_says_that_nothing_was_judged(old: Path) -> None:
    for summary in (rebuild(old), rebuild(old)):
        assert summary["violations"] == {"total": 0, "by_rule": {}}
        assert [note["key"] for note in summary["notes"]].count(NOT_JUDGED) == 1
    assert "did not judge the platform yet" in (old / "report.html").read_text()
    assert "nothing that the platform sent" not in (old / "report.html").read_text()
    assert "did not judge the platform yet" in render_markdown(summary)


def test_a_threshold_on_anomalies_that_was_crossed_stays_crossed(old: Path) -> None:
    summary = rebuild(old)
    assert summary["verdict"] == "failed"
    assert "`anomalies == 0` was crossed" in (old / "report.md").read_text()
    assert [item["expression"] for item in summary["thresholds"]] == ["failures < 5 %"]


def test_one_that_held_is_a_note(old: Path) -> None:
    held = {"expression": "anomalies == 0", "value": 0, "passed": True, "reason": "", "unit": ""}
    change(old, thresholds=[held])
    summary = rebuild(old)
    assert summary["verdict"] == "passed"
    assert "threshold_gone" in [note["key"] for note in summary["notes"]]


def test_a_run_of_this_version_is_left_as_it_is(info: Info) -> None:
    run = info()
    assert brought_up_to_date(run, {"violations": {}}, []) is run
