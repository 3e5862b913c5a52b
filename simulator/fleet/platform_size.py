"""In how many processes the embedded platform serves a fleet."""

import os
import resource

from simulator.platform.split import processes_needed
from simulator.scenario.scenario import Scenario

_LARGE_FLEET = 10_000
"""Devices from which on one process of the platform would be what several of the generator wait for."""


def platform_processes(scenario: Scenario, devices: int | None = None, generators: int = 1) -> int:
    """What the scenario says, or as many as the fleet asks for.

    Args:
        devices: of the run; None for the scenario's own.
        generators: processes of this machine that run devices.
    """
    platform = scenario.document.platform
    if isinstance(platform.processes, int):
        return platform.processes
    if platform.mqtt.broker is not None:
        return 1
    fleet = scenario.devices if devices is None else devices
    needed = processes_needed(fleet, most_open_files())
    return needed if fleet < _LARGE_FLEET else max(needed, min(generators, cores()))


def most_open_files() -> int:
    """How many files a process may have open."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1 << 62 if hard == resource.RLIM_INFINITY else hard


def cores() -> int:
    """Of this machine, as far as they are ours."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
