"""Metrics of the fleet's groups, in runs of several: counts alone, as a histogram of each funcId would be thousands of
series."""

from collections.abc import Iterator

from simulator.measurements.names import is_request
from simulator.measurements.series import Totals
from simulator.swarm.metrics.metric import Kind, Metric, Sample
from simulator.swarm.metrics.moment import Moment


def _series(moment: Moment) -> Iterator[tuple[str, str, Totals]]:
    for group, series in moment.measurements.groups.totals.items():
        for tag, totals in series.items():
            if totals.count and is_request(tag):
                yield group, tag, totals


def _requests(moment: Moment) -> Iterator[Sample]:
    for group, tag, totals in _series(moment):
        for code, count in totals.codes.items():
            yield (group, tag, code), count


def _seconds(moment: Moment) -> Iterator[Sample]:
    for group, tag, totals in _series(moment):
        yield (group, tag), totals.histogram.sum_us / 1e6


GROUP_METRICS = (
    Metric(
        "group_requests",
        Kind.COUNTER,
        "Requests of a group by outcome, in runs of several groups; they add up to `best_fleet_requests_total`",
        _requests,
        ("group", "func_id", "code"),
    ),
    Metric(
        "group_request_seconds",
        Kind.COUNTER,
        "What the requests of a group took in all; by the number of requests it is their mean",
        _seconds,
        ("group", "func_id"),
    ),
)
"""In the order of tables."""
