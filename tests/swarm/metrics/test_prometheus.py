"""The answer to a scrape: what Prometheus' own parser and checker make of it."""

import shutil
import subprocess
from pathlib import Path

import pytest

from simulator.swarm.metrics.metric import Kind
from simulator.swarm.metrics.prometheus import application
from simulator.swarm.metrics.readings import METRICS, Readings
from tests.swarm.metrics.runs import Scraped, busy_run, samples, scrape, scraped


def test_without_a_run_the_program_alone_is_told() -> None:
    told = samples(scraped(lambda: None))
    assert [name for name, _ in told] == ["best_fleet_build_info"]


def test_every_metric_is_told_under_its_declared_name_and_labels(tmp_path: Path) -> None:
    made = busy_run(tmp_path)
    made.run.measurements.observations.add("odd", "", made.time.wall())
    made.run.measurements.internal_errors.add("odd", "", made.time.wall())
    made.run.measurements.health.of("local").resources.open_files.add(made.time.wall(), 30)
    made.end(at=5.0)
    told = scraped(lambda: made.run)
    labels: dict[str, set[frozenset[str]]] = {}
    for name, found in samples(told):
        labels.setdefault(name, set()).add(frozenset(label for label, _ in found))
    for metric in METRICS:
        names = (
            [metric.exposed]
            if metric.kind is not Kind.HISTOGRAM
            else [f"{metric.exposed}_{part}" for part in ("bucket", "sum", "count")]
        )
        for name in names:
            wanted = {*metric.labels, "le"} if name.endswith("_bucket") else {*metric.labels}
            assert labels.pop(name) == {frozenset(wanted)}, name
    assert set(labels) == {"best_fleet_build_info"}


def test_every_histogram_is_cumulative_up_to_its_count(tmp_path: Path) -> None:
    made = busy_run(tmp_path)
    told = Scraped(scraped(lambda: made.run))
    series: dict[tuple[str, frozenset[tuple[str, str]]], list[tuple[float, float]]] = {}
    for (name, labels), value in told.samples.items():
        if name.endswith("_bucket"):
            bound = float(dict(labels)["le"])
            rest = frozenset(pair for pair in labels if pair[0] != "le")
            series.setdefault((name.removesuffix("_bucket"), rest), []).append((bound, value))
    assert len(series) >= 5
    for (name, labels), buckets in series.items():
        counts = [count for _, count in sorted(buckets)]
        assert counts == sorted(counts)
        assert counts[-1] == told.samples[f"{name}_count", labels]


def test_openmetrics_is_spoken_to_who_asks_for_it(tmp_path: Path) -> None:
    made = busy_run(tmp_path)
    told = scrape(application(Readings(lambda: made.run)), HTTP_ACCEPT="application/openmetrics-text; version=1.0.0")
    assert told.endswith("# EOF\n")


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool, of Debian's package prometheus")
def test_prometheus_own_checker_finds_nothing_to_say(tmp_path: Path) -> None:
    made = busy_run(tmp_path)
    made.end(at=50.0)
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=scraped(lambda: made.run).encode(), capture_output=True, check=False
    )
    assert checked.stdout + checked.stderr == b""
    assert checked.returncode == 0
