"""The list of outputs, and what a run asks of each: told in order, and none takes another along."""

import json
from pathlib import Path

import pytest

from reports.output import Output, RunView
from reports.writer import HLOG, OUTPUT_FAILED
from simulator.exit_codes import ExitCode
from simulator.measurements.run import HOLD_S
from simulator.swarm.run.page_history import PageHistory
from simulator.swarm.run.terminal_line import TerminalLine
from tests.swarm.manual_run import PLANNED_S, STARTED, ManualRun, usual_outputs


class Counting(Output):
    """What somebody might add: writes how many requests there were, second by second, into a file of its own."""

    name = "counting"
    files = ("counts",)

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: list[str] = []

    def start(self, run: RunView, now: float) -> None:
        self._lines.append(f"{now:.0f} start {run.info(now, complete=False).scenario}")

    def tick(self, run: RunView, now: float) -> None:
        self._lines.append(f"{now:.0f} {run.measurements.series('dev.heartbeat').histogram.count}")

    def finish(self, run: RunView, now: float) -> None:
        try:
            self._path.write_text("\n".join([*self._lines, f"{now:.0f} end"]))
        except OSError as error:
            run.find(OUTPUT_FAILED, file=str(self._path), problem=str(error.strerror))


class Broken(Output):
    """Raises whatever it is asked for."""

    name = "broken"

    def _raise(self, run: RunView, now: float) -> None:
        raise KeyError("odd")

    start = tick = flush = finish = _raise


def with_output(directory: Path, output: Output) -> ManualRun:
    return ManualRun(directory, outputs=[output, *usual_outputs(directory)]).open()


def test_an_output_that_is_added_needs_its_class_and_a_place_in_the_list(tmp_path: Path) -> None:
    manual = with_output(tmp_path / "report", Counting(tmp_path / "counts"))
    manual.tick(1.0)
    manual.tick(5.0)
    assert manual.end(PLANNED_S - 6.0)["verdict"] == "passed"
    start, first, second, end = (tmp_path / "counts").read_text().splitlines()
    moments = [f"{STARTED + seconds:.0f}" for seconds in (0, 1, 6, PLANNED_S)]
    assert [start, first.split()[0], second, end] == [
        f"{moments[0]} start tiny",
        *(moments[1], f"{moments[2]} 1", f"{moments[3]} end"),
    ]


@pytest.mark.parametrize("overwrite", [False, True])
def test_an_outputs_own_file_of_an_earlier_run_goes_where_that_runs_reports_go(tmp_path: Path, overwrite: bool) -> None:
    report = tmp_path / "report"
    with_output(report, Counting(report / "counts")).end(PLANNED_S)
    first = (report / "counts").read_text()
    manual = ManualRun(report, outputs=[Counting(report / "counts"), *usual_outputs(report)])
    manual.run._overwrite = overwrite
    manual.open()
    assert not (report / "counts").exists()
    assert [path.read_text() for path in report.glob("earlier-*/counts")] == ([] if overwrite else [first])
    manual.end(PLANNED_S)


def test_what_an_output_could_not_write_is_a_reason_of_the_verdict(tmp_path: Path) -> None:
    summary = with_output(tmp_path / "report", Counting(tmp_path / "nowhere" / "counts")).end(PLANNED_S)
    assert [reason["key"] for reason in summary["reasons"]] == [OUTPUT_FAILED]
    assert summary["reasons"][0]["values"]["problem"] == "No such file or directory"


def test_an_output_that_raises_takes_no_other_along_and_is_told(tmp_path: Path) -> None:
    manual = with_output(tmp_path / "report", Broken())
    manual.tick(1.0)
    manual.tick(1.0)
    manual.run.interrupt("SIGTERM")
    kept = json.loads((tmp_path / "report" / "checkpoint.json").read_bytes())
    assert [finding["key"] for finding in kept["run"]["findings"]] == ["interrupted"]
    summary = manual.end(1.0)
    assert summary["internal_errors"]["by_rule"]["output.broken"]["count"] == 5  # start, two ticks, flush, finish
    assert summary["requests"]["dev.heartbeat"]["count"] == 1
    assert manual.run.code == ExitCode.INVALID
    page = manual.run.output(PageHistory)
    assert page is not None
    told = [point["at"] - STARTED for point in page.since(0)]
    assert told == [1 - HOLD_S, 2 - HOLD_S, *range(3 - HOLD_S, 4)], "two ticks, and at the end what was held back"


def test_a_run_is_watched_in_the_web_page_or_on_the_terminal(tmp_path: Path) -> None:
    for web_page, kind, other in ((True, PageHistory, TerminalLine), (False, TerminalLine, PageHistory)):
        manual = ManualRun(tmp_path, outputs=usual_outputs(tmp_path, web_page=web_page))
        assert isinstance(manual.run.output(kind), kind)
        assert manual.run.output(other) is None


def test_the_reports_come_last_so_that_they_tell_what_the_others_found(tmp_path: Path) -> None:
    assert [output.name for output in usual_outputs(tmp_path)][-1] == "report_files"


def test_a_run_that_fails_at_its_start_still_leaves_reports(tmp_path: Path) -> None:
    manual = ManualRun(tmp_path, outputs=usual_outputs(tmp_path, web_page=False))
    (tmp_path / HLOG / "in the way").mkdir(parents=True)
    manual.run._taken = None
    manual.run.prepared = True
    with pytest.raises(OSError, match="Is a directory"):
        manual.open()
    assert manual.end(0.0)["verdict"] == "invalid"
    assert (tmp_path / "summary.json").exists()
