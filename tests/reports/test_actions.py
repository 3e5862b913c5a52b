"""What was done by hand: in the summary, among the remarks, in the tables, and when runs are put together."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from reports.actions import NAMES, PROBLEMS, action_rows, merged_actions, problem_text
from reports.html import render_report
from reports.markdown import render_markdown
from reports.rebuild import load_run
from reports.run_info import RunInfo
from reports.summary import build_summary
from reports.writer import write_reports
from simulator.measurements import actions
from simulator.measurements.actions import DEVICE_ACTIONS, OUTAGE, Action
from simulator.measurements.run import RunMeasurements
from simulator.texts.language import speaking

Info = Callable[..., RunInfo]

DONE = (
    Action(at=12.34, action="offline", device="BEST000007", seconds=30.0),
    Action(at=20.0, action="start", device="BEST000009", done=False, problem="not_held"),
    Action(at=70.0, action="outage", group="halls", seconds=90.0),
)


def test_every_action_and_every_problem_has_words() -> None:
    assert set(NAMES) == {*DEVICE_ACTIONS, OUTAGE}
    keys = {value for name, value in vars(actions).items() if name.isupper() and isinstance(value, str)}
    assert set(PROBLEMS) == keys - set(NAMES)
    assert problem_text("not_online") == "the device is not online"
    assert problem_text("") == ""


def test_the_summary_tells_each_with_its_time_and_a_remark_that_there_were_some(
    busy: RunMeasurements, info: Info
) -> None:
    summary = build_summary(busy, info(actions=DONE))
    assert summary["actions"] == [
        {"at_s": 12.3, "action": "offline", "device": "BEST000007", "group": None, "seconds": 30.0, "done": True}
        | {"problem": ""},
        {"at_s": 20.0, "action": "start", "device": "BEST000009", "group": None, "seconds": None, "done": False}
        | {"problem": "not_held"},
        {"at_s": 70.0, "action": "outage", "device": None, "group": "halls", "seconds": 90.0, "done": True}
        | {"problem": ""},
    ]
    assert {"key": "by_hand", "values": {"count": 2}} in summary["notes"]


def test_a_run_that_was_left_alone_says_nothing_of_it(busy: RunMeasurements, info: Info) -> None:
    summary = build_summary(busy, info())
    assert "actions" not in summary
    assert "by_hand" not in [note["key"] for note in summary["notes"]]
    assert action_rows(summary) == []
    assert "Done by hand" not in render_markdown(summary)


def test_what_was_only_tried_is_told_and_is_no_remark(busy: RunMeasurements, info: Info) -> None:
    summary = build_summary(busy, info(actions=DONE[1:2]))
    assert len(summary["actions"]) == 1
    assert "by_hand" not in [note["key"] for note in summary["notes"]]


def test_the_rows_are_in_words_of_either_language(busy: RunMeasurements, info: Info) -> None:
    summary = build_summary(busy, info(actions=DONE))
    assert [tuple(row[:5]) for row in action_rows(summary)] == [
        ("12.3 s", "go offline", "BEST000007", "30.0 s", "done"),
        ("20.0 s", "start", "BEST000009", "", f"not done: {PROBLEMS['not_held']}"),
        ("1 min 10 s", "outage", "halls", "1 min 30 s", "done"),
    ]
    with speaking("zh"):
        assert [row.what for row in action_rows(summary)] == ["断网", "启动", "断网"]


def test_both_pages_list_them(busy: RunMeasurements, info: Info) -> None:
    run = info(actions=DONE)
    summary = build_summary(busy, run)
    told = render_markdown(summary)
    assert "### Done by hand" in told
    assert "BEST000009" in told
    page = render_report(summary, busy, run)
    assert page.count("BEST000009") >= 1
    assert 'id="actions"' in page
    assert "acted on the fleet while the run went on, 2 times" in page


def test_they_come_back_from_a_report_and_are_merged_in_order_of_time(
    busy: RunMeasurements, info: Info, tmp_path: Path
) -> None:
    write_reports(tmp_path, busy, info(actions=DONE))
    _, run = load_run(tmp_path)
    assert run.actions == DONE
    later = replace(run, started=run.started + 50.0, actions=(Action(at=5.0, action="stop", device="X"),))
    assert [round(action.at, 2) for action in merged_actions([later, run])] == [12.34, 20.0, 55.0, 70.0]


def test_what_a_later_version_knows_of_an_action_is_left_out(info: Info) -> None:
    dumped = info(actions=DONE[:1]).dump()
    dumped["actions"] = [{**dumped["actions"][0], "later": 1}]
    assert RunInfo.load(dumped).actions == DONE[:1]
