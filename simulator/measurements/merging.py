"""Adds what was counted on the engine's thread (`counting.Cell`) to a run's measurements.

What comes of it is what `RunMeasurements.apply` makes of the same requests and flows one by one.
"""

from simulator.measurements.counting import Cell
from simulator.measurements.names import FAILED_PREFIX
from simulator.measurements.run import COUNTED_AT_ONCE, RunMeasurements
from simulator.measurements.series import CodeTally, Slot, Tallies
from simulator.protocol.codes import SUCCESS


def merge(measurements: RunMeasurements, cell: Cell) -> None:
    """Add one cell."""
    tag, second, group = measurements.labels.tag(cell.tag), cell.second, cell.group
    measurements.latest = max(measurements.latest, cell.last)
    slot = measurements.slot(second, tag)
    slot.intended.extend(cell.intended)
    _add(slot, cell)
    if group:
        _add(measurements.groups.slot(group, second, tag), cell)
    if cell.code == SUCCESS:
        return
    code, count = measurements.labels.code(tag, cell.code), len(cell.durations)
    measurements.slot(second, FAILED_PREFIX + tag).durations.extend(cell.durations)
    _tally((slot.failed, measurements.series(tag).failed), code, cell)
    if group:
        groups = measurements.groups
        _tally((groups.slot(group, second, tag).failed, groups.totals[group][tag].failed), code, cell)
        groups.slot(group, second, FAILED_PREFIX + tag).durations.extend(cell.durations)
    measurements.failures_over_time[second][tag] += count
    measurements.timeline.failed(second, tag, code, count)


def _add(slot: Slot, cell: Cell) -> None:
    slot.durations.extend(cell.durations)
    if len(slot.durations) >= COUNTED_AT_ONCE:
        slot.count()
    slot.bytes_out += cell.bytes_out
    slot.bytes_in += cell.bytes_in


def _tally(tallies: tuple[Tallies, ...], code: str, cell: Cell) -> None:
    for of in tallies:
        of.setdefault(code, CodeTally()).add(len(cell.durations), cell.first, cell.last)
