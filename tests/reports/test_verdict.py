"""From facts to verdict, reasons, exit code and the first line of every output: a table of small runs."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from reports.cause import Cause
from reports.causes import CAUSES, cause_of, sentence
from reports.html import render_report
from reports.junit import render_junit
from reports.markdown import render_markdown
from reports.occurrences import moment
from reports.rebuild import merge, rebuild
from reports.run_info import RunInfo
from reports.summary import build_summary
from reports.terminal import print_summary
from reports.verdict import code_of, exit_code, headline, note_lines, reason_lines, with_findings
from reports.writer import write_reports
from simulator.exit_codes import ExitCode
from simulator.measurements.events import Event, QueueRecorder
from simulator.measurements.findings import Finding, Value
from simulator.measurements.occurrences import MOST_RULES, Occurrences
from simulator.measurements.run import RunMeasurements

Info = Callable[..., RunInfo]
T0 = 1_700_000_000.0

INTERRUPTED = Finding("interrupted", {"signal": "SIGTERM", "after_s": 8.0, "planned_s": 60.0})
DIED = Finding("platform_died", {"exit_code": -9, "after_s": 24.0, "log": "platform.log"})


def measured(*told: str) -> RunMeasurements:
    """A run in words: `online`, `ok`, `bad`, what became of records, `error`, `flow`, or a reason of a disconnect."""
    events: list[Event] = []
    recorder = QueueRecorder(events.append)
    for number, word in enumerate(told):
        at = T0 + number
        match word:
            case "online":
                recorder.state(0, "offline", "online", at)
            case "ok" | "bad":
                recorder.request("dev.heartbeat", at, 0.01, "00000000" if word == "ok" else "timeout", 1, 1, 0.0)
            case (
                "generated"
                | "acknowledged"
                | "refused"
                | "rejected"
                | "lost"
                | "restored"
                | "kept"
                | "unkept"
                | "unclaimed"
            ):
                recorder.record(word, 1)
            case "error":
                recorder.internal_error("device.exception", "ValueError: odd", at, 3)
            case "flow":
                recorder.flow("init", at, 0.1, "odd")
            case "refused connect" | "timed out look-up":
                step, code = ("connect", "not authorized") if word[0] == "r" else ("getBrokerServer", "timeout")
                recorder.request(step, at, 0.1, code, 0, 0, 0.0)
            case reason:
                recorder.disconnect(reason, at)
    measurements = RunMeasurements()
    measurements.apply(events)
    return measurements


GOOD = ("online", "ok")
HOLDS = ("dev.heartbeat p99 < 1 s",)
UNJUDGED = ("dev.login p99 < 1 s", "recovery.p99 < 20 s", "generator.rss_slope < 9 MB/h", "failures < 9 after 60min")


@pytest.mark.parametrize(
    ("told", "thresholds", "keys", "code"),
    [
        (GOOD, (), [], 0),
        (GOOD, HOLDS, [], 0),
        # Nobody online, no request, no answer for a record: thresholds that hold do not make up for it.
        (("ok",), (), ["none_online"], 1),
        (("ok",), HOLDS, ["none_online"], 1),
        (("ok",), ("came_online >= 0 %",), ["none_online"], 1),
        ((), (), ["none_online", "no_request"], 1),
        (("online",), ("records.generated == 0",), ["no_request"], 1),
        ((*GOOD, "generated"), (), ["records_unaccounted"], 1),
        ((*GOOD, "generated"), HOLDS, ["records_unaccounted"], 1),
        ((*GOOD, "generated"), ("records.generated < 9",), ["records_unaccounted"], 1),
        ((*GOOD, "acknowledged"), (), ["records_unaccounted"], 1),
        # A threshold that speaks of them decides, either way.
        ((*GOOD, "generated"), ("records.pending < 9",), [], 0),
        ((*GOOD, "generated"), ("records.acknowledged >= 0",), [], 0),
        ((*GOOD, "generated"), ("records.pending == 0",), ["threshold_crossed"], 3),
        ((*GOOD, "generated"), ("record_delivery p99 < 1 s",), ["threshold_unmeasured"], 3),
        ((*GOOD, "generated"), ("record_* min > 0 ms",), ["threshold_unmeasured", "records_unaccounted"], 3),
        (
            (*GOOD, "generated"),
            ("record_delivery p99 > 0 ms",),
            ["threshold_unmeasured", "records_unaccounted"],
            3,
        ),
        (
            (*GOOD, "generated"),
            ("record_delivery intended_p99 < 1 s",),
            ["threshold_unmeasured", "records_unaccounted"],
            3,
        ),
        # What is kept for the next run is not delivered by this one; what an earlier one left counts like the rest.
        ((*GOOD, "generated", "kept"), (), ["records_kept"], 1),
        ((*GOOD, "generated", "kept"), HOLDS, ["records_kept"], 1),
        ((*GOOD, "generated", "kept"), ("records.pending < 9",), [], 0),
        ((*GOOD, "restored", "kept"), (), ["records_kept"], 1),
        ((*GOOD, "restored"), (), ["records_unaccounted"], 1),
        ((*GOOD, "restored", "acknowledged"), (), [], 0),
        ((*GOOD, "unclaimed", "unkept"), (), [], 0),
        # The device's own store was full: the platform never saw what it was to be tested with.
        ((*GOOD, "generated", "refused"), (), ["records_refused"], 1),
        ((*GOOD, "generated", "refused"), HOLDS, [], 0),
        ((*GOOD, "generated", "refused"), ("records.refused < 9",), [], 0),
        # Failed requests are judged by thresholds where there are any.
        ((*GOOD, "bad"), (), ["requests_failed"], 1),
        ((*GOOD, "bad"), ("failures < 60 %",), [], 0),
        ((*GOOD, "bad"), ("failures < 10 %",), ["threshold_crossed"], 3),
        ((*GOOD, "flow"), (), ["flows_failed"], 1),
        ((*GOOD, "bad", "flow"), (), ["requests_failed"], 1),
        # What was given up is lost, unless a threshold speaks of it or of the requests that were refused.
        ((*GOOD, "generated", "rejected"), (), ["records_rejected"], 1),
        ((*GOOD, "generated", "rejected"), ("dev.heartbeat p99 < 1min",), ["records_rejected"], 1),
        ((*GOOD, "generated", "rejected"), ("records.rejected < 9",), [], 0),
        ((*GOOD, "generated", "lost"), (), [], 0),  # the scenario emptied its store: accounted for
        ((*GOOD, "generated", "generated", "lost"), (), ["records_unaccounted"], 1),
        ((*GOOD, "generated", "lost"), ("records.lost == 0",), ["threshold_crossed"], 3),
        ((*GOOD, "generated", "rejected"), ("failures < 9",), [], 0),
        # A part of the run that there never was holds nothing.
        (GOOD, ("failures < 9 after 60min",), ["threshold_unmeasured"], 3),
        (GOOD, ("disconnects == 0 after 60min",), ["threshold_unmeasured"], 3),
        (GOOD, ("requests_per_second < 100 after 60min",), ["threshold_unmeasured"], 3),
        (GOOD, ("dev.login p99 < 1 s",), ["threshold_unmeasured"], 3),
        # An error of ours makes all figures doubtful, whatever else is true.
        ((*GOOD, "error"), HOLDS, ["internal_error"], 4),
        (("error", "bad"), ("failures < 10 %",), ["internal_error", "threshold_crossed", "none_online"], 4),
        ((*GOOD, "error"), ("internal_errors < 9",), ["internal_error"], 4),
        # Only what nobody asked for is a disconnect.
        ((*GOOD, "stopped", "reboot"), ("disconnects == 0",), [], 0),
        ((*GOOD, "closed 1006"), ("disconnects == 0",), ["threshold_crossed"], 3),
        ((*GOOD, "timeout"), ("disconnects == 0 after 0s",), ["threshold_crossed"], 3),
    ],
)
def test_what_was_measured(
    info: Info, told: tuple[str, ...], thresholds: tuple[str, ...], keys: list[str], code: int
) -> None:
    summary = build_summary(measured(*told), info(thresholds=thresholds, devices=1, started=T0))
    assert [reason["key"] for reason in summary["reasons"]] == keys
    assert exit_code(summary) == code
    assert summary["verdict"] == ("passed", "failed", "?", "failed", "invalid", "interrupted")[code]


@pytest.mark.parametrize(
    ("told", "thresholds", "findings", "keys", "code"),
    [
        (GOOD, (), (INTERRUPTED,), ["interrupted"], 5),
        (GOOD, HOLDS, (INTERRUPTED,), ["interrupted"], 5),
        ((*GOOD, "bad"), (), (INTERRUPTED,), ["requests_failed", "interrupted"], 1),
        ((*GOOD, "bad"), ("failures < 1 %",), (INTERRUPTED,), ["threshold_crossed", "interrupted"], 3),
        # What there was too little of to judge is no reason beside what cut the run short, however that was.
        (GOOD, UNJUDGED, (INTERRUPTED,), ["interrupted"], 5),
        (GOOD, UNJUDGED, (Finding("stopped_by_hand", {}),), ["stopped_by_hand"], 5),
        (GOOD, UNJUDGED, (DIED,), ["platform_died"], 4),
        (GOOD, UNJUDGED, (Finding("worker_left", {}),), ["threshold_unmeasured"] * 4, 3),
        ((*GOOD, "bad"), ("failures < 1 %", *UNJUDGED), (INTERRUPTED,), ["threshold_crossed", "interrupted"], 3),
        (GOOD, (), (INTERRUPTED, DIED), ["platform_died", "interrupted"], 4),
        (GOOD, (), (DIED, Finding("start_failed", {"problem": "no"})), ["start_failed", "platform_died"], 2),
        (GOOD, (), (Finding("worker_refused", {"worker": "w", "problem": "limit"}),), ["worker_refused"], 2),
        (GOOD, (), (Finding("worker_lost", {"worker": "w", "at": T0}), DIED), ["platform_died", "worker_lost"], 4),
        # A platform that many devices were cut off from may have no time for its account.
        (
            GOOD,
            (),
            (Finding("ledger_unread", {}), Finding("worker_lost", {"worker": "w", "at": T0})),
            ["worker_lost", "ledger_unread"],
            4,
        ),
        (GOOD, (), (Finding("users_turned_away", {"devices": 3}),), [], 0),
        (GOOD, (), (Finding("of a later version", {}),), ["of a later version"], 4),
    ],
)
def test_what_the_run_found_out(
    info: Info,
    told: tuple[str, ...],
    thresholds: tuple[str, ...],
    findings: tuple[Finding, ...],
    keys: list[str],
    code: int,
) -> None:
    summary = build_summary(measured(*told), info(thresholds=thresholds, devices=1, started=T0, findings=findings))
    assert [reason["key"] for reason in summary["reasons"]] == keys
    assert exit_code(summary) == code


@pytest.mark.parametrize(("findings", "kind"), [((), "failure"), ((INTERRUPTED,), "skipped")])
def test_every_output_says_what_was_not_judged(info: Info, findings: tuple[Finding, ...], kind: str) -> None:
    run = info(thresholds=("recovery.p99 < 20 s", *HOLDS), devices=1, started=T0, findings=findings)
    summary = build_summary(measured(*GOOD), run)
    assert [(item["passed"], item["judged"]) for item in summary["thresholds"]] == [(False, False), (True, True)]
    for page in every_output(summary, measured(*GOOD), run):
        assert "not judged" in page
        assert "crossed" not in page.partition("<script")[0]
    suite = ElementTree.fromstring(render_junit(summary))[0]
    (case,) = suite.iterfind("testcase[@name='recovery.p99 < 20 s']")
    assert [child.tag for child in case] == [kind]
    assert suite.get("skipped") == str(int(kind == "skipped"))


def test_summaries_of_earlier_versions_say_crossed(info: Info) -> None:
    summary = build_summary(measured(*GOOD), info(thresholds=UNJUDGED[:1], devices=1, started=T0))
    del summary["thresholds"][0]["judged"]
    assert "crossed" in every_output(summary, measured(*GOOD), info(devices=1))[0]


def test_an_abort_that_fired_is_crossed_though_the_whole_run_is_fine(info: Info) -> None:
    expression = "dev.heartbeat p99 < 1 s abort"
    told: dict[str, Value] = {"expression": expression, "value": 2500.0, "unit": "ms", "window_s": 10, "after_s": 54.0}
    findings = (Finding("abort_fired", told),)
    summary = build_summary(measured(*GOOD), info(thresholds=(expression, *HOLDS), devices=1, findings=findings))
    first, second = summary["thresholds"]
    assert (first["passed"], first["aborted"], first["value"]) == (False, True, pytest.approx(10, rel=0.01))
    assert "2,500 ms" in first["reason"]
    assert (second["passed"], second["aborted"]) == (True, False)
    assert [reason["key"] for reason in summary["reasons"]] == ["abort_fired"]
    assert exit_code(summary) == ExitCode.THRESHOLD_CROSSED
    assert not summary["complete"]


@pytest.mark.parametrize(
    ("failure_code", "told", "verdict", "code"),
    [
        (1, ("bad",), "failed", 1),
        (17, ("bad",), "failed", 17),
        (0, ("bad",), "passed", 0),
        (0, ("bad", "generated"), "failed", 1),
        (17, ("bad", "generated"), "failed", 1),
        (17, ("bad", "error"), "invalid", 4),
        (0, (), "passed", 0),
    ],
)
def test_locusts_exit_code_on_error_speaks_of_failed_requests_alone(
    info: Info, failure_code: int, told: tuple[str, ...], verdict: str, code: int
) -> None:
    run = info(thresholds=(), devices=1, failure_code=failure_code)
    summary = build_summary(measured(*GOOD, *told), run)
    assert (summary["verdict"], exit_code(summary)) == (verdict, code)


def test_losses_that_nobody_asked_for_are_told_with_their_codes(info: Info) -> None:
    told = ("closed 1006", "closed 1006", "timeout", "stopped", "reboot")
    summary = build_summary(measured(*GOOD, *told), info(thresholds=(), devices=1))
    assert summary["verdict"] == "passed"
    assert summary["notes"] == [
        {"key": "connections_lost", "values": {"count": 3, "reasons": {"closed 1006": 2, "timeout": 1}}}
    ]
    assert summary["fleet"]["lost_connections"] == 3
    assert sum(summary["fleet"]["disconnects"].values()) == 5
    for page in every_output(summary, measured(*GOOD, *told), info(devices=1)):
        assert "3 connections were lost that nobody had asked to end: closed 1006 2, timeout 1" in page


def every_output(summary: dict[str, object], measurements: RunMeasurements, run: RunInfo) -> list[str]:
    terminal = io.StringIO()
    print_summary(summary, terminal, width=400)
    pages = [terminal.getvalue(), render_markdown(summary), render_report(summary, measurements, run)]
    return [*pages, render_junit(summary).decode()]


@pytest.mark.parametrize("told", [GOOD, ("ok",), (*GOOD, "error"), (*GOOD, "bad")])
def test_the_first_line_is_the_same_everywhere(info: Info, told: tuple[str, ...]) -> None:
    run = info(thresholds=(), devices=1, findings=(INTERRUPTED,) if told == GOOD else ())
    summary = build_summary(measured(*told), run)
    line = headline(summary)
    terminal, markdown, html, junit = every_output(summary, measured(*told), run)
    assert line in terminal.strip().splitlines()[0]
    assert line in terminal.strip().splitlines()[-1]
    assert line in markdown.splitlines()[0]
    assert f"<title>{line}</title>" in html
    assert f" {line}</span>" in html
    first_case = junit[junit.index("<testcase") : junit.index("</testcase>")]
    assert line in first_case


def test_other_reasons_stand_in_every_output(info: Info) -> None:
    run = info(thresholds=(), devices=1)
    summary = build_summary(measured("ok", "generated"), run)
    assert headline(summary).endswith("no device came online (0 of 1) (and 1 more reason)")
    assert len(reason_lines(summary)) == 2
    for page in every_output(summary, measured("ok", "generated"), run):
        assert "1 of 1 records are unaccounted for" in page


def test_reasons_survive_a_rebuild_and_a_merge(info: Info, tmp_path: Path) -> None:
    write_reports(tmp_path / "a", measured(*GOOD, "error"), info(devices=1, started=T0, findings=(INTERRUPTED,)))
    write_reports(tmp_path / "b", measured(*GOOD, "error"), info(devices=1, started=T0, findings=(DIED,)))
    again = rebuild(tmp_path / "a")
    assert [reason["key"] for reason in again["reasons"]] == ["internal_error", "interrupted"]
    assert not again["complete"]
    both = merge([tmp_path / "a", tmp_path / "b"], tmp_path / "both")
    assert [reason["key"] for reason in both["reasons"]] == ["platform_died", "internal_error", "interrupted"]
    assert both["internal_errors"]["by_rule"]["device.exception"] == {
        "count": 2,
        "devices": 2,
        "func_ids": {},
        "section": "",
        "first": moment(T0 + 2),
        "last": moment(T0 + 2),
        "example": "ValueError: odd",
    }


def test_a_run_that_broke_off_has_one_explanation(info: Info) -> None:
    def keys(*findings: Finding) -> list[str]:
        run = info(thresholds=(), devices=1, complete=False, findings=findings)
        return [reason["key"] for reason in build_summary(measured(*GOOD), run)["reasons"]]

    assert keys() == ["broken_off"]
    assert keys(INTERRUPTED) == ["interrupted"]
    assert keys(Finding("users_turned_away", {"devices": 1})) == ["broken_off"]


def test_what_stopped_one_run_does_not_explain_why_another_broke_off(info: Info, tmp_path: Path) -> None:
    write_reports(tmp_path / "a", measured(*GOOD), info(thresholds=(), devices=1, findings=(INTERRUPTED,)))
    write_reports(tmp_path / "b", measured(*GOOD), info(thresholds=(), devices=1, complete=False))
    both = merge([tmp_path / "a", tmp_path / "b"], tmp_path / "both")
    assert [reason["key"] for reason in both["reasons"]] == ["broken_off", "interrupted"]
    assert both["verdict"] == "invalid"


def test_the_example_is_of_what_happened_first_in_whatever_order_workers_tell() -> None:
    late, early = Occurrences(), Occurrences()
    late.add("device.exception", "late", T0 + 9, 1)
    early.add("device.exception", "early", T0, 2)
    for first, second in ((late, early), (early, late)):
        both = Occurrences()
        both.merge(first.dump())
        both.merge(second.dump())
        assert both.first_example() == "device.exception: early"
        found = both.by_rule["device.exception"]
        assert (found.tally.count, found.tally.first, found.tally.last, len(found.devices)) == (2, T0, T0 + 9, 2)


def test_rules_and_examples_are_bounded_and_counts_exact() -> None:
    found = Occurrences()
    for number in range(MOST_RULES + 50):
        found.add(f"rule {number} " + "x" * 500, "y" * 5000, T0)
    assert len(found.by_rule) == MOST_RULES + 1
    assert found.total == MOST_RULES + 50
    assert max(map(len, found.by_rule)) <= 80
    assert max(len(item.example) for item in found.by_rule.values()) <= 300


def test_internal_errors_of_a_worker_reach_the_master(info: Info) -> None:
    worker, master = measured("error", "error"), RunMeasurements("master")
    master.merge_delta(worker.drain_delta())
    master.merge_delta(worker.drain_delta())
    summary = build_summary(master, info())
    assert summary["internal_errors"]["total"] == 2
    assert summary["internal_errors"]["by_rule"]["device.exception"]["devices"] == 1
    assert summary["verdict"] == "invalid"


def test_what_becomes_known_after_the_summary_is_judged_too(info: Info) -> None:
    summary = build_summary(measured(*GOOD), info(thresholds=(), devices=1))
    later = with_findings(summary, [Finding("output_failed", {"file": "report.html", "problem": "disk full"})])
    assert (summary["verdict"], later["verdict"]) == ("passed", "invalid")
    assert exit_code(later) == ExitCode.INVALID
    assert headline(later).endswith("report.html could not be written: disk full")


def test_findings_alone_have_a_code() -> None:
    assert code_of([]) is ExitCode.PASSED
    assert code_of([INTERRUPTED, DIED]) is ExitCode.INVALID


def test_what_a_killed_run_keeps_is_told_as_of_its_last_checkpoint(info: Info) -> None:
    told = measured(*GOOD, *["generated"] * 3, *["kept"] * 2)
    lines = reason_lines(build_summary(told, info(devices=1, complete=False)))
    assert lines[0].startswith("the run broke off")
    assert lines[1].endswith("state_file kept 2 of them for the next run at the last checkpoint")


@pytest.mark.parametrize(
    ("told", "about"),
    [
        (("generated",), "unaccounted for: neither acknowledged nor given up"),
        (("generated", "kept"), "state_file keeps 1 of them for the next run"),
    ],
)
def test_pending_records_name_what_became_of_their_uploads(info: Info, told: tuple[str, ...], about: str) -> None:
    measurements = measured(*GOOD, *told)
    events: list[Event] = []
    for code in ("00000000", "timeout", "E0000006", "E0000006"):
        QueueRecorder(events.append).request("dev.data.upload.verifyLog", T0, 0.01, code, 1, 1, 0.0)
    measurements.apply(events)
    line = reason_lines(build_summary(measurements, info(thresholds=(), devices=1)))[0]
    assert line.endswith(f"{about}; 3 uploads of records failed, the most with E0000006")


def test_secrets_in_values_are_masked(info: Info) -> None:
    finding = Finding("start_failed", {"problem": "http://user:hunter2@platform.test is wrong"})
    summary = build_summary(measured(*GOOD), info(findings=(finding,)))
    assert "hunter2" not in str(summary)


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.key)
def test_every_text_can_be_written_without_its_values(cause: object) -> None:
    """Reports of another version may lack some; no text may end in an error."""
    key = cause.key  # type: ignore[attr-defined]
    assert "{" not in sentence(Finding(key))
    assert cause_of(key) is cause


PROCESS = "vm_24a6fed5c5884a489d9e209143e4060b"


@pytest.mark.parametrize("cause", [each for each in CAUSES if re.search(r"{(process|worker)[:}]", each.text)])
def test_every_sentence_has_a_processs_short_name_and_every_value_the_whole_one(cause: Cause, info: Info) -> None:
    finding = Finding(cause.key, {"process": PROCESS, "worker": PROCESS})
    assert "vm_24a6fe " in f"{sentence(finding)} ".replace(":", " ").replace("'", " ").replace(",", " ")
    assert PROCESS not in sentence(finding)
    summary = build_summary(measured(*GOOD), info(findings=(finding,)))
    (told,) = (each for each in (*summary["reasons"], *summary["notes"]) if each["key"] == cause.key)
    assert told["values"]["worker"] == PROCESS


def test_where_nobody_came_online_that_is_the_first_line_and_the_thresholds_follow(info: Info) -> None:
    summary = build_summary(measured("bad"), info(thresholds=("failures < 1 %",), devices=1, started=T0))
    assert exit_code(summary) == 3
    assert "no device came online (0 of 1)" in headline(summary)
    assert reason_lines(summary)[0] == "no device came online (0 of 1)"
    assert "failures < 1 %" in reason_lines(summary)[1]


def test_what_is_kept_between_runs_is_told_in_words(info: Info) -> None:
    told = (*GOOD, *["generated"] * 3, *["restored"] * 2, "acknowledged", *["kept"] * 3, *["unclaimed"] * 2, "unkept")
    summary = build_summary(measured(*told), info(devices=1, started=T0))
    assert reason_lines(summary) == [
        "4 of 5 records (2 of them from earlier runs) were neither acknowledged nor given up; state_file keeps 3 of "
        "them for the next run"
    ]
    assert note_lines(summary) == [
        "state_file holds 2 records of earlier runs whose devices this run did not start: they stay there",
        "1 record was not kept in state_file, which is full: sent, but lost if the run was killed before",
    ]
    assert {name: summary["records"][name] for name in ("pending", "restored", "kept", "unkept", "unclaimed")} == {
        "pending": 4,
        "restored": 2,
        "kept": 3,
        "unkept": 1,
        "unclaimed": 2,
    }


@pytest.mark.parametrize(
    ("told", "first"),
    [
        (("bad",), "no device came online (0 of 20)"),
        (
            ("timed out look-up", "refused connect", "refused connect"),
            "no device came online (0 of 20): connect failed 2 times with not authorized",
        ),
        (
            ("refused connect", "timed out look-up"),
            "no device came online (0 of 20): getBrokerServer failed 1 time with timeout",
        ),
    ],
)
def test_where_nobody_came_online_the_step_that_failed_is_named(info: Info, told: tuple[str, ...], first: str) -> None:
    summary = build_summary(measured(*told), info(thresholds=HOLDS, devices=20, started=T0))
    assert reason_lines(summary)[0] == first
