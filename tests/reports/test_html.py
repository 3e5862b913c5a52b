"""The page: what stands in it, and, where a Chromium is installed, that a browser draws it without network or error."""

import hashlib
import re
import shutil
import subprocess
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from reports.charts import chart_data, percentile_curve
from reports.html import render_report
from reports.run_info import RunInfo
from reports.summary import build_summary
from simulator.measurements.findings import Finding
from simulator.measurements.histogram import Histogram
from simulator.measurements.run import RunMeasurements
from tests.reports.stormy import planned, strike

Info = Callable[..., RunInfo]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
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
    busy.apply([(0, f"dev.{EVIL}", 1_700_000_010.0, 0.1, EVIL, 1, 1, 0.0), (4, EVIL, 1_700_000_011.0)])
    assert "<script>alert" not in page_of(busy, info(scenario=EVIL))


def test_empty_run_has_a_page(info: Info) -> None:
    assert "Nothing failed" in page_of(RunMeasurements(), info(devices=0, thresholds=(), versions={}))


def test_failing_fast_is_not_shown_as_fast(info: Info) -> None:
    measurements = RunMeasurements()
    for number in range(20):
        at = 1_700_000_001.0 + number
        measurements.apply(
            [
                (0, "getBrokerServer", at, 0.00123, "refused", 1, 1, 0.0),
                (1, "init", at, 0.00123, "refused"),
                (1, "record_delivery", at, 0.1, "00000000"),
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


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
@pytest.mark.parametrize("dark", [False, True])
def test_browser_draws_every_chart_without_an_error(
    busy: RunMeasurements, info: Info, tmp_path: Path, dark: bool
) -> None:
    assert CHROMIUM is not None
    page = tmp_path / "report.html"
    faults = (planned(0), planned(1, 30.0, 0.0, "clock_jump"), planned(2, 59.0)) if dark else ()
    for fault in faults:
        strike(busy, fault)
    page.write_text(page_of(busy, info(faults=faults)))
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    command += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    command += ["--enable-logging=stderr", "--v=0", f"--user-data-dir={tmp_path / 'profile'}"]
    command += ["--proxy-server=127.0.0.1:9", "--virtual-time-budget=3000", "--window-size=1280,4000"]
    if dark:
        command.append("--blink-settings=preferredColorScheme=0")
    done = subprocess.run(
        [*command, "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=90, check=False
    )
    console = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    assert console == []
    assert ('<html lang="en" class="dark">' in done.stdout) is dark
    charts = re.findall(r'class="chart[^"]*"[^>]*>', done.stdout)
    assert done.stdout.count("<svg") == len(charts) >= 20
    # All but four of the charts are over time.
    areas = re.findall(r'<path[^>]*fill-opacity="0.22"', done.stdout)
    assert len(areas) == len(faults) * (len(charts) - 4)
