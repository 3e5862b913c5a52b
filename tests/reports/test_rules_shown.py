"""Violations, observations and internal errors stand apart in every output, with what a developer needs."""

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from reports.html import MOST_CARDS, render_report
from reports.junit import render_junit
from reports.markdown import MOST_RULES as MOST_IN_MARKDOWN
from reports.markdown import render_markdown
from reports.occurrences import CLASSES, INTERNAL_ERRORS, OBSERVATIONS, VIOLATIONS
from reports.progress import ProgressLine
from reports.rebuild import merge, rebuild
from reports.rules_shown import crossed_rules, none_found, rows_of
from reports.run_info import RunInfo
from reports.summary import build_summary
from reports.terminal import MOST_RULES as MOST_ON_TERMINAL
from reports.terminal import print_summary
from reports.writer import write_reports
from simulator.measurements.events import Event, QueueRecorder
from simulator.measurements.rules import RULES
from simulator.measurements.run import RunMeasurements

Info = Callable[..., RunInfo]
T0 = 1_700_000_000.25
EXAMPLE = 'results.heartbeatInterval is the number 5, should be the text "5"'


def judged(*classes: str, online: bool = True, process: str = "local") -> RunMeasurements:
    """A run of one device in which these classes occurred."""
    events: list[Event] = []
    recorder = QueueRecorder(events.append)
    if online:
        recorder.state(0, "offline", "online", T0)
        recorder.request("dev.heartbeat", T0 + 1, 0.01, "00000000", 10, 10, 0.0)
    if VIOLATIONS in classes:
        recorder.violation("reply.field-type", "dev.report", EXAMPLE, T0 + 1, 0, 1_234)
        recorder.violation("reply.field-type", "dev.heartbeat", "another", T0 + 2, 1)
        recorder.violation("command.mid", "cmd.reboot", "mid is missing", T0 + 3, 0, 2)
    if OBSERVATIONS in classes:
        recorder.observation("upload.held-back", "dev.data.upload.bioPhoto", "14 uploads wait", T0 + 4, 0, 14)
    if INTERNAL_ERRORS in classes:
        recorder.internal_error("device.exception", "KeyError: 'odd'", T0 + 5, 0)
    measurements = RunMeasurements(process)
    measurements.apply(events)
    return measurements


def terminal(summary: dict[str, Any], width: int = 300) -> str:
    out = io.StringIO()
    print_summary(summary, file=out, width=width)
    return out.getvalue()


def cases(summary: dict[str, Any]) -> dict[tuple[str, str], ElementTree.Element]:
    root = ElementTree.fromstring(render_junit(summary))
    return {(case.attrib["classname"].split(".")[1], case.attrib["name"]): case for case in root.iter("testcase")}


def sections(page: str) -> dict[str, str]:
    """The HTML page's parts by class."""
    return dict(re.findall(r'<section class="class (\w+)">(.*?)</section>', page, flags=re.DOTALL))


# --- Rows ---


def test_the_most_frequent_rule_comes_first_with_the_texts_of_its_declaration(info: Info) -> None:
    first, second = rows_of(build_summary(judged(VIOLATIONS), info()), VIOLATIONS)
    assert (first.rule, first.count, first.devices, first.example) == ("reply.field-type", 1_235, 2, EXAMPLE)
    assert first.messages == "dev.report 1,234, dev.heartbeat 1"
    assert first.section == RULES["reply.field-type"].section
    assert first.meaning == f"The platform {RULES['reply.field-type'].meaning}"
    assert first.advice == RULES["reply.field-type"].advice
    assert second.rule == "command.mid"


def test_a_rule_that_this_version_does_not_declare_is_shown_all_the_same(info: Info) -> None:
    measurements = judged()
    measurements.violations.add("reply.of-tomorrow", "odd", T0)
    (row,) = rows_of(build_summary(measurements, info()), VIOLATIONS)
    assert (row.rule, row.section, row.messages) == ("reply.of-tomorrow", "", "")
    assert "docs/violations.md" in row.advice


def test_what_was_hardly_judged_is_not_told_as_right(info: Info) -> None:
    nobody, somebody = (build_summary(judged(online=online), info()) for online in (False, True))
    assert "no device came online" in none_found(nobody, VIOLATIONS)
    assert "no device came online" in none_found(nobody, OBSERVATIONS)
    assert "depart from the document" in none_found(somebody, VIOLATIONS)
    assert none_found(nobody, INTERNAL_ERRORS) == none_found(somebody, INTERNAL_ERRORS)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("violations == 0", {"reply.field-type", "command.mid"}),
        ("violations<1", {"reply.field-type", "command.mid"}),
        ("violations.reply.* == 0", {"reply.field-type"}),
        ("violations.command.mid < 2", {"command.mid"}),
        ("violations.command.mid < 3", set()),
        ("violations.channel.* > 0", set()),
        ("observations == 0", set()),
        ("dev.heartbeat p99 < 1 us", set()),
    ],
)
def test_which_rules_a_crossed_threshold_speaks_of(info: Info, expression: str, expected: set[str]) -> None:
    found = crossed_rules(build_summary(judged(VIOLATIONS, OBSERVATIONS), info(thresholds=(expression,))))
    assert set(found[VIOLATIONS]) == expected
    assert set(found[OBSERVATIONS]) == ({"upload.held-back"} if expression.startswith("obs") else set())


# --- Outputs ---


def test_html_tells_a_rule_in_words_to_act_on(info: Info) -> None:
    measurements = judged(VIOLATIONS)
    part = sections(render_report(build_summary(measurements, info()), measurements, info()))[VIOLATIONS]
    for told in (
        "1,237 of 2 rules",
        "reply.field-type",
        "1,235 ×",
        "2 devices",
        "The platform sent a field of a reply as another JSON type than the document&#39;s.",
        "Send every value as a text (&#34;5&#34;, never 5)",
        "4 协议通用描述",
        "dev.report 1,234, dev.heartbeat 1",
        "22:13:21</time> – <time ",
        'data-form="clock">22:13:22</time>',
        "results.heartbeatInterval is the number 5, should be the text &#34;5&#34;",
        "22:13:23</time></dd>",
    ):
        assert told in part, told


@pytest.mark.parametrize("found", [(), (VIOLATIONS,), (OBSERVATIONS,), (INTERNAL_ERRORS,), CLASSES])
def test_html_keeps_the_classes_apart_and_says_where_nothing_is(info: Info, found: tuple[str, ...]) -> None:
    measurements = judged(*found)
    summary = build_summary(measurements, info())
    parts = sections(render_report(summary, measurements, info()))
    assert list(parts) == list(CLASSES)
    rules = {VIOLATIONS: "command.mid", OBSERVATIONS: "upload.held-back", INTERNAL_ERRORS: "device.exception"}
    for name, part in parts.items():
        assert [key for key, rule in rules.items() if rule in part] == ([name] if name in found else [])
        assert (none_found(summary, name) in part) is (name not in found)


def test_html_is_bounded_and_counts_all(info: Info) -> None:
    measurements = judged()
    for number in range(500):
        for func_id in range(100):
            measurements.violations.add(f"reply.{number}", "x" * 1_000, T0, number, f"dev.{func_id}")
    page = render_report(build_summary(measurements, info()), measurements, info())
    part = sections(page)[VIOLATIONS]
    assert part.count("<article") == MOST_CARDS
    assert part.count("<tr>") == 201 - MOST_CARDS + 1
    assert "50,000 of 201 rules" in part
    assert len(part) < 200_000


def test_markdown_has_a_table_a_class_and_a_line_where_there_is_none(info: Info) -> None:
    page = render_markdown(build_summary(judged(VIOLATIONS, OBSERVATIONS), info()))
    assert "- Violations: **1,237 of 2 rules**; observations: 14 of 1 rule\n" in page
    assert page.index("### Violations: ") < page.index("### Observations: ") < page.index("### Requests")
    assert "| `reply.field-type` | 1,235 | 2 | dev.report 1,234, dev.heartbeat 1 | 4 协议通用描述 |" in page
    assert "### Errors of best-fleet" not in page
    none = render_markdown(build_summary(judged(), info()))
    assert "- Violations: none; observations: none\n" in none
    assert "### Violations" not in none
    assert "no device came online" in render_markdown(build_summary(judged(online=False), info()))
    assert "### Errors of best-fleet itself: 1 of 1 rule" in render_markdown(build_summary(judged(*CLASSES), info()))


def test_markdown_names_the_worst_rules_and_counts_the_others(info: Info) -> None:
    measurements = judged()
    for number in range(MOST_IN_MARKDOWN + 5):
        measurements.violations.add(f"reply.{number}", "x", T0, 0, "", 100 - number)
    page = render_markdown(build_summary(measurements, info()))
    assert page.count("| `reply.") == MOST_IN_MARKDOWN
    left = sum(100 - number for number in range(MOST_IN_MARKDOWN, MOST_IN_MARKDOWN + 5))
    assert f"… and 5 more rules ({left} times)" in page


def test_terminal_has_a_short_block(info: Info) -> None:
    lines = terminal(build_summary(judged(*CLASSES), info())).splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("Violations"))
    assert [line.rstrip() for line in lines[at : at + 5]] == [
        "Violations  1,237 of 2 rules",
        f"            reply.field-type 1,235 (2 devices, dev.report 1,234, dev.heartbeat 1): {EXAMPLE}",
        "            command.mid 2 (1 device, cmd.reboot 2): mid is missing",
        "Observed    upload.held-back 14",
        "Own errors  device.exception 1",
    ]


def test_terminal_says_in_one_line_that_there_is_none(info: Info) -> None:
    def told(measurements: RunMeasurements) -> list[str]:
        shown = terminal(build_summary(measurements, info())).splitlines()
        return [line for line in shown if line.startswith(("Violations", "Observed", "Own errors"))]

    assert told(judged()) == ["Violations  none, and no observations"]
    assert told(judged(OBSERVATIONS)) == ["Violations  none", "Observed    upload.held-back 14"]
    assert told(judged(online=False))[0].endswith("no device came online, so that little could be judged")


def test_terminal_is_bounded(info: Info) -> None:
    measurements = judged()
    for number in range(40):
        measurements.violations.add(f"reply.{number}", "x" * 1_000, T0, 0, "", 100 - number)
    shown = terminal(build_summary(measurements, info()), width=120)
    assert len(re.findall(r"^ +reply\.", shown, re.MULTILINE)) == MOST_ON_TERMINAL
    left = sum(100 - number for number in range(MOST_ON_TERMINAL, 40))
    assert f"… and {40 - MOST_ON_TERMINAL} more rules ({left:,} times) in the report" in shown


def test_the_progress_line_counts_violations(info: Info) -> None:
    def line(measurements: RunMeasurements) -> str:
        return ProgressLine(measurements, info(), 60.0, file=io.StringIO()).line(T0 + 5)

    assert line(judged(VIOLATIONS)).endswith("  1,237 violations")
    assert "violation" not in line(judged(OBSERVATIONS))


# --- JUnit and the verdict ---


@pytest.mark.parametrize(
    ("thresholds", "told"),
    [
        ((), {"reply.field-type": 1_235, "command.mid": 2}),
        (("dev.heartbeat p99 < 1 s", "observations == 0"), {"reply.field-type": 1_235, "command.mid": 2}),
        (("violations.command.* < 3",), {"reply.field-type": 1_235}),
        (("violations.command.mid < 3", "violations.reply.* < 9000"), None),
        (("violations < 9000",), None),
    ],
)
def test_violations_of_which_no_threshold_speaks_are_a_remark(
    info: Info, thresholds: tuple[str, ...], told: dict[str, int] | None
) -> None:
    summary = build_summary(judged(VIOLATIONS), info(thresholds=thresholds))
    assert summary["verdict"] == "passed"
    (names,) = [note["values"]["names"] for note in summary["notes"] if note["key"] == "violations_found"] or [None]
    assert names == told


def failing(found: dict[tuple[str, str], ElementTree.Element]) -> Iterator[tuple[str, str]]:
    return (name for name, case in found.items() if case.find("failure") is not None or case.find("error") is not None)


def test_junit_of_a_run_that_passed_shows_violations_and_fails_nothing(info: Info) -> None:
    summary = build_summary(judged(VIOLATIONS, OBSERVATIONS), info(thresholds=()))
    assert summary["verdict"] == "passed"
    found = cases(summary)
    assert list(failing(found)) == []
    told = found["violations", "reply.field-type"].findtext("system-out") or ""
    for part in (
        RULES["reply.field-type"].meaning,
        "1,235 times, 2 devices",
        EXAMPLE,
        "dev.report 1,234, dev.heartbeat 1",
        "4 协议通用描述",
        RULES["reply.field-type"].advice,
        "2023-11-14T22:13:21",
    ):
        assert part in told, part
    assert ("observations", "upload.held-back") in found


def test_junit_fails_the_rules_of_a_crossed_threshold(info: Info) -> None:
    summary = build_summary(judged(VIOLATIONS), info(thresholds=("violations.reply.* == 0",)))
    assert summary["verdict"] == "failed"
    found = cases(summary)
    assert set(failing(found)) == {
        ("run", "verdict"),
        ("thresholds", "violations.reply.* == 0"),
        ("violations", "reply.field-type"),
    }
    failure = found["violations", "reply.field-type"].find("failure")
    assert failure is not None
    assert "violations.reply.* == 0 was crossed" in failure.attrib["message"]


def test_junit_tells_an_internal_error_as_an_error(info: Info) -> None:
    found = cases(build_summary(judged(INTERNAL_ERRORS), info(thresholds=())))
    assert set(failing(found)) == {("run", "verdict"), ("internal_errors", "device.exception")}
    assert found["internal_errors", "device.exception"].find("error") is not None


# --- Workers, rebuilds, merges ---


def test_what_workers_found_arrives_in_the_summary(info: Info) -> None:
    one, two = judged(VIOLATIONS, process="w1"), judged(VIOLATIONS, OBSERVATIONS, process="w2")
    first = RunMeasurements("w3")
    first.violations.add("reply.field-type", "the first of all", T0, 7, "dev.login")
    master = RunMeasurements("master")
    for worker in (one, two):
        master.merge_delta(worker.drain_delta())
        worker.violations.add("command.mid", "later", T0 + 9, 8, "cmd.reboot")
        master.merge_delta(worker.drain_delta())
    master.merge_delta(first.drain_delta())
    summary = build_summary(master, info())
    assert summary["violations"]["total"] == 2 * 1_237 + 3
    found = summary["violations"]["by_rule"]["reply.field-type"]
    assert (found["count"], found["devices"]) == (2 * 1_235 + 1, 3)
    assert found["func_ids"] == {"dev.report": 2_468, "dev.heartbeat": 2, "dev.login": 1}
    assert found["example"] == "the first of all"
    assert found["first"] < found["last"]
    assert summary["violations"]["by_rule"]["command.mid"]["count"] == 6
    assert summary["observations"]["total"] == 14


def test_a_report_is_rebuilt_and_merged_with_all_classes(info: Info, tmp_path: Path) -> None:
    first = write_reports(tmp_path / "a", judged(*CLASSES), info(devices=2, run_ids=("a",)))
    write_reports(tmp_path / "b", judged(*CLASSES), info(devices=2, run_ids=("b",)))
    again = rebuild(tmp_path / "a")
    assert [again[name] for name in CLASSES] == [first[name] for name in CLASSES]
    both = merge([tmp_path / "a", tmp_path / "b"], tmp_path / "both")
    for name in CLASSES:
        assert both[name]["total"] == 2 * first[name]["total"]
    assert both["violations"]["by_rule"]["reply.field-type"]["devices"] == 4


def test_secrets_in_an_example_reach_no_file(info: Info, tmp_path: Path) -> None:
    measurements = judged()
    for found in (measurements.violations, measurements.observations, measurements.internal_errors):
        found.merge({"reply.code": ["ok", 1, T0 + 5, T0 + 5, []]})
        # as a worker of another version might send it: earlier, and masked by nobody
        found.merge({"reply.code": ["devKey=hush-hush", 1, T0, T0, [], {}]})
    write_reports(tmp_path, measurements, info())
    for path in tmp_path.iterdir():
        assert b"hush-hush" not in path.read_bytes(), path.name
