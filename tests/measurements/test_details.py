"""The first detail of each failure: kept once, bounded, masked, merged over processes and carried in the state."""

from collections import deque

from reports.summary import build_summary
from simulator.measurements.details import DETAIL_CHARS, MOST_DETAILS
from simulator.measurements.events import MOST_TOLD, Event, QueueRecorder
from simulator.measurements.names import KNOWN_CODES
from simulator.measurements.run import RunMeasurements
from simulator.measurements.state import absorb_state, dump_state
from simulator.protocol.catalogue import PROTOCOL_ORDER
from tests.reports.conftest import run_info

T0 = 1_700_000_000.0


def failing(process: str, *failures: tuple[str, str, str, float]) -> RunMeasurements:
    """A run in which these failed: name, code, detail and when."""
    events: deque[Event] = deque()
    recorder = QueueRecorder(events.append)
    for name, code, text, at in failures:
        recorder.request(name, at, 0.1, code, 0, 0, 0.0)
        recorder.detail(name, code, text, at)
    measurements = RunMeasurements(process)
    measurements.apply(events)
    return measurements


def test_the_first_of_each_name_and_code_is_kept() -> None:
    run = failing(
        "local",
        ("connect", "tls", "has expired", T0 + 1),
        ("connect", "tls", "something else", T0 + 2),
        ("connect", "handshake", "403", T0 + 3),
        ("getBrokerServer", "tls", "other host", T0 + 4),
    )
    assert run.details.of("connect", "tls") == "has expired"
    assert run.details.of("connect", "handshake") == "403"
    assert run.details.of("getBrokerServer", "tls") == "other host"
    assert run.details.of("getBrokerServer", "dns") == ""


def test_thousands_of_failures_tell_their_detail_once() -> None:
    events: deque[Event] = deque()
    recorder = QueueRecorder(events.append)
    for _ in range(5_000):
        recorder.detail("connect", "refused", "nothing listens", T0)
    assert len(events) == 1


def test_made_up_codes_fill_neither_queue_nor_memory() -> None:
    events: deque[Event] = deque()
    recorder = QueueRecorder(events.append)
    for number in range(3 * MOST_TOLD):
        recorder.detail(f"dev.{number}", f"E{number}", "x" * 10_000, T0)
    assert len(events) == MOST_TOLD
    run = RunMeasurements()
    run.apply(events)
    rows = run.details.dump()
    assert len(rows) <= MOST_DETAILS
    assert max(len(text) for _, _, text, _ in rows) <= DETAIL_CHARS


def test_details_are_masked_and_in_one_line() -> None:
    run = failing("local", ("dev.login", "E0010004", "secret: abcdef\n\x1b[31mno", T0))
    text = run.details.of("dev.login", "E0010004")
    assert "abcdef" not in text
    assert text.isprintable()


def test_of_several_workers_the_earliest_detail_counts() -> None:
    master = RunMeasurements("master", "run")
    for process, text, at in (("w1", "later", T0 + 9), ("w2", "first", T0 + 1), ("w3", "latest", T0 + 20)):
        worker = failing(process, ("connect", "tls", text, at))
        worker.run_id = "run"
        assert master.merge_delta(worker.drain_delta())
        assert worker.details.dump() == []
    assert master.details.of("connect", "tls") == "first"


def test_the_summary_and_a_report_made_anew_hold_them() -> None:
    run = failing("local", ("connect", "tls", "the certificate has expired", T0), ("connect", "dns", "", T0))
    again = RunMeasurements()
    run.seal(float("inf"))
    absorb_state(again, dump_state(run, len(run.intervals)), run.intervals)
    for measurements in (run, again):
        rows = {row["code"]: row for row in build_summary(measurements, run_info())["failures"]}
        assert rows["tls"]["detail"] == "the certificate has expired"
        assert rows["tls"]["example"] == "tls: the certificate has expired"
        assert rows["dns"]["detail"] == ""
        assert rows["dns"]["example"] == "dns: the host name could not be resolved"


def test_a_state_of_an_earlier_version_holds_none() -> None:
    run = failing("local", ("connect", "tls", "expired", T0))
    state = dump_state(run, 0)
    del state["details"]
    again = RunMeasurements()
    absorb_state(again, state, [])
    assert again.details.dump() == []


def test_even_known_names_and_codes_are_kept_in_bounded_number() -> None:
    run = RunMeasurements()
    for name in PROTOCOL_ORDER:
        for code in sorted(KNOWN_CODES):
            run.details.add(name, code, "why", T0)
    assert len(run.details.dump()) == MOST_DETAILS
    # What is known already may still be told better.
    run.details.add(PROTOCOL_ORDER[0], min(KNOWN_CODES), "earlier", T0 - 1)
    assert run.details.of(PROTOCOL_ORDER[0], min(KNOWN_CODES)) == "earlier"


def test_what_failed_by_the_embedded_platforms_death_gives_no_hint() -> None:
    dead = "the embedded platform had died"
    run = failing(
        "local",
        ("dev.login", "disconnected", "what to set", T0 + 1),
        ("dev.report", "disconnected", "what to set", T0 + 3),
        ("dev.report", "malformed reply", "no code", T0 + 3),
        ("connect", "refused", "", T0 + 3),
    )
    run.details.died(T0 + 2)
    # Of another process, told later.
    run.merge_rest(failing("w1", ("connect", "refused", "check the port", T0 + 4)).dump_rest(1) | {"latest": T0})
    assert run.details.of("dev.login", "disconnected") == "what to set"
    assert run.details.of("dev.report", "disconnected") == dead
    assert run.details.of("dev.report", "malformed reply") == "no code"
    assert run.details.of("connect", "refused") == dead
    # One that came before, of which only now is known, stands for what it is.
    run.merge_rest(failing("w2", ("dev.report", "disconnected", "early", T0 + 1)).dump_rest(1) | {"latest": T0})
    assert run.details.of("dev.report", "disconnected") == "early"
