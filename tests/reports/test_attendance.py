"""What reports say of attendance, and what decides where there was none."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from reports.attendance import INCOMPLETE, listed_text, pins_text, sentence_of
from reports.html import render_report
from reports.junit import render_junit
from reports.markdown import render_markdown
from reports.run_info import RunInfo
from reports.summary import build_summary
from reports.terminal import print_summary
from reports.verdict import exit_code
from simulator.exit_codes import ExitCode
from simulator.measurements.attendance import FIGURES, Attended, MeetingHeld
from simulator.measurements.events import Event, QueueRecorder
from simulator.measurements.findings import Finding
from simulator.measurements.run import RunMeasurements
from tests.swarm.browser import CHROMIUM, DRIVER, Browser

Info = Callable[..., RunInfo]
T0 = 1_700_000_000.0
HOSTILE = '<script>alert("1")</script>|`x`'


def meeting(**changes: object) -> MeetingHeld:
    held = MeetingHeld("S1", "7", "Weekly", T0, T0 + 60, 2, 1, 0, ("20002",), 1, 0, 0, 0, 0, 0, "over")
    return held._replace(**changes)  # type: ignore[arg-type]


ROW = Attended("S1", "7", "20001", "sign-in", "2023-11-15T06:13:20+08:00", "0", "1", True)


def online(*meetings: MeetingHeld, rows: tuple[Attended, ...] = ()) -> RunMeasurements:
    """A device that came online, sent a heartbeat and told of meetings and records."""
    events: list[Event] = []
    recorder = QueueRecorder(events.append)
    recorder.state(0, "offline", "online", T0)
    recorder.request("dev.heartbeat", T0, 0.01, "00000000", 1, 1, 0.0)
    for held in meetings:
        recorder.meeting_held(held)
    for row in rows:
        recorder.attended(row)
    measurements = RunMeasurements()
    measurements.apply(events)
    return measurements


def texts(summary: dict[str, object], measurements: RunMeasurements, run: RunInfo) -> dict[str, str]:
    terminal = io.StringIO()
    print_summary(summary, terminal, 300)
    return {
        "terminal": terminal.getvalue(),
        "markdown": render_markdown(summary),
        "junit": render_junit(summary).decode(),
        "html": render_report(summary, measurements, run),
    }


def test_the_section_holds_the_sums_and_the_worst_meetings(busy: RunMeasurements, info: Info) -> None:
    section = build_summary(busy, info())["attendance"]
    assert {name: section[name] for name in FIGURES} == {
        "meetings": 4,
        "deleted": 0,
        "cut": 0,
        "expected": 16,
        "came": 12,
        "on_time": 8,
        "late": 4,
        "missing": 4,
        "absent": 0,
        "turned_away": 4,
        "left_early": 0,
        "no_sign_out": 8,
        "double_taps": 0,
        "strangers": 4,
        "records": 20,
        "acknowledged": 16,
        "unacknowledged": 4,
    }
    assert section["by_what"] == {
        "sign-in": 8,
        "late": 4,
        "sign-out": 4,
        "early-leave": 0,
        "double-tap": 0,
        "stranger": 4,
    }
    assert section["complete"]
    assert (section["with_missing"], section["with_unacknowledged"]) == (4, 4)
    assert section["remarkable"][0] == {
        "sn": "BEST000014",
        "meet_code": "14",
        "name": "Weekly <b>",
        "ended": "over",
        "start": "2023-11-14T22:13:34.250+00:00",
        "end": "2023-11-14T22:13:43.250+00:00",
        "expected": 4,
        "came": 3,
        "late": 1,
        "missing": 1,
        "missing_pins": ["20004"],
        "unacknowledged": 1,
    }
    assert len(section["remarkable"]) == 4


def test_a_run_without_attendance_says_nothing_of_it(info: Info) -> None:
    measurements, run = online(), info(thresholds=())
    summary = build_summary(measurements, run)
    assert "attendance" not in summary
    assert not any("ttendance" in text for text in texts(summary, measurements, run).values())


def test_all_reports_tell_of_it(busy: RunMeasurements, info: Info) -> None:
    run = info(thresholds=())
    summary = build_summary(busy, run)
    found = texts(summary, busy, run)
    told = (
        "4 meetings over: 16 expected, 12 came (4 late), 4 missing (4 turned away), 4 strangers; "
        "20 records, 16 acknowledged, 4 not"
    )
    assert f"Attendance  {told}" in found["terminal"]
    assert f"- Attendance: {told}" in found["markdown"]
    assert told in found["junit"]
    assert '<a href="#attendance">' in found["html"]
    assert '<h2 id="attendance">' in found["html"]
    for name in ("markdown", "html", "junit"):
        assert "4 meetings with missing members" in found[name]
    assert "20004" in found["html"]
    assert "Weekly &lt;b&gt;" in found["html"]
    assert "20004" in found["markdown"]


def test_what_the_platform_named_does_nothing_in_the_reports(info: Info) -> None:
    held = meeting(sn=HOSTILE, meet_code=HOSTILE, name=HOSTILE, missing=(HOSTILE,))
    measurements, run = online(held), info(thresholds=())
    found = texts(build_summary(measurements, run), measurements, run)
    assert "<script>alert" not in found["html"]
    assert "<script>alert" not in found["markdown"].replace("`` <script>alert", "")


@pytest.mark.parametrize("key", ["worker_lost", "reports_missing", "broken_off"])
def test_rows_that_were_never_told_are_told_of(info: Info, key: str) -> None:
    values = {"worker": "w1", "at": T0, "count": 2}
    measurements, run = online(meeting()), info(thresholds=(), findings=(Finding(key, values),))
    summary = build_summary(measurements, run)
    assert not summary["attendance"]["complete"]
    found = texts(summary, measurements, run)
    assert INCOMPLETE in found["markdown"]
    assert INCOMPLETE[1:] in found["html"]
    assert "not all of it was told" in found["terminal"]


def test_a_run_that_only_stopped_early_has_told_all(info: Info) -> None:
    stopped = Finding("interrupted", {"signal": "SIGTERM", "after_s": 8.0, "planned_s": 60.0})
    summary = build_summary(online(meeting()), info(thresholds=(), findings=(stopped,)))
    assert summary["attendance"]["complete"]


@pytest.mark.parametrize("thresholds", [(), ("failures == 0",)])
@pytest.mark.parametrize(
    ("meetings", "rows", "asked", "code"),
    [
        ((), (), False, ExitCode.PASSED),
        ((), (), True, ExitCode.FAILED),
        ((meeting(ended="deleted", came=0),), (), True, ExitCode.FAILED),
        ((meeting(ended="cut", came=0),), (), True, ExitCode.FAILED),
        ((meeting(),), (ROW,), True, ExitCode.PASSED),
        ((meeting(ended="cut"),), (ROW,), True, ExitCode.PASSED),
        ((meeting(came=0, missing=("20001", "20002")),), (), True, ExitCode.FAILED),
        ((meeting(expected=0, came=0, missing=()),), (), True, ExitCode.FAILED),
    ],
)
def test_who_asks_for_a_sheet_and_gets_none_does_not_pass(
    info: Info,
    meetings: tuple[MeetingHeld, ...],
    rows: tuple[Attended, ...],
    asked: bool,
    code: ExitCode,
    thresholds: tuple[str, ...],
) -> None:
    measurements, run = online(*meetings, rows=rows), info(thresholds=thresholds, attendance=asked, devices=1)
    summary = build_summary(measurements, run)
    assert exit_code(summary) == code
    assert ("no_attendance" in [reason["key"] for reason in summary["reasons"]]) is (code is ExitCode.FAILED)
    assert ("attendance" in summary) is bool(asked or meetings)
    junit = render_junit(summary).decode()
    if code is ExitCode.FAILED:
        assert "nobody came to a meeting" in texts(summary, measurements, run)["terminal"]
        assert junit.count("<failure") == 2


def test_of_a_run_that_broke_off_nobody_knows_whether_a_meeting_was_held(info: Info) -> None:
    summary = build_summary(online(), info(thresholds=(), attendance=True, devices=1, complete=False))
    assert [reason["key"] for reason in summary["reasons"]] == ["broken_off"]


def test_nothing_that_was_not_told_keeps_a_threshold(info: Info) -> None:
    expressions = tuple(f"attendance.{name} >= 0" for name in FIGURES)
    run = info(thresholds=expressions, devices=1)
    assert [item["passed"] for item in build_summary(online(), run)["thresholds"]] == [False] * len(FIGURES)
    summary = build_summary(online(meeting()), run)
    assert all(item["passed"] for item in summary["thresholds"])
    assert {item["expression"].split()[0]: item["value"] for item in summary["thresholds"]} == {
        f"attendance.{name}": summary["attendance"][name] for name in FIGURES
    }


def test_the_worst_hundred_follow_the_schema(info: Info) -> None:
    measurements = online(*(meeting(meet_code=str(n), missing=tuple(map(str, range(n)))) for n in range(150)))
    summary = json.loads(json.dumps(build_summary(measurements, info(thresholds=()))))
    schema = json.loads(files("reports").joinpath("schema/summary.schema.json").read_text())
    jsonschema.validate(summary, schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
    section = summary["attendance"]
    assert [remark["missing"] for remark in section["remarkable"]] == list(range(149, 49, -1))
    assert listed_text(section) == "149 meetings with missing members; the worst 100 are listed"
    assert pins_text(section["remarkable"][0]).endswith("18, 19, 129 more")


def test_one_line_says_all(info: Info) -> None:
    section = build_summary(online(meeting(), meeting(meet_code="8", ended="cut")), info(thresholds=()))["attendance"]
    assert sentence_of(section) == (
        "1 meetings over, 1 cut off: 2 expected, 1 came (0 late), 1 missing (1 absent by the scenario), 0 strangers; "
        "0 records, 0 acknowledged"
    )


@pytest.mark.parametrize(
    ("absent", "turned_away", "told"),
    [
        (0, 0, "9 missing (9 held up)"),
        (9, 0, "9 missing (9 absent by the scenario)"),
        (2, 3, "9 missing (2 absent by the scenario, 3 turned away, 4 held up)"),
    ],
)
def test_why_members_are_missing_is_told(info: Info, absent: int, turned_away: int, told: str) -> None:
    away = meeting(missing=tuple("123456789"), expected=10, absent=absent, turned_away=turned_away)
    measurements, run = online(away), info(thresholds=(f"attendance.turned_away == {turned_away}",))
    summary = build_summary(measurements, run)
    assert summary["thresholds"][0]["passed"]
    assert (summary["attendance"]["absent"], summary["attendance"]["turned_away"]) == (absent, turned_away)
    found = texts(summary, measurements, run)
    assert all(told in found[name] for name in ("terminal", "markdown", "junit"))
    assert told.replace("missing", "never came") in found["html"]


def test_the_pages_table_says_which_meetings_it_lists_and_whose_times(info: Info) -> None:
    measurements, run = online(meeting()), info(thresholds=())
    page = render_report(build_summary(measurements, run), measurements, run)
    assert "1 meetings with missing members. Only these meetings are listed. Times in attendance.csv" in page
    assert "2023-11-14 22:13:20</time></span>" in page


def test_run_info_keeps_what_was_asked_for(info: Info) -> None:
    run = replace(info(), attendance=True)
    assert RunInfo.load(run.dump()).attendance
    assert not RunInfo.load({name: value for name, value in run.dump().items() if name != "attendance"}).attendance


@pytest.mark.skipif(DRIVER is None or CHROMIUM is None, reason="no Chromium is installed")
def test_the_table_of_meetings_fits_a_usual_window(info: Info, tmp_path: Path) -> None:
    held = meeting(sn="BEST000001", meet_code="1000001-2026", name="Quarterly planning of building 3", end=T0 + 90_000)
    held = held._replace(missing=tuple(str(20_000 + number) for number in range(30)), expected=40)
    measurements, run = online(held), info(thresholds=())
    (tmp_path / "report.html").write_text(render_report(build_summary(measurements, run), measurements, run), "utf-8")
    with Browser(tmp_path) as browser:
        browser.open((tmp_path / "report.html").as_uri())
        table, card, code = browser.run(
            "document.querySelector('main').style.width = '1300px'; const table = document.querySelector('.meetings');"
            "const lines = document.createRange(); lines.selectNodeContents(table.querySelector('td.code'));"
            "return [table.scrollWidth, table.parentElement.clientWidth,"
            " lines.getClientRects().length];"
        )
    assert table <= card
    assert code == 1, "meetCode takes more than one line"
