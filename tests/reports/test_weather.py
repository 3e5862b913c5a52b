"""`faults`, `misbehaviour` and `weather` of the summary."""

import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from reports.rebuild import rebuild
from reports.run_info import RunInfo
from reports.summary import build_summary
from reports.writer import write_reports
from simulator.measurements import weather
from simulator.measurements.run import RunMeasurements
from tests.reports.conftest import STARTED
from tests.reports.stormy import planned, strike

Info = Callable[..., RunInfo]


def test_figures_of_a_fault(busy: RunMeasurements, info: Info) -> None:
    strike(busy, planned(0))
    (fault,) = build_summary(busy, info(faults=(planned(0),)))["faults"]
    assert fault == {
        "number": 0,
        "what": "outage",
        "text": "outage (reset), 20% of the devices",
        "at_s": 20.0,
        "for_s": 10.0,
        "devices": 4,
        "came": True,
        "over": True,
        "hit": 4,
        "back": 4,
        "recovery_ms": {
            "p50": pytest.approx(1000, rel=0.002),
            "p95": pytest.approx(3000, rel=0.002),
            "p99": pytest.approx(3000, rel=0.002),
            "all": pytest.approx(3000, rel=0.002),
        },
        "never_back": 0,
        "undecided": 0,
        "overtaken": 0,
        "ended": 0,
        "peak_connects_per_s": 1,
        "backlog": {"peak": 12, "waiting": 0, "delivered_ms": pytest.approx(4000, rel=0.002)},
        "requests_cut": 4,
        "cut": {"dev.heartbeat": {"disconnected": 4}},
        "refused": 4,
        "refused_codes": {"dev.login": {"E0000003": 4}},
        "delayed": {
            "dev.data.upload.verifyLog": {
                "count": 4,
                "p50": pytest.approx(9000, rel=0.002),
                "p99": pytest.approx(9000, rel=0.002),
                "max": 9000.0,
            },
            "record_delivery": {
                "count": 4,
                "p50": pytest.approx(10_000, rel=0.002),
                "p99": pytest.approx(10_000, rel=0.002),
                "max": 10_000.0,
            },
        },
        "disconnects": {"connection lost": 4},
        "unsent_lost": 0,
        "p99_ms": {"before": pytest.approx(11, abs=5), "during": pytest.approx(30, abs=20)},
    }


def test_connections_that_faults_held_up_were_opened(info: Info) -> None:
    measurements = RunMeasurements()
    measurements.weather.faults[0].add(weather.DELAYED, STARTED, "connect", "", 2.0)
    assert build_summary(measurements, info())["fleet"]["connections"] == 1


def test_a_fault_that_never_came_says_so(busy: RunMeasurements, info: Info) -> None:
    (fault,) = build_summary(busy, info(faults=(planned(0),)))["faults"]
    assert not fault["came"]
    assert not fault["over"]
    assert fault["recovery_ms"] == dict.fromkeys(("p50", "p95", "p99", "all"))
    assert fault["p99_ms"] == {"before": None, "during": None}
    assert fault["peak_connects_per_s"] is None
    assert fault["backlog"]["delivered_ms"] is None


def test_whom_nobody_saw_again_leaves_no_good_looking_percentile(busy: RunMeasurements, info: Info) -> None:
    strike(busy, planned(0), back=(0.5, 1.0, 2.0), delivered=False)
    (fault,) = build_summary(busy, info(200.0, faults=(planned(0),)))["faults"]
    assert fault["never_back"] == 1
    assert fault["recovery_ms"]["p50"] == pytest.approx(1000, rel=0.002)
    assert fault["recovery_ms"]["p95"] is fault["recovery_ms"]["all"] is None
    assert fault["backlog"] == {"peak": 12, "waiting": 12, "delivered_ms": None}
    (fault,) = build_summary(busy, info(60.0, faults=(planned(0),)))["faults"]
    assert (fault["never_back"], fault["undecided"]) == (0, 1)
    assert fault["recovery_ms"]["all"] is None


def test_totals(busy: RunMeasurements, info: Info) -> None:
    schedule = (planned(0), planned(1, 40.0), planned(2, 50.0))
    strike(busy, schedule[0])
    strike(busy, schedule[1], back=(1.0,))
    assert build_summary(busy, info(200.0, faults=schedule))["weather"] == {
        "faults": 3,
        "came": 2,
        "hit": 8,
        "never_back": 3,
        "undecided": 0,
        "requests_cut": 8,
        "requests_delayed": 5,
        "refused": 5,
        "disconnects": 8,
        "unsent_lost": 0,
    }


def test_misbehaviour_by_way_and_outcome(busy: RunMeasurements, info: Info) -> None:
    for way, outcome, count in (("bad_sign", "sent", 3), ("bad_sign", "refused_as_expected", 2), ("odd", "sent", 1)):
        busy.weather.misbehaved(way, outcome, count)
    busy.weather.misbehaved("duplicate_log", "accepted", 1)
    assert build_summary(busy, info())["misbehaviour"] == {
        "duplicate_log": {"sent": 0, "refused_as_expected": 0, "accepted": 1, "silent": 0},
        "bad_sign": {"sent": 3, "refused_as_expected": 2, "accepted": 0, "silent": 0},
        "odd": {"sent": 1, "refused_as_expected": 0, "accepted": 0, "silent": 0},
    }


def test_follows_its_schema(busy: RunMeasurements, info: Info) -> None:
    strike(busy, planned(0))
    strike(busy, planned(1, 40.0), back=())
    busy.weather.misbehaved("bad_sign", "sent", 3)
    schema = json.loads(files("reports").joinpath("schema/summary.schema.json").read_text())
    for faults in ((), (planned(0), planned(1, 40.0), planned(2, 50.0))):
        jsonschema.validate(json.loads(json.dumps(build_summary(busy, info(faults=faults)))), schema)


def test_comes_back_from_the_state(busy: RunMeasurements, info: Info, tmp_path: Path) -> None:
    strike(busy, planned(0))
    busy.weather.misbehaved("bad_sign", "sent", 3)
    written = write_reports(tmp_path, busy, info(faults=(planned(0), planned(1, 50.0))))
    rebuilt = rebuild(tmp_path)
    for key in ("faults", "misbehaviour", "weather", "fleet"):
        assert rebuilt[key] == written[key]
