"""The options for other monitoring: what cannot be meant is said in words, and what OpenTelemetry needs is preset."""

from argparse import ArgumentParser, Namespace
from typing import Any

import pytest

from simulator.swarm.locust import monitoring
from simulator.swarm.locust.monitoring import WAIT_S, add_arguments, problems_of


def known(**given: Any) -> Namespace:
    said = {"metrics_port": None, "metrics_host": "127.0.0.1", "metrics_wait": WAIT_S, "worker": False, "otel": False}
    return Namespace(**said | given)


def problems(environment: dict[str, str] | None = None, **given: Any) -> list[str]:
    return list(problems_of(known(**given), {} if environment is None else environment))


def test_nothing_is_served_unless_asked_for() -> None:
    class Group(ArgumentParser):
        def add_argument(self, *names: Any, env_var: str = "", **more: Any) -> Any:
            assert env_var.startswith("BEST_FLEET_") or names[0] == "-h"
            return super().add_argument(*names, **more)

    parser = Group()
    add_arguments(parser)
    options = parser.parse_args([])
    assert options.metrics_port is None
    assert options.metrics_host == "127.0.0.1"
    assert options.metrics_wait == 15.0
    assert problems() == []


@pytest.mark.parametrize("port", [0, 1, 9646, 65_535])
def test_ports_that_there_are(port: int) -> None:
    assert problems(metrics_port=port) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"metrics_port": -1}, "a port is a number"),
        ({"metrics_port": 65_536}, "a port is a number"),
        ({"metrics_port": 9646, "worker": True}, "give it there"),
        ({"metrics_wait": -1.0}, "--metrics-wait"),
        ({"metrics_wait": float("nan")}, "--metrics-wait"),
        ({"metrics_wait": 601.0}, "--metrics-wait"),
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, Any], said: str) -> None:
    (problem,) = problems(**given)
    assert said in problem


def test_otel_goes_over_http_under_our_name_unless_told_otherwise() -> None:
    environment: dict[str, str] = {}
    assert problems(environment, otel=True) == []
    assert environment == {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "OTEL_SERVICE_NAME": "best-fleet"}
    environment = {"OTEL_SERVICE_NAME": "fleet-of-ada"}
    assert problems(environment, otel=True) == []
    assert environment["OTEL_SERVICE_NAME"] == "fleet-of-ada"
    environment = {}
    assert problems(environment) == []
    assert environment == {}, "nothing is preset where nobody asks for it"


@pytest.mark.parametrize("name", ["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL"])
def test_grpc_is_refused_with_what_to_use(name: str) -> None:
    (problem,) = problems({name: "grpc"}, otel=True)
    assert problem.startswith(f"{name}=grpc: ")
    assert "http/protobuf" in problem


def test_without_the_extra_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitoring, "_OTEL_MODULES", ("opentelemetry.sdk", "no.such.module"))
    (problem,) = problems(otel=True)
    assert "pip install 'best-fleet[otel]'" in problem
    monkeypatch.setattr(monitoring, "find_spec", lambda module: None)
    (problem,) = problems(otel=True)
    assert "not installed" in problem
