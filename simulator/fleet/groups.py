"""A fleet's groups as measurements tell them apart: under which names, of how many devices, by which recorders."""

from collections.abc import Sequence

from simulator.fleet.plan import FleetPlan, scale_counts
from simulator.measurements.events import of_group
from simulator.measurements.groups import group_labels
from simulator.measurements.recorder import Recorder
from simulator.scenario.scenario import Scenario


def group_devices(scenario: Scenario, total: int) -> dict[str, int]:
    """The devices of each group in a fleet of `total`, by the name that the group is counted under."""
    counts = scale_counts([group.count for group in scenario.groups], total)
    found: dict[str, int] = {}
    for name, count in zip(group_labels([group.name for group in scenario.groups]), counts, strict=True):
        found[name] = found.get(name, 0) + count
    return found


def recorders_of(plan: FleetPlan, recorder: Recorder) -> Sequence[Recorder]:
    """The recorder of each group's devices: `recorder` itself where all devices are of one group."""
    labels = group_labels([group.name for group in plan.scenario.groups])
    if sum(count > 0 for count in plan.counts) <= 1:
        return [recorder] * len(labels)
    return [of_group(recorder, label) for label in labels]
