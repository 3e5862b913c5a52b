"""The embedded platform of a run: which command line it gets, and whether it has to be one that can come back."""

from pathlib import Path

import gevent

from simulator.fleet.platform_process import EmbeddedPlatform
from simulator.fleet.platform_size import platform_processes
from simulator.fleet.restarts import restarts_platform
from simulator.scenario.scenario import Scenario


def embedded_platform(
    scenario: Scenario,
    directory: Path,
    identities_file: Path | None,
    devices: int | None = None,
    generators: int = 1,
) -> EmbeddedPlatform:
    """The platform for a run of `scenario`, not started yet.

    Args:
        directory: the run's, where its log goes.
        identities_file: the command line's, whose devices it knows then.
        devices: of the run; None for the scenario's own.
        generators: processes of this machine that run devices.
    """
    arguments = ["--scenario", scenario.file]
    if identities_file is not None:
        arguments += ["--identities", str(identities_file)]
    processes = platform_processes(scenario, devices, generators)
    return EmbeddedPlatform(
        arguments, directory, gevent.sleep, comes_back=restarts_platform(scenario), processes=processes
    )
