"""A process' run is shown to whoever watches it, and its last figures are waited for."""

from argparse import Namespace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from simulator.swarm.metrics import monitoring as module
from simulator.swarm.metrics.monitoring import REQUEST_NAMES, Monitoring, name_all_requests
from simulator.swarm.security.access import Access
from tests.swarm.metrics.runs import busy_run
from tests.swarm.metrics.test_server import ask


def options(**given: Any) -> Namespace:
    said = {
        "headless": True,
        "metrics_host": "127.0.0.1",
        "metrics_port": 0,
        "metrics_wait": 2.5,
        "tls_cert": None,
        "tls_key": None,
    }
    return Namespace(**said | given)


def test_the_port_serves_the_current_run_and_says_where(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "simulator.swarm")
    role = SimpleNamespace(options=options(), run=None)
    monitoring = Monitoring(role)
    monitoring.listen(role.options, Access())
    (url,) = [word for word in caplog.text.split() if word.startswith("http://")]
    assert "best_fleet_run_info" not in ask(url)[1]
    role.run = busy_run(tmp_path).run
    assert f'run="{role.run.run_id}"' in ask(url)[1]
    monitoring.close()


@pytest.mark.parametrize(("headless", "waited"), [(True, [2.5]), (False, [])])
def test_a_headless_run_waits_for_a_last_scrape(
    monkeypatch: pytest.MonkeyPatch, headless: bool, waited: list[float]
) -> None:
    role = SimpleNamespace(options=options(headless=headless), run=None)
    monitoring = Monitoring(role)
    monitoring.listen(role.options, Access())
    noted: list[float] = []
    monkeypatch.setattr(module.MetricsServer, "await_scrape", lambda self, seconds: noted.append(seconds))
    monitoring.close()
    assert noted == waited


def test_without_a_port_nothing_is_waited_for() -> None:
    Monitoring(SimpleNamespace(options=options(), run=None)).close()


def test_every_funcid_has_a_name_of_its_own_in_locusts_histogram() -> None:
    from locust import opentelemetry

    from simulator.protocol.catalogue import PROTOCOL_ORDER

    name_all_requests()
    assert opentelemetry.MAX_REQUEST_NAMES == REQUEST_NAMES > len(PROTOCOL_ORDER) + 40
