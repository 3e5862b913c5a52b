"""What is declared once has the names that Prometheus' conventions ask for."""

import re

import pytest

from simulator.swarm.metrics.metric import Kind, Metric
from simulator.swarm.metrics.readings import METRICS

LABELS = {
    *("scenario", "run", "verdict", "threshold", "state", "func_id", "code", "flow", "direction", "event", "reason"),
    *("rule", "fault", "way", "outcome", "group"),
}
"""Each has a bound on its values. A device's name, an address or a worker's name is none of them."""


def test_names_are_unique_and_a_counter_says_so() -> None:
    names = [metric.exposed for metric in METRICS]
    assert len(set(names)) == len(names)
    assert Metric("requests", Kind.COUNTER, "", lambda _: ()).exposed == "best_fleet_requests_total"
    assert Metric("devices", Kind.GAUGE, "", lambda _: ()).exposed == "best_fleet_devices"


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_each_follows_the_conventions(metric: Metric) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", metric.name)
    assert not metric.name.endswith(("_total", "_count", "_sum", "_bucket")), "those are put behind it"
    assert set(metric.labels) <= LABELS
    assert metric.text
    assert not metric.text.endswith(".")
    if metric.kind is Kind.HISTOGRAM:
        assert metric.name.endswith("_seconds")
    assert not re.search("_(ms|minutes|percent|mb|kb)$", metric.name), "base units alone"
