"""What thresholds and tables ask of a run: one view of the whole run, of its part after a ramp, of its last seconds.

A view holds references and numbers, no text; it is made anew when it is needed.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reports.attendance import attendance_figures
from reports.faults import FaultOutcome, outcomes
from reports.run_info import RunInfo
from simulator.measurements.accumulate import HistogramSum
from simulator.measurements.devices import ONLINE, DeviceStates
from simulator.measurements.health import GeneratorHealth
from simulator.measurements.histogram import Histogram
from simulator.measurements.names import (
    ACKNOWLEDGED,
    FAILED_PREFIX,
    GENERATED,
    GROUP_PREFIX,
    INACTIVE_STATES,
    INTENDED_PREFIX,
    LOOP_LAG_TAG,
    LOST,
    OWN_ENDINGS,
    PENDING,
    PHOTO_FIGURES,
    PHOTO_PREFIX,
    RECORD_DELIVERY,
    RECORD_FIGURES,
    REFUSED,
    REJECTED,
    RESTORED,
    is_request,
    is_series,
    name_of,
)
from simulator.measurements.run import HOLD_S, RunMeasurements
from simulator.measurements.series import Totals
from simulator.measurements.windows import window


def lost_connections(
    measurements: RunMeasurements, first: int | None = None, last: int | None = None
) -> dict[str, int]:
    """Connections that ended though the fleet had not asked for it, by reason, the most frequent first.

    Args:
        first, last: epoch seconds between which (both included) they ended; the whole run unless given.
    """
    found: dict[str, int] = {}
    for second, counts in measurements.disconnects.items():
        if first is not None and last is not None and not first <= second <= last:
            continue
        for reason, count in counts.items():
            if reason not in OWN_ENDINGS:
                found[reason] = found.get(reason, 0) + count
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def missed_requests(measurements: RunMeasurements, first: int | None = None, last: int | None = None) -> dict[str, int]:
    """Requests that were planned and never sent, because the generator stood still, by tag.

    Args:
        first, last: as `lost_connections`.
    """
    found: dict[str, int] = {}
    for second, counts in measurements.missed.items():
        if first is not None and last is not None and not first <= second <= last:
            continue
        for tag, count in counts.items():
            found[tag] = found.get(tag, 0) + count
    return found


@dataclass(frozen=True, slots=True)
class SeriesFigures:
    """One funcId, flow or command."""

    histogram: Histogram
    """Of all: a failed one counts with the time until it failed."""
    failures: int
    failed: Histogram = field(default_factory=Histogram)
    """Of those that did not succeed; empty in reports of versions that did not keep them."""
    pending: int = 0
    """Neither succeeded nor failed when the run ended: records of `record_delivery` that nobody acknowledged."""
    missed: int = 0
    """Planned and never sent."""
    expected: int = 0
    """Refused as the scenario expects: they neither succeeded nor failed."""

    @property
    def count(self) -> int:
        return self.histogram.count

    @property
    def succeeded(self) -> Histogram:
        """Of the successful ones; the extremes are known to the bucket only where some failed."""
        return without(self.histogram, self.failed)


@dataclass(frozen=True, slots=True)
class Figures:
    """One view of a run. Shares are 0..1; None where nothing was measured."""

    seconds: float
    series: Mapping[str, SeriesFigures]
    """By name: funcIds, flows and commands that occurred."""
    intended: Mapping[str, Histogram]
    loop_lag: Histogram
    online: float | None
    came_online: float | None
    disconnects: int
    """Connections that were lost: those that the fleet itself ended are none."""
    violations: Mapping[str, int]
    """How often each rule was broken."""
    observations: Mapping[str, int]
    internal_errors: int
    records: Mapping[str, int]
    photos: Mapping[str, int]
    attendance: Mapping[str, int]
    """`reports.attendance.FIGURES`; empty where nothing was told of it."""
    generator: GeneratorHealth
    """Of the whole run, whatever part the view is of; read where it is asked for, as slopes take a millisecond."""
    requests: int
    failures: int
    faults: Sequence[FaultOutcome] = ()
    """The schedule, with what came of it."""
    misbehaviour: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """By way and outcome."""


def all_requests(series: Mapping[str, SeriesFigures | Totals]) -> tuple[int, int]:
    """How many requests of all funcIds there were among `series` (by tag), and how many of them failed.

    Flows and commands are no requests: what failed in them is told of them alone.
    """
    found = [item for tag, item in series.items() if is_request(tag)]
    return sum(item.count for item in found), sum(item.failures for item in found)


def requests_told(summary: Mapping[str, Any]) -> tuple[int, int]:
    """The same as `all_requests`, of a summary, which keeps requests apart from flows and commands."""
    rows = summary["requests"].values()
    return sum(row["count"] for row in rows), sum(row["failures"] for row in rows)


def without(histogram: Histogram, part: Histogram) -> Histogram:
    """What is left of `histogram` when the values of `part`, which are among its own, are taken out."""
    if not part.count:
        return histogram
    taken = dict(part)
    left = Histogram()
    for value, count in histogram:
        left.record(value, count - taken.get(value, 0))
    return left


def record_counts(events: Mapping[str, int]) -> dict[str, int]:
    """Records by what became of them; `pending` is what is left, so it is right after a crash, too.

    Args:
        events: how often each of `names.RECORD_EVENTS` was told.
    """
    return _with_pending({name: events.get(name, 0) for name in RECORD_FIGURES})


def photo_counts(events: Mapping[str, int]) -> dict[str, int]:
    """The same of the pictures that go with records."""
    return _with_pending({name: events.get(PHOTO_PREFIX + name, 0) for name in PHOTO_FIGURES})


def _with_pending(counts: dict[str, int]) -> dict[str, int]:
    made = counts[GENERATED] + counts[RESTORED]
    counts[PENDING] = made - sum(counts[name] for name in (ACKNOWLEDGED, REFUSED, REJECTED, LOST))
    return counts


def whole_run(measurements: RunMeasurements, run: RunInfo) -> Figures:
    """The view of everything that was measured."""
    measurements.settle()
    lag = measurements.totals.get(LOOP_LAG_TAG)
    missed = missed_requests(measurements)
    series = {
        tag: SeriesFigures(
            *(totals.histogram, totals.failures, _failed_of(tag, measurements), _pending_of(tag, measurements)),
            missed=missed.pop(tag, 0),
            expected=totals.refusals,
        )
        for tag, totals in measurements.totals.items()
        if totals.count and is_series(tag)
    }
    series |= {tag: SeriesFigures(Histogram(), 0, missed=count) for tag, count in missed.items()}
    return _figures(
        measurements,
        run,
        run.duration_s,
        series,
        dict(measurements.intended),
        lag.histogram if lag is not None else Histogram(),
        measurements.devices.online_ratio(run.ended),
        sum(lost_connections(measurements).values()),
    )


def succeeded(measurements: RunMeasurements, tag: str) -> Histogram:
    """The durations of the successful ones of a series; empty where there are none."""
    totals = measurements.totals.get(tag)
    return without(totals.histogram, _failed_of(tag, measurements)) if totals is not None else Histogram()


def _failed_of(tag: str, measurements: RunMeasurements) -> Histogram:
    totals = measurements.totals.get(FAILED_PREFIX + tag)
    return totals.histogram if totals is not None else Histogram()


def _pending_of(tag: str, measurements: RunMeasurements) -> int:
    return max(record_counts(measurements.records)[PENDING], 0) if tag == RECORD_DELIVERY.tag else 0


def after(measurements: RunMeasurements, run: RunInfo, after_s: float) -> Figures:
    """The view without the first `after_s` seconds; to the second, as the interval log is."""
    measurements.settle()
    first = int(run.started + after_s)
    sums: defaultdict[str, HistogramSum] = defaultdict(HistogramSum)
    most: defaultdict[str, int] = defaultdict(int)
    for interval in measurements.intervals:
        if interval.start >= first and not interval.tag.startswith(GROUP_PREFIX):
            sums[interval.tag].add(interval.encoded)
            most[interval.tag] = max(most[interval.tag], interval.max_us)
    found = defaultdict(Histogram, {tag: total.histogram() for tag, total in sums.items()})
    for tag, histogram in found.items():
        histogram.max_us = most[tag]
    for second, slots in measurements.slots.items():
        if second >= first:
            for tag, slot in slots.items():
                found[tag].add(slot.histogram)
                found[INTENDED_PREFIX + tag].add(slot.intended_histogram)
    failures: defaultdict[str, int] = defaultdict(int)
    for second, counts in measurements.failures_over_time.items():
        if second >= first:
            for tag, count in counts.items():
                failures[tag] += count
    pending = {tag: _pending_of(tag, measurements) for tag in found}
    expected: defaultdict[str, int] = defaultdict(int)
    for second, counts in measurements.timeline.expected.items():
        if second >= first:
            for tag, count in counts.items():
                expected[tag] += count
    return _part(measurements, run, run.ended - first, found, failures, first, int(run.ended), pending, expected)


def recent(measurements: RunMeasurements, run: RunInfo, now: float, seconds: int, *, intended: bool = True) -> Figures:
    """The view of the last `seconds` whole seconds that every worker has reported by `now`.

    Args:
        intended: what was measured by intended time as well.
    """
    last = int(now) - 1 - HOLD_S
    first = last - seconds + 1
    slots = window(measurements, first, last, intended=intended)
    found = {tag: slot.histogram for tag, slot in slots.items()}
    if intended:
        found.update((INTENDED_PREFIX + tag, slot.intended_histogram) for tag, slot in slots.items())
    failures = {tag: slot.failures for tag, slot in slots.items()}
    expected = {tag: slot.refusals for tag, slot in slots.items()}
    return _part(measurements, run, float(seconds), found, failures, first, last, expected=expected)


def _part(
    measurements: RunMeasurements,
    run: RunInfo,
    seconds: float,
    found: Mapping[str, Histogram],
    failures: Mapping[str, int],
    first: int,
    last: int,
    pending: Mapping[str, int] | None = None,
    expected: Mapping[str, int] | None = None,
) -> Figures:
    left, refused = pending or {}, expected or {}
    missed = missed_requests(measurements, first, last)
    series = {
        tag: SeriesFigures(
            *(histogram, failures.get(tag, 0), found.get(FAILED_PREFIX + tag) or Histogram(), left.get(tag, 0)),
            missed=missed.pop(tag, 0),
            expected=refused.get(tag, 0),
        )
        for tag, histogram in found.items()
        if histogram.count and is_series(tag)
    }
    series |= {tag: SeriesFigures(Histogram(), 0, missed=count) for tag, count in missed.items()}
    intended = {
        tag.removeprefix(INTENDED_PREFIX): histogram
        for tag, histogram in found.items()
        if histogram.count and tag.startswith(INTENDED_PREFIX)
    }
    disconnects = sum(lost_connections(measurements, first, last).values())
    online = _online_between(measurements.devices, first, last)
    lag = found.get(LOOP_LAG_TAG) or Histogram()
    return _figures(measurements, run, max(seconds, 0.001), series, intended, lag, online, disconnects)


def _figures(
    measurements: RunMeasurements,
    run: RunInfo,
    seconds: float,
    series: Mapping[str, SeriesFigures],
    intended: Mapping[str, Histogram],
    loop_lag: Histogram,
    online: float | None,
    disconnects: int,
) -> Figures:
    requests, failures = all_requests(series)
    return Figures(
        seconds=seconds,
        series={name_of(tag): found for tag, found in series.items()},
        intended=intended,
        loop_lag=loop_lag,
        online=online,
        came_online=len(measurements.devices.came_online) / run.devices if run.devices else None,
        disconnects=disconnects,
        violations=measurements.violations.counts(),
        observations=measurements.observations.counts(),
        internal_errors=measurements.internal_errors.total,
        records=record_counts(measurements.records),
        photos=photo_counts(measurements.records),
        attendance=attendance_figures(measurements),
        generator=measurements.health,
        requests=requests,
        failures=failures,
        faults=outcomes(measurements, run),
        misbehaviour=measurements.weather.misbehaviour,
    )


def _online_between(devices: DeviceStates, first: int, last: int) -> float | None:
    """The online ratio over the seconds `first`..`last`, from the gauges at the ends of seconds."""
    online = active = 0
    gauge: dict[str, int] = {}
    reached = first
    for second, following in devices.gauges():
        if second > reached:
            length = min(second, last + 1) - reached
            if length > 0:
                online += gauge.get(ONLINE, 0) * length
                active += length * sum(count for state, count in gauge.items() if state not in INACTIVE_STATES)
                reached += length
        gauge = following
    length = last + 1 - reached
    if length > 0:
        online += gauge.get(ONLINE, 0) * length
        active += length * sum(count for state, count in gauge.items() if state not in INACTIVE_STATES)
    return online / active if active > 0 else None
