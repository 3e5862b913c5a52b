"""Which threshold is a line of which chart."""

from collections.abc import Callable

import pytest

from reports.run_info import RunInfo
from reports.summary import build_summary
from reports.threshold_lines import threshold_lines
from simulator.measurements.run import RunMeasurements

Info = Callable[..., RunInfo]
NAMES = ("connect", "dev.heartbeat", "dev.data.upload.verifyLog", "init")


def lines_of(busy: RunMeasurements, run: RunInfo) -> list[dict[str, object]]:
    busy.seal(float("inf"))
    return threshold_lines(build_summary(busy, run)["thresholds"], run, busy, NAMES)


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("dev.heartbeat p99 < 500 ms", [("latency", "dev.heartbeat", 500.0, "p99")]),
        ("dev.heartbeat p99.9 < 2 s after 5s", [("latency", "dev.heartbeat", 2000.0, "p99.9")]),
        ("init mean < 5 s", [("latency", "init", 5000.0, "mean")]),
        ("connect max < 1 s", [("latency", "connect", 1000.0, "max")]),
        (
            "dev.* p95 < 1 s",
            [("latency", "dev.heartbeat", 1000.0, "p95"), ("latency", "dev.data.upload.verifyLog", 1000.0, "p95")],
        ),
        ("dev.heartbeat rate > 3", [("rate", "dev.heartbeat", 3.0, "")]),
        ("dev.heartbeat failures < 1 %", [("share", "dev.heartbeat", 1.0, "")]),
        ("failures < 5 %", [("share", "", 5.0, "")]),
        ("requests_per_second > 10", [("rate", "", 10.0, "")]),
        ("online > 90 %", [("devices", "", 90.0, "")]),
        ("generator.loop_lag p99 < 50 ms", [("lag", "", 50.0, "p99")]),
        ("generator.cpu < 80 %", [("cpu", "", 80.0, "")]),
        ("records.pending < 7", [("backlog", "", 7.0, "")]),
        # the axis itself, another view of the time, what no chart draws
        *((expression, []) for expression in ("records.pending == 0", "dev.heartbeat intended_p99 < 1 s")),
        *((expression, []) for expression in ("violations < 9", "dev.heartbeat count > 5", "failures < 5")),
    ],
)
def test_a_threshold_is_a_line_of_the_chart_it_is_about(
    busy: RunMeasurements, info: Info, expression: str, wanted: list[tuple[str, str, float, str]]
) -> None:
    found = lines_of(busy, info(thresholds=(expression,)))
    assert [(line["chart"], line["name"], line["limit"], line["measure"]) for line in found] == wanted
    assert all(line["expression"] == expression for line in found)


def test_a_line_tells_what_was_measured_and_how_it_came_out(busy: RunMeasurements, info: Info) -> None:
    held, crossed = lines_of(busy, info(thresholds=("dev.heartbeat p99 < 500 ms", "dev.heartbeat p50 < 1 us")))
    assert (held["passed"], crossed["passed"]) == (True, False)
    assert (held["unit"], crossed["unit"]) == ("ms", "ms")
    assert isinstance(held["value"], float)


def test_thresholds_that_the_summary_does_not_judge_have_no_line(busy: RunMeasurements, info: Info) -> None:
    run = info(thresholds=("dev.heartbeat p99 < 500 ms",))
    assert threshold_lines([], run, busy, NAMES) == []
