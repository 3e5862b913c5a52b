"""One run in every output: each says the same of what failed, and nothing that is recorded is missing anywhere."""

import io
import json
import re
from collections import Counter
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from junitparser import JUnitXml

from reports.charts import chart_data
from reports.compare import ComparedRun, compared_run
from reports.evaluation import evaluate_all
from reports.figures import after, recent, whole_run
from reports.html import render_report
from reports.junit import render_junit
from reports.markdown import render_markdown
from reports.progress import ProgressLine
from reports.run_info import RunInfo
from reports.summary import build_summary
from reports.terminal import print_summary
from reports.thresholds import parse_all, wrong_threshold
from reports.verdict import reason_lines
from simulator.measurements.events import Event, QueueRecorder
from simulator.measurements.names import (
    FLOWS,
    PHOTO_PREFIX,
    RECORD_EVENTS,
    RECORD_GAUGES,
    is_command,
    is_request,
)
from simulator.measurements.run import HOLD_S, RunMeasurements
from simulator.measurements.state import absorb_state, dump_state
from simulator.swarm.generator.pump import Pump
from simulator.swarm.run.page_history import PageHistory
from simulator.swarm.web.live_tables import LiveTables
from tests.reports.conftest import run_info
from tests.swarm.manual_run import ManualRun
from tests.swarm.told_requests import Told

STARTED = 1_700_000_000.25
SECONDS = 20
DOCS = Path(__file__).resolve().parents[2] / "docs"

FAILED = {"dev.heartbeat": 20, "dev.data.upload.verifyLog": 40, "connect": 20}
"""Requests; besides, two commands of three and a run of each flow fail in every second."""
COMMANDS_FAILED = {"cmd.data.update.user": 20, "cmd.data.update.bioPhoto": 20, "cmd.firmware.upgrade": 0}
EXPECTED = {"cmd.data.update.user": 20, "cmd.data.update.bioPhoto": 0, "cmd.firmware.upgrade": 20}
"""Commands that were refused as the scenario wants it."""
REQUESTS = 20 * 7
FAILURES = sum(FAILED.values())


def events() -> list[Event]:
    """Refused commands, time-outs, lost connections, refusals and failed flows, evenly over `SECONDS` seconds."""
    queued: list[Event] = []
    tell = QueueRecorder(queued.append)
    tell.state(0, "offline", "online", STARTED)
    for second in range(SECONDS):
        at = STARTED + second + 0.1
        tell.request("dev.heartbeat", at, 0.01, "00000000", 90, 120, 0.0)
        tell.request("dev.heartbeat", at, 0.3, "timeout", 90, 0, 0.0)
        tell.request("dev.data.upload.verifyLog", at, 0.02, "00000000", 700, 120, 0.0)
        tell.request("dev.data.upload.verifyLog", at, 0.02, "disconnected", 700, 0, 0.0)
        tell.request("dev.data.upload.verifyLog", at, 0.02, "E0000004", 700, 120, 0.0)
        tell.request("connect", at, 0.01, "00000000", 300, 200, 0.0)
        tell.request("connect", at, 0.01, "refused", 0, 0, 0.0)
        tell.command("cmd.data.update.user", at, 0.02, "00000000")
        tell.command("cmd.data.update.user", at, 0.0, "E0000005")
        tell.command("cmd.data.update.bioPhoto", at, 0.1, "E0000008")
        tell.command("cmd.data.update.user", at, 0.001, "E0000005", True)
        tell.command("cmd.firmware.upgrade", at, 0.001, "E0000001", True)
        tell.disconnect("closed 1006", at)
        tell.loop_lag(0.001, at)
        for flow in FLOWS:
            tell.flow(flow.name, at, 0.05, "00000000")
            tell.flow(flow.name, at, 0.05, "timeout")
        for event in RECORD_EVENTS:
            tell.record(event, 4 if "generated" in event else 1)
    return queued


@dataclass
class Outputs:
    measurements: RunMeasurements
    run: RunInfo
    summary: dict[str, Any]

    def compared(self) -> ComparedRun:
        return compared_run("run", self.measurements, self.run)


@pytest.fixture
def outputs() -> Outputs:
    measurements = RunMeasurements()
    measurements.apply(events())
    run = run_info(SECONDS, thresholds=(), devices=1)
    return Outputs(measurements, run, build_summary(measurements, run))


def test_summary(outputs: Outputs) -> None:
    requests = outputs.summary["requests"]
    assert {name: row["failures"] for name, row in requests.items()} == FAILED
    assert sum(row["count"] for row in requests.values()) == REQUESTS
    for row in requests.values():
        assert sum(row["codes"].values()) - row["codes"]["00000000"] == row["failures"]


def test_what_is_refused_as_expected_fails_nowhere(outputs: Outputs) -> None:
    commands = outputs.summary["commands"]
    assert {name: row["failures"] for name, row in commands.items()} == COMMANDS_FAILED
    assert {name: row["expected"] for name, row in commands.items()} == EXPECTED
    assert commands["cmd.data.update.user"]["expected_codes"] == {"E0000005": 20}
    for row in (*commands.values(), *outputs.summary["requests"].values(), *outputs.summary["flows"].values()):
        assert sum(row["codes"].values()) + sum(row["expected_codes"].values()) == row["count"]
        assert sum(row["expected_codes"].values()) == row["expected"]
    assert not [row for row in outputs.summary["failures"] if row["name"] == "cmd.firmware.upgrade"]
    data = chart_data(outputs.measurements, outputs.run)
    assert sum(data["expected"]) == sum(EXPECTED.values())
    assert sum(map(sum, data["codes"].values())) == FAILURES
    for told in (printed(outputs.summary), render_markdown(outputs.summary)):
        assert "as expected: E0000001 20" in told
    rows = {row["name"]: row for row in LiveTables().rows(outputs.measurements, is_command)[0]}
    assert {name: (row["failures"], row["expected"]) for name, row in rows.items()} == {
        name: (COMMANDS_FAILED[name], EXPECTED[name]) for name in EXPECTED
    }
    assert outputs.compared().series["cmd.firmware.upgrade"].failures == 0


@pytest.mark.parametrize(
    ("text", "passed", "value"),
    [
        ("cmd.firmware.upgrade failures == 0", True, 0),
        ("cmd.data.update.user failures == 20", True, 20),
        ("cmd.data.update.bioPhoto failures < 1 %", False, 100),
        ("cmd.firmware.upgrade p99 < 1 ms", False, None),
        ("cmd.data.update.user p50 < 50 ms", True, None),
        ("cmd.data.update.user p99 < 50 ms", False, None),
    ],
)
def test_thresholds_do_not_count_what_is_refused_as_expected(
    outputs: Outputs, text: str, passed: bool, value: float | None
) -> None:
    (result,) = evaluate_all(parse_all([text], outputs.measurements), outputs.measurements, outputs.run)
    assert result.passed is passed, result
    assert value is None or result.value == value
    views = [
        after(outputs.measurements, outputs.run, 0.0),
        recent(outputs.measurements, outputs.run, STARTED + SECONDS + HOLD_S + 1, SECONDS + 1),
    ]
    assert [{name: view.series[name].expected for name in EXPECTED} for view in views] == [EXPECTED] * 2


def test_a_worker_tells_of_it_exactly_and_a_state_brings_it_back(outputs: Outputs) -> None:
    worker, master = RunMeasurements("worker", "run"), RunMeasurements("master", "run")
    for half in (events()[::2], events()[1::2]):
        worker.apply(half)
        master.merge_delta(worker.drain_delta())
    state = dump_state(master, 0)
    again = RunMeasurements()
    absorb_state(again, state, ())
    for measurements in (master, again):
        assert build_summary(measurements, outputs.run)["commands"] == outputs.summary["commands"]


def printed(summary: dict[str, Any]) -> str:
    file = io.StringIO()
    print_summary(summary, file=file)
    return file.getvalue()


def test_table_on_the_terminal(outputs: Outputs) -> None:
    printed = io.StringIO()
    print_summary(outputs.summary, file=printed)
    table = printed.getvalue().partition("Requests (")[2].partition("Flows (")[0]
    rows = {name: int(failed) for name, failed in re.findall(r"^ (\S+) +\d+ +[\d.]+ +(\d+)", table, re.MULTILINE)}
    assert rows == FAILED


def test_progress_line(outputs: Outputs) -> None:
    line = ProgressLine(outputs.measurements, outputs.run, None, file=io.StringIO()).line(STARTED + SECONDS)
    assert f" {FAILURES} failed" in line


def test_page_while_the_run_goes_on(outputs: Outputs, tmp_path: Path) -> None:
    assert {row["name"]: row["failures"] for row in LiveTables().rows(outputs.measurements, is_request)[0]} == FAILED
    run = ManualRun(tmp_path).run
    run.measurements = outputs.measurements
    history = PageHistory()
    for second in range(SECONDS + HOLD_S + 2):
        history.tick(run, STARTED + second)
    told: dict[str, int] = {}
    for point in history.since(0):
        for name, (_, failures, *_) in point["requests"].items():
            told[name] = told.get(name, 0) + failures
    assert told == FAILED


def test_charts_and_html(outputs: Outputs) -> None:
    drawn = chart_data(outputs.measurements, outputs.run)["failures"]
    assert {name: sum(values) for name, values in drawn.items()} == FAILED
    page = render_report(outputs.summary, outputs.measurements, outputs.run)
    tile = page.partition("Failed requests")[2]
    assert re.search(r"(\d+)", re.sub(r"<[^>]*>", " ", tile)).group(1) == str(FAILURES)  # type: ignore[union-attr]


def test_markdown(outputs: Outputs) -> None:
    page = render_markdown(outputs.summary)
    assert f"- Requests: {REQUESTS} ({REQUESTS / SECONDS:.1f}/s), {FAILURES} failed" in page
    requests = page.partition("### Requests")[2].partition("### Flows")[0]
    assert {name: int(failed) for name, failed in re.findall(r"`(\S+)` .*?\*\*(\d+)\*\*", requests)} == FAILED


def test_junit(outputs: Outputs) -> None:
    (suite,) = list(JUnitXml.fromstring(render_junit(outputs.summary)))
    cases = [case for case in suite if case.classname == "best-fleet.requests"]
    assert {case.name: int(case.result[0].message.split()[0]) for case in cases if case.result} == FAILED


def test_verdict(outputs: Outputs) -> None:
    assert f"{FAILURES} of {REQUESTS} requests failed" in "\n".join(reason_lines(outputs.summary))


def test_verdict_on_flows_counts_the_one_that_it_names() -> None:
    measurements = RunMeasurements()
    measurements.apply([event for event in events() if event[0] != 0])
    tell = QueueRecorder(lambda event: measurements.apply([event]))
    tell.request("dev.heartbeat", STARTED, 0.01, "00000000", 90, 120, 0.0)
    reasons = reason_lines(build_summary(measurements, run_info(SECONDS, thresholds=())))
    assert "20 of 40 runs of the flow" in "\n".join(reasons)


def test_thresholds_and_every_view_of_the_run(outputs: Outputs) -> None:
    texts = ("failures == 0", *(f"{name} failures == 0" for name in FAILED))
    found = evaluate_all(parse_all(texts, outputs.measurements), outputs.measurements, outputs.run)
    assert [result.value for result in found] == [FAILURES, *FAILED.values()]
    views = [
        whole_run(outputs.measurements, outputs.run),
        after(outputs.measurements, outputs.run, 0.0),
        recent(outputs.measurements, outputs.run, STARTED + SECONDS + HOLD_S + 1, SECONDS + 1),
    ]
    assert [(view.requests, view.failures) for view in views] == [(REQUESTS, FAILURES)] * 3


def test_locusts_own_figures() -> None:
    measurements = RunMeasurements()
    fired: list[dict[str, Any]] = []
    pump = Pump(Told(fired.append), measurements, lambda *_: None)
    pump.events.extend(events())
    pump.flush()
    assert len(fired) == REQUESTS
    assert Counter(each["name"] for each in fired if each["exception"] is not None) == FAILED


def test_comparison(outputs: Outputs) -> None:
    series = outputs.compared().series
    assert {name: found.failures for name, found in series.items() if is_request(name) and name in FAILED} == FAILED
    flows = {flow.name for flow in FLOWS}
    assert {name for name in series if name not in FAILED and not name.startswith("cmd.")} == flows


def test_every_flow_is_in_every_output(outputs: Outputs) -> None:
    names = [flow.name for flow in FLOWS]
    page = render_report(outputs.summary, outputs.measurements, outputs.run)
    described = (DOCS / "measurements.md").read_text(encoding="utf-8")
    schema = json.loads(files("reports").joinpath("schema/summary.schema.json").read_text())
    assert {name: row["failures"] for name, row in outputs.summary["flows"].items()} == dict.fromkeys(names, SECONDS)
    assert set(schema["properties"]["flows"]["properties"]) == set(names)
    assert chart_data(outputs.measurements, outputs.run)["flows"] == names
    for name in names:
        text = f"{name} count == {2 * SECONDS}"
        assert wrong_threshold(text) is None
        (result,) = evaluate_all(parse_all([text], outputs.measurements), outputs.measurements, outputs.run)
        assert result.passed
        assert f">{name}<" in page
        assert f"`{name}`" in described


def test_every_record_event_is_in_every_output(outputs: Outputs) -> None:
    described = (DOCS / "measurements.md").read_text(encoding="utf-8")
    schema = json.loads(files("reports").joinpath("schema/summary.schema.json").read_text())
    jsonschema.validate(json.loads(json.dumps(outputs.summary)), schema)
    drawn = chart_data(outputs.measurements, outputs.run)["records"]
    for event in RECORD_EVENTS:
        kind = "photos" if event.startswith(PHOTO_PREFIX) else "records"
        name = event.removeprefix(PHOTO_PREFIX)
        count = outputs.measurements.records[event]
        assert outputs.summary[kind][name] == count > 0
        assert name in schema["properties"][kind]["properties"]
        assert event in RECORD_GAUGES or sum(drawn[event]) == count
        text = f"{kind}.{name} == {count}"
        assert wrong_threshold(text) is None
        (result,) = evaluate_all(parse_all([text], outputs.measurements), outputs.measurements, outputs.run)
        assert result.passed
        assert f"`{kind}.{name}`" in described
