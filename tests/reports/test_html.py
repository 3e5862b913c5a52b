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


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
@pytest.mark.parametrize("dark", [False, True])
def test_browser_draws_every_chart_without_an_error(
    busy: RunMeasurements, info: Info, tmp_path: Path, dark: bool
) -> None:
    assert CHROMIUM is not None
    page = tmp_path / "report.html"
    page.write_text(page_of(busy, info()))
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
