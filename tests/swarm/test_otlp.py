"""A run with `--otel` sends its figures to a collector: ours and Locust's own, to the last one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.exit_codes import ExitCode
from tests.swarm.otlp_receiver import receiving
from tests.swarm.processes import UNTIL_TOLD, LocustProcess


@pytest.mark.long
def test_what_a_collector_is_sent_is_what_the_report_says(
    locust: Callable[..., LocustProcess], scenario: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving() as received:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", received.url)
        monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "500")
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
        monkeypatch.setenv("OTEL_LOGS_EXPORTER", "none")
        run = locust("--scenario", str(scenario), "--headless", "--report", "report", "--otel", *UNTIL_TOLD)
        run.wait_for(lambda: received.value("best_fleet.devices", state="online"))
        assert run.ends_after(lambda: run.measured("dev.heartbeat")) == ExitCode.PASSED
        summary = run.summary()
        assert received.services == {"best-fleet"}
        for func_id, row in summary["requests"].items():
            for code, count in row["codes"].items():
                assert received.value("best_fleet.requests", func_id=func_id, code=code) == count, func_id
        for event in ("generated", "acknowledged"):
            assert received.value("best_fleet.records", event=event) == summary["records"][event]
        assert received.value("best_fleet.run_verdict", verdict="passed") == 1
        told = {labels["name"]: point.count for labels, point in received.points("locust.client.duration")}
        assert {name: told[name] for name in summary["requests"]} == {
            name: row["count"] for name, row in summary["requests"].items()
        }
    assert "Traceback" not in run.output
