import argparse
import json
import math
import random
import re
from collections.abc import Callable, Container, Sequence
from pathlib import Path

import pytest

from reports.commands import add_compare_arguments, compare_directories
from reports.comparability import OF_A_TRANSPORT, transports_differ, worthless
from reports.compare import (
    BETTER,
    FOLLOWS,
    MISSING,
    NEW,
    NOISE,
    UNKNOWN,
    WORSE,
    ComparedRun,
    Difference,
    compare_runs,
    compared_run,
)
from reports.gates import parse_fail_on, regressions, unjudged
from reports.noise import Bounds, quantile_bounds, share_bounds, widest
from reports.page import LIBRARY, asset
from reports.rebuild import UnreadableRunError
from reports.run_info import RunInfo
from reports.writer import write_reports
from simulator.exit_codes import ExitCode
from simulator.measurements.histogram import Histogram
from simulator.measurements.run import RunMeasurements
from simulator.texts.language import CHINESE, speaking
from tests.swarm.axe import grave_findings
from tests.swarm.browser import DRIVER, Browser

Info = Callable[..., RunInfo]
MakeRun = Callable[..., RunMeasurements]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, info: Info, make_run: MakeRun) -> Path:
    """Three base runs that differ by chance, and one whose verifyLog got 20 % slower."""
    tmp_path = tmp_path_factory.mktemp("runs")
    for name, seed, slow in (("base1", 1, 1.0), ("base2", 2, 1.0), ("same", 3, 1.0), ("slow", 4, 1.2)):
        write_reports(tmp_path / name, make_run(seconds=240, seed=seed, slow=slow), info(240.0))
    return tmp_path


def compare(arguments: list[str]) -> ExitCode:
    parser = argparse.ArgumentParser()
    add_compare_arguments(parser)
    options = parser.parse_args(arguments)
    return compare_directories(
        options.base,
        options.new,
        options.fail_on,
        html=options.html,
        everything=options.all,
        least_percent=options.least_percent,
        least_ms=options.least_ms,
    )


def reasons(differences: Sequence[Difference], may_lack: Container[str] = ()) -> list[str]:
    return [reason for told in regressions(differences, [], may_lack=may_lack).values() for reason in told]


def compared(label: str, measurements: RunMeasurements, run: RunInfo) -> ComparedRun:
    measurements.seal(float("inf"))
    return compared_run(label, measurements, run)


def test_slowdown_of_one_funcid_names_that_one_alone(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = runs / "compare.html"
    code = compare(
        [*map(str, (runs / "base1", runs / "base2", runs / "slow")), "--html", str(page), "--least-ms", "0.5"]
    )
    shown = capsys.readouterr().out
    assert code == ExitCode.THRESHOLD_CROSSED
    named = {line.split()[1] for line in shown.splitlines() if line.startswith("Regression")}
    assert named == {"dev.data.upload.verifyLog"}
    assert "worse" in page.read_text()
    told = page.read_text().replace(asset(LIBRARY), "")
    assert "http://" not in told.replace("http://***@platform.test", "")


def test_the_page_shows_what_got_worse_first_and_charts_of_all_runs(runs: Path) -> None:
    page = runs / "ordered.html"
    compare([*map(str, (runs / "base1", runs / "slow")), "--html", str(page), "--least-ms", "0.5"])
    told = page.read_text()
    names = re.findall(r'<td class="name"><span class="">([^<]+)</span>', told)
    assert names[0] == "dev.data.upload.verifyLog"
    data = json.loads(told.partition('id="data">')[2].partition("</script>")[0])
    assert [run["label"] for run in data["runs"]] == [str(runs / "base1"), str(runs / "slow")]
    assert data["names"][0] == "dev.data.upload.verifyLog"
    for run in data["runs"]:
        assert run["rate"][0][0] == 0
        assert sum(value for _second, value in run["rate"]) > 1000
        assert sum(value for _second, value in run["failed"]) == 48
    quiet = re.findall(r'<tr class="quiet">', told)
    assert len(quiet) > 10
    assert "only changes (" in told


def test_a_comparison_speaks_chinese(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = runs / "zh.html"
    with speaking(CHINESE):
        compare([*map(str, (runs / "base1", runs / "slow")), "--html", str(page), "--least-ms", "0.5"])
    shown = capsys.readouterr().out
    assert "退化" in shown
    assert "Regression" not in shown
    told = page.read_text(encoding="utf-8")
    assert '<html lang="zh-CN">' in told
    for part in ("只看变化", "变差的排在最前", "与 ", "延迟百分位"):
        assert part in told, part


@pytest.mark.skipif(DRIVER is None, reason="no chromedriver is installed")
def test_the_page_draws_its_charts_and_hides_what_did_not_change(runs: Path, tmp_path: Path) -> None:
    page = tmp_path / "compare.html"
    compare([*map(str, (runs / "base1", runs / "slow")), "--html", str(page), "--least-ms", "0.5"])
    with Browser(tmp_path) as browser:
        browser.open(page.as_uri())
        browser.run("window.dispatchEvent(new Event('beforeprint')); window.dispatchEvent(new Event('afterprint'))")
        assert browser.console() == []
        assert browser.run("return charts.filter((each) => !each.chart || !each.target.ariaLabel).length") == 0
        assert browser.run("return charts.length") > 10
        visible = (
            "return [...document.querySelectorAll('.differences tr.quiet')].filter((row) => row.offsetParent).length"
        )
        assert browser.run(visible) > 10
        browser.run("document.getElementById('only-changes').click()")
        assert browser.run(visible) == 0
        assert grave_findings(browser) == []


def test_runs_that_differ_by_chance_show_no_regression(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare([str(runs / "base1"), str(runs / "same"), "--least-ms", "0", "--least-percent", "0"]) == 0
    assert "No regression" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("limit", "code"),
    [
        ("p99 +10%", 3),
        ("p50 +30%", 0),
        ("dev.heartbeat p99 +1%", 0),
        ("dev.data.* p50 +0.5 ms", 3),
        ("p90 +10 %", 3),
        ("failures +0.1%", 0),
    ],
)
def test_limits_decide_when_given(runs: Path, limit: str, code: int) -> None:
    assert compare([str(runs / "base1"), str(runs / "slow"), "--fail-on", limit]) == code


@pytest.mark.parametrize("text", ["p99", "p99 10%", "q99 +1%", "p99 +1", "failures +3 ms", "p100 +1%", "p99 +10% more"])
def test_wrong_limits_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|percent"):
        parse_fail_on(text)


def test_wrong_directory_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnreadableRunError, match="no such directory"):
        compare([str(tmp_path / "no"), str(tmp_path / "nothing")])


def test_missing_and_new_names(info: Info, make_run: MakeRun) -> None:
    old, new = make_run(), make_run()
    old.settle()
    new.settle()
    old.totals.pop("cmd.data.update.user")
    new.totals.pop("dev.login")
    differences = compare_runs([compared("old", old, info())], compared("new", new, info()))
    marks = {(item.name, item.metric): item.mark for item in differences}
    assert marks["dev.login", "p99"] == MISSING
    assert marks["cmd.data.update.user", "p99"] == NEW
    assert marks["dev.heartbeat", "p99"] == NOISE
    assert any("dev.login never occurred" in reason for reason in reasons(differences))


def test_what_another_transport_does_not_have_is_no_regression(info: Info, make_run: MakeRun) -> None:
    old, new = make_run(), make_run()
    old.settle()
    new.settle()
    new.totals.pop("dev.login")
    before = [compared("old", old, info(transports=("best-w",)))]
    for transports, differ in ((("best-m",), True), (("best-w",), False), ((), False)):
        now = compared("new", new, info(transports=transports))
        assert transports_differ(before, now) is differ
    differences = compare_runs(before, now)
    assert any("dev.login never occurred" in reason for reason in reasons(differences, may_lack=OF_A_TRANSPORT))
    assert not any("never occurred" in reason for reason in reasons(differences, may_lack={"dev.login"}))
    assert {"device.exchange.factor", "subscribe", "puback"} < OF_A_TRANSPORT


def test_faster_run_is_better(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare([str(runs / "slow"), str(runs / "base1"), "--least-ms", "0.5"]) == 0
    assert BETTER in capsys.readouterr().out


def test_more_failures_are_worse(info: Info) -> None:
    def run(failed: int) -> RunMeasurements:
        measurements = RunMeasurements()
        for number in range(2000):
            code = "timeout" if number < failed else "00000000"
            measurements.apply([(0, "dev.heartbeat", 1_700_000_001.0 + number / 100, 0.01, code, 1, 1, 0.0, "")])
        return measurements

    differences = compare_runs([compared("a", run(2), info())], compared("b", run(60), info()))
    assert {item.metric: item.mark for item in differences} == {
        "p50": NOISE,
        "p95": NOISE,
        "p99": WORSE,  # more than one of a hundred failed, and that is for ever
        "failures": WORSE,
    }


def test_a_burst_is_not_judged(info: Info) -> None:
    def run(seconds: int, slow: float) -> ComparedRun:
        measurements = RunMeasurements()
        for number in range(600):
            took = (0.1 + (number * 7 % 100) / 1000) * slow
            measurements.apply(
                [(0, "connect", 1_700_000_001.0 + number * seconds / 600, took, "00000000", 1, 1, 0.0, "")]
            )
        return compared("run", measurements, info())

    marks = {seconds: compare_runs([run(seconds, 1.0)], run(seconds, 1.5))[0].mark for seconds in (1, 3, 8, 50)}
    assert marks == {1: UNKNOWN, 3: UNKNOWN, 8: WORSE, 50: WORSE}


def test_base_runs_that_lie_apart_allow_more() -> None:
    assert widest([Bounds(10.0, 9.0, 11.0)]) == Bounds(10.0, 9.0, 11.0)
    assert widest([Bounds(12.0, 11.0, 13.0), Bounds(10.0, 9.0, 11.0)]) == Bounds(10.0, 7.0, 15.0)
    three = [Bounds(12.0, 11.0, 13.0), Bounds(10.0, 9.0, 11.0), Bounds(11.0, 10.0, 12.0)]
    assert widest(three) == Bounds(11.0, 8.0, 14.0)


def delivering(info: Info, log_s: float, rest_s: float) -> ComparedRun:
    """A run of 300 deliveries over 30 s: each takes its verifyLog and something else."""
    measurements = RunMeasurements()
    for number in range(300):
        at, spread = 1_700_000_001.0 + number / 10, (number * 7 % 50) / 10_000
        measurements.apply(
            [
                (0, "dev.data.upload.verifyLog", at, log_s + spread, "00000000", 1, 1, 0.0, ""),
                (1, "record_delivery", at, log_s + spread + rest_s, "00000000", ""),
            ]
        )
    return compared("run", measurements, info())


@pytest.mark.parametrize(
    ("log_s", "rest_s", "log_mark", "flow_mark", "named"),
    [
        (0.06, 0.01, WORSE, FOLLOWS, {"dev.data.upload.verifyLog"}),
        (0.05, 0.03, NOISE, WORSE, {"record_delivery"}),
        (0.06, 0.20, WORSE, WORSE, {"dev.data.upload.verifyLog", "record_delivery"}),
    ],
)
def test_a_flow_follows_from_the_requests_in_it(
    info: Info, log_s: float, rest_s: float, log_mark: str, flow_mark: str, named: set[str]
) -> None:
    differences = compare_runs([delivering(info, 0.05, 0.01)], delivering(info, log_s, rest_s))
    marks = {item.name: item.mark for item in differences if item.metric == "p50"}
    assert marks == {"dev.data.upload.verifyLog": log_mark, "record_delivery": flow_mark}
    for limits in ([], [parse_fail_on("p50 +10%")]):
        assert set(regressions(differences, limits)) == named
    asked = regressions(differences, [parse_fail_on("record_delivery p50 +5 ms")])
    assert list(asked) == ["record_delivery"]


def test_bounds_cover_the_true_quantile() -> None:
    rng = random.Random(7)
    missed = 0
    for _ in range(300):
        histogram = Histogram()
        spans = [Histogram() for _ in range(8)]
        for span in spans:
            span.record_seconds([rng.random() for _ in range(50)])
            histogram.add(span)
        bounds = quantile_bounds(histogram, spans, 90.0)
        assert bounds is not None
        missed += not bounds.low <= 900.0 <= bounds.high
    assert missed <= 2


def test_slow_spells_widen_the_bounds() -> None:
    calm, spells = [Histogram() for _ in range(12)], [Histogram() for _ in range(12)]
    rng = random.Random(3)
    for number in range(12):
        calm[number].record_seconds([rng.uniform(0.01, 0.02) for _ in range(100)])
        shift = 0.01 if number % 3 == 0 else 0.0
        spells[number].record_seconds([rng.uniform(0.01, 0.02) + shift for _ in range(100)])

    def width(spans: list[Histogram]) -> float:
        whole = Histogram()
        for span in spans:
            whole.add(span)
        bounds = quantile_bounds(whole, spans, 50.0)
        assert bounds is not None
        return bounds.high - bounds.low

    assert width(spells) > 2 * width(calm)


def test_few_samples_are_not_judged() -> None:
    histogram = Histogram()
    histogram.record_seconds([0.1] * 19)
    assert quantile_bounds(histogram, [], 50.0) is None
    assert share_bounds(0, 0) is None
    found = share_bounds(0, 10)
    assert found is not None
    assert 0.0 == found.low < found.high < 1.0


@pytest.mark.parametrize(
    ("count", "seconds", "times", "mark"),
    [
        (9, 20.0, 1.0, UNKNOWN),
        (9, 20.0, 1.4, WORSE),  # nine above nine: one in 48,620
        (3, 20.0, 1.4, UNKNOWN),  # three above three: one in 20
        (3, 20.0, 2.5, WORSE),
        (60, 0.9, 1.4, UNKNOWN),  # one slow second is one sample
        (60, 0.9, 2.5, WORSE),
        (60, 20.0, 1.4, WORSE),  # p99 without an upper bound
        (60, 20.0, 0.5, NOISE),  # nor has it one in the new run
    ],
)
def test_few_samples_are_worse_only_if_all_of_them_are(
    info: Info, count: int, seconds: float, times: float, mark: str
) -> None:
    def run(factor: float) -> ComparedRun:
        measurements = RunMeasurements()
        for number in range(count):
            took = (0.1 + number % 3 / 100) * factor
            at = 1_700_000_001.0 + number * seconds / count
            measurements.apply([(0, "connect", at, took, "00000000", 1, 1, 0.0, "")])
        return compared("run", measurements, info())

    marks = {item.metric: item.mark for item in compare_runs([run(1.0)], run(times))}
    assert marks["p99"] == mark


def test_base_runs_of_which_some_failed_for_ever() -> None:
    inf = math.inf
    assert widest([Bounds(inf, inf, inf), Bounds(inf, inf, inf)]).value == inf
    mixed = widest([Bounds(10.0, 9.0, 11.0), Bounds(inf, 12.0, inf)])
    assert (mixed.low, mixed.high) == (0.0, inf)
    few = Bounds(50.0, 40.0, inf, enough=False, open=True, minimum=40.0, maximum=60.0)
    together = widest([Bounds(10.0, 9.0, 11.0, minimum=5.0, maximum=20.0), few])
    assert (together.value, together.high, together.maximum, together.enough) == (10.0, 11.0, 60.0, True)


def test_records_that_are_still_pending_took_for_ever(info: Info) -> None:
    def run(acknowledged: int) -> ComparedRun:
        measurements = RunMeasurements()
        for number in range(600):
            at = 1_700_000_001.0 + number / 20
            measurements.apply([(5, "generated", 1)])
            if number < acknowledged:
                measurements.apply([(1, "record_delivery", at, 0.05, "00000000", ""), (5, "acknowledged", 1)])
        return compared("run", measurements, info())

    marks = {item.metric: item.mark for item in compare_runs([run(600)], run(300))}
    assert marks["p95"] == WORSE


def of_latencies(info: Info, *series: tuple[str, list[float]], seconds: float = 20.0) -> ComparedRun:
    measurements = RunMeasurements()
    for name, latencies in series:
        for number, took in enumerate(latencies):
            # slow and fast ones mixed over the run's time
            at = 1_700_000_001.0 + number * 7_919 % len(latencies) * seconds / len(latencies)
            measurements.apply([(0, name, at, took, "00000000", 1, 1, 0.0, "")])
    return compared("run", measurements, info())


def test_what_looks_worse_and_has_no_upper_bound_is_unjudged(info: Info) -> None:
    # of 200 samples a p99 has none; two slow ones in the base are all that is known of its end
    base = of_latencies(info, ("connect", [0.1] * 198 + [0.3] * 2))
    new = of_latencies(info, ("connect", [0.1] * 190 + [0.2] * 10))
    marks = {item.metric: item.mark for item in compare_runs([base], new)}
    assert (marks["p50"], marks["p99"]) == (NOISE, UNKNOWN)


def test_a_figure_among_many_that_looks_worse_is_told_to_a_gate_on_all(info: Info) -> None:
    beats = ("dev.heartbeat", [0.1 + number % 5 / 1000 for number in range(2_000)])
    base = of_latencies(info, beats, ("dev.login", [0.01, 0.01, 0.01, 0.1, 0.1]))
    slow = of_latencies(info, beats, ("dev.login", [0.03, 0.03, 0.03, 0.03, 0.1]))
    same = of_latencies(info, beats, ("dev.login", [0.01, 0.01, 0.01, 0.1, 0.1]))
    gate = [parse_fail_on("p50 +10%")]
    told = unjudged(compare_runs([base], slow), gate)
    assert [line.split(":")[0] for line in told] == ["dev.login p50"]
    assert regressions(compare_runs([base], slow), gate) == {}
    assert unjudged(compare_runs([base], same), gate) == []
    assert unjudged(compare_runs([base], same), [parse_fail_on("dev.login p50 +10%")])


def test_spans_know_what_failed(info: Info) -> None:
    measurements = RunMeasurements()
    for number in range(300):
        code = "timeout" if number % 100 < 20 else "00000000"
        measurements.apply([(0, "connect", 1_700_000_001.0 + number / 10, 0.01, code, 1, 1, 0.0, "")])
    found = compared("run", measurements, info()).series["connect"]
    assert found.histogram.share_at_most(1_000_000) == 0.8
    shares = [span.share_at_most(1_000_000) for span in found.spans]
    assert sum(span.count for span in found.spans) == 300
    assert min(shares) < 0.5
    assert max(shares) == 1.0


def test_one_base_with_the_same_names_is_enough(info: Info) -> None:
    bases = [of_latencies(info, ("dev.login", [0.1] * 30)), of_latencies(info, ("connect", [0.1] * 30))]
    assert worthless(bases, of_latencies(info, ("connect", [0.1] * 30))) == []
    [reason] = worthless(bases, of_latencies(info, ("dev.report", [0.1] * 30)))
    assert "nothing in common" in reason
