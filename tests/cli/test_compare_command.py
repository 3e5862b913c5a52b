"""`best-fleet compare`: exit codes and messages; how differences are judged is tested with the report module."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from reports.rebuild import load_run
from reports.run_info import RunInfo
from reports.writer import write_reports
from simulator.cli import main
from simulator.measurements.events import QueueRecorder
from simulator.measurements.findings import Finding
from simulator.measurements.intervals import MemoryIntervals
from simulator.measurements.run import RunMeasurements
from tests.reports.kept_run import KeptRun

STARTED = 1_700_000_000.0


def leave_run(
    directory: Path,
    latency: float,
    *,
    beats: int = 2000,
    every: float = 0.01,
    refused: int = 0,
    refusal: float = 0.0001,
    name: str = "dev.heartbeat",
    **info: object,
) -> str:
    """What a run leaves whose heartbeats all took about `latency` seconds; `refused` of them failed fast."""
    events: list[tuple[object, ...]] = []
    recorder = QueueRecorder(events.append)
    recorder.state(0, "", "online", STARTED)
    for number in range(beats):
        took, code = latency * (1 + number % 7 / 100), "00000000"
        if number % max(beats // refused, 1) == 0 if refused else False:
            took, code = refusal, "E0000006"
        recorder.request(name, STARTED + number * every, took, code, 100, 80, 0.0)
    measurements = RunMeasurements()
    measurements.apply(events)
    told = {"scenario": "beats", "ended": STARTED + max(beats * every, 1), "devices": 1, "run_ids": (str(directory),)}
    write_reports(directory, measurements, RunInfo(started=STARTED, **told | info))  # type: ignore[arg-type]
    return str(directory)


def test_a_slowdown_is_exit_code_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base, new = leave_run(tmp_path / "base", 0.020), leave_run(tmp_path / "new", 0.030)
    page = tmp_path / "compare.html"
    assert main(["compare", base, new, "--html", str(page)]) == 3
    assert "dev.heartbeat" in capsys.readouterr().out
    assert page.exists()
    assert main(["compare", base, new, "--fail-on", "p99 +80%"]) == 0


def test_runs_alike_are_no_regression(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [leave_run(tmp_path / name, 0.020) for name in ("a", "b", "c")]
    assert main(["compare", *runs]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("result no regression\n")
    assert shown.rstrip().endswith("No regression")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--fail-on", "p99 10"], "p99 10"),
        (["--html", "/nowhere/page.html"], "/nowhere"),
        (["--fail-on", "dev.hartbeat p99 +10%"], "did you mean dev.heartbeat"),
        (["--fail-on", "Dev.Heartbeat p99 +10%"], "did you mean dev.heartbeat"),
        (["--fail-on", "dev.heart?eatx p99 +10%"], "no funcId, flow or command fits 'dev.heart?eatx'"),
        (["--fail-on", "cmd.data.update.users p50 +1 s"], "cmd.data.update.user"),
    ],
)
def test_what_a_user_can_mend(
    options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base, new = leave_run(tmp_path / "base", 0.020), leave_run(tmp_path / "new", 0.020)
    assert main(["compare", base, new, *options]) == 2
    assert message in capsys.readouterr().err


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base, new = leave_run(tmp_path / "base", 0.020), leave_run(tmp_path / "new", 0.020)
    gates = ["--fail-on", "dev.hartbeat p99 +10%", "--fail-on", "dev.loggin failures +1%"]
    assert main(["compare", base, new, *gates]) == 2
    found = capsys.readouterr().err
    assert "dev.hartbeat" in found
    assert "dev.login" in found


def test_a_directory_without_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "b")]) == 2
    assert f"compare: {tmp_path / 'a'}" in capsys.readouterr().err


@pytest.mark.parametrize("spelling", ["{run}", "{run}/", "{run}/../run", "{link}", "{copy}"])
def test_a_run_is_not_compared_with_itself(spelling: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = leave_run(tmp_path / "run", 0.020)
    other = leave_run(tmp_path / "other", 0.020)
    (tmp_path / "link").symlink_to("run")
    shutil.copytree(run, tmp_path / "copy")
    again = spelling.format(run=run, link=tmp_path / "link", copy=tmp_path / "copy")
    for arguments in ([run, again], [run, again, other]):
        assert main(["compare", *arguments]) == 2
        shown = capsys.readouterr()
        assert "compare: " in shown.err
        assert "No regression" not in shown.out


@pytest.mark.parametrize("spelling", ["{run}", "{run}/", "{run}/../run", "{link}"])
def test_reports_that_know_no_run_id_are_known_by_their_place(
    spelling: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = leave_run(tmp_path / "run", 0.020, run_ids=())
    (tmp_path / "link").symlink_to("run")
    again = spelling.format(run=run, link=tmp_path / "link")
    assert main(["compare", run, again]) == 2
    assert main(["report", "--merge", run, again, "--out", str(tmp_path / "both")]) == 2
    assert "given twice" in (told := capsys.readouterr().err) or "are one" in told
    other = leave_run(tmp_path / "other", 0.020, run_ids=())
    assert main(["compare", run, other]) == 0


def test_a_run_that_broke_off_is_no_comparison(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = leave_run(tmp_path / "base", 0.020)
    measurements, info = load_run(Path(base))
    measurements.intervals = MemoryIntervals(measurements.intervals)
    KeptRun(tmp_path / "new", measurements, replace(info, run_ids=("new",))).checkpoint(STARTED + 20 - info.started)
    assert main(["compare", base, str(tmp_path / "new")]) == 3
    assert "new is invalid: it broke off" in capsys.readouterr().out


@pytest.mark.parametrize("metric", ["p50", "p95", "p99", "p99.9", "failures"])
@pytest.mark.parametrize("subject", ["", "dev.heartbeat ", "dev.* "])
def test_too_few_samples_are_a_result_of_their_own(
    metric: str, subject: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base, new = (leave_run(tmp_path / name, 0.020, beats=9, every=1.0) for name in ("base", "new"))
    gate = ["--fail-on", f"{subject}{metric} +10%"]
    assert main(["compare", base, new, *gate]) == 3
    shown = capsys.readouterr().out
    assert shown.startswith(f"result unjudged: dev.heartbeat {metric}: 9 samples in the base and 9 in the new run")
    assert "No regression" not in shown
    assert main(["compare", base, new, *gate, "--allow-unjudged"]) == 0
    assert capsys.readouterr().out.startswith("result unjudged (which --allow-unjudged allows): dev.heartbeat")


@pytest.mark.parametrize("beats", [2, 9, 60, 300])
@pytest.mark.parametrize("gate", ["p99 +10%", "p50 +10%", "dev.heartbeat p99 +5 ms", "p99 +1 s"])
def test_a_slowdown_of_short_runs_is_never_no_regression(
    beats: int, gate: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = leave_run(tmp_path / "base", 0.020, beats=beats, every=0.2)
    new = leave_run(tmp_path / "new", 0.020 * 156, beats=beats, every=0.2)
    for more in ([], ["--allow-unjudged"]):
        assert main(["compare", base, new, "--fail-on", gate, *more]) == 3
        shown = capsys.readouterr().out
        assert shown.startswith("result regression: dev.heartbeat")
        assert "×156" in shown
        assert "+15" not in shown


@pytest.mark.parametrize("beats", [3, 9])
def test_few_samples_that_look_slower_are_said_to_whoever_asked(beats: int, tmp_path: Path) -> None:
    base = leave_run(tmp_path / "base", 0.020, beats=beats, every=0.2)
    new = leave_run(tmp_path / "new", 0.025, beats=beats, every=0.2)
    assert main(["compare", base, new, "--fail-on", "p50 +10%"]) == 3


def test_one_figure_that_can_be_judged_is_enough_for_a_gate_on_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # p50 of 2,000 heartbeats is known, p99.9 would take 14,500
    base, new = leave_run(tmp_path / "base", 0.020), leave_run(tmp_path / "new", 0.020)
    assert main(["compare", base, new, "--fail-on", "p50 +10%"]) == 0
    assert main(["compare", base, new, "--fail-on", "p99.9 +10%"]) == 3
    assert "it takes about 14,539" in capsys.readouterr().out


def test_a_gate_on_what_never_occurred(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base, new = leave_run(tmp_path / "base", 0.020), leave_run(tmp_path / "new", 0.020)
    assert main(["compare", base, new, "--fail-on", "dev.login p50 +10%"]) == 3
    assert "dev.login occurred in none of the runs" in capsys.readouterr().out


def test_changes_of_less_than_the_least_ms_cross_no_gate(tmp_path: Path) -> None:
    base, new = leave_run(tmp_path / "base", 0.0010), leave_run(tmp_path / "new", 0.0016)
    assert main(["compare", base, new, "--fail-on", "p50 +10%"]) == 0
    assert main(["compare", base, new, "--fail-on", "p50 +10%", "--least-ms", "0.5"]) == 3
    assert main(["compare", base, new, "--fail-on", "p50 +0.5 ms"]) == 3
    assert main(["compare", base, new, "--fail-on", "p50 +0.5 ms", "--least-ms", "2"]) == 0


@pytest.mark.parametrize(("refused", "metric"), [(1000, "p95"), (200, "p95"), (40, "p99")])
def test_fast_refusals_make_nothing_better(
    refused: int, metric: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = leave_run(tmp_path / "base", 0.020)
    new = leave_run(tmp_path / "new", 0.010, refused=refused)
    assert main(["compare", base, new, "--fail-on", f"{metric} +10%"]) == 3
    shown = capsys.readouterr().out
    assert f"Regression dev.heartbeat {metric} ∞" in shown
    both = leave_run(tmp_path / "both", 0.020, refused=refused)
    assert main(["compare", new, both, "--fail-on", f"{metric} +10%"]) == 0


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (("best-w",), ("best-m", "best-w"), "different transports: best-w in {base}, best-m, best-w in {new}"),
        (("best-m",), ("best-m",), None),
        ((), ("best-m",), None),
    ],
)
def test_of_runs_over_other_transports_that_is_said(
    before: tuple[str, ...],
    after: tuple[str, ...],
    said: str | None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    base = leave_run(tmp_path / "base", 0.020, transports=before)
    new = leave_run(tmp_path / "new", 0.020, transports=after)
    assert main(["compare", base, new]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert ("different transports" in shown) == (said is not None)
    assert said is None or said.format(base=base, new=new) in shown


@pytest.mark.parametrize(
    ("info", "said"),
    [
        ({"scenario": "soak"}, "different scenarios: beats in {base}, soak in {new}"),
        ({"scenario_text": "name: beats\nramp: 1s"}, "the scenario beats was changed between {base} and {new}"),
        ({"devices": 7}, "different fleets: 1 devices in {base}, 7 in {new}"),
        ({"target": "https://other"}, "different targets"),
        ({"ended": STARTED + 90}, "different lengths: 20.0 s in {base}, 1 min 30 s in {new}"),
    ],
)
def test_runs_that_are_not_alike_are_said(
    info: dict[str, object], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base, new = leave_run(tmp_path / "base", 0.020), leave_run(tmp_path / "new", 0.020, **info)
    page = tmp_path / "page.html"
    assert main(["compare", base, new, "--html", str(page)]) == 0
    text = said.format(base=base, new=new)
    assert f"Note: {text}" in " ".join(capsys.readouterr().out.split())
    assert text in page.read_text()


@pytest.mark.parametrize(
    ("finding", "verdict"),
    [
        (Finding("worker_lost", {"worker": "w1", "at": STARTED}), "invalid"),
        (Finding("interrupted", {"signal": "SIGINT", "after_s": 8.0, "planned_s": 60.0}), "interrupted"),
        (None, "invalid"),
    ],
)
@pytest.mark.parametrize("which", ["base", "new"])
def test_a_run_that_is_no_measurement_is_no_comparison(
    finding: Finding | None, verdict: str, which: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = {"complete": False} if finding is None else {"findings": (finding,)}
    runs = {name: leave_run(tmp_path / name, 0.020, **(told if name == which else {})) for name in ("base", "new")}
    assert main(["compare", *runs.values()]) == 3
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.startswith(f"result unjudged: {runs[which]} is {verdict}: ")
    assert "No regression" not in shown
    assert main(["compare", *runs.values(), "--allow-unjudged"]) == 0


INTERRUPTED = Finding("interrupted", {"signal": "SIGTERM", "after_s": 8.0, "planned_s": 60.0})
WORKER_LOST = Finding("worker_lost", {"worker": "w1", "at": STARTED})


@pytest.mark.parametrize("gate", [[], ["--fail-on", "p99 +10%"], ["--fail-on", "failures +1%"]], ids="-".join)
@pytest.mark.parametrize("which", [("base",), ("new",), ("base", "new")], ids=" and ".join)
@pytest.mark.parametrize("finding", [WORKER_LOST, INTERRUPTED], ids=lambda finding: finding.key)
def test_what_looks_worse_is_no_regression_where_a_run_cannot_be_judged(
    finding: Finding, which: tuple[str, ...], gate: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told: dict[str, dict[str, object]] = {name: {"findings": (finding,)} for name in which}
    base = leave_run(tmp_path / "base", 0.020, **told.get("base", {}))  # type: ignore[arg-type]
    new = leave_run(tmp_path / "new", 0.200, refused=200, **told.get("new", {}))  # type: ignore[arg-type]
    page = tmp_path / "page.html"
    verdict = "invalid" if finding is WORKER_LOST else "interrupted"
    doubtful = base if "base" in which else new
    assert main(["compare", base, new, *gate, "--html", str(page)]) == 3
    shown = capsys.readouterr().out
    assert shown.startswith(f"result unjudged: {doubtful} is {verdict}: ")
    lines = shown.splitlines()
    assert not [line for line in lines if line.startswith("Regression")]
    first = next(number for number, line in enumerate(lines) if line.startswith("Seems worse dev.heartbeat"))
    assert lines[first - len(which)].startswith(f"Unjudged {doubtful} is {verdict}")
    verdict_part = page.read_text().partition("<h2>Verdict</h2>")[2].partition('<div class="tiles">')[0]
    assert "! Unjudged" in verdict_part
    assert "Regression" not in verdict_part
    assert verdict_part.index(f"{doubtful} is {verdict}") < verdict_part.index("what seems worse")
    assert "<li>dev.heartbeat " in verdict_part
    assert main(["compare", base, new, *gate, "--allow-unjudged"]) == 3
    assert capsys.readouterr().out.startswith("result unjudged: ")
    alike, again = (leave_run(tmp_path / name, 0.020, findings=(finding,)) for name in ("alike", "again"))
    assert main(["compare", alike, again, *gate, "--allow-unjudged"]) == 0
    assert capsys.readouterr().out.startswith("result unjudged (which --allow-unjudged allows): ")


@pytest.mark.parametrize(("slower", "word"), [(1.0, "no regression"), (10.0, "regression")])
@pytest.mark.parametrize(
    ("info", "said"),
    [
        ({"scenario": "smoke"}, "different scenarios: beats in {base}, smoke in {new}"),
        ({"devices": 7}, "different fleets: 1 devices in {base}, 7 in {new}"),
    ],
)
def test_that_the_scenarios_differ_is_said_before_what_follows_from_it(
    info: dict[str, object], said: str, slower: float, word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base, new = leave_run(tmp_path / "base", 0.020), leave_run(tmp_path / "new", 0.020 * slower, **info)
    page, told = tmp_path / "page.html", said.format(base=base, new=new)
    assert main(["compare", base, new, "--html", str(page)]) == (3 if slower > 1 else 0)
    headline = capsys.readouterr().out.splitlines()[0]
    assert headline.startswith(f"result {word}: {told}")
    assert ("dev.heartbeat" in headline) == (slower > 1)
    verdict_part = page.read_text().partition("<h2>Verdict</h2>")[2].partition('<div class="tiles">')[0]
    assert verdict_part.count(told) == 1
    assert slower == 1 or verdict_part.index(told) < verdict_part.index("dev.heartbeat p")


FIRED = {"expression": "failures < 1", "value": 2.0, "unit": "", "window_s": 10, "after_s": 8.0}


@pytest.mark.parametrize(
    ("told", "said"),
    [
        # requests failed, so that the verdict is `failed`: that it was stopped stands behind
        ({"findings": (INTERRUPTED,), "refused": 20}, "is interrupted: stopped by SIGTERM after 8.0 s of 1 min"),
        ({"findings": (Finding("abort_fired", FIRED),)}, "did not go to its end: `failures < 1` was crossed"),
        (
            {"findings": (Finding("output_failed", {"file": "report.html", "problem": "full"}),), "refused": 20},
            "is invalid: report.html could not be written",
        ),
    ],
)
@pytest.mark.parametrize("which", ["base", "new"])
def test_a_failed_run_that_was_cut_short_is_no_comparison(
    told: dict[str, object], said: str, which: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    same = {"refused": 20} if "refused" in told else {}
    runs = {
        name: leave_run(tmp_path / name, 0.020, **(told if name == which else same))  # type: ignore[arg-type]
        for name in ("base", "new")
    }
    assert main(["compare", *runs.values()]) == 3
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.startswith(f"result unjudged: {runs[which]} {said}")
    assert main(["compare", *runs.values(), "--allow-unjudged"]) == 0


def test_a_run_that_failed_by_itself_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = leave_run(tmp_path / "base", 0.020)
    new = leave_run(tmp_path / "new", 0.020, thresholds=("dev.heartbeat p50 < 1 ms",))
    assert main(["compare", base, new]) == 0
    assert f"Note: {new} failed by itself: `dev.heartbeat p50 < 1 ms` was crossed" in " ".join(
        capsys.readouterr().out.split()
    )


def test_nothing_in_common_is_no_comparison(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base, new = leave_run(tmp_path / "base", 0.020), leave_run(tmp_path / "new", 0.020, name="dev.login")
    assert main(["compare", base, new]) == 3
    shown = capsys.readouterr().out
    assert "the runs have nothing in common" in shown
    assert "dev.heartbeat never occurred in the new run" in shown


@pytest.mark.parametrize("empty", ["base", "new", "both"])
def test_runs_without_a_request_are_no_comparison(
    empty: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [leave_run(tmp_path / name, 0.020, beats=0 if empty in (name, "both") else 2000) for name in ("base", "new")]
    assert main(["compare", *runs]) == 3
    shown = capsys.readouterr().out
    assert "made no request" in shown
    assert "No regression" not in shown


def test_without_a_gate_runs_too_short_for_any_figure_are_unjudged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base, new = (leave_run(tmp_path / name, 0.020, beats=5) for name in ("base", "new"))
    assert main(["compare", base, new]) == 3
    assert capsys.readouterr().out.startswith("result unjudged: no figure has samples enough in both runs")


def test_an_earlier_page_is_kept_aside(tmp_path: Path) -> None:
    run, other = leave_run(tmp_path / "run", 0.020), leave_run(tmp_path / "other", 0.020)
    page = tmp_path / "compare.html"
    page.write_text("earlier")
    assert main(["compare", run, other, "--html", str(page)]) == 0
    (aside,) = tmp_path.glob("compare.earlier-*.html")
    assert aside.read_text() == "earlier"
    assert main(["compare", run, other, "--html", str(page), "--overwrite"]) == 0
    assert list(tmp_path.glob("compare.earlier-*.html")) == [aside]


def test_a_page_that_finds_no_room(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base, same, slow = (leave_run(tmp_path / name, took) for name, took in (("a", 0.02), ("b", 0.02), ("c", 0.04)))
    assert main(["compare", base, same, "--html", "/dev/full"]) == 4
    assert "compare: /dev/full cannot be written: No space left on device" in capsys.readouterr().err
    assert main(["compare", base, slow, "--html", "/dev/full"]) == 3
    assert "compare: /dev/full cannot be written: No space left on device" in capsys.readouterr().err
