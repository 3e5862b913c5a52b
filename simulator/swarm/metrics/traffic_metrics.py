"""Metrics of what goes between devices and platform: requests, flows, commands, records, broken rules, faults."""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain

from reports.figures import photo_counts, record_counts
from simulator.measurements.histogram import Histogram
from simulator.measurements.names import (
    PENDING,
    PHOTO_PREFIX,
    RECORD_EVENTS,
    RECORD_GAUGES,
    is_command,
    is_flow,
    is_request,
    name_of,
)
from simulator.measurements.occurrences import Occurrences
from simulator.measurements.run import RunMeasurements
from simulator.measurements.series import Totals
from simulator.swarm.metrics.metric import Kind, Metric, Sample
from simulator.swarm.metrics.moment import Moment
from simulator.swarm.metrics.run_metrics import one

Reader = Callable[[Moment], Iterator[Sample]]
_COUNTED_RECORDS = [event for event in RECORD_EVENTS if event not in RECORD_GAUGES]


def _series(moment: Moment, wanted: Callable[[str], bool]) -> Iterator[tuple[str, Totals]]:
    for tag, totals in moment.measurements.totals.items():
        if totals.count and wanted(tag):
            yield name_of(tag), totals


def _by_code(wanted: Callable[[str], bool]) -> Reader:
    def read(moment: Moment) -> Iterator[Sample]:
        for name, totals in _series(moment, wanted):
            for code, count in totals.codes.items():
                yield (name, code), count

    return read


def _expected(moment: Moment) -> Iterator[Sample]:
    for name, totals in _series(moment, is_command):
        for code, tally in totals.expected.items():
            yield (name, code), tally.count


def _durations(wanted: Callable[[str], bool]) -> Reader:
    def read(moment: Moment) -> Iterator[Sample]:
        for name, totals in _series(moment, wanted):
            yield (name,), totals.histogram

    return read


def _bytes(moment: Moment) -> Iterator[Sample]:
    for name, totals in _series(moment, is_request):
        yield (name, "sent"), totals.bytes_out
        yield (name, "received"), totals.bytes_in


def _over_time(series: Callable[[RunMeasurements], Mapping[int, Mapping[str, int]]]) -> Reader:
    def read(moment: Moment) -> Iterator[Sample]:
        found: dict[str, int] = {}
        for name, count in chain.from_iterable(each.items() for each in series(moment.measurements).values()):
            found[name] = found.get(name, 0) + count
        for name, count in found.items():
            yield (name,), count

    return read


def _records(moment: Moment) -> Iterator[Sample]:
    for event in _COUNTED_RECORDS:
        if not event.startswith(PHOTO_PREFIX):
            yield (event,), moment.measurements.records.get(event, 0)


def _photos(moment: Moment) -> Iterator[Sample]:
    for event in _COUNTED_RECORDS:
        if event.startswith(PHOTO_PREFIX):
            yield (event.removeprefix(PHOTO_PREFIX),), moment.measurements.records.get(event, 0)


def _rules(found: Callable[[RunMeasurements], Occurrences]) -> Reader:
    def read(moment: Moment) -> Iterator[Sample]:
        for rule, count in found(moment.measurements).counts().items():
            yield (rule,), count

    return read


def _of_faults(figure: Callable[..., int]) -> Reader:
    def read(moment: Moment) -> Iterator[Sample]:
        for kind, found in moment.faults.items():
            yield (kind,), sum(figure(outcome) for outcome in found)

    return read


def _recovery(moment: Moment) -> Iterator[Sample]:
    for kind, found in moment.faults.items():
        back = Histogram()
        for outcome in found:
            back.add(outcome.figures.back)
        yield (kind,), back


def _misbehaviour(moment: Moment) -> Iterator[Sample]:
    for way, outcomes in moment.measurements.weather.misbehaviour.items():
        for outcome, count in outcomes.items():
            yield (way, outcome), count


TRAFFIC_METRICS = (
    Metric(
        "requests",
        Kind.COUNTER,
        "Requests of devices by outcome: 00000000 is success, every other code a failure",
        _by_code(is_request),
        ("func_id", "code"),
    ),
    Metric(
        "expected_refusals",
        Kind.COUNTER,
        "Commands that devices refused as the scenario expects: no failures, and not among `best_fleet_commands_total`",
        _expected,
        ("func_id", "code"),
    ),
    Metric(
        "request_duration_seconds",
        Kind.HISTOGRAM,
        "From a request to its reply, of all requests; a failed one counts with the time until it failed",
        _durations(is_request),
        ("func_id",),
    ),
    Metric(
        "request_bytes",
        Kind.COUNTER,
        "Bytes of requests that were sent, and of replies that were received, as they were on the wire",
        _bytes,
        ("func_id", "direction"),
    ),
    Metric(
        "missed_requests",
        Kind.COUNTER,
        "Requests that were planned and never sent, because the generator stood still",
        _over_time(lambda measurements: measurements.missed),
        ("func_id",),
    ),
    Metric("flows", Kind.COUNTER, "Flows of several requests by outcome", _by_code(is_flow), ("flow", "code")),
    Metric(
        "flow_duration_seconds",
        Kind.HISTOGRAM,
        "How long flows took, of all of them; a failed one counts with the time until it failed",
        _durations(is_flow),
        ("flow",),
    ),
    Metric(
        "commands",
        Kind.COUNTER,
        "Commands of the platform by what devices answered",
        _by_code(is_command),
        ("func_id", "code"),
    ),
    Metric(
        "command_duration_seconds",
        Kind.HISTOGRAM,
        "From a command's arrival at the device to the device's answer",
        _durations(is_command),
        ("func_id",),
    ),
    Metric("records", Kind.COUNTER, "What happened to verification records", _records, ("event",)),
    Metric(
        "records_waiting",
        Kind.GAUGE,
        "Verification records that the platform has not acknowledged, nor anybody given up",
        lambda moment: one(max(record_counts(moment.measurements.records)[PENDING], 0)),
    ),
    Metric("photos", Kind.COUNTER, "What happened to the pictures that go with records", _photos, ("event",)),
    Metric(
        "photos_waiting",
        Kind.GAUGE,
        "Pictures that the platform has not acknowledged, nor anybody given up",
        lambda moment: one(max(photo_counts(moment.measurements.records)[PENDING], 0)),
    ),
    Metric(
        "disconnects",
        Kind.COUNTER,
        "Connections that ended, by reason; of these stopped, reboot and power lost are the fleet's own doing",
        _over_time(lambda measurements: measurements.disconnects),
        ("reason",),
    ),
    Metric(
        "violations",
        Kind.COUNTER,
        "What the platform did that the protocol forbids",
        _rules(lambda measurements: measurements.violations),
        ("rule",),
    ),
    Metric(
        "observations",
        Kind.COUNTER,
        "What was unusual and allowed",
        _rules(lambda measurements: measurements.observations),
        ("rule",),
    ),
    Metric(
        "internal_errors",
        Kind.COUNTER,
        "Exceptions of best-fleet itself",
        _rules(lambda measurements: measurements.internal_errors),
        ("rule",),
    ),
    Metric(
        "faults_under_way",
        Kind.GAUGE,
        "Faults of the scenario that go on",
        _of_faults(lambda outcome: outcome.came and outcome.left_s < 0),
        ("fault",),
    ),
    Metric(
        "fault_devices_hit",
        Kind.COUNTER,
        "Devices that were hit by a fault of a kind, each once a fault",
        _of_faults(lambda outcome: outcome.figures.hit),
        ("fault",),
    ),
    Metric(
        "fault_devices_not_back",
        Kind.GAUGE,
        "Devices that faults of a kind hit and that should be online again, and are not yet",
        _of_faults(lambda outcome: outcome.not_back),
        ("fault",),
    ),
    Metric(
        "fault_recovery_seconds",
        Kind.HISTOGRAM,
        "From the moment at which a fault let go of a device until it was online; its count is of the devices back",
        _recovery,
        ("fault",),
    ),
    Metric(
        "fault_requests_cut",
        Kind.COUNTER,
        "Requests that failed by a fault of the scenario; they are in no other figure",
        _of_faults(lambda outcome: outcome.figures.requests_cut),
        ("fault",),
    ),
    Metric(
        "misbehaviour",
        Kind.COUNTER,
        "What devices did on purpose that the protocol forbids (`sent`), and what came of it",
        _misbehaviour,
        ("way", "outcome"),
    ),
)
"""In the order of tables."""
