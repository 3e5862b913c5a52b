"""OpenTelemetry's own SDK collects what Prometheus scrapes."""

from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider, ObservableCounter
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader

from simulator.swarm.metrics.instruments import OBSERVED, instrument, name_of, unit_of
from simulator.swarm.metrics.metered import MeteredRun
from simulator.swarm.metrics.metric import Kind
from simulator.swarm.metrics.readings import METRICS, Readings
from tests.swarm.manual_run import ManualRun
from tests.swarm.metrics.runs import Scraped, busy_run, scraped


class Collected:
    """What a reader got."""

    def __init__(self, reader: InMemoryMetricReader) -> None:
        data = reader.get_metrics_data()
        scopes = [scope for resource in data.resource_metrics for scope in resource.scope_metrics] if data else []
        self.metrics: dict[str, Any] = {
            metric.name: metric for scope in scopes if scope.scope.name == "best_fleet" for metric in scope.metrics
        }

    def __call__(self, name: str, **attributes: str) -> float | None:
        points = self.metrics[name].data.data_points if name in self.metrics else ()
        return next((point.value for point in points if dict(point.attributes or {}) == attributes), None)


class Fleet:
    """A process whose runs follow each other."""

    def __init__(self, temporality: AggregationTemporality = AggregationTemporality.CUMULATIVE) -> None:
        self.reader = InMemoryMetricReader(preferred_temporality={ObservableCounter: temporality})
        self.runs: list[MeteredRun] = []
        clock = iter(range(1_000_000))
        readings = Readings(lambda: self.runs[-1] if self.runs else None, lambda: float(next(clock)))
        instrument(readings, MeterProvider([self.reader]).get_meter("best_fleet"))

    def collect(self) -> Collected:
        return Collected(self.reader)


def test_before_a_run_nothing_is_told() -> None:
    assert Fleet().collect().metrics == {}


def test_every_figure_is_what_a_scrape_says(tmp_path: Path) -> None:
    fleet = Fleet()
    run = busy_run(tmp_path).run
    fleet.runs.append(run)
    collected = fleet.collect()
    told = Scraped(scraped(lambda: run))
    found = 0
    for metric in OBSERVED:
        for (name, labels), value in told.samples.items():
            if name == metric.exposed:
                assert collected(name_of(metric), **dict(labels)) == value, (name, labels)
                found += 1
    assert found > 40
    assert collected("best_fleet.requests", func_id="dev.login", code="timeout") == 1
    assert collected.metrics["best_fleet.requests"].data.is_monotonic


def test_a_histogram_is_left_to_locusts_own() -> None:
    assert {metric.kind for metric in METRICS} - {metric.kind for metric in OBSERVED} == {Kind.HISTOGRAM}


def test_units_are_said() -> None:
    units = {name_of(metric): unit_of(metric) for metric in OBSERVED}
    assert units["best_fleet.run_elapsed_seconds"] == "s"
    assert units["best_fleet.request_bytes"] == "By"
    assert units["best_fleet.generator_cpu_ratio"] == "1"
    assert units["best_fleet.devices"] == ""


def test_a_counter_goes_on_when_another_run_begins(tmp_path: Path) -> None:
    fleet = Fleet()
    first = busy_run(tmp_path / "first")
    fleet.runs.append(first.run)
    assert fleet.collect()("best_fleet.requests", func_id="dev.heartbeat", code="00000000") == 6
    # What the first run measured after the last look is not lost.
    first.run.measurements.missed[int(first.time.wall())]["dev.heartbeat"] += 5
    fleet.runs.append(ManualRun(tmp_path / "second").open().run)
    for _ in range(2):
        collected = fleet.collect()
        assert collected("best_fleet.requests", func_id="dev.heartbeat", code="00000000") == 7
        assert collected("best_fleet.requests", func_id="dev.login", code="timeout") == 1
        assert collected("best_fleet.missed_requests", func_id="dev.heartbeat") == 7
        assert collected("best_fleet.devices", state="online") == 1, "a gauge is of the run that goes on"


@pytest.mark.parametrize("temporality", [AggregationTemporality.DELTA])
def test_with_deltas_none_is_negative(tmp_path: Path, temporality: AggregationTemporality) -> None:
    fleet = Fleet(temporality)
    fleet.runs.append(busy_run(tmp_path / "first").run)
    assert fleet.collect()("best_fleet.requests", func_id="dev.heartbeat", code="00000000") == 6
    fleet.runs.append(ManualRun(tmp_path / "second").open().run)
    assert fleet.collect()("best_fleet.requests", func_id="dev.heartbeat", code="00000000") == 1
