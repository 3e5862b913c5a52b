"""Thresholds as lines of the charts that draw what they are about.

A chart draws points of a span of time, a threshold judges the whole run: a line says what was demanded, and that a
point crosses it says where the figure comes from, not that the threshold was crossed. Its label tells both.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from reports.measures import DURATION, FAILURES, LOOP_LAG, PERCENTILE, SHARE, Scope
from reports.run_info import RunInfo
from reports.thresholds import Threshold, parse_all
from simulator.measurements.run import RunMeasurements

_OF_THE_RUN: Final[Mapping[tuple[str, str], str]] = {
    (FAILURES, "%"): "share",
    ("requests_per_second", "/s"): "rate",
    ("online", "%"): "devices",
    ("generator.cpu", "%"): "cpu",
    ("generator.rss", "MB"): "rss",
    ("generator.open_files", ""): "held",
    ("generator.tasks", ""): "held",
    ("records.pending", ""): "backlog",
}
"""A measure of the whole fleet and its unit -> the chart that draws it over time."""


def threshold_lines(
    results: Iterable[Mapping[str, Any]], run: RunInfo, measurements: RunMeasurements, names: Iterable[str]
) -> list[dict[str, Any]]:
    """Each threshold that a chart can show.

    Args:
        results: `thresholds` of the summary.
        run: whose thresholds they are.
        measurements: what they were judged on.
        names: funcIds, flows and commands that occurred.

    Returns:
        An entry a line: `chart` and, in those that are of one name, `name`; the `limit` in the chart's unit; `measure`
        such as `p99`, or empty; `expression`, `value` (None: not known or infinite), `unit` and `passed` for its label.
    """
    known = list(names)
    found = []
    judged = {result["expression"]: result for result in results}
    for threshold in parse_all(run.thresholds, measurements):
        result = judged.get(threshold.expression)
        if result is None or not threshold.limit:  # `== 0` is the axis itself
            continue
        for chart, name in _charts(threshold, known):
            found.append(
                {
                    "chart": chart,
                    "name": name,
                    "limit": threshold.limit,
                    "measure": _measure(threshold),
                    **{key: result.get(key) for key in ("expression", "value", "unit", "passed")},
                }
            )
    return found


def _charts(threshold: Threshold, names: Iterable[str]) -> Iterable[tuple[str, str]]:
    measure = threshold.measure
    if measure.scope is Scope.NAME:
        if measure.unit is DURATION:
            chart = "" if threshold.intended else "latency"
        else:
            chart = {(FAILURES, SHARE.symbol): "share", ("rate", "/s"): "rate"}.get((measure.name, threshold.unit), "")
        return [(chart, name) for name in names if threshold.matches(name)] if chart else []
    if threshold.subject == LOOP_LAG:
        return [("lag", "")]
    chart = _OF_THE_RUN.get((measure.name, threshold.unit), "")
    return [(chart, "")] if chart else []


def _measure(threshold: Threshold) -> str:
    if threshold.measure.unit is not DURATION:
        return ""
    return f"p{threshold.percent:g}" if threshold.measure.name == PERCENTILE else threshold.measure.name
