"""A run whose seconds go to a log in its directory, as its owner arranges it, and checkpoints of it."""

from dataclasses import replace
from pathlib import Path

from reports.checkpoint import write_checkpoint
from reports.hlog import HlogIntervals
from reports.run_info import RunInfo
from reports.writer import HLOG
from simulator.measurements.run import RunMeasurements


class KeptRun:
    """Has `measurements` keep what they seal in `directory`, what they have sealed already included."""

    def __init__(self, directory: Path, measurements: RunMeasurements, run: RunInfo) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._measurements = measurements
        self._run = run
        self._log = HlogIntervals(directory / HLOG, run.started)
        for interval in measurements.intervals:
            self._log.append(interval)
        measurements.intervals = self._log

    def checkpoint(self, seconds: float) -> None:
        """Write a checkpoint of the run as it is `seconds` after its start."""
        run = replace(self._run, ended=self._run.started + seconds, complete=False)
        write_checkpoint(self._directory, self._measurements, self._log, run)
