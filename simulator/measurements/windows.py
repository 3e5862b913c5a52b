"""The last seconds of a run, added up: what live figures and watched thresholds look at."""

from simulator.measurements.run import RunMeasurements
from simulator.measurements.series import Slot


def window(measurements: RunMeasurements, first: int, last: int, *, intended: bool) -> dict[str, Slot]:
    """What was measured in the seconds `first`..`last`, by tag; the last `RECENT_S` seconds are at hand.

    Args:
        intended: durations by intended time as well, which takes as long again.
    """
    measurements.settle()
    found: dict[str, Slot] = {}
    for source in (measurements.recent, measurements.slots):
        for second in range(first, last + 1):
            for tag, slot in source.get(second, {}).items():
                target = found.get(tag) or found.setdefault(tag, Slot())
                target.add(slot, intended=intended)
    return found
