"""What whole runs leave, however they end: files that hold what Locust's own hold, valid for those who read them."""

import csv
import json
import os
import re
import signal
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import xmlschema
from junitparser import JUnitXml

from reports.rebuild import load_run
from reports.verdict import headline
from simulator.exit_codes import ExitCode
from simulator.measurements.histogram import Histogram, rank_of
from tests.ports import free_port
from tests.swarm.processes import SCENARIO, UNTIL_TOLD, LocustProcess, alive, best_fleet

Start = Callable[..., LocustProcess]
NAMES = {"summary.json", "report.html", "report.md", "junit.xml", "latency.hlog"}


def valid(directory: Path, verdict: str) -> dict[str, Any]:
    """The summary of a run whose files are all there, follow their schemas, and tell the same verdict."""
    # A process that is killed while it writes a checkpoint leaves the half of it.
    assert {path.name for path in directory.iterdir()} - {"platform.log", "checkpoint.json.tmp"} == NAMES
    summary = dict(json.loads((directory / "summary.json").read_bytes()))
    schema = json.loads(files("reports").joinpath("schema/summary.schema.json").read_bytes())
    jsonschema.validate(summary, schema, format_checker=jsonschema.FormatChecker())
    junit = (directory / "junit.xml").read_text()
    xmlschema.XMLSchema(files("reports").joinpath("schema/junit.xsd").read_text()).validate(junit.split("\n", 1)[1])
    (suite,) = JUnitXml.fromstring(junit.encode())
    cases = [*suite]
    assert suite.tests == len(cases)
    assert {case.name for case in cases} >= {*summary["requests"], *(t["expression"] for t in summary["thresholds"])}
    assert all(case.is_passed for case in cases) is (verdict == "passed")
    assert summary["verdict"] == verdict
    assert headline(summary) in (directory / "report.md").read_text().splitlines()[0]
    assert f'class="verdict {verdict}"' in (directory / "report.html").read_text()
    return summary


@pytest.fixture
def short(tmp_path: Path) -> Path:
    """Six devices for 5 s, with thresholds."""
    path = tmp_path / "short.yaml"
    path.write_text(SCENARIO.format(duration="5s", thresholds='["failures == 0", "init p95 < 60 s"]'))
    return path


@pytest.mark.parametrize("processes", [1, 2])
def test_locusts_own_files_do_not_contradict_ours(locust: Start, short: Path, processes: int) -> None:
    some_fail = "  users: 2\n  answers: [{func_id: dev.heartbeat, errors: {share: 30%}}]\n"
    short.write_text(short.read_text().replace("  users: 2\n", some_fail))
    arguments = ["--scenario", str(short), "--headless", "--report", "report"]
    arguments += ["--csv", "files", "--html", "files.html", "--json-file", "files"]
    if processes > 1:
        port = str(free_port())
        arguments += ["--processes", str(processes), "--master-bind-port", port, "--master-port", port]
    run = locust(*arguments, *UNTIL_TOLD)
    code = run.ends_after(lambda: run.live(6, records=20) and run.answered("dev.heartbeat") >= 20)
    assert code == ExitCode.THRESHOLD_CROSSED, run.output
    summary = valid(run.report, "failed")
    assert summary["generator"]["processes"] == processes
    counts = {name: (figures["count"], figures["failures"]) for name, figures in summary["requests"].items()}
    assert counts["dev.heartbeat"][1] > 0
    beside = run.report.parent
    entries = json.loads((beside / "files.json").read_bytes())
    assert {item["name"]: (item["num_requests"], item["num_failures"]) for item in entries} == counts
    page = (beside / "files.html").read_text()
    shown = re.findall(r'"name": "([\w.]+)", "num_failures": (\d+), "num_requests": (\d+),', page)
    total = tuple(map(sum, zip(*counts.values(), strict=True)))
    assert {name: (int(count), int(failed)) for name, failed, count in shown} == counts | {"Aggregated": total}
    rows = {row["Name"]: row for row in csv.DictReader((beside / "files_stats.csv").open())}
    in_csv = {name: (int(row["Request Count"]), int(row["Failure Count"])) for name, row in rows.items()}
    assert in_csv == counts | {"Aggregated": total}
    measurements, _ = load_run(run.report)
    # Locust's page, its web UI and its CSV show the same figures, and none that contradict each other or the report.
    start = page.index("[", page.index('"response_time_statistics"'))
    for row in json.JSONDecoder().raw_decode(page, start)[0]:
        of_csv = rows[row["name"]]
        low, mean, high = (float(of_csv[f"{name} Response Time"]) for name in ("Min", "Average", "Max"))
        assert low <= mean <= high, of_csv
        columns = [float(value) for name, value in of_csv.items() if name.endswith("%")]
        assert columns == sorted(columns), of_csv
        assert low <= columns[0], of_csv
        assert columns[-1] == high, of_csv
        assert float(of_csv["Median Response Time"]) == float(of_csv["50%"])
        for share in ("0.5", "0.9", "0.95", "0.99"):
            assert row[share] == float(of_csv[f"{float(share):.0%}"])
            if row["name"] != "Aggregated":
                agrees(measurements.totals[row["name"]].histogram, float(share), row[share])
    shown_extremes = re.findall(
        r'"max_response_time": ([\d.]+),.*?"min_response_time": ([\d.]+), "name": "([\w.]+)"', page
    )
    assert len(shown_extremes) >= len(rows)
    for most, least, name in shown_extremes:
        assert float(most) == float(rows[name]["Max Response Time"])
        assert float(least) == float(rows[name]["Min Response Time"])


def agrees(ours: Histogram, share: float, theirs_ms: float) -> None:
    """Locust rounds to three digits, and takes the same rank."""
    (exact,) = ours.values_at_ranks([rank_of(share * 100, ours.count)])
    assert exact / 1000 * 0.994 - 0.006 <= theirs_ms <= exact / 1000 * 1.006 + 0.006, (share, theirs_ms, exact)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_before_its_end_loses_nothing(
    locust: Start, scenario: Path, number: signal.Signals
) -> None:
    run = locust("--scenario", str(scenario), "--headless", "--report", "report", "--html", "files.html")
    run.wait_for(lambda: run.live(6, records=5) and run.answered("dev.heartbeat"))
    run.process.send_signal(number)
    assert run.end() == ExitCode.INTERRUPTED, run.output
    assert not alive(run.platform()["pid"])
    summary = valid(run.report, "interrupted")
    assert summary["records"]["generated"] == summary["records"]["acknowledged"] >= 5
    assert summary["fleet"]["disconnects"] == {"stopped": 6}
    beats = summary["requests"]["dev.heartbeat"]["count"]
    page = run.report.with_name("files.html").read_text()
    assert f'"name": "dev.heartbeat", "num_failures": 0, "num_requests": {beats},' in page
    assert not summary["complete"]
    assert [reason["key"] for reason in summary["reasons"]] == ["interrupted"]
    assert f"Verdict     {headline(summary)}" in run.output
    assert f"stopped by {number.name} after" in headline(summary)
    again = best_fleet(run.report.parent, "report", "report", "--verdict")
    assert again.returncode == ExitCode.INTERRUPTED
    assert valid(run.report, "interrupted")["reasons"] == summary["reasons"]


def test_a_run_in_which_nothing_came_online(locust: Start, short: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    run = locust("--scenario", str(short), "--headless", "--report", "report", "--host", nowhere, *UNTIL_TOLD)
    assert run.ends_after(lambda: run.measured("getBrokerServer")) == ExitCode.THRESHOLD_CROSSED, run.output
    summary = valid(run.report, "failed")
    assert summary["fleet"]["came_online"] == 0
    initial = {item["expression"]: item for item in summary["thresholds"]}["init p95 < 60 s"]
    assert (initial["passed"], initial["value"]) == (False, None)
    tried = summary["flows"]["init"]["count"]
    assert initial["reason"] == f"{tried} of {tried} failed"


def test_a_run_whose_platform_is_killed(locust: Start, scenario: Path) -> None:
    # So many records that some wait, however soon the platform's death is noticed.
    text = scenario.read_text().replace("120/min", "3000/min")
    scenario.write_text(text.replace("thresholds: []", "thresholds: ['records.pending == 0']"))
    run = locust("--scenario", str(scenario), "--headless", "--report", "report")
    run.wait_for(lambda: run.ledger()["totals"]["records"] >= 5)
    os.kill(run.platform()["pid"], signal.SIGKILL)
    assert run.end(60) == ExitCode.INVALID, run.output
    summary = valid(run.report, "invalid")
    assert not summary["complete"]
    assert summary["reasons"][0]["key"] == "platform_died"
    assert summary["reasons"][0]["values"]["exit_code"] == -signal.SIGKILL
    assert "(signal SIGKILL)" in run.output
    # Its connections ended without a word, because nobody was there any more to say one.
    assert "closed 1006" in summary["fleet"]["disconnects"]
    assert summary["violations"]["total"] == 0
    assert "channel.suite" not in run.output
    records = summary["records"]
    assert records["pending"] > 0
    assert records["generated"] == sum(records[name] for name in ("acknowledged", "pending", "refused", "rejected"))


def test_a_generator_that_is_killed_leaves_all_but_the_last_seconds(locust: Start, scenario: Path) -> None:
    run = locust("--scenario", str(scenario), "--headless", "--report", "report")
    run.wait_for(lambda: run.ledger()["totals"]["online"] == 6)
    held: list[tuple[float, int]] = []
    while not held or not held[0][1] or time.monotonic() < held[0][0] + 5.5:
        now = time.monotonic(), run.totals()["records"]
        held = [*held, now] if now[1] else []
        time.sleep(0.1)
    run.process.kill()
    killed = time.monotonic()
    run.process.wait()

    done = best_fleet(run.report.parent, "report", "report")
    assert done.returncode == 0, done.stderr
    summary = valid(run.report, "invalid")
    assert not summary["complete"]
    assert summary["reasons"][0]["key"] == "broken_off"
    for told in (done.stdout, (run.report / "report.md").read_text(), (run.report / "report.html").read_text()):
        assert "the run broke off" in told
    five_seconds_before = max(count for at, count in held if at <= killed - 5)
    assert 0 < five_seconds_before <= summary["records"]["acknowledged"] <= held[-1][1] + 6
    assert summary["requests"]["dev.data.upload.verifyLog"]["count"] >= five_seconds_before


def test_runs_of_two_machines_become_one(locust: Start, short: Path) -> None:
    both = [
        locust(
            "--scenario", str(short), "--headless", "--report", name, "-u", users, "-r", "50", *UNTIL_TOLD, name=name
        )
        for name, users in (("left", "2"), ("right", "3"))
    ]
    for run, users in zip(both, (2, 3), strict=True):
        assert run.ends_after(lambda run=run, users=users: run.live(users, records=3)) == ExitCode.PASSED, run.output  # type: ignore[misc]
    done = best_fleet(short.parent, "report", "--merge", "left", "right", "--out", "both")
    assert done.returncode == 0, done.stderr
    summary = valid(short.parent / "both", "passed")
    left, right = (run.summary() for run in both)
    assert summary["fleet"]["devices"] == summary["fleet"]["came_online"] == 5
    for name, figures in summary["requests"].items():
        assert figures["count"] == sum(one["requests"].get(name, {"count": 0})["count"] for one in (left, right))
    assert summary["records"]["generated"] == left["records"]["generated"] + right["records"]["generated"]
    assert "merged from 2 runs: left, right" in done.stdout
