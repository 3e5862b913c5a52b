"""Locust's statistics of requests that come at once are those of requests that come one by one."""

import csv
import io
import random
from types import SimpleNamespace
from typing import Any

import pytest
from locust import stats
from locust.env import Environment
from locust.stats import StatsCSV, StatsEntry, setup_distributed_stats_event_listeners, update_stats_history

from simulator.measurements.counting import CountingRecorder, Counts
from simulator.measurements.events import Event, QueueRecorder
from simulator.measurements.run import RunMeasurements
from simulator.swarm.generator.pump import Pump
from simulator.swarm.locust import percentiles
from simulator.swarm.locust.request_event import RequestEvent

STARTED = 1_700_000_000.0
NAMES = ("connect", "dev.login", "dev.heartbeat")
CODES = ("00000000",) * 6 + ("timeout", "E9999999")


class Moment:
    """The time that Locust reads."""

    def __init__(self) -> None:
        self.now = STARTED

    def time(self) -> float:
        return self.now


@pytest.fixture
def moment(monkeypatch: pytest.MonkeyPatch) -> Moment:
    """Durations are those of `percentiles`, and Locust's clock is in the test's hand."""
    for name in ("bucket_response_time", "calculate_response_time_percentile"):
        monkeypatch.setattr(stats, name, getattr(stats, name))
    for name in percentiles._REPLACED:
        monkeypatch.setattr(StatsEntry, name, vars(StatsEntry)[name])
    monkeypatch.setattr(StatsCSV, "_percentile_fields", StatsCSV._percentile_fields)
    percentiles.install()
    moment = Moment()
    monkeypatch.setitem(vars(stats), "time", moment)
    return moment


def requests(seed: int, count: int = 4_000) -> list[tuple[str, float, float, str, int]]:
    """(name, ended, latency, code, bytes in), in the order of their ends, over some half a minute."""
    draw = random.Random(seed)
    ends = sorted(STARTED + draw.random() * 28.0 for _ in range(count))
    return [
        (
            draw.choice(NAMES),
            end,
            draw.choice((0.001, 0.05, 2.0)) * draw.random(),
            draw.choice(CODES),
            draw.randrange(400),
        )
        for end in ends
    ]


class Made:
    """An environment and its pump."""

    def __init__(self) -> None:
        self.environment = Environment()
        self.environment.create_local_runner()
        self.stats = self.environment.stats
        self.measurements = RunMeasurements()
        self.pump = Pump(RequestEvent(self.environment), self.measurements, self._fail)

    def _fail(self, rule: str, detail: str) -> None:
        raise AssertionError(f"{rule}: {detail}")


def one_by_one(moment: Moment, seed: int) -> Made:
    """Each is told when it ends."""
    moment.now = STARTED
    made = Made()
    events: list[Event] = []
    recorder = QueueRecorder(events.append)
    for name, ended, latency, code, bytes_in in requests(seed):
        moment.now = (ended - latency) + latency
        recorder.request(name, ended - latency, latency, code, 90, bytes_in, 0.0)
        made.pump.events.extend(events)
        made.pump.flush()
        events.clear()
    return made


def at_once(moment: Moment, seed: int, every_s: float) -> Made:
    """They are told every `every_s` seconds."""
    moment.now = STARTED
    made = Made()
    counts = Counts()
    recorder = CountingRecorder(made.pump.events.append, counts)
    due = STARTED + every_s
    for name, ended, latency, code, bytes_in in requests(seed):
        while ended >= due:
            moment.now = due
            made.pump.arrived(counts.take())
            made.pump.flush()
            due += every_s
        recorder.request(name, ended - latency, latency, code, 90, bytes_in, 0.0)
    made.pump.arrived(counts.take())
    made.pump.flush()
    moment.now = (ended - latency) + latency
    return made


def fields(entry: StatsEntry) -> dict[str, Any]:
    """All of an entry; the sum of durations depends on their order in its last digits."""
    found = {key: value for key, value in vars(entry).items() if key != "stats"}
    return found | {"total_response_time": pytest.approx(entry.total_response_time, rel=1e-9)}


@pytest.mark.parametrize("every_s", [0.25, 1.0, 3.0])
def test_every_field_of_every_entry_agrees(moment: Moment, every_s: float) -> None:
    one, many = one_by_one(moment, 1), at_once(moment, 1, every_s)
    assert one.stats.entries.keys() == many.stats.entries.keys()
    assert many.stats.total.num_requests == 4_000
    assert many.stats.total.response_times_cache
    for of_one, of_many in (
        (one.stats.total, many.stats.total),
        *((one.stats.entries[key], many.stats.entries[key]) for key in one.stats.entries),
    ):
        assert fields(of_many) == fields(of_one)
    assert {key: (error.serialize(), repr(error.error)) for key, error in many.stats.errors.items()} == {
        key: (error.serialize(), repr(error.error)) for key, error in one.stats.errors.items()
    }


def test_tables_history_and_charts_agree(moment: Moment) -> None:
    one, many = (shown(made) for made in (one_by_one(moment, 2), at_once(moment, 2, 0.25)))
    assert many == [pytest.approx(cell, rel=1e-9) if isinstance(cell, float) else cell for cell in one]


def shown(made: Made) -> list[float | str]:
    """Every cell of the CSV files, of the web page's table and of its charts."""
    out = io.StringIO()
    table = StatsCSV(made.environment, list(stats.PERCENTILES_TO_REPORT))
    table.requests_csv(csv.writer(out))
    table.failures_csv(csv.writer(out))
    update_stats_history(SimpleNamespace(stats=made.stats, user_count=3), "now")  # type: ignore[arg-type]
    cells: list[Any] = [cell for row in sorted(csv.reader(io.StringIO(out.getvalue()))) for cell in row]
    for entry in (*(made.stats.entries[key] for key in sorted(made.stats.entries)), made.stats.total):
        cells.extend(entry.to_dict().values())
        cells.append(str(entry))
    for kind in made.stats.history[0].values():
        cells.extend(kind[1:] if isinstance(kind, list) else ())
    return [_number(cell) for cell in cells]


def _number(cell: Any) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return str(cell)


def test_what_a_worker_reports_agrees(moment: Moment) -> None:
    told = []
    for made in (one_by_one(moment, 3), at_once(moment, 3, 1.0)):
        setup_distributed_stats_event_listeners(made.environment.events, made.stats)
        data: dict[str, Any] = {}
        made.environment.events.report_to_master.fire(client_id="w", data=data)
        for entry in (*data["stats"], data["stats_total"]):
            entry["total_response_time"] = pytest.approx(entry["total_response_time"], rel=1e-9)
        data["stats"].sort(key=lambda entry: entry["name"])
        told.append(data)
        assert made.stats.serialize_stats() == []
    assert told[1] == told[0]


def test_the_runs_own_measurements_agree_too(moment: Moment) -> None:
    one, many = one_by_one(moment, 4), at_once(moment, 4, 0.25)
    for made in (one, many):
        made.measurements.settle()
    assert one.measurements.totals == many.measurements.totals
    assert one.stats.total.num_requests == sum(
        totals.count for tag, totals in many.measurements.totals.items() if ":" not in tag
    )


def test_rates_are_those_of_the_seconds_in_which_requests_ended(moment: Moment) -> None:
    made = Made()
    counts = Counts()
    recorder = CountingRecorder(made.pump.events.append, counts)
    for tenth in range(200):
        recorder.request("dev.heartbeat", STARTED + tenth / 10, 0.0, "00000000", 1, 1, 0.0)
    made.pump.arrived(counts.take())
    made.pump.flush()
    assert set(made.stats.total.num_reqs_per_sec.values()) == {10}
    assert made.stats.total.current_rps == 10.0
