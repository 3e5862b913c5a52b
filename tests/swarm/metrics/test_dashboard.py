"""The dashboard asks for nothing that is not told, and the files beside it go together."""

import re
from typing import Any

import pytest
import yaml

from simulator.swarm.metrics.metric import Kind
from simulator.swarm.metrics.readings import METRICS
from tests.swarm.metrics.dashboard import FOLDER, dashboard, panels, queries

NAME = re.compile(r"\bbest_fleet_\w+")
MATCHERS = re.compile(r"\b(best_fleet_\w+)(?:\{([^}]*)\})?")
LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
BY = re.compile(r"\bby \(([^)]*)\)")
OF_PROMETHEUS = {"instance", "job"}


def told() -> dict[str, set[str]]:
    """Every name that the exposition has -> its labels."""
    found: dict[str, set[str]] = {}
    for metric in METRICS:
        labels = {*metric.labels} | OF_PROMETHEUS
        if metric.kind is Kind.HISTOGRAM:
            found[f"{metric.exposed}_bucket"] = labels | {"le"}
            found[f"{metric.exposed}_sum"] = found[f"{metric.exposed}_count"] = labels
        else:
            found[metric.exposed] = labels
    return found


@pytest.mark.parametrize(("place", "query"), list(queries()), ids=lambda value: value if "{" not in value else "")
def test_every_series_and_label_of_a_panel_is_told(place: str, query: str) -> None:
    known = told()
    names = NAME.findall(query)
    assert names
    labels = set().union(*(known[name] for name in names))
    for name, matchers in MATCHERS.findall(query):
        assert set(LABEL.findall(matchers)) <= known[name], (name, matchers)
        assert 'instance=~"$instance"' in matchers, "the choice of a scenario holds for every panel"
    for group in BY.findall(query):
        assert {label.strip() for label in group.split(",")} <= labels
    for target in (target for panel in panels() for target in panel["targets"] if target["expr"] == query):
        assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= labels


def test_what_people_ask_first_is_there() -> None:
    asked = " ".join(query for _, query in queries())
    for name in ("devices", "requests_total", "records_total", "threshold_value", "generator_cpu_ratio"):
        assert f"best_fleet_{name}" in asked
    assert "histogram_quantile(0.99, sum by (func_id, le) (rate(best_fleet_request_duration_seconds_bucket" in asked
    assert {panel["type"] for panel in panels()} >= {"timeseries", "heatmap", "table", "stat"}
    assert [variable["name"] for variable in dashboard()["templating"]["list"]] == [
        *("datasource", "scenario", "instance", "func_id"),
    ]


def test_the_variables_ask_for_labels_that_are_told() -> None:
    for variable in dashboard()["templating"]["list"]:
        if variable["type"] == "query":
            ((name, label),) = re.findall(r"^label_values\((best_fleet_\w+).*, (\w+)\)$", variable["query"]["query"])
            assert label in told()[name]


def test_no_two_panels_lie_over_each_other_and_each_has_a_number_of_its_own() -> None:
    shown = dashboard()["panels"]
    assert len({panel["id"] for panel in shown}) == len(shown)
    taken: set[tuple[int, int]] = set()
    for panel in shown:
        grid: dict[str, Any] = panel["gridPos"]
        cells = {(grid["x"] + x, grid["y"] + y) for x in range(grid["w"]) for y in range(grid["h"])}
        assert not cells & taken, panel["title"]
        assert grid["x"] + grid["w"] <= 24
        taken |= cells


def test_panels_take_their_source_from_the_choice_at_the_top() -> None:
    sources = [each["datasource"] for panel in panels() for each in (panel, *panel["targets"])]
    assert {source["uid"] for source in sources} == {"${datasource}"}


def test_compose_mounts_what_is_there_pins_what_it_runs_and_listens_on_loopback_alone() -> None:
    compose = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))
    for service in compose["services"].values():
        assert re.fullmatch(r"[a-z]+/[a-z]+:v?\d+\.\d+\.\d+", service["image"])
        for mount in service["volumes"]:
            source = mount.split(":")[0]
            assert source in compose["volumes"] or (FOLDER / source).exists(), mount
    assert "--web.listen-address=127.0.0.1:9090" in compose["services"]["prometheus"]["command"]
    assert compose["services"]["grafana"]["environment"]["GF_SERVER_HTTP_ADDR"] == "127.0.0.1"
    source = yaml.safe_load((FOLDER / "provisioning/datasources/prometheus.yaml").read_text("utf-8"))
    scraped = yaml.safe_load((FOLDER / "prometheus.yml").read_text("utf-8"))
    assert source["datasources"][0]["jsonData"]["timeInterval"] == scraped["global"]["scrape_interval"]
