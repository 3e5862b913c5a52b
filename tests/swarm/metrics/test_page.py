"""The page of metrics names each, and promises no bound that is not kept."""

from simulator.swarm.metrics.page import metrics_series_page
from simulator.swarm.metrics.readings import METRICS


def test_every_metric_has_a_row_with_its_labels() -> None:
    rows = {row.split("`")[1]: row for row in metrics_series_page().splitlines() if row.startswith("| `best_fleet_")}
    assert set(rows) == {"best_fleet_build_info", *(metric.exposed for metric in METRICS)}
    for metric in METRICS:
        assert [f"`{label}`" in rows[metric.exposed] for label in metric.labels] == [True] * len(metric.labels)
