"""From the engine's queue to Locust's `request` event and the measurements, with nothing lost."""

import csv
import io
from typing import Any

import gevent
import pytest
from locust.env import Environment
from locust.html import get_html_report
from locust.stats import StatsCSV, StatsError, get_error_report_summary

from simulator.measurements import misbehaviours, weather
from simulator.measurements.counting import Cell, CountingRecorder, Counts
from simulator.measurements.events import QueueRecorder
from simulator.measurements.labels import MOST_CODES_OF_A_SERIES
from simulator.measurements.run import RunMeasurements
from simulator.swarm.generator import pump as pump_module
from simulator.swarm.generator.pump import BATCH, Pump, fold_errors
from simulator.swarm.locust.request_event import RequestEvent
from simulator.swarm.process.master import Master
from tests.swarm.fake_fleet import until
from tests.swarm.told_requests import Told


def pumped(*codes: str) -> tuple[list[dict[str, Any]], RunMeasurements]:
    fired: list[dict[str, Any]] = []
    measurements = RunMeasurements()
    pump = Pump(Told(fired.append), measurements, lambda *_: None)
    recorder = QueueRecorder(pump.events.append)
    recorder.state(0, "", "online", 1_700_000_000.0)
    for code in codes:
        recorder.request("dev.heartbeat", 1_700_000_000.0, 0.0123, code, 120, 100, 0.0)
    recorder.record("generated", 2)
    pump.start()
    pump.stop()
    measurements.settle()
    return fired, measurements


def test_requests_reach_locust_and_the_measurements() -> None:
    fired, measurements = pumped("00000000")
    assert len(fired) == 1
    event = fired[0]
    assert (event["request_type"], event["name"], event["response_length"]) == ("BEST", "dev.heartbeat", 100)
    assert abs(event["response_time"] - 12.3) < 1e-9
    assert event["exception"] is None
    assert measurements.totals["dev.heartbeat"].count == 1
    assert measurements.records["generated"] == 2
    assert measurements.devices.gauge["online"] == 1


def test_failures_carry_their_code_in_few_words() -> None:
    fired, _ = pumped("timeout", "E0000003", "E9999999", "timeout")
    texts = [repr(event["exception"]) for event in fired]
    assert texts[0] == "timeout (no reply before the deadline)"
    assert texts[1] == "E0000003 (bad sign, time or nonce)"
    assert texts[2] == "E9999999"
    assert fired[0]["exception"] is fired[3]["exception"]


def test_more_than_a_batch_is_moved_whole() -> None:
    fired, _ = pumped(*["00000000"] * (3 * BATCH + 7))
    assert len(fired) == 3 * BATCH + 7


def test_what_a_fault_cost_is_measured_and_nothing_of_locusts() -> None:
    fired: list[dict[str, Any]] = []
    measurements = RunMeasurements()
    pump = Pump(Told(fired.append), measurements, lambda *_: None)
    recorder = QueueRecorder(pump.events.append)
    recorder.fault(2, weather.CUT, 1_700_000_000.0, name="dev.heartbeat", code="timeout")
    recorder.fault(2, weather.DELAYED, 1_700_000_000.0, name="dev.heartbeat", amount=3.0)
    recorder.misbehaved("garbage_frame", misbehaviours.ACCEPTED)
    recorder.request("dev.heartbeat", 1_700_000_000.0, 0.01, "00000000", 1, 1, 0.0)
    pump.start()
    pump.stop()
    measurements.settle()
    assert [(event["name"], event["exception"]) for event in fired] == [("dev.heartbeat", None)]
    assert (measurements.totals["dev.heartbeat"].count, measurements.totals["dev.heartbeat"].failures) == (1, 0)
    assert measurements.weather.faults[2].cut == {"dev.heartbeat": {"timeout": 1}}
    assert measurements.weather.faults[2].delayed["dev.heartbeat"].count == 1
    assert measurements.weather.misbehaviour == {"garbage_frame": {misbehaviours.ACCEPTED: 1}}


def test_a_listener_that_fails_stops_nothing() -> None:
    measurements = RunMeasurements()

    def fire(_: object) -> None:
        raise RuntimeError("a third party's mistake")

    errors: list[str] = []
    pump = Pump(Told(fire), measurements, lambda rule, detail: errors.append(f"{rule}: {detail}"))
    recorder = QueueRecorder(pump.events.append)
    for _ in range(3):
        recorder.request("dev.heartbeat", 1.0, 0.01, "00000000", 1, 1, 0.0)
    pump.stop()
    measurements.settle()
    assert measurements.totals["dev.heartbeat"].count == 3
    assert len(errors) == 3
    assert errors[0].startswith("listener.exception: RuntimeError: a third party's mistake (")


def test_an_event_that_cannot_be_counted_does_not_stop_the_others() -> None:
    measurements = RunMeasurements()
    errors: list[str] = []
    pump = Pump(Told(lambda _: None), measurements, lambda rule, detail: errors.append(rule))
    pump.events.append((99, "no such kind"))
    pump.events.extend([(99,)] * BATCH)
    QueueRecorder(pump.events.append).request("dev.heartbeat", 1.0, 0.01, "00000000", 1, 1, 0.0)
    pump.stop()
    measurements.settle()
    assert errors == ["background.pump"] * 2


HOSTILE = [
    '=HYPERLINK("http://x")',
    "+1",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "</script><script>alert(1)</script>",
    "\x1b[2J\r\n=1",
    "\u202egnp",
    "secretKey=hush-hush",
    "x" * 1_000_000,
]


@pytest.fixture
def environment() -> Environment:
    environment = Environment()
    environment.create_local_runner()
    return environment


def pump_into(environment: Environment, codes: list[str], name: str = "dev.heartbeat") -> None:
    pump = Pump(RequestEvent(environment), RunMeasurements(), lambda *_: None)
    recorder = QueueRecorder(pump.events.append)
    for code in codes:
        recorder.request(name, 1_700_000_000.0, 0.0123, code, 120, 100, 0.0)
    pump.stop()


def test_locusts_own_outputs_hold_no_command_nor_formula(environment: Environment) -> None:
    scripts = get_html_report(environment).count("<script")
    pump_into(environment, HOSTILE)
    table = io.StringIO()
    StatsCSV(environment, [0.5]).failures_csv(csv.writer(table))
    for row in csv.reader(io.StringIO(table.getvalue())):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)
    page = get_html_report(environment)
    assert page.count("<script") == scripts
    assert "<script>alert" not in page
    for text in (table.getvalue(), "\n".join(get_error_report_summary(environment.stats)), page):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "hush-hush" not in text
        assert len(text) < 4_000_000


def test_locusts_table_of_errors_stays_short_and_exact(environment: Environment) -> None:
    pump_into(environment, [f"E{number}" for number in range(2_000)] + ["timeout"])
    errors = environment.stats.errors.values()
    assert len(errors) <= MOST_CODES_OF_A_SERIES + 2
    assert sum(error.occurrences for error in errors) == 2_001
    assert environment.stats.get("dev.heartbeat", "BEST").num_failures == 2_001


def test_errors_of_many_workers_are_as_few_as_those_of_one() -> None:
    errors: dict[str, StatsError] = {}
    for worker in range(14):
        for name in ("dev.heartbeat", "dev.login"):
            for code in [
                *(f"E{worker}-{number}" for number in range(20)),
                "timeout (no reply before the deadline)",
                "others",
            ]:
                key = StatsError.create_key("BEST", name, code)
                found = errors.setdefault(key, StatsError("BEST", name, code, 0, worker, worker))
                found.occurrences += 1 + worker
        fold_errors(errors)
    assert len(errors) == 2 * (MOST_CODES_OF_A_SERIES + 2)
    assert sum(error.occurrences for error in errors.values()) == 2 * 22 * sum(1 + worker for worker in range(14))
    others = errors[StatsError.create_key("BEST", "dev.login", "others")]
    assert (others.first_seen, others.last_seen) == (0, 13)
    timeouts = errors[StatsError.create_key("BEST", "dev.login", "timeout (no reply before the deadline)")]
    assert timeouts.occurrences == sum(1 + worker for worker in range(14))


def test_the_master_folds_what_each_worker_reports(environment: Environment) -> None:
    master = object.__new__(Master)
    master.environment = environment
    master.run = None
    for number in range(100):
        code = f"E{number}"
        key = StatsError.create_key("BEST", "dev.heartbeat", code)
        environment.stats.errors[key] = StatsError("BEST", "dev.heartbeat", code, 1)
    master._on_report("worker", {})
    assert len(environment.stats.errors) == MOST_CODES_OF_A_SERIES + 1


def cells(count: int, code: str = "00000000", second: int = 1_700_000_000) -> list[Cell]:
    counts = Counts()
    recorder = CountingRecorder(lambda _: None, counts)
    for number in range(count):
        recorder.request("dev.heartbeat", second + number / (count + 1), 0.0, code, 90, 120, 0.0)
    return counts.take()


def test_what_was_counted_is_counted_once_also_where_the_greenlet_is_killed_in_the_middle() -> None:
    measurements = RunMeasurements()
    told = Told(lambda _: None)
    pump = Pump(told, measurements, lambda *_: None)
    pump.start()
    pump.arrived(cells(5_000))
    while not told.counted:
        gevent.sleep(0)
    assert 0 < len(told.counted[0].durations) < pump.waiting < 5_000
    pump.stop()
    measurements.settle()
    assert pump.waiting == 0
    assert measurements.totals["dev.heartbeat"].count == sum(len(cell.durations) for cell in told.counted) == 5_000
    assert measurements.totals["dev.heartbeat"].bytes_in == sum(cell.bytes_in for cell in told.counted) == 5_000 * 120


def test_cells_come_to_locust_in_the_order_of_their_seconds_and_flows_do_not() -> None:
    told = Told(lambda _: None)
    pump = Pump(told, RunMeasurements(), lambda *_: None)
    counts = Counts()
    recorder = CountingRecorder(pump.events.append, counts)
    for second in (12.0, 10.0, 11.0):
        recorder.request("dev.heartbeat", second, 0.5, "00000000", 1, 1, 0.0)
        recorder.flow("init", second, 0.5, "00000000")
    pump.arrived(counts.take())
    pump.stop()
    assert [(cell.name, cell.second) for cell in told.counted] == [("dev.heartbeat", second) for second in (10, 11, 12)]


def test_a_cell_that_cannot_be_counted_is_told_and_the_others_are_counted() -> None:
    told = Told(lambda _: None)
    errors: list[str] = []
    measurements = RunMeasurements()
    pump = Pump(told, measurements, lambda rule, detail: errors.append(rule))
    broken = Cell("dev.login", "00000000", "", False, 5.0)
    del broken.durations
    pump._cells.append(broken)
    pump.arrived(cells(3))
    pump.stop()
    measurements.settle()
    assert (errors, measurements.totals["dev.heartbeat"].count) == (["background.pump"], 3)


def test_what_waits_is_moved_where_nobody_wakes_the_pump(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pump_module, "IDLE_S", 0.0)
    measurements = RunMeasurements()
    pump = Pump(Told(lambda _: None), measurements, lambda *_: None)
    pump.start()
    QueueRecorder(pump.events.append).internal_error("engine.stuck", "for ever", 5.0)
    until(lambda: not pump.events)
    assert measurements.internal_errors.total == 1
    pump.stop()
