"""Faults in words: rows and sentences of every report."""

import io
import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest

from reports.html import render_report
from reports.junit import render_junit
from reports.markdown import MOST_CHARS, render_markdown
from reports.run_info import RunInfo
from reports.summary import build_summary
from reports.terminal import print_summary, weather_lines
from reports.text import bound
from reports.weather_shown import (
    COLUMNS,
    FaultRow,
    apart_sentence,
    fault_rows,
    faults_sentence,
    held_up_records,
    misbehaviour_rows,
    misbehaviour_sentence,
)
from simulator.measurements import weather
from simulator.measurements.run import RunMeasurements
from simulator.measurements.weather import PlannedFault
from tests.reports.stormy import planned, strike

Info = Callable[..., RunInfo]


def summed_up(info: Info, *faults: PlannedFault, seconds: float = 300.0, **struck: dict[str, Any]) -> dict[str, Any]:
    """Of a run in which these faults came; `struck` is what `strike` takes, by `f` and the fault's number."""
    measurements = RunMeasurements()
    for fault in faults:
        strike(measurements, fault, **struck.get(f"f{fault.number}", {}))
    return build_summary(measurements, info(seconds, faults=faults, thresholds=()))


def row_of(info: Info, seconds: float = 300.0, **struck: Any) -> FaultRow:
    (row,) = fault_rows(summed_up(info, planned(0), seconds=seconds, f0=struck))
    return row


def cells(row: FaultRow) -> dict[str, str]:
    return {label: column.cell(row) for label, column in COLUMNS.items()}


def test_row_of_a_fault(info: Info) -> None:
    row = row_of(info)
    assert (row.when, row.text, row.hit_text, row.state, row.alarm) == (
        "20.0 s for 10.0 s",
        "outage (reset), 20% of the devices",
        "4",
        "",
        False,
    )
    assert cells(row) == {
        "50 % back": "1.0 s",
        "99 % back": "3.0 s",
        "all back": "3.0 s",
        "never back": "0",
        "connects/s": "1",
        "backlog": "12 in 4.0 s",
        "requests cut off": "4",
        "requests held up": "4",
        "refused": "4",
        "p99 (ms) before → during": "– → 10.0",
    }
    assert row.details == {
        "cut off": "dev.heartbeat: disconnected 4",
        "held up": "dev.data.upload.verifyLog: 4, p99 9,000 ms, max 9,000 ms; "
        "record_delivery: 4, p99 10,000 ms, max 10,000 ms",
        "refused": "dev.login: E0000003 4",
        "connections ended": "connection lost 4",
    }


@pytest.mark.parametrize(
    ("struck", "seconds", "label", "expected"),
    [
        ({"back": (1.0,)}, 300.0, "all back", "∞"),
        ({"back": (1.0,)}, 300.0, "never back", "3"),
        ({"back": (1.0,)}, 60.0, "all back", "too early"),
        ({"back": (1.0,)}, 60.0, "never back", "0 (3 too early)"),
        ({"back": (), "overtaken": 4}, 300.0, "all back", "overtaken"),
        ({"back": (), "overtaken": 4}, 300.0, "never back", "0 (4 overtaken)"),
        ({"back": (1.0,), "overtaken": 1}, 60.0, "never back", "0 (2 too early, 1 overtaken)"),
        ({"back": (), "ended": 4}, 300.0, "all back", "–"),
        ({"delivered": False}, 300.0, "backlog", "12, 12 still wait"),
        # Under way at the end: that some are back says nothing of it.
        ({"back": (0.0,) * 4}, 29.0, "50 % back", "too early"),
        ({"back": (0.0,) * 4}, 29.0, "never back", "0"),
        ({"back": (0.0,) * 4}, 29.0, "backlog", "12, none left"),
    ],
)
def test_what_is_not_over(info: Info, struck: dict[str, Any], seconds: float, label: str, expected: str) -> None:
    assert cells(row_of(info, seconds, **struck))[label] == expected


def test_states(info: Info) -> None:
    measurements = RunMeasurements()
    faults = (planned(0), planned(1, 30.0), planned(2, 55.0))
    measurements.weather.faults[1].add(weather.BEGUN, 1.0, "", "", 1.0)
    strike(measurements, faults[2], back=())
    rows = fault_rows(build_summary(measurements, info(60.0, faults=faults, thresholds=())))
    assert [(row.state, row.alarm) for row in rows] == [
        ("never came", True),
        ("hit nobody", True),
        ("under way at the end", False),
    ]
    assert cells(rows[0])["connects/s"] == cells(rows[0])["backlog"] == "–"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("78 in 5.9 s", "78 in 5.9_s"),
        ("1 min 20 s for 10.0 s", "1_min_20_s for 10.0_s"),
        ("2 h 05 min, and 3 times more", "2_h_05_min, and 3 times more"),
        ("max 1,279 ms; next", "max 1,279_ms; next"),
        ("50 % back", "50_% back"),
        ("4.01 → 3.81", "4.01_→ 3.81"),
        ("12, 9 still wait", "12, 9 still wait"),
    ],
)
def test_no_line_ends_before_a_unit(written: str, expected: str) -> None:
    assert bound(written) == expected.replace("_", "\u00a0")


# --- Many ---


def many(info: Info) -> dict[str, Any]:
    faults = [planned(number, 10.0 * number, 5.0) for number in range(20)]
    faults += [planned(20, 15.0, 1.0, "power_cut"), planned(21, 17.0, 1.0, "power_cut")]
    return summed_up(info, *sorted(faults, key=lambda fault: fault.at), f7={"back": (1.0, 2.0, 90.0)})


def test_recurrences_are_one_row_with_the_worst_of_each_figure(info: Info) -> None:
    outage, first, second = fault_rows(many(info))
    assert (first.many, second.many, outage.many) == (False, False, True)
    assert outage.when == "0.0 s, and 19 times more"
    assert outage.hit_text == "80"
    found = cells(outage)
    assert found["never back"] == "1"
    assert found["all back"] == "∞"
    assert found["50 % back"] == "2.0 s"
    assert outage.details["cut off"] == "dev.heartbeat: disconnected 80"
    assert "p99 at most 9,000 ms" in outage.details["held up"]


def test_few_faults_have_a_row_each(info: Info) -> None:
    assert len(fault_rows(summed_up(info, *(planned(number, 10.0 * number) for number in range(12))))) == 12
    assert len(fault_rows(summed_up(info, *(planned(number, 10.0 * number) for number in range(13))))) == 1


# --- Sentences ---


def test_sentences(info: Info) -> None:
    summary = summed_up(info, planned(0), planned(1, 60.0), f1={"back": (1.0,)})
    assert faults_sentence(summary) == (
        "2 of 2 faults came and hit devices 8 times; at worst 99 % back after ∞, all after ∞; 3 never back; "
        "8 requests cut off, 5 held up"
    )
    assert apart_sentence(summary) == (
        "Under faults of the scenario, and not here: 13 requests (8 cut off, 5 held up) and "
        "5 flows (0 cut off, 5 held up)."
    )
    assert held_up_records(summary) == 5


@pytest.mark.parametrize(
    ("struck", "seconds", "told"),
    [
        ({"back": (1.0,)}, 60.0, "hit 4 devices; too early to tell how fast devices were back; 4 requests"),
        ({"back": (0.0,) * 4}, 29.0, "hit 4 devices; too early to tell how fast devices were back; 4 requests"),
        ({"back": (), "overtaken": 4}, 300.0, "hit 4 devices; 4 overtaken by another fault; 4 requests"),
        ({"back": (), "ended": 4}, 300.0, "hit 4 devices; 4 requests"),
        ({"devices": 200, "back": (1.0,) * 199}, 60.0, "at worst 99 % back after 1.0 s, too early to tell of the rest"),
    ],
)
def test_of_what_is_not_over(info: Info, struck: dict[str, Any], seconds: float, told: str) -> None:
    fault = planned(0, devices=struck.pop("devices", 4))
    assert told in faults_sentence(summed_up(info, fault, seconds=seconds, f0=struck))


def test_overtaken_devices_are_told_of_everywhere(info: Info) -> None:
    summary = summed_up(info, planned(0), f0={"back": (), "overtaken": 4, "delivered": False})
    assert list(weather_lines(summary))[1] == (
        "",
        "20.0 s for 10.0 s: outage (reset), 20% of the devices; 4 hit, 4 overtaken by another fault; "
        "backlog 12, 12 still wait",
    )
    for page in (render_markdown(summary), render_junit(summary).decode()):
        assert "4 overtaken" in page


def test_without_faults_nothing_is_said(info: Info) -> None:
    summary = summed_up(info)
    assert faults_sentence(summary) == apart_sentence(summary) == misbehaviour_sentence(summary) == ""
    assert list(weather_lines(summary)) == []
    for report in (render_markdown(summary), render_junit(summary).decode()):
        assert "ault" not in report.replace("default", "")
        assert "isbehav" not in report


def misbehaved(info: Info) -> dict[str, Any]:
    measurements = RunMeasurements()
    for way, outcome, count in (("bad_sign", "sent", 4), ("bad_sign", "refused_as_expected", 4), ("later", "sent", 2)):
        measurements.weather.misbehaved(way, outcome, count)
    measurements.weather.misbehaved("later", "accepted", 2)
    return build_summary(measurements, info(thresholds=()))


def test_misbehaviour(info: Info) -> None:
    summary = misbehaved(info)
    assert [(row.way, row.alarm) for row in misbehaviour_rows(summary)] == [("bad_sign", False), ("later", True)]
    assert misbehaviour_sentence(summary) == "6 in 2 ways: 4 refused as expected, 2 accepted (later 2), 0 silent"


# --- Reports ---


def test_terminal_says_where_it_is_too_early(info: Info) -> None:
    lines = list(weather_lines(summed_up(info, planned(0), seconds=60.0, f0={"back": (1.0,)})))
    assert lines[1][1].endswith("; 4 hit; too early to tell how fast they were back; backlog 12, 9 still wait")


def test_terminal_tells_the_worst(info: Info) -> None:
    lines = list(weather_lines(many(info)))
    assert lines[1] == (
        "",
        "0.0 s, and 19 times more: outage (reset), 20% of the devices; 80 hit; 50 % back 2.0 s, 99 % ∞, "
        "all ∞, [bold red]1 never back[/]; backlog 12, 3 still wait",
    )
    assert len(lines) == 4
    output = io.StringIO()
    print_summary(misbehaved(info), output)
    assert "Misbehaved  6 in 2 ways" in output.getvalue()


def test_markdown_has_a_table_that_fits(info: Info) -> None:
    page = render_markdown(many(info))
    assert "### Faults: 22 of 22 faults came and hit devices 88 times" in page
    assert "| 0.0 s, and 19 times more | outage (reset), 20% of the devices | 80 |" in page
    lots = summed_up(info, *(planned(number, 10.0 * number, 1.0, f"kind {number}") for number in range(400)))
    page = render_markdown(lots)
    assert "… and 380 more in `report.html`" in page
    assert len(page) <= MOST_CHARS
    assert "| `bad_sign` | 4 | 4 | 0 | 0 |" in render_markdown(misbehaved(info))


def test_page_gives_the_details_of_a_fault_a_row_across_the_table(info: Info) -> None:
    summary = summed_up(info, planned(0))
    page = render_report(summary, RunMeasurements(), info(300.0))
    head, _, rest = page.partition('<table class="sortable faults">')[2].partition("</thead>")
    (more,) = re.findall(r'<tr class="more">(.*?)</tr>', rest.partition("</table>")[0], re.DOTALL)
    spans = [int(span or 1) for span in re.findall(r'<td(?: colspan="(\d+)")?>', more)]
    assert sum(spans) == head.count("<th ") == 3 + len(COLUMNS)
    assert "dev.heartbeat: disconnected 4" in more


def test_junit_fails_where_the_verdict_does(info: Info) -> None:
    for summary, fails in ((many(info), True), (summed_up(info, planned(0)), False)):
        cases = ElementTree.fromstring(render_junit(summary)).iter("testcase")
        (case,) = [case for case in cases if case.get("classname") == "best-fleet.weather"]
        assert case.get("name") == "faults"
        assert (case.find("failure") is not None) is fails
        assert "outage (reset), 20% of the devices" in (case.findtext("system-out") or "")
