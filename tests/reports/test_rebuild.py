"""Reports made from what runs left, whole or broken off."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reports.directory import ReportDirectory
from reports.rebuild import UnreadableRunError, load_merged, merge, rebuild
from reports.run_info import RunInfo
from reports.summary import build_summary
from reports.verdict import note_lines
from reports.writer import ALL_FILES, CHECKPOINT, HLOG, SUMMARY, write_reports
from simulator.measurements.ledger import LedgerFigures
from simulator.measurements.run import RunMeasurements
from tests.reports.kept_run import KeptRun

Info = Callable[..., RunInfo]
FINISHED = sorted(set(ALL_FILES) - {CHECKPOINT})


def figures(summary: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in summary.items() if key not in ("state", "run")}


def test_leaves_all_files_and_no_temporary_one(busy: RunMeasurements, info: Info, tmp_path: Path) -> None:
    write_reports(tmp_path, busy, info())
    assert sorted(path.name for path in tmp_path.iterdir()) == FINISHED


def test_rebuilds_the_same_report(busy: RunMeasurements, info: Info, tmp_path: Path) -> None:
    thresholds = ("dev.heartbeat p99 < 500 ms", "failures < 5 %", "dev.heartbeat p50 < 1 s after 20s")
    ledger = LedgerFigures(5, 4, 3, missing=1, missing_photos=0, unexpected=None)
    written = write_reports(tmp_path, busy, info(thresholds=thresholds, ledger=ledger))
    before = {name: (tmp_path / name).read_bytes() for name in FINISHED}
    for name in FINISHED:
        if name not in (SUMMARY, HLOG):
            (tmp_path / name).unlink()
    rebuilt = rebuild(tmp_path)
    assert figures(rebuilt) == figures(written)
    for name, content in before.items():
        assert (tmp_path / name).read_bytes() == content, name


def test_checkpoint_stands_in_for_the_summary(busy: RunMeasurements, info: Info, tmp_path: Path) -> None:
    (tmp_path / SUMMARY).write_text("of an earlier run")
    run = info()
    with ReportDirectory(tmp_path) as taken:
        taken.clear()
        kept = KeptRun(tmp_path, busy, run)
        kept.checkpoint(30)
        kept.checkpoint(33.5)
    expected = build_summary(busy, replace(run, ended=run.started + 33.5, complete=False))
    rebuilt = rebuild(tmp_path)
    assert not rebuilt["complete"]
    assert rebuilt["reasons"][0]["key"] == "broken_off"
    assert rebuilt["requests"] == expected["requests"]
    assert rebuilt["verdict"] == "invalid"
    assert not (tmp_path / CHECKPOINT).exists()
    assert figures(rebuild(tmp_path)) == figures(rebuilt)


def test_run_that_ends_well_leaves_no_checkpoint(busy: RunMeasurements, info: Info, tmp_path: Path) -> None:
    run = info()
    KeptRun(tmp_path, busy, run).checkpoint(10)
    summary = write_reports(tmp_path, busy, run)
    assert sorted(path.name for path in tmp_path.iterdir()) == FINISHED
    assert figures(rebuild(tmp_path)) == figures(summary)


def test_thresholds_tell_failed_requests_apart_after_a_rebuild(
    busy: RunMeasurements, info: Info, tmp_path: Path
) -> None:
    photo = "dev.data.upload.verifyPhoto"
    run = info(thresholds=(f"{photo} p99 < 60 s", f"{photo} p99 < 60 s after 20s", "dev.heartbeat p99 < 60 s"))
    summary = write_reports(tmp_path, busy, run)
    assert [(item["passed"], item["value"] is None) for item in summary["thresholds"]] == [
        (False, True),
        (False, True),
        (True, False),
    ]
    assert rebuild(tmp_path)["thresholds"] == summary["thresholds"]


def test_merges_runs_of_two_machines(info: Info, tmp_path: Path, make_run: Callable[..., RunMeasurements]) -> None:
    one, two = make_run(seed=1), make_run(seed=2)
    write_reports(tmp_path / "a", one, info())
    write_reports(tmp_path / "b", two, info())
    merged = merge([tmp_path / "a", tmp_path / "b"], tmp_path / "both")
    assert merged["fleet"]["devices"] == 40
    assert merged["fleet"]["came_online"] == 40
    assert merged["fleet"]["peak_online"] == 40
    assert merged["requests"]["dev.heartbeat"]["count"] == 2400
    assert merged["records"]["generated"] == 2400
    assert note_lines(merged)[0] == "merged from 2 runs: a, b"
    together = RunMeasurements()
    for found in (one, two):
        for tag, totals in found.totals.items():
            together.series(tag).histogram.add(totals.histogram)
    measurements, _ = load_merged([tmp_path / "a", tmp_path / "b"])
    for tag, totals in together.totals.items():
        assert measurements.totals[tag].histogram == totals.histogram
    assert figures(rebuild(tmp_path / "both")) == figures(merged)


@pytest.mark.parametrize("content", [None, "", "{}", "[]", '{"run": {}, "state": {}}'])
def test_what_is_no_run_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / SUMMARY).write_text(content)
    with pytest.raises(UnreadableRunError, match=str(tmp_path)):
        rebuild(tmp_path)


def test_missing_log_is_told(busy: RunMeasurements, info: Info, tmp_path: Path) -> None:
    write_reports(tmp_path, busy, info())
    (tmp_path / HLOG).unlink()
    with pytest.raises(UnreadableRunError, match="missing"):
        rebuild(tmp_path)
    with pytest.raises(UnreadableRunError, match="no such directory"):
        rebuild(tmp_path / "nowhere")
