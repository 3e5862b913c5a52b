"""Every benchmark, on numbers so small that they mean nothing: does the harness bring figures home?"""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from benchmarks.__main__ import NAMES, main
from benchmarks.children import ROOT
from benchmarks.clients import k6_program
from benchmarks.fleet import SCENARIO
from benchmarks.programs import conversations
from benchmarks.programs.conversations import CHANNELS, MESSAGES

pytestmark = pytest.mark.timeout(600)

RATE = {"median", "min", "max", "rounds"}


def measure(name: str, directory: Path) -> dict[str, Any]:
    output = directory / "results.json"
    assert main(["--size", "tiny", "--only", name, "--output", str(output)]) == 0
    document: dict[str, Any] = json.loads(output.read_text())
    assert document["schema"] == 1
    assert document["machine"]["cores"] >= 1
    assert "locust" in document["machine"]["libraries"]
    others = {other.replace("-", "_") for other in NAMES} - {name.replace("-", "_")}
    assert not others & document.keys()
    return document


@pytest.mark.long
def test_round_trips(tmp_path: Path) -> None:
    document = measure("round-trip", tmp_path)
    for load in ("full load", "same rate"):
        found = document["round_trip"][load]
        assert set(found["cpu_us"]) >= {"floor", "usual", "ours, plain", "ours, rsa-aes"}
        assert ("k6" in found["cpu_us"]) is (k6_program() is not None)
        for windows in found["windows"].values():
            assert windows[0]["rate"] > 0
            assert windows[0]["failures"] == 0
        assert found["ratios"]["ours, plain / usual"].keys() == RATE
    assert [target["limit"] for target in document["targets"]] == [0.22, 1.7, 0.26, 0.33]


@pytest.mark.long
def test_scale(tmp_path: Path) -> None:
    found = measure("scale", tmp_path)["scale"]
    assert found["fleets"].keys() == {"2", "3"}
    assert all(fleet["failures"] == 0 for fleet in found["fleets"].values())
    assert found["channels"].keys() == {"rsa-aes", "plain"}
    assert found["usual"]["devices"] == 3


@pytest.mark.long
def test_latency(tmp_path: Path) -> None:
    found = measure("latency", tmp_path)["latency"]
    assert found["known_ms"] == {"p50": pytest.approx(50.0), "p99": pytest.approx(200.0)}
    assert found["samples"][0] > 0
    assert found["rate"] == pytest.approx(found["greatest_rate"] / 2, abs=1)
    assert 0 <= found["stolen"]["median"] < 1
    # What the platform waited was told, and is not what was asked for by chance.
    assert found["platform_ms"].keys() == found["rest_ms"].keys() == {"p50", "p99"}
    assert found["platform_ms"]["p50"]["median"] != 0


@pytest.mark.long
def test_master(tmp_path: Path) -> None:
    found = measure("master", tmp_path)["master"]
    assert (found["workers"], found["devices"]) == (2, 6)
    assert found["cpu_ms_per_report"]["median"] > 0
    assert found["lag_ms"].keys() == {"p50", "p99", "max"}


@pytest.mark.long
@pytest.mark.skipif(shutil.which("valgrind") is None, reason="instructions are counted by valgrind")
def test_instructions(tmp_path: Path) -> None:
    found = measure("instructions", tmp_path)["instructions"]
    assert len(found["a_round_trip"]) == 4
    for name, count in found["a_round_trip"].items():
        assert 10_000 < count < 1_000_000
        assert 0 < found["functions"][name][0][1] < count


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("message", MESSAGES)
def test_every_conversation_that_is_counted_goes_well(channel: str, message: str) -> None:
    conversations.main(channel, message, 400)


def test_judge(tmp_path: Path) -> None:
    document = measure("judge", tmp_path)
    assert len(document["judge"]["cpu_us"]) == 5
    assert all(figure["median"] > 0 for figure in document["judge"]["cpu_us"].values())
    assert [target["limit"] for target in document["targets"]] == [1.0, 1.0]


@pytest.mark.long
def test_attendance(tmp_path: Path) -> None:
    document = measure("attendance", tmp_path)
    found = document["attendance"]
    assert found["kinds"].keys() == {"verifications", "attendance"}
    for kind in found["kinds"].values():
        assert kind["rate"]["median"] > 0
        assert kind["failures"] == 0
    assert [target["limit"] for target in document["targets"]] == [1.1, 1.1]


@pytest.mark.long
def test_transports(tmp_path: Path) -> None:
    document = measure("transports", tmp_path)
    found = document["transports"]
    assert found.keys() == {"TCP", "TLS"}
    for under in found.values():
        assert under["ways"].keys() == {"WebSocket", "MQTT, QoS 0", "MQTT, QoS 1"}
        for way in under["ways"].values():
            assert way["rate"]["median"] > 0
            assert way["failures"] == 0
        assert under["full_load_cpu_us"]["median"] > 0
    made = found["TLS"]["handshakes_per_s_per_core"]
    assert made["ours"]["median"] > 0
    assert found["TLS"]["against_tcp_full_load"]["median"] > 0
    limits = [1.3, 20.0, 45.0, 1.6, 1.6] + ([] if made["openssl s_time"] is None else [0.8])
    assert [target["limit"] for target in document["targets"]] == limits


@pytest.mark.long
def test_handshakes(tmp_path: Path) -> None:
    found = measure("handshakes", tmp_path)["handshakes"]
    assert found.keys() == {"client", "platform"}
    for algorithms in found.values():
        assert algorithms.keys() == {"ecdsa", "rsa"}
        for ways in algorithms.values():
            assert ways.keys() == {"full", "resumed", "resumed / full"}
            assert all(figure["median"] > 0 for figure in ways.values())


@pytest.mark.long
@pytest.mark.skipif(not (ROOT / SCENARIO).exists(), reason="there is no scenario of that size")
def test_fleet(tmp_path: Path) -> None:
    document = measure("fleet", tmp_path)
    found = document["fleet"]
    assert (found["devices"], found["came_online"], found["failures"]) == (4, 4, 0)
    assert [target["limit"] for target in document["targets"]] == [1.0, 0.0, 0.0]


def test_a_fleet_without_its_scenario_is_no_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("benchmarks.fleet.SCENARIO", Path("scenarios") / "nowhere.yaml")
    arguments = ["--size", "tiny", "--only", "fleet", "--output", str(tmp_path / "results.json")]
    assert main(arguments) == 1
    assert "nowhere.yaml is not there" in capsys.readouterr().err
