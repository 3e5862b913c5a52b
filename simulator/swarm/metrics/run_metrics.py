"""Metrics of a run as a whole: what it is, its devices, its generator, its thresholds and its verdict."""

from collections.abc import Iterable, Iterator

from reports.verdict import FAILED, INTERRUPTED, INVALID, PASSED
from simulator.measurements.histogram import Histogram
from simulator.measurements.names import LOOP_LAG_TAG, DeviceState
from simulator.swarm.metrics.metric import Kind, Metric, Sample
from simulator.swarm.metrics.moment import Moment

VERDICTS = (PASSED, FAILED, INVALID, INTERRUPTED)


def one(value: float | None) -> list[Sample]:
    """The only sample of a metric without labels; none where the figure is not known."""
    return [] if value is None else [((), float(value))]


def _info(moment: Moment) -> Iterable[Sample]:
    yield (moment.info.scenario, moment.run.run_id), 1


def _verdict(moment: Moment) -> Iterator[Sample]:
    if moment.run.summary is not None:
        for verdict in VERDICTS:
            yield (verdict,), float(moment.run.summary["verdict"] == verdict)


def _code(moment: Moment) -> list[Sample]:
    return one(None if moment.run.summary is None else moment.run.code)


def _devices(moment: Moment) -> Iterator[Sample]:
    gauge = moment.measurements.devices.gauge
    for state in DeviceState:
        yield (state.value,), max(gauge.get(state.value, 0), 0)


def _healthy(moment: Moment) -> list[Sample]:
    info = moment.info
    return one(not moment.measurements.health.reasons(info.lag_limit_ms, info.stall_limit_ms))


def _loop_lag(moment: Moment) -> Iterable[Sample]:
    totals = moment.measurements.totals.get(LOOP_LAG_TAG)
    yield (), Histogram() if totals is None else totals.histogram


def _cpu(moment: Moment) -> list[Sample]:
    return one(max((latest.cpu_percent / 100.0 for latest, _ in moment.health), default=None))


def _memory(moment: Moment) -> list[Sample]:
    return one(sum(latest.rss_mb * 1e6 for latest, _ in moment.health) if moment.health else None)


def _open_files(moment: Moment) -> list[Sample]:
    newest = (health.resources.open_files.newest for _, health in moment.health)
    return one(max((count for count in newest if count is not None), default=None))


def _waiting(moment: Moment) -> list[Sample]:
    return one(sum(latest.waiting_samples for latest, _ in moment.health) if moment.health else None)


RUN_METRICS = (
    Metric("run_info", Kind.GAUGE, "Always 1: the run that all other series are of", _info, ("scenario", "run")),
    Metric(
        "run_start_time_seconds",
        Kind.GAUGE,
        "When the run began, in seconds since 1970",
        lambda moment: one(moment.info.started),
    ),
    Metric(
        "run_elapsed_seconds",
        Kind.GAUGE,
        "How long the run has gone on, or went on until its end",
        lambda moment: one(moment.run.elapsed_s),
    ),
    Metric(
        "run_planned_seconds",
        Kind.GAUGE,
        "How long the run is to take; missing where it goes on until it is stopped",
        lambda moment: one(moment.run.planned_s),
    ),
    Metric(
        "run_running",
        Kind.GAUGE,
        "1 while the run goes on, 0 once it has ended",
        lambda moment: one(moment.run.ended is None),
    ),
    Metric(
        "run_verdict",
        Kind.GAUGE,
        "1 for the verdict of a run that has ended, 0 for each other one; missing while the run goes on",
        _verdict,
        ("verdict",),
    ),
    Metric("run_exit_code", Kind.GAUGE, "What the run ended with; missing while it goes on", _code),
    Metric("devices", Kind.GAUGE, "Devices that are in a state", _devices, ("state",)),
    Metric("devices_planned", Kind.GAUGE, "The size of the fleet", lambda moment: one(moment.info.devices)),
    Metric(
        "devices_came_online",
        Kind.COUNTER,
        "Devices that were online at least once",
        lambda moment: one(len(moment.measurements.devices.came_online)),
    ),
    Metric(
        "generator_processes",
        Kind.GAUGE,
        "Processes of the load generator that told of themselves in the last 15 s",
        lambda moment: one(len(moment.health)),
    ),
    Metric(
        "generator_healthy", Kind.GAUGE, "1 while the generator is fast enough for its figures to be valid", _healthy
    ),
    Metric(
        "generator_loop_lag_seconds",
        Kind.HISTOGRAM,
        "How late the event loop was on which devices live, weighed by time, of all processes",
        _loop_lag,
    ),
    Metric("generator_cpu_ratio", Kind.GAUGE, "CPU use of the busiest process, 1 being one core", _cpu),
    Metric("generator_resident_memory_bytes", Kind.GAUGE, "Resident memory of all processes", _memory),
    Metric("generator_open_files", Kind.GAUGE, "Open files of the process that has most", _open_files),
    Metric("generator_samples_waiting", Kind.GAUGE, "What devices measured and nobody has counted yet", _waiting),
)
"""In the order of tables."""
