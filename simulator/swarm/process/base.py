"""What the local process, the master and a worker have in common: they hear Locust's events (see `hooks`).

A role owns its process' part in the current run. Runs follow each other in the web UI, so nothing of a run outlives it
here.
"""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from locust.runners import STATE_INIT, STATE_SPAWNING, STATE_STOPPED

from reports.directory import DirectoryBusyError
from reports.writer import OUTPUT_FAILED
from simulator.clock import RunClock
from simulator.exit_codes import DISK_FAULTS
from simulator.fields.dispatch_url import DispatchUrlError
from simulator.fleet.platform_process import PlatformStartError
from simulator.fleet.warm_state import WarmStateError
from simulator.measurements.findings import Finding
from simulator.scenario.problems import ScenarioError
from simulator.shown import printable
from simulator.swarm.generator.engine import EngineError
from simulator.swarm.locust.options import Choice

START_FAILURES = (
    *(ScenarioError, WarmStateError, PlatformStartError, EngineError, DispatchUrlError, DirectoryBusyError),
    OSError,
)
"""What may go wrong at the start of a run for reasons that the user can mend."""


def start_failure(error: Exception) -> Finding:
    """One of `START_FAILURES` as a finding: the user's to mend, or the embedded platform broke down."""
    if isinstance(error, OSError) and error.errno in DISK_FAULTS:
        return Finding(OUTPUT_FAILED, {"file": printable(str(error.filename)), "problem": error.strerror})
    broke_down = isinstance(error, PlatformStartError) and not error.refused
    return Finding("platform_failed_to_start" if broke_down else "start_failed", {"problem": str(error)})


class Role(ABC):
    """One process in the swarm.

    Args:
        environment: Locust's; its runner exists.
        choice: what the command line said.
    """

    def __init__(self, environment: Any, choice: Choice) -> None:
        self.environment = environment
        self.runner = environment.runner
        self.options = environment.parsed_options
        self.choice = choice
        self.control = not getattr(self.options, "no_control", False)
        """Whether somebody at the web page may act on devices. Read once: Locust's form writes into the options."""
        self.clock = RunClock()
        """This process' time; begun anew with each run."""
        self.starting = False
        """Whether a run has begun to start and not to end."""

    @abstractmethod
    def test_start(self) -> None:
        """A run begins; its users follow."""

    @abstractmethod
    def test_stopping(self) -> None:
        """A run ends; the users are still there. Returns when nothing more will be measured."""

    @abstractmethod
    def test_stop(self) -> None:
        """The users are gone."""

    @abstractmethod
    def stop_and_quit(self, signal_name: str) -> None:
        """A signal came: end the run in order and let Locust's main greenlet end."""

    @abstractmethod
    def internal_error(self, rule: str, detail: str) -> None:
        """An exception of our own, anywhere in this process: the run that is going on is not valid."""

    @abstractmethod
    def failed(self, rule: str, detail: str) -> None:
        """An exception of our own kept this role from its part: the run cannot go on."""

    def kept(self) -> Path | None:
        """The directory of a run that goes on and would leave a checkpoint if this process ended now; None for none."""
        return None

    @abstractmethod
    def finished(self) -> None:
        """Locust has said everything; the process ends."""


def shown_state(role: Role) -> str:
    """The runner's state as a page is to show it.

    Locust says `ready` (`stopped` where there was a run before) until the first user spawns. Before that an embedded
    platform takes seconds to start, and a page that is told `ready` meanwhile believes that nothing runs.
    """
    state = str(role.runner.state)
    return STATE_SPAWNING if role.starting and state in (STATE_INIT, STATE_STOPPED) else state
