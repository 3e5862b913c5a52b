"""Writes a checkpoint of a run that goes on, so that even `kill -9` leaves a report.

The histogram log grows by whole lines; beside it stands one small JSON file with everything else, replaced in one step.
`reports.rebuild` makes a report from the two. Nothing here waits for the disk: a killed process leaves its files whole,
only a power cut would not.
"""

from pathlib import Path

import orjson

from reports.hlog import HlogIntervals
from reports.run_info import RunInfo
from reports.summary import masked_state
from reports.writer import CHECKPOINT, to_json, write_whole
from simulator.measurements.run import RunMeasurements
from simulator.measurements.state import dump_state


def write_checkpoint(directory: Path, measurements: RunMeasurements, log: HlogIntervals, run: RunInfo) -> None:
    """Bring the run to disk as it is at `run.ended`.

    Args:
        directory: the run's own; it is there, and an earlier run's files are not.
        log: the measurements' store of intervals, in `directory`.

    Raises:
        OSError: If the disk is full or the directory has gone. The checkpoint before still holds, and all that it lacks
            is written with the next one that succeeds.
    """
    measurements.seal(run.ended)
    log.flush()
    data = {"run": run.dump(), "state": masked_state(dump_state(measurements, len(log)))}
    write_whole(directory / CHECKPOINT, to_json(data, orjson.OPT_NON_STR_KEYS), sync=False)
