"""Makes the fleet's runtime for a run's order: what is wrong with the order is told before the engine starts."""

import socket
from collections.abc import Callable
from typing import Final

import gevent.monkey

from simulator.clock import RunClock
from simulator.fleet.login_store import LoginCollector
from simulator.fleet.natives import Natives
from simulator.fleet.record_store import TravellingRecords
from simulator.fleet.runtime import FleetRuntime, Overrides
from simulator.fleet.state_keeper import StartThread
from simulator.fleet.travelled import Travelled
from simulator.scenario.scenario import Scenario
from simulator.swarm.generator.generator import RuntimeFactory
from simulator.swarm.run.order import RunOrder, plan_of, tls_of

NATIVE_SOCKET: type[socket.socket] = gevent.monkey.get_original("socket", "socket")
"""For the engine's thread: gevent's own sockets would make a hub there."""
NATIVE_THREAD: StartThread = gevent.monkey.get_original("_thread", "start_new_thread")
"""What runs there must be none of gevent's greenlets."""
NATIVE_SLEEP: Callable[[float], None] = gevent.monkey.get_original("time", "sleep")
NATIVES: Final = Natives(NATIVE_SOCKET, NATIVE_THREAD, NATIVE_SLEEP)


def runtime_factory(
    order: RunOrder,
    scenario: Scenario,
    clock: RunClock,
    logins: LoginCollector | None = None,
    unsent: TravellingRecords | None = None,
    travelled: Travelled | None = None,
) -> RuntimeFactory:
    """What makes the runtime on the engine's thread.

    Args:
        clock: the run's.
        travelled: what this worker knows of its devices.
        logins: takes the devices' logins instead of the scenario's state file.
        unsent: takes their unsent records, if the scenario has a state file.
    """
    plan = plan_of(order, scenario, travelled)
    overrides = Overrides(
        tls=tls_of(order, plan.scenario),
        platform=order.platform,
        logins=logins,
        unsent=unsent if scenario.document.state_file is not None else None,
        begun=order.begun,
        length=order.length,
    )
    return lambda recorder, log: FleetRuntime(
        plan,
        recorder,
        log=log,
        overrides=overrides,
        natives=NATIVES,
        clock=clock,
    )
