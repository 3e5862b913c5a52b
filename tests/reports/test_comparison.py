import io
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from reports.compare import MISSING, WORSE, ComparedRun, Difference, compare_runs, compared_run
from reports.comparison import MARKS, Result, print_comparison, render_comparison
from reports.gates import regressions
from reports.noise import Bounds
from reports.run_info import RunInfo
from simulator.measurements.run import RunMeasurements
from simulator.texts.language import CHINESE, speaking
from simulator.texts.translation import _ as translate

Info = Callable[..., RunInfo]
MakeRun = Callable[..., RunMeasurements]


def compared(label: str, measurements: RunMeasurements, run: RunInfo) -> ComparedRun:
    measurements.seal(float("inf"))
    return compared_run(label, measurements, run)


def many_regressions() -> dict[str, list[str]]:
    return {
        f"dev.name{number}": [f"dev.name{number} failures +9.00 points", f"dev.name{number} p95 ∞"]
        for number in range(20)
    }


def test_of_many_regressions_the_worst_of_each_name_is_told_and_the_rest_is_folded(
    info: Info, make_run: MakeRun
) -> None:
    base, new = compared("old", make_run(), info()), compared("new", make_run(), info())
    result = Result(many_regressions(), ["too few"] * 8, ["a remark"] * 7)
    page = render_comparison([base], new, compare_runs([base], new), result).partition("<body")[2]
    above, _tiles, _rest = page.partition('<div class="tiles">')
    told, _folded, folded = above.partition('<details class="of reasons-all">')
    assert re.findall(r"<li>([^<]+)", told) == [
        f"dev.name{number} failures +9.00 points (and 1 more)" for number in range(5)
    ]
    assert "all 40 regressions" in folded
    assert folded.count("p95 ∞") == 20
    assert above.count('<div class="note">') == 10
    assert "and 3 more" in folded
    assert "and 2 more" in folded


@pytest.mark.parametrize("everything", [False, True])
def test_the_terminal_tells_the_worst_of_each_name_and_with_all_every_one(
    everything: bool, info: Info, make_run: MakeRun
) -> None:
    base, new = compared("old", make_run(), info()), compared("new", make_run(slow=2.0), info())
    found = compare_runs([base], new)
    out = io.StringIO()
    print_comparison([base], new, found, Result(many_regressions()), everything=everything, file=out, width=200)
    lines = out.getvalue().splitlines()
    told = [line for line in lines if line.startswith("Regression")]
    assert told[0].startswith("Regression dev.name0 failures +9.00 points")
    assert len(told) == (40 if everything else 5)
    assert ("and 15 more (--all)" in lines) is not everything


def test_the_worst_name_stands_first_what_is_gone_then_what_fails_then_what_is_slow() -> None:
    quick, slow = (Bounds(value, value, value, count=1000) for value in (10.0, 40.0))
    found = [
        Difference("dev.slow", "p50", quick, slow, WORSE),
        Difference("dev.failing", "p95", quick, slow, WORSE),
        Difference("dev.failing", "failures", replace(quick, value=0.0), replace(slow, value=0.3), WORSE),
        Difference("dev.gone", "failures", quick, None, MISSING),
    ]
    told = regressions(found, [])
    assert list(told) == ["dev.gone", "dev.failing", "dev.slow"]
    assert told["dev.failing"][0].startswith("dev.failing failures")
    assert told["dev.failing"][1].startswith("dev.failing p95")


def test_what_no_longer_occurs_is_no_lost_worker_in_chinese() -> None:
    with speaking(CHINESE):
        assert translate(MARKS[MISSING][0]) == "未出现"
