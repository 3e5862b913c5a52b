"""From an order to the fleet's runtime: what is wrong with it is raised before the engine's thread begins."""

import socket

import pytest

from simulator.clock import ManualClock, RunClock
from simulator.fleet.login_store import LoginCollector
from simulator.fleet.natives import Natives
from simulator.fleet.plan import FleetPlan
from simulator.fleet.record_store import TravellingRecords
from simulator.fleet.runtime import Overrides
from simulator.fleet.travelled import Travelled
from simulator.scenario.scenario import parse_scenario
from simulator.swarm.run import runtime_factory as module
from simulator.swarm.run.order import RunOrder
from simulator.swarm.run.runtime_factory import NATIVE_SLEEP, NATIVE_SOCKET, NATIVE_THREAD, runtime_factory

SCENARIO = "groups: [{name: rooms, count: 3}]\ntarget: https://platform.example\n"


def order(**given: object) -> RunOrder:
    said = {
        "run_id": "1",
        "scenario_file": "a.yaml",
        "scenario_text": SCENARIO,
        "total": 3,
        "share": 3,
        "dispatch_urls": ("https://platform.example",),
        "drain_s": 1.0,
    }
    return RunOrder(**said | given)  # type: ignore[arg-type]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[tuple[tuple[object, ...], dict[str, object]]]:
    """With what each runtime was made."""
    made: list[tuple[tuple[object, ...], dict[str, object]]] = []
    monkeypatch.setattr(module, "FleetRuntime", lambda *arguments, **named: made.append((arguments, named)))
    return made


def test_the_runtime_is_made_later_and_from_the_orders_own_plan(
    made: list[tuple[tuple[object, ...], dict[str, object]]],
) -> None:
    clock, logins = RunClock(ManualClock()), LoginCollector()
    make = runtime_factory(order(total=7), parse_scenario(SCENARIO, "a.yaml"), clock, logins)
    assert made == []
    recorder, log = object(), lambda level, line: None
    make(recorder, log)  # type: ignore[arg-type]
    (((plan, given), named),) = made
    assert isinstance(plan, FleetPlan)
    assert plan.total == 7
    assert given is recorder
    assert named == {
        "log": log,
        "overrides": Overrides(tls=None, platform="https://platform.example", logins=logins),
        "natives": Natives(NATIVE_SOCKET, NATIVE_THREAD, NATIVE_SLEEP),
        "clock": clock,
    }


def test_the_engines_thread_gets_sockets_that_gevent_has_not_patched() -> None:
    assert NATIVE_SOCKET is socket.socket or "gevent" not in NATIVE_SOCKET.__module__
    assert NATIVE_SLEEP.__module__ == "time"


def test_an_embedded_platforms_own_root_is_trusted(
    made: list[tuple[tuple[object, ...], dict[str, object]]],
) -> None:
    scenario = parse_scenario("groups: [{name: rooms, count: 3}]\ntarget: embedded\n", "a.yaml")
    runtime_factory(order(embedded=True, root_ca="a root"), scenario, RunClock())(None, None)  # type: ignore[arg-type]
    ((_, named),) = made
    overrides = named["overrides"]
    assert isinstance(overrides, Overrides)
    assert overrides.platform == "embedded"
    assert overrides.tls is not None
    assert overrides.tls.ca is not None
    assert overrides.tls.ca.read_text() == "a root"


def test_a_workers_plan_knows_what_it_is_told_and_when_it_is(
    made: list[tuple[tuple[object, ...], dict[str, object]]],
) -> None:
    travelled = Travelled(3, listed=True)
    scenario = parse_scenario(SCENARIO + "defaults: {start: warm}\n", "a.yaml", identities_given=True)
    runtime_factory(order(listed=True), scenario, RunClock(), travelled=travelled)(None, None)  # type: ignore[arg-type]
    (((plan, _), _),) = made
    assert isinstance(plan, FleetPlan)
    assert not plan.knows(1)
    travelled.unpack(
        {"identities": [[1, "D1", "k", "p", "d", None, None, None]], "logins": [[1, "D1", "code", "secret"]]}, [1]
    )
    assert plan.knows(1)
    credentials = plan.spec(1).credentials
    assert (credentials.sn, credentials.auth_code, credentials.secret) == ("D1", "code", "secret")
    assert (plan.sn(1), plan.place("D1")) == ("D1", 1)


def test_unsent_records_travel_where_the_master_keeps_them(
    made: list[tuple[tuple[object, ...], dict[str, object]]],
) -> None:
    unsent = TravellingRecords()
    for more, wanted in (("", None), ("state_file: of the master.sqlite\n", unsent)):
        scenario = parse_scenario(SCENARIO + more, "a.yaml")
        runtime_factory(order(), scenario, RunClock(ManualClock()), LoginCollector(), unsent)(*[None] * 2)  # type: ignore[arg-type]
        overrides = made.pop()[1]["overrides"]
        assert isinstance(overrides, Overrides)
        assert overrides.unsent is wanted
