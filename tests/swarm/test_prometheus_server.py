"""A real Prometheus scrapes a whole run: what it stored at the end is what the report says, and the dashboard's queries
are answered."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.exit_codes import ExitCode
from tests.swarm.metrics.dashboard import filled, queries
from tests.swarm.processes import UNTIL_TOLD, LocustProcess
from tests.swarm.prometheus_server import needed, scraping

VARIABLES = {"__rate_interval": "5s", "instance": ".*", "func_id": ".*"}
SELDOM = re.compile("Failed|Failures|Connections|failed|Faults|Devices not|Recovery|Thresholds|Violations|Verdict")
"""Panels that are empty in a run in which nothing goes wrong, and before its end."""


@needed
@pytest.mark.long
def test_what_prometheus_stored_is_what_the_report_says(
    locust: Callable[..., LocustProcess], scenario: Path, tmp_path: Path
) -> None:
    run = locust(
        "--scenario",
        str(scenario),
        "--headless",
        "--report",
        "report",
        "--metrics-port",
        "0",
        *UNTIL_TOLD,
        "--metrics-wait",
        "60",
    )
    (target,) = run.wait_for(lambda: re.findall(r"http://(127\.0\.0\.1:\d+)/metrics", run.output))
    with scraping(target, tmp_path) as prometheus:
        run.wait_for(lambda: prometheus.query('rate(best_fleet_requests_total{func_id="dev.heartbeat"}[5s]) > 0'))
        empty = [place for place, query in queries() if not prometheus.query(filled(query, VARIABLES))]
        assert [place for place in empty if not SELDOM.search(place)] == []
        assert run.ends_after(lambda: run.measured("dev.heartbeat")) == ExitCode.PASSED
        summary = run.summary()
        last = prometheus.last
        for func_id, row in summary["requests"].items():
            labels = {"func_id": func_id}
            for code, count in row["codes"].items():
                assert last("best_fleet_requests_total", **labels, code=code) == count, func_id
            assert last("best_fleet_request_duration_seconds_count", **labels) == row["count"]
            assert last("best_fleet_request_duration_seconds_bucket", **labels, le="+Inf") == row["count"]
            total = last("best_fleet_request_duration_seconds_sum", **labels)
            assert total / row["count"] * 1000 == pytest.approx(row["latency_ms"]["mean"], abs=0.001)
            assert last("best_fleet_request_bytes_total", **labels, direction="sent") == row["bytes_out"]
        for event in ("generated", "acknowledged", "resent"):
            assert last("best_fleet_records_total", event=event) == summary["records"][event]
        assert last("best_fleet_records_waiting") == summary["records"]["pending"]
        assert last("best_fleet_devices_came_online_total") == summary["fleet"]["came_online"]
        assert last("best_fleet_run_verdict", verdict=summary["verdict"]) == 1
        assert last("best_fleet_run_exit_code") == ExitCode.PASSED
        (run_id,) = summary["run"]["run_ids"]
        assert last("best_fleet_run_info", scenario="tiny", run=run_id) == 1
