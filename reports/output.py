"""What tells of a run, while it goes on or at its end: the one interface between a run and all that shows it."""

from typing import Protocol

from reports.hlog import HlogIntervals
from reports.run_info import RunInfo
from simulator.measurements.findings import Value
from simulator.measurements.run import RunMeasurements


class LocalProcess(Protocol):
    """A process on this machine."""

    @property
    def pid(self) -> int | None:
        """None while it does not run."""


class RunView(Protocol):
    """A run as its outputs see it: they read, and tell what they find out; nothing else of it is theirs."""

    measurements: RunMeasurements
    log: HlogIntervals | None
    """Where the measurements' sealed seconds go; None where it could not be begun."""
    planned_s: float | None
    """How long the run is to take; None if until it is stopped."""

    @property
    def elapsed_s(self) -> float:
        """Seconds since the run began, or until it ended."""

    @property
    def aborted(self) -> bool:
        """Whether the run ends early because `abort` was called."""

    @property
    def platform(self) -> LocalProcess | None:
        """The embedded platform; None where the run has none."""

    def info(self, now: float, *, complete: bool) -> RunInfo:
        """What is known of the run at `now` (epoch seconds) besides its measurements."""

    def find(self, key: str, **values: Value) -> None:
        """Keep a finding for the verdict and the notes (`reports.causes`); `OUTPUT_FAILED` is one."""

    def abort(self, reason: str) -> None:
        """End the run early; once is enough."""


class Output:
    """One of a run's outputs; what it has no use for it leaves as it is here.

    `now` is epoch seconds. An output tells what it cannot write as a finding; an exception is counted as an internal
    error of ours and takes no other output along.
    """

    name: str
    """Where it stands in the rule of an internal error: `output.<name>`."""
    files: tuple[str, ...] = ()
    """Its own files in the run's directory: those of an earlier run go where that run's reports go."""

    def start(self, run: RunView, now: float) -> None:
        """The run begins; nothing is measured yet."""

    def tick(self, run: RunView, now: float) -> None:
        """About once a second from `start` to `finish`."""

    def flush(self, run: RunView, now: float) -> None:
        """Bring to disk what waits: the process may be ended before the next tick."""

    def finish(self, run: RunView, now: float) -> None:
        """The load has ended and all is counted. Also called where a run failed at its start, without `start`."""
