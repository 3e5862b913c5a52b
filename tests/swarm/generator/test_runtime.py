"""The fleet's runtime is what the engine runs, and a generator is whom it tells."""

import inspect
from typing import Any

import pytest

from simulator.fleet.runtime import FleetRuntime
from simulator.swarm.generator.generator import Generator
from simulator.swarm.generator.runtime import EngineListener, Runtime


def methods(kind: Any) -> dict[str, list[str]]:
    return {
        name: list(inspect.signature(method).parameters)
        for name, method in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_")
    }


@pytest.mark.parametrize(("asked", "given"), [(Runtime, FleetRuntime), (EngineListener, Generator)])
def test_all_that_the_engine_calls_is_there_as_it_calls_it(asked: Any, given: Any) -> None:
    wanted, offered = methods(asked), methods(given)
    assert wanted
    assert {name: offered.get(name) for name in wanted} == wanted
