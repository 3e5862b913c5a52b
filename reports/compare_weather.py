"""Recoveries after faults beside those of other runs, by kind, and whether the runs had the same faults at all.

The devices of one storm wait for each other, so their times are no independent samples. Where there are few faults of
a kind to tell how much they differ, four times the variance of independent samples is assumed. A device that never
came back took for ever; one of which that is not known took as long as the run waited for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from reports import text
from reports.fault_words import kind_text
from reports.faults import came_of, outcomes
from reports.noise import LEAST_SPANS, Bounds, quantile
from reports.run_info import RunInfo
from simulator.measurements.histogram import HIGHEST_US, Histogram
from simulator.measurements.run import RunMeasurements
from simulator.texts.translation import _, pgettext

RECOVERY_PREFIX: Final = "recovery."
"""Before the kind of fault: the name of its figures."""
LEAST_RECOVERY_MS: Final = 1000.0
"""Nobody cares for less, and back-offs are drawn."""
_OF_ONE_STORM: Final = 4.0


@dataclass(frozen=True, slots=True)
class Recoveries:
    """How long devices took to come back after all faults of a kind."""

    all_faults: Histogram
    each: Sequence[Histogram]

    def quantile(self, percent: float) -> Bounds | None:
        """With its bounds, in ms; None where nobody was to come back."""
        assumed = None if len(self.each) >= LEAST_SPANS else _OF_ONE_STORM
        return quantile(self.all_faults, self.each, percent, assumed)


def recoveries(measurements: RunMeasurements, run: RunInfo) -> dict[str, Recoveries]:
    """By the name of the figures, of kinds that took any device offline."""
    found: dict[str, list[Histogram]] = {}
    for outcome in came_of(outcomes(measurements, run)):
        taken = Histogram()
        taken.add(outcome.figures.back)
        taken.record(HIGHEST_US, outcome.never_back)
        taken.record(int(max(outcome.left_s, 0.0) * 1e6), outcome.undecided)
        if taken.count:
            found.setdefault(f"{RECOVERY_PREFIX}{outcome.planned.what}", []).append(taken)
    return {name: _together(each) for name, each in found.items() if any(one.max_us for one in each)}


def _together(each: Sequence[Histogram]) -> Recoveries:
    total = Histogram()
    for one in each:
        total.add(one)
    return Recoveries(total, each)


def schedules_differ(was: RunInfo, now: RunInfo, labels: tuple[str, str]) -> str:
    """In what two schedules of faults differ, half a sentence; empty where they are the same."""
    before, after = (
        [(fault.what, fault.at, fault.lasts, fault.devices, fault.text) for fault in run.faults] for run in (was, now)
    )
    if before == after:
        return ""
    if len(before) != len(after):
        return _(
            "different faults: {was} in {base}, {now} in {new}",
            was=_counted(was),
            now=_counted(now),
            base=labels[0],
            new=labels[1],
        )
    return _(
        "different faults: as many in {base} and {new}, but not the same ones at the same times",
        base=labels[0],
        new=labels[1],
    )


def _counted(run: RunInfo) -> str:
    kinds: Mapping[str, int] = {fault.what: sum(one.what == fault.what for one in run.faults) for fault in run.faults}
    told = (pgettext("faults", "{count} {what}", count=count, what=kind_text(what)) for what, count in kinds.items())
    return text.listed(told) or _("none")
