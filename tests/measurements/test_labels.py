"""A platform that makes up names: exact counts, a bounded number of labels, and our own names among no others."""

from typing import get_args

import pytest

from simulator.measurements.events import VIOLATION, Event, QueueRecorder
from simulator.measurements.histogram import Histogram
from simulator.measurements.labels import (
    MOST_CODES,
    MOST_CODES_OF_A_SERIES,
    MOST_REASONS,
    MOST_SERIES,
    OWN_SERIES,
    Labels,
)
from simulator.measurements.names import KNOWN_CODES, OTHERS, OWN_CODES
from simulator.measurements.occurrences import EXAMPLE_CHARS, MOST_RULES
from simulator.measurements.run import RunMeasurements
from simulator.measurements.state import absorb_state, dump_state
from simulator.mqtt.endings import CONNECT_FAILURES, ENDINGS
from simulator.shown import LABEL_CHARS
from simulator.wire.errors import FailureKind

T0 = 1_700_000_000.0
MADE_UP = 3_000


def hostile(worker: int = 0) -> list[Event]:
    """Every message under a new name; beside them, afterwards, what has a name of its own."""
    events: list[Event] = []
    recorder = QueueRecorder(events.append)
    for number in range(MADE_UP):
        at = T0 + number / 100
        new = f"{worker}-{number}"
        recorder.request("dev.heartbeat", at, 0.010, f"E{new}", 10, 10, 0.001)
        recorder.request("dev.login", at, 0.010, f"E{new}", 10, 10, 0.0)
        recorder.request(f"dev.{new}", at, 0.010, "00000000", 10, 10, 0.0)
        recorder.command(f"cmd.{new}", at, 0.010, f"E{new}")
        recorder.flow(f"flow {new}", at, 0.010, "00000000")
        recorder.disconnect(f"closed {new}", at)
        recorder.violation(f"rule {new}", f"cmd.{new}", f"secret: hush\n{new}", at, number)
    recorder.request("dev.register", T0 + 40, 0.010, "timeout", 10, 10, 0.0)
    recorder.request("dev.heartbeat", T0 + 40, 0.010, "disconnected", 10, 10, 0.0)
    recorder.command("cmd.data.update.user", T0 + 40, 0.010, "E0000005")
    recorder.flow("record_delivery", T0 + 40, 0.010, "00000000")
    return events


def measured(worker: int = 0, process: str = "local") -> RunMeasurements:
    measurements = RunMeasurements(process, "run")
    measurements.apply(hostile(worker))
    return measurements


def check(measurements: RunMeasurements, times: int = 1) -> None:
    measurements.settle()
    totals = measurements.totals
    plain = [tag for tag in totals if not tag.startswith("failed:")]
    assert len(plain) <= MOST_SERIES + len(OWN_SERIES) + 3
    requests = sum(found.count for tag, found in totals.items() if ":" not in tag and not tag.startswith("cmd."))
    commands = sum(found.count for tag, found in totals.items() if tag.startswith("cmd."))
    flows = sum(found.count for tag, found in totals.items() if tag.startswith("flow:"))
    assert (requests, commands, flows) == tuple(times * (MADE_UP * n + m) for n, m in ((3, 2), (1, 1), (1, 1)))
    assert {"dev.register", "cmd.data.update.user", "flow:record_delivery"} <= set(totals)
    beats = totals["dev.heartbeat"]
    assert len(beats.failed) <= MOST_CODES_OF_A_SERIES + 2
    assert beats.failures == times * (MADE_UP + 1) == totals["failed:dev.heartbeat"].count
    assert beats.failed["disconnected"].count == times
    assert beats.failed[OTHERS].count == times * MADE_UP - sum(
        tally.count for code, tally in beats.failed.items() if code not in (OTHERS, "disconnected")
    )
    assert totals["dev.register"].codes == {"timeout": times}
    assert totals["cmd.data.update.user"].codes == {"E0000005": times}
    codes = {code for found in totals.values() for code in found.failed}
    assert len(codes - set(KNOWN_CODES)) <= MOST_CODES + 1
    reasons = {reason for counts in measurements.disconnects.values() for reason in counts}
    assert len(reasons) <= MOST_REASONS + 1
    assert sum(sum(counts.values()) for counts in measurements.disconnects.values()) == times * MADE_UP
    assert len(measurements.violations.by_rule) <= MOST_RULES + 1
    assert measurements.violations.total == times * MADE_UP
    assert {tag.removeprefix("failed:") for tag in totals} <= set(plain)
    assert {tag for counts in measurements.failures_over_time.values() for tag in counts} <= set(plain)
    failures = sum(sum(counts.values()) for counts in measurements.failures_over_time.values())
    assert failures == sum(found.failures for found in totals.values())


def test_counts_are_exact_and_names_are_few() -> None:
    check(measured())


def test_workers_together_have_no_more_names_than_one() -> None:
    master = RunMeasurements("master", "run")
    for worker in range(3):
        assert master.merge_delta(measured(worker, f"worker {worker}").drain_delta())
    check(master, times=3)


def test_runs_that_are_merged_have_no_more_names_than_one() -> None:
    both = RunMeasurements()
    for number in range(2):
        run = measured(number)
        run.seal(T0 + 20)  # some of it sealed, some of it open
        state = dump_state(run, len(run.intervals))
        absorb_state(both, state, run.intervals, f"run {number}")
        assert both.totals["dev.heartbeat"].histogram.max_us == run.totals["dev.heartbeat"].histogram.max_us
    check(both, times=2)
    assert both.intended["dev.heartbeat"].count == 2 * MADE_UP
    assert len({interval.tag for interval in both.intervals}) <= 2 * (MOST_SERIES + len(OWN_SERIES) + 3)


def test_a_state_from_before_there_were_bounds_is_bounded_when_read(monkeypatch: pytest.MonkeyPatch) -> None:
    names = 3 * MOST_SERIES
    with monkeypatch.context() as before:
        before.setattr("simulator.measurements.labels.MOST_SERIES", names)
        wide = RunMeasurements()
        for number in range(names):
            took = 0.0001234 * (1 + number * 7 % names)
            wide.apply([(0, f"dev.{number:04}", T0 + number, took, "E1", 1, 2, 0.003, "")] * 2)
        wide.seal(T0 + names / 2)
        state = dump_state(wide, len(wide.intervals))
    assert len(state["series"]) == 2 * names
    found = RunMeasurements()
    absorb_state(found, state, wide.intervals, "old")
    plain = {tag: totals for tag, totals in found.totals.items() if not tag.startswith("failed:")}
    assert len(plain) == MOST_SERIES + 1
    assert sum(totals.failures for totals in plain.values()) == 2 * names
    assert sum(totals.bytes_in for totals in plain.values()) == 4 * names
    whole, others = Histogram(), Histogram()
    for number in range(names):
        for histogram in (whole, *((others,) if number >= MOST_SERIES else ())):
            histogram.add(wide.totals[f"dev.{number:04}"].histogram)
    assert plain[OTHERS].histogram == others
    assert sum(totals.histogram.sum_us for totals in plain.values()) == whole.sum_us
    assert found.intended[OTHERS].count == 2 * (names - MOST_SERIES)
    assert len({interval.tag for interval in found.intervals}) == 3 * (MOST_SERIES + 1)


@pytest.mark.parametrize("length", [1, 64, 100_000, 1_000_000])
def test_labels_are_short_however_long_the_name(length: int) -> None:
    measurements = RunMeasurements()
    name = "x" * length
    measurements.apply(
        [
            (0, f"dev.{name}", T0, 0.01, f"E{name}", 1, 1, 0.0, ""),
            (2, f"cmd.{name}", T0, 0.01, f"E{name}", False),
            (4, name, T0),
            (VIOLATION, name, name, name, T0, 0, 1),
        ]
    )
    measurements.settle()
    texts = [*measurements.totals, *measurements.violations.by_rule, *measurements.disconnects[int(T0)]]
    texts += [code for found in measurements.totals.values() for code in found.failed]
    assert max(map(len, texts)) <= LABEL_CHARS + len("failed:")
    assert len(next(iter(measurements.violations.by_rule.values())).example) <= EXAMPLE_CHARS


def test_what_is_known_costs_a_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def dear(_: str) -> str:
        raise AssertionError("a known name was looked at more closely")

    labels = Labels(3, KNOWN_CODES)
    assert labels.of("E1") == "E1"
    monkeypatch.setattr("simulator.measurements.labels.label", dear)
    assert [labels.of(code) for code in ("E1", "timeout", "00000000")] == ["E1", "timeout", "00000000"]
    measurements = RunMeasurements()
    measurements.apply([(0, "dev.heartbeat", T0, 0.01, "timeout", 1, 1, 0.0, "")] * 3)
    measurements.apply([(2, "cmd.data.update.user", T0, 0.01, "00000000", False)])


def test_names_that_look_alike_stay_apart_or_are_said_to_be_cut() -> None:
    measurements = RunMeasurements()
    measurements.apply([(0, "dev.login", T0, 0.01, code, 1, 1, 0.0, "") for code in ("E\x1b[1m", "E\n", "", "  ")])
    assert set(measurements.totals["dev.login"].failed) == {r"E\x1b[1m", r"E\n", "(empty)"}


def test_every_code_that_a_device_makes_itself_has_its_own_place() -> None:
    assert set(OWN_CODES) <= set(KNOWN_CODES)
    assert set(get_args(FailureKind)) <= set(OWN_CODES)
    assert set(OWN_CODES) >= CONNECT_FAILURES | ENDINGS
