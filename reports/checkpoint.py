"""Keeps a run's directory so fresh that even `kill -9` loses five seconds at most.

The histogram log grows by whole lines; beside it stands one small JSON file with everything else, replaced in one step.
`reports.rebuild` makes a report from the two. Nothing here waits for the disk: a killed process leaves its files whole,
only a power cut would not.
"""

from dataclasses import replace
from pathlib import Path
from typing import Final

import orjson

from reports.hlog import HlogIntervals
from reports.run_info import RunInfo
from reports.summary import masked_state
from reports.writer import ALL_FILES, CHECKPOINT, HLOG, to_json, write_whole
from simulator.measurements.run import RunMeasurements
from simulator.measurements.state import dump_state

EVERY_S: Final = 3.0
"""Between two checkpoints: well under the promised 5 s, and at some 20 ms each no burden."""


class Checkpoint:
    """Writes checkpoints of a run until `write_reports` takes over.

    Args:
        directory: the run's own; made if missing. Files of an earlier run in it are removed.
        measurements: of the whole run; its intervals go to the directory's log from now on.
        run: as it is known at the start.

    Raises:
        OSError: If the directory cannot be made or written.
    """

    def __init__(self, directory: Path, measurements: RunMeasurements, run: RunInfo) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        for name in ALL_FILES:
            (directory / name).unlink(missing_ok=True)
        self._path = directory / CHECKPOINT
        self._measurements = measurements
        self.run = run
        """As a report of the run would show it; may be replaced while the run goes on."""
        self._log = HlogIntervals(directory / HLOG, run.started)
        for interval in measurements.intervals:
            self._log.append(interval)
        measurements.intervals = self._log
        self._due = 0.0

    def tick(self, now: float, *, at_once: bool = False) -> bool:
        """Seal what is due and, every 3 s, write a checkpoint; call it about once a second.

        Args:
            now: epoch seconds.
            at_once: write one although it is not due.

        Returns:
            Whether a checkpoint was written.

        Raises:
            OSError: If the disk is full or the directory has gone. The checkpoint before still holds, and all that it
                lacks is written with the next one that succeeds.
        """
        self._measurements.seal(now)
        if now < self._due and not at_once:
            return False
        self._due = now + EVERY_S
        self.write(now)
        return True

    def write(self, now: float) -> None:
        """Write a checkpoint of the state at `now` (epoch seconds)."""
        self._log.flush()
        run = replace(self.run, ended=now, complete=False)
        data = {"run": run.dump(), "state": masked_state(dump_state(self._measurements, len(self._log)))}
        write_whole(self._path, to_json(data, orjson.OPT_NON_STR_KEYS), sync=False)
