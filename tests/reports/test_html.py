"""The page: what stands in it, and, where a Chromium is installed, that a browser draws it without network or error."""

import hashlib
import json
import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from reports import text
from reports.charts import chart_data, percentile_curve
from reports.html import render_report
from reports.run_info import RunInfo
from reports.summary import build_summary
from simulator.measurements.events import Event, QueueRecorder
from simulator.measurements.findings import Finding
from simulator.measurements.histogram import Histogram
from simulator.measurements.run import RunMeasurements
from simulator.texts.language import CHINESE, speaking
from tests.reports.stormy import planned, strike
from tests.swarm.axe import grave_findings
from tests.swarm.browser import DRIVER, Browser

Info = Callable[..., RunInfo]
PRINTING = "window.dispatchEvent(new Event('beforeprint')); window.dispatchEvent(new Event('afterprint'));"
"""Paper shows what nobody has scrolled to: all that is not folded is drawn."""
FLUSH = "await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));"
EVIL = "E<script>alert(1)</script>"


def page_of(measurements: RunMeasurements, run: RunInfo) -> str:
    measurements.seal(float("inf"))
    return render_report(build_summary(measurements, run), measurements, run)


def test_is_self_contained_and_small(busy: RunMeasurements, info: Info) -> None:
    page = page_of(busy, info())
    assert len(page.encode()) < 2 * 1024 * 1024
    head = page.split("<script>", 1)[0]
    assert "default-src 'none'" in head
    library = files("reports").joinpath("assets/echarts.common.min.js").read_text(encoding="utf-8")
    assert library in page
    page = page.replace(library, "")
    assert not re.search(r"<(?:script|img|link|iframe)[^>]+(?:src|href)=[\"'](?!data:)", page)
    assert not re.search(r"@import|url\((?!data:)", head)


def test_shows_every_part(busy: RunMeasurements, info: Info) -> None:
    page = page_of(busy, info(findings=(Finding("note", {"text": "Something to know."}),)))
    for part in (
        "dev.heartbeat p99 &lt; 500 ms",
        "Something to know.",
        "chart-curves",
        "chart-latency",
        "chart-devices",
        "chart-waterfall",
        "chart-disconnects",
        "within the promised 15 s",
        "cmd.data.update.user",
        "no reply before the deadline",
        "chart-lag",
        "name: busy",
        "best-fleet",
    ):
        assert part in page, part
    assert "hunter2" not in page
    assert "abcdef" not in page


def test_text_from_the_platform_cannot_become_markup(busy: RunMeasurements, info: Info) -> None:
    busy.apply([(0, f"dev.{EVIL}", 1_700_000_010.0, 0.1, EVIL, 1, 1, 0.0, ""), (4, EVIL, 1_700_000_011.0)])
    assert "<script>alert" not in page_of(busy, info(scenario=EVIL))


def test_empty_run_has_a_page(info: Info) -> None:
    assert "Nothing failed" in page_of(RunMeasurements(), info(devices=0, thresholds=(), versions={}))


def test_failing_fast_is_not_shown_as_fast(info: Info) -> None:
    measurements = RunMeasurements()
    for number in range(20):
        at = 1_700_000_001.0 + number
        measurements.apply(
            [
                (0, "getBrokerServer", at, 0.00123, "refused", 1, 1, 0.0, ""),
                (1, "init", at, 0.00123, "refused", ""),
                (1, "record_delivery", at, 0.1, "00000000", ""),
            ]
        )
    measurements.records |= {"generated": 30, "acknowledged": 20}
    page = page_of(measurements, info())
    assert "of the successful ones; 20 of 20 failed" in page
    assert "No step of it succeeded" in page
    assert "66.7 % of 30 records within the promised 15 s; 10 still pending" in page


def test_points_over_time_are_few_and_add_up(busy: RunMeasurements, info: Info) -> None:
    busy.seal(float("inf"))
    for seconds in (1.0, 60.0, 3600.0, 86_400.0):
        data = chart_data(busy, info(seconds))
        assert len(data["times"]) <= 240
        points = data["latency"]["dev.heartbeat"]
        assert sum(count or 0 for count in points["count"]) == 1200
    assert sum(data["disconnects"]["closed 1006"]) == 6


def test_curve_ends_with_the_slowest_sample() -> None:
    histogram = Histogram()
    histogram.record_seconds([0.001 * number for number in range(1, 1001)])
    curve = percentile_curve(histogram)
    assert curve == sorted(curve)
    assert curve[-1] == [2000.0, 1000.0]
    near_99 = min(curve, key=lambda point: abs(point[0] - 100.0))
    assert near_99[1] == pytest.approx(990, abs=2)


def test_chart_library_is_the_one_that_is_told() -> None:
    assets = files("reports").joinpath("assets")
    digest = hashlib.sha256(assets.joinpath("echarts.common.min.js").read_bytes()).hexdigest()
    assert digest in assets.joinpath("README.md").read_text()


# --- Faults ---


def test_a_run_without_faults_has_no_word_of_them(busy: RunMeasurements, info: Info) -> None:
    page = page_of(busy, info())
    assert 'id="weather"' not in page
    assert "Misbehaviour" not in page
    assert "Faults:" not in page
    assert "Connects per second: 4 at most" in page


def test_shows_faults_and_misbehaviour(busy: RunMeasurements, info: Info) -> None:
    faults = (planned(0), planned(1, 30.0, 5.0, "power_cut"), planned(2, 40.0))
    strike(busy, faults[0])
    strike(busy, faults[1], back=(1.0, 2.0))
    busy.weather.misbehaved("bad_sign", "sent", 3)
    page = page_of(busy, info(200.0, faults=faults)).replace("\u00a0", " ")
    for part in (
        "2 of 3 faults came and hit devices 8 times; at worst 99 % back after ∞, all after ∞; 2 never back",
        "and not here: 14 requests (8 cut off, 6 held up) and 6 flows (0 cut off, 6 held up).",
        "6 records that faults of the scenario held up are not among them",
        "<dt>cut off</dt><dd>dev.heartbeat: disconnected 4</dd>",
        "<dt>held up</dt><dd>dev.data.upload.verifyLog: 4, p99 9,000 ms, max 9,000 ms",
        'class="mark failed">never came</span>',
        "a look-up with a sign that is not right",
        '<span class="band power_cut"></span>power_cut',
    ):
        assert part in page, part
    assert "each of the" not in page


def test_hundreds_of_faults_are_folded(busy: RunMeasurements, info: Info) -> None:
    faults = tuple(planned(number, 10.0 + 8.0 * number, 2.0) for number in range(300))
    faults += (planned(300, 5.0, 2.0, "power_cut"),)
    for fault in faults:
        strike(busy, fault, back=(1.0, 1.0, 1.0, 2.0 + fault.number % 7))
    page = page_of(busy, info(2600.0, faults=faults)).replace("\u00a0", " ")
    shown, _, folded = page.partition("each of the 300 times of outage")
    assert shown.count('<td class="n when"') == 2
    assert "10.0 s, and 299 times more" in shown
    assert folded.count('<td class="n when"') == 300
    assert len(page.encode()) < 2 * 1024 * 1024


@pytest.mark.skipif(DRIVER is None, reason="no chromedriver is installed")
@pytest.mark.parametrize("dark", [False, True])
def test_browser_draws_every_chart_without_an_error(
    busy: RunMeasurements, info: Info, tmp_path: Path, dark: bool
) -> None:
    page = tmp_path / "report.html"
    faults = (planned(0), planned(1, 30.0, 0.0, "clock_jump"), planned(2, 59.0)) if dark else ()
    for fault in faults:
        strike(busy, fault)
    page.write_text(page_of(busy, info(faults=faults)))
    with Browser(tmp_path) as browser:
        if dark:
            browser.look(1280, dark=True)
        browser.open(page.as_uri())
        browser.run(
            f"document.querySelectorAll('details[data-of]').forEach((each) => {{ each.open = true; }}); {FLUSH}"
        )
        browser.run(PRINTING)
        assert browser.console() == []
        assert browser.run("return document.documentElement.className") == "scripted" + " dark" * dark
        shown = "return [...document.querySelectorAll('.chart')].filter((each) => each.offsetParent)"
        charts = browser.run(f"{shown}.map((each) => each.id)")
        assert browser.run(f"{shown}.filter((each) => !each.querySelector('svg, canvas')).map((each) => each.id)") == []
        assert browser.run(f"{shown}.filter((each) => !each.ariaLabel || each.role !== 'img').length") == 0
        assert len(charts) > 60
        # all charts over time but the heat map, which is no drawing, have a band for each kind of fault
        areas = browser.run("return document.querySelectorAll('svg path[fill-opacity=\"0.22\"]').length")
        over_time = browser.run("return charts.filter((each) => (each.shown.xAxis.data ?? [])[1] === '0:01').length")
        assert over_time > 40
        assert areas == len(faults) * (over_time - 1)


# --- Two languages, charts for everybody ---


def chart_data_in(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return dict(json.loads(found[1]))


def test_the_page_is_in_the_language_that_is_spoken(busy: RunMeasurements, info: Info) -> None:
    with speaking(CHINESE):
        page = page_of(busy, info())
    assert '<html lang="zh-CN">' in page
    for said in (
        "按 funcId 统计的请求",
        "随时间的变化",
        "浅色 / 深色",
        "时间为 UTC",
        "时间所用时区：{zone}",
    ):
        assert said in page, said
    assert chart_data_in(page)["labels"]["states"]["online"] == "在线"
    english = page_of(busy, info())
    assert '<html lang="en">' in english
    assert 'id="said"' not in english
    # what machines and thresholds know it by stays as it is
    assert "dev.data.upload.verifyLog" in page
    assert "dev.heartbeat p99 &lt; 500 ms" in page


def test_charts_are_given_labels_colours_and_thresholds(busy: RunMeasurements, info: Info) -> None:
    data = chart_data_in(page_of(busy, info()))
    assert data["styles"]["names"]["dev.heartbeat"] == [1, 0]
    assert set(data["styles"]["codes"]) == {"timeout", "E0000004"}
    assert {"photo_acknowledged"}.isdisjoint(data["labels"]["records"].values())
    assert [line["chart"] for line in data["thresholds"]] == ["latency", "share"]
    assert sum(count for _bound, count in data["ranges"]) + data["failed"] == sum(
        sum(count or 0 for count in data["latency"][name]["count"]) for name in data["requests"]
    )


def test_each_name_has_a_fold_out_that_links_lead_to(busy: RunMeasurements, info: Info) -> None:
    page = page_of(busy, info())
    for name in ("dev.heartbeat", "getBrokerServer", "record_delivery"):
        assert f'<a href="#of-{name}">{name}</a>' in page
        assert f'id="of-{name}"' in page
    fold = page.partition('id="of-dev.data.upload.verifyPhoto"')[2].partition("</details>")[0]
    assert "no reply before the deadline" in fold
    assert "12 failed" in fold


def test_a_run_of_one_group_has_no_table_of_groups(busy: RunMeasurements, info: Info) -> None:
    busy.seal(float("inf"))
    summary = build_summary(busy, info())
    figures = {"devices": 12, "requests": summary["requests"], "flows": summary["flows"]}
    assert 'id="groups"' not in render_report(summary | {"groups": {"rooms": figures}}, busy, info())
    page = render_report(summary | {"groups": {"rooms": figures, "<b>halls": figures}}, busy, info())
    assert page.count("<summary>&lt;b&gt;halls: 12 devices</summary>") == 1
    assert 'href="#groups"' in page


def test_requests_refused_as_expected_are_told_apart(busy: RunMeasurements, info: Info) -> None:
    busy.seal(float("inf"))
    summary = build_summary(busy, info())
    assert "refused as expected" not in render_report(summary, busy, info()).partition("<script>")[0]
    summary["requests"]["dev.heartbeat"] |= {"expected": 7, "expected_codes": {"E0000009": 7}}
    page = render_report(summary, busy, info()).partition('id="data"')[0]
    assert "as expected: E0000009 7" in page
    assert "; 7 more refused as expected" in page


@pytest.mark.skipif(DRIVER is None, reason="no chromedriver is installed")
def test_axe_finds_nothing_and_keys_reach_everything(busy: RunMeasurements, info: Info, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    with speaking(CHINESE):
        page.write_text(page_of(busy, info()), encoding="utf-8")
    with Browser(tmp_path) as browser:
        browser.open(f"{page.as_uri()}#of-dev.data.upload.verifyPhoto")
        assert browser.run("return document.getElementById('of-dev.data.upload.verifyPhoto').open")
        browser.run(PRINTING)
        # all that is not folded is drawn for paper, and says in words what it shows
        undrawn = "return charts.filter((each) => !each.chart).map((each) => each.title)"
        assert browser.run(undrawn) == []
        assert "按结果码" in browser.run("return document.getElementById('chart-codes').ariaLabel")
        for dark in (False, True):
            browser.run("document.documentElement.classList.toggle('dark', args[0]); redraw()", dark)
            assert grave_findings(browser) == []
        # a series goes and comes by its button
        button = "const button = document.querySelector('[data-chart=rate] .legend button');"
        assert browser.run(f"{button} button.focus(); button.click(); return button.ariaPressed") == "false"
        hidden = "return charts.find((each) => each.target.id === 'chart-rate').chart.getOption().legend[0].selected"
        assert browser.run(hidden) == {"请求": False, "失败": True}
        # a name's percentiles are drawn by group as well
        grouped = "data.groups = {rooms: {requests: {connect: data.curves.connect}}, halls: {requests: {}}};"
        shown = browser.run(f"{grouped} return PARTS.curve('connect').series.map((each) => each.name)")
        assert shown == ["全部", "rooms"]
        over_time = "for (const each of Object.values(data.groups)) each.latency = {p99: [1, null]};"
        drawn = "const {series, xAxis, tooltip} = groupsOver(); return [series.map((each) => each.name), xAxis.data, "
        told = "tooltip.formatter([{dataIndex: 1, seriesName: 'rooms', marker: '', value: 7}]).split(' · ')[0]]"
        assert browser.run(f"data.groups_times = [0, 7]; data.groups_step_s = 10; {over_time} {drawn} {told}") == [
            ["rooms", "halls"],
            ["0:00", "0:07"],
            "0:07",
        ]
        # numbers are rounded as in the tables
        written = browser.run("return [0.125, 9.994, 9.996, 12.25, 99.94, 99.96, 1234.5].map(ms)")
        assert written == [text.milliseconds(each) for each in (0.125, 9.994, 9.996, 12.25, 99.94, 99.96, 1234.5)]
        shares = browser.run("return [0, 0.0000001, 0.0005, 0.123, 0.99999999, 1].map(percent)")
        assert shares == [text.percent(each) for each in (0, 0.0000001, 0.0005, 0.123, 0.99999999, 1)]
        assert browser.run("return [10, 1023, 2048, 5e6].map(size)") == list(map(text.size, (10, 1023, 2048, 5e6)))


@pytest.mark.skipif(DRIVER is None, reason="no chromedriver is installed")
def test_a_run_within_one_second_has_charts_that_show_it(info: Info, tmp_path: Path) -> None:
    measurements = RunMeasurements()
    events: list[Event] = []
    for number in range(3):
        QueueRecorder(events.append).request("connect", 1_700_000_000.5, 0.002 + number / 1000, "00000000", 1, 1, 0.0)
    measurements.apply(events)
    page = tmp_path / "report.html"
    page.write_text(page_of(measurements, info(0.7, thresholds=())))
    with Browser(tmp_path) as browser:
        browser.open(page.as_uri())
        browser.run("window.dispatchEvent(new Event('beforeprint'))")
        drawn = (
            'return document.querySelectorAll(\'#chart-rate svg path[d*="A"], #chart-rate svg path[d*="a"]\').length'
        )
        assert browser.run(drawn) >= 1
