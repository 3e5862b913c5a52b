"""report.html on paper: how many sheets, and what is left out."""

from collections.abc import Callable
from pathlib import Path

import pytest

from reports.html import render_report
from reports.run_info import RunInfo
from reports.summary import build_summary
from simulator.measurements.run import RunMeasurements
from tests.swarm.browser import DRIVER, Browser

MOST_SHEETS = 10


@pytest.mark.skipif(DRIVER is None, reason="no chromedriver is installed")
def test_a_report_takes_few_sheets_and_prints_no_fold_out_that_nobody_opened(
    busy: RunMeasurements, info: Callable[..., RunInfo], tmp_path: Path
) -> None:
    busy.seal(float("inf"))
    page = tmp_path / "report.html"
    page.write_text(render_report(build_summary(busy, info()), busy, info()))
    shown = (
        "window.dispatchEvent(new Event('beforeprint')); "
        "const found = [...document.querySelectorAll('.each, .each details')].filter((each) => each.offsetParent); "
        "window.dispatchEvent(new Event('afterprint')); return found.length"
    )
    with Browser(tmp_path) as browser:
        browser.open(page.as_uri())
        assert browser.run(shown) == 0
        # what may be taller than half a sheet goes on from one to the next, and leaves none half empty
        tall = "return [...document.querySelectorAll('.card:not([data-chart], .finding)')].map((each) => "
        broken = browser.run(f"{tall} getComputedStyle(each).breakInside)")
        assert set(broken) == {"auto"}
        assert 0 < browser.printed() <= MOST_SHEETS
        browser.run("document.querySelector('details[data-of]').open = true")
        # the one that was opened, below the heading of all
        assert browser.run(shown) == 2
