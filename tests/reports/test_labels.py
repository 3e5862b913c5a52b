"""What people are told of things that have a key: a process' name is short, and only Locust's is cut."""

import pytest

from reports.charts import chart_data
from reports.labels import short_name
from reports.run_info import RunInfo
from simulator.measurements.health import HealthSample
from simulator.measurements.run import RunMeasurements


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("vm_room_1_0a1b2c3d4e5f60718293a4b5c6d7e8f9", "vm_room_1_0a1b2c"),
        ("runs-1/vm_24a6fed5c5884a489d9e209143e4060b", "runs-1/vm_24a6fe"),
        ("odd", "odd"),
        ("machine_production", "machine_production"),
        ("0a1b2c3d4e5f60718293a4b5c6d7e8f9", "0a1b2c3d4e5f60718293a4b5c6d7e8f9"),
    ],
)
def test_a_workers_name_is_short(name: str, short: str) -> None:
    assert short_name(name) == short


def test_charts_call_workers_by_their_short_names() -> None:
    measurements = RunMeasurements()
    for number, process in enumerate(("vm_0a1b2c3d4e5f60718293a4b5c6d7e8f9", "vm_24a6fed5c5884a489d9e209143e4060b")):
        measurements.health.add(process, HealthSample(1_700_000_001.0, 10.0 + number, 90.0, 0, 0))
    health = chart_data(measurements, RunInfo("x", 1_700_000_000.0, 1_700_000_003.0, 2))["health"]
    assert {name: max(filter(None, values)) for name, values in health["cpu"].items()} == {
        "vm_0a1b2c": 10.0,
        "vm_24a6fe": 11.0,
    }
    assert set(health["rss"]) == {"vm_0a1b2c", "vm_24a6fe"}
