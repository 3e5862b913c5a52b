"""The summary's `groups`: requests and flows of each group of the fleet, which add up to the run's own."""

from collections.abc import Mapping
from typing import Any, Final

from reports.figures import without
from reports.order import in_order
from reports.run_info import RunInfo
from reports.series_figures import series_figures
from simulator.measurements.histogram import Histogram
from simulator.measurements.names import FAILED_PREFIX, is_flow, is_request, name_of
from simulator.measurements.run import RunMeasurements
from simulator.measurements.series import Totals

GROUPS: Final = "groups"


def totals_by_group(measurements: RunMeasurements, run: RunInfo) -> dict[str, Mapping[str, Totals]]:
    """Group -> series -> totals; of a fleet that is all one group, the run's own. Empty where nobody knows.

    A group that was to have devices and sent nothing has no series.
    """
    inhabited = [name for name, devices in run.groups.items() if devices]
    told = measurements.groups.totals
    if len(inhabited) == 1 and not told:
        return {name: measurements.totals if name in inhabited else {} for name in run.groups}
    return {name: told.get(name, {}) for name in run.groups}


def groups_section(measurements: RunMeasurements, run: RunInfo) -> dict[str, Any] | None:
    """The section; None for runs of earlier versions, which did not tell groups."""
    if not run.groups:
        return None
    measurements.settle()
    return {
        name: {
            "devices": run.groups[name],
            "requests": {
                tag: _series(totals, tag) for tag in in_order(totals) if is_request(tag) and totals[tag].count
            },
            "flows": {
                name_of(tag): _series(totals, tag) for tag in in_order(totals) if is_flow(tag) and totals[tag].count
            },
        }
        for name, totals in totals_by_group(measurements, run).items()
    }


def _series(totals: Mapping[str, Totals], tag: str) -> dict[str, Any]:
    failed = totals.get(FAILED_PREFIX + tag)
    return series_figures(
        totals[tag], without(totals[tag].histogram, failed.histogram if failed is not None else Histogram())
    )
