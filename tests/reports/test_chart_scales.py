"""The scales of charts: ticks at round numbers, evenly spaced, up to what is drawn, and no share above 100 %."""

import itertools
import json
import math
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reports.html import render_report
from reports.run_info import RunInfo
from reports.summary import build_summary
from simulator.measurements.events import Event, QueueRecorder
from simulator.measurements.run import RunMeasurements
from tests.swarm.browser import DRIVER, Browser

pytestmark = pytest.mark.skipif(DRIVER is None, reason="no chromedriver is installed")

Info = Callable[..., RunInfo]
START = 1_700_000_000.0
DRAWN = "window.dispatchEvent(new Event('beforeprint')); window.dispatchEvent(new Event('afterprint'));"
TICKS = """
return charts.filter((each) => each.chart).flatMap((each) => {
  const found = [];
  each.chart.getModel().eachComponent("yAxis", (axis) => {
    if (axis.get("type") !== "value") return;
    found.push([each.target.id, axis.axis.scale.getTicks().map((tick) => tick.value)]);
  });
  return found;
});
"""


def failing(info: Info, seconds: int = 20) -> str:
    """The page of a run of which all fails in one second, and which moves 300 KB in another."""
    events: list[Event] = []
    recorder = QueueRecorder(events.append)
    for second in range(seconds):
        for number in range(30):
            code = "timeout" if second == 7 else "00000000"
            size = 10_000 if second == 9 else 150
            recorder.request("dev.heartbeat", START + second + number / 40, 0.01 + number / 1000, code, size, size, 0.0)
    measurements = RunMeasurements()
    measurements.apply(events)
    measurements.seal(float("inf"))
    run = info(float(seconds), thresholds=("failures < 99 %", "dev.heartbeat p95 < 45 ms"))
    return render_report(build_summary(measurements, run), measurements, run)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture
def page(browser: Browser, info: Info, tmp_path: Path) -> Browser:
    path = tmp_path / "report.html"
    path.write_text(failing(info))
    browser.open(path.as_uri())
    return browser


def many() -> list[float]:
    """What is drawn: nothing, whole numbers, and all sizes from a millionth to a billion."""
    rng = random.Random(7)
    ends = [digit * 10.0**power for power in range(-6, 10) for digit in (1, 1.2, 2, 2.5, 3, 4, 5, 6, 7.5, 8, 9.99, 10)]
    return [0.0, *map(float, range(1, 400)), *ends, *(10 ** rng.uniform(-6.0, 9.0) for _ in range(2_000))]


def scales(browser: Browser, values: list[float], **kind: Any) -> list[tuple[float, float]]:
    """(interval, max) of each."""
    found = browser.run(
        f"return {json.dumps(values)}.map((most) => {{ const s = scale(most, {json.dumps(kind)});"
        "return [s.interval, s.max]; })"
    )
    return [(interval, most) for interval, most in found]


def is_round(step: float) -> bool:
    """1, 2, 2.5 or 5 times a power of ten."""
    digits = step / 10.0 ** math.floor(math.log10(step) + 1e-9)
    return any(math.isclose(digits, each, rel_tol=1e-9) for each in (1.0, 2.0, 2.5, 5.0))


@pytest.mark.parametrize("parts", [3, 4])
@pytest.mark.parametrize("kind", ["", "whole", "share", "bytes"])
def test_ticks_are_round_evenly_spaced_and_cover_what_is_drawn(page: Browser, parts: int, kind: str) -> None:
    values = [value for value in many() if kind != "share" or value <= 100.0]
    for value, (interval, most) in zip(
        values, scales(page, values, parts=parts, **({kind: True} if kind else {})), strict=True
    ):
        told = (value, interval, most)
        assert 0.0 < interval <= most, told
        assert most >= value * (1 - 1e-9), told
        spaces = most / interval
        assert math.isclose(spaces, round(spaces), rel_tol=1e-9), told
        assert 1 <= round(spaces) <= parts + 1, told
        # no more room above than one space
        assert value <= 0 or most - value <= interval * (1 + 1e-9), told
        if kind == "bytes":
            unit = max(each for each in (1024.0**n for n in range(4)) if each <= interval)
            assert interval % unit == 0, told
            assert is_round(interval / unit), told
            # the label of the last tick is of the unit of the others, and so is a round number
            assert most / unit < 999.5 or unit == 1024.0**3, told
        else:
            assert is_round(interval), told
        if kind == "whole":
            assert interval == round(interval), told
        if kind == "share":
            assert most <= 100.0, told


def test_a_share_of_everything_ends_at_100_and_300_kb_at_300(page: Browser) -> None:
    assert scales(page, [100.0, 81.0], share=True) == [(25, 100), (25, 100)]
    assert scales(page, [300 * 1024.0], bytes=True) == [(100 * 1024, 300 * 1024)]


def test_what_is_stacked_reaches_as_high_as_the_stack(page: Browser) -> None:
    stacked = "[{stack: 'all', data: [1, null, 5]}, {stack: 'all', data: [2, 4, 6]}, {data: [[0, 9], {value: 10}]}]"
    assert page.run(f"return [reach({stacked}), reach({stacked}, [0, 0]), reach({stacked}, [1, 1]), reach([])]") == [
        11,
        9,
        10,
        0,
    ]


def test_every_chart_of_a_page_has_such_ticks(page: Browser) -> None:
    page.run(DRAWN)
    assert page.console() == []
    found = dict(page.run(TICKS))
    assert len(found) > 10
    assert found["chart-share"] == [0, 25, 50, 75, 100]
    assert found["chart-bytes"][-1] == 300 * 1024
    for name, ticks in found.items():
        assert ticks[0] == 0, name
        steps = {round(after - before, 9) for before, after in itertools.pairwise(ticks)}
        assert len(steps) == 1, (name, ticks)


def test_a_series_that_is_taken_away_and_a_part_of_the_time_are_scaled_anew(page: Browser) -> None:
    page.run(DRAWN)
    top = (
        "const entry = charts.find((each) => each.target.id === 'chart-rate');"
        "const top = () => entry.chart.getModel().getComponent('yAxis', 0).axis.scale.getExtent()[1];"
    )
    assert page.run(f"{top} return top()") == 30
    page.run(f"{top} entry.chart.dispatchAction({{type: 'dataZoom', startValue: 0, endValue: 2}})")
    assert page.run(f"{top} return top()") == 30
    buttons = f"{top} const [all, failed] = entry.legend.querySelectorAll('button');"
    page.run(f"{buttons} all.click()")
    # of the failed ones none came in these three seconds
    assert page.run(f"{top} return top()") == 1
    page.run(f"{top} entry.chart.dispatchAction({{type: 'dataZoom', startValue: 0, endValue: 19}})")
    assert page.run(f"{top} return top()") == 30
