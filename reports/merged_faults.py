"""The faults of merged runs: each run's are faults of their own, though both runs may have had the same schedule."""

from collections.abc import Sequence
from dataclasses import replace

from reports.run_info import RunInfo
from simulator.measurements.weather import PlannedFault


def fault_offset_of(runs: Sequence[RunInfo]) -> int:
    """What is added to the numbers of a run's faults that is merged after `runs`."""
    return sum(1 + max((fault.number for fault in run.faults), default=-1) for run in runs)


def merged_faults(runs: Sequence[RunInfo]) -> tuple[PlannedFault, ...]:
    """The schedules of all runs as one; times count from the begin of the first of them."""
    begin = min(run.started for run in runs)
    found = [
        replace(
            fault,
            number=fault.number + fault_offset_of(runs[:place]),
            at=fault.at + run.started - begin,
            # A device that its run did not wait for has no more time because another run came later.
            until=(run.ended if fault.until is None else run.started + fault.until) - begin,
        )
        for place, run in enumerate(runs)
        for fault in run.faults
    ]
    return tuple(sorted(found, key=lambda fault: (fault.at, fault.number)))
