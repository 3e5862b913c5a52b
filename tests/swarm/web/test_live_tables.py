"""Tables of series while a run goes on: what is in them, and that percentiles are looked for only as time allows."""

from simulator.measurements.events import Event, QueueRecorder
from simulator.measurements.names import is_command, is_flow, is_request
from simulator.measurements.run import RunMeasurements
from simulator.swarm.web.live_tables import BUDGET_S, PAUSE_S, LiveTables
from tests.swarm.stepping_clock import SteppingClock

T0 = 1_700_000_000
NAMES = ("dev.login", "dev.report", "dev.heartbeat")


def measure(measurements: RunMeasurements, seconds: float, *names: str) -> None:
    events: list[Event] = []
    for name in names:
        QueueRecorder(events.append).request(name, T0, seconds, "00000000", 10, 20, 0.0)
    measurements.apply(events)


def test_each_table_has_its_series_in_the_protocols_order() -> None:
    measurements = RunMeasurements()
    events: list[Event] = []
    recorder = QueueRecorder(events.append)
    for index, code in enumerate(("00000000", "00000000", "timeout")):
        recorder.request("dev.heartbeat", T0 + index, 0.1, code, 1, 2, 0.0)
    recorder.request("getBrokerServer", T0, 0.02, "00000000", 1, 1, 0.0)
    recorder.flow("init", T0, 0.5, "00000000")
    recorder.command("cmd.reboot", T0, 0.5, "00000000")
    recorder.loop_lag(0.1, T0)
    measurements.apply(events)
    requests, flows, commands = LiveTables().rows(measurements, is_request, is_flow, is_command)
    first, second = requests
    assert (first["name"], first["count"], first["failures"]) == ("getBrokerServer", 1, 0)
    assert (second["name"], second["count"], second["failures"]) == ("dev.heartbeat", 3, 1)
    assert second["codes"] == {"00000000": 2, "timeout": 1}
    assert second["max"] == 100.0
    assert (second["bytes_out"], second["bytes_in"]) == (3, 6)
    assert second["p50"] <= second["p95"] <= second["p99"]
    assert [row["name"] for row in (*flows, *commands)] == ["init", "cmd.reboot"]


def test_counts_are_of_now_and_percentiles_come_in_turn_the_oldest_first() -> None:
    measurements, clock = RunMeasurements(), SteppingClock()
    tables = LiveTables(clock)
    measure(measurements, 0.1, *NAMES)

    def slow() -> list[bool]:
        (rows,) = tables.rows(measurements, is_request)
        assert len({row["count"] for row in rows}) == 1
        return [row["p99"] > 500.0 for row in rows]

    assert slow() == [False] * 3, "whoever is new has its own at once"
    measure(measurements, 1.0, *NAMES)
    assert slow() == [False] * 3, "asked again within the pause"
    clock.step = BUDGET_S
    for late in (1, 2, 3):
        clock.now += PAUSE_S
        assert sum(slow()) == late
    assert tables.rows(measurements, is_flow) == [[]]


def test_another_run_begins_anew() -> None:
    tables = LiveTables(SteppingClock())
    for run in ("one", "two"):
        measurements = RunMeasurements("local", run)
        measure(measurements, 0.1 if run == "one" else 1.0, "dev.login")
        ((row,),) = tables.rows(measurements, is_request)
    assert row["p50"] > 500.0
