"""Runs to report on, made from events as the engine queues them."""

import random
from collections.abc import Callable

import pytest

from reports.run_info import RunInfo
from simulator.measurements.attendance import Attended, MeetingHeld
from simulator.measurements.events import Event, QueueRecorder
from simulator.measurements.health import HealthSample
from simulator.measurements.resources import Held, Resources
from simulator.measurements.run import RunMeasurements

STARTED = 1_700_000_000.25
STEPS = (
    ("getBrokerServer", 0.012),
    ("connect", 0.008),
    ("device.exchange.publicKey", 0.004),
    ("device.exchange.factor", 0.009),
    ("dev.register", 0.006),
    ("dev.accredit", 0.005),
    ("dev.login", 0.004),
    ("dev.report", 0.007),
)
LIFE = ("lookup", "connecting", "exchange", "exchange", "register", "accredit", "login", "report")


def busy_events(seconds: int = 60, devices: int = 20, seed: int = 1, slow: float = 1.0) -> list[Event]:
    """A run in which everything occurs that a report shows; `slow` stretches dev.data.upload.verifyLog."""
    rng = random.Random(seed)
    events: list[Event] = []
    recorder = QueueRecorder(events.append)
    for index in range(devices):
        at = STARTED + index * 0.3
        began, previous = at, "offline"
        for (name, typical), state in zip(STEPS, LIFE, strict=True):
            recorder.state(index, previous, state, at)
            took = typical * rng.lognormvariate(0, 0.4)
            recorder.request(name, at, took, "00000000", 220, 340, 0.0)
            at, previous = at + took, state
        recorder.state(index, previous, "online", at)
        recorder.flow("init", began, at - began, "00000000")
    for second in range(seconds):
        at = STARTED + second + 0.5
        recorder.loop_lag(rng.uniform(0.0002, 0.004), at)
        for _ in range(devices):
            late = rng.uniform(0.0001, 0.002)
            recorder.request("dev.heartbeat", at, 0.003 * rng.lognormvariate(0, 0.3), "00000000", 90, 120, late)
            took = 0.006 * slow * rng.lognormvariate(0, 0.3)
            recorder.request("dev.data.upload.verifyLog", at, took, "00000000", 700, 120, late)
            recorder.record("generated", 1)
            recorder.record("acknowledged", 1)
            recorder.flow("record_delivery", at - 0.05, 0.05 + took, "00000000")
        if second % 10 == 3:
            recorder.request("dev.data.upload.verifyPhoto", at - 10, 10.0, "timeout", 20_000, 0, 0.01)
            recorder.request("dev.data.upload.verifyPhoto", at, 0.03, "E0000004", 20_000, 90, 0.01)
            recorder.command("cmd.data.update.user", at, 0.02 * rng.lognormvariate(0, 0.5), "00000000")
            recorder.disconnect("closed 1006", at)
            recorder.state(second % devices, "online", "waiting", at)
            recorder.state(second % devices, "waiting", "online", at + 0.4)
            recorder.violation("reply.late", "dev.heartbeat", "dev.heartbeat: mid 17 after 10 s", at, second % devices)
            recorder.observation("command.repeated", "cmd.data.update.user", "cmdId 4", at, second % devices, 2)
        if second % 15 == 14:
            attend(recorder, f"BEST{second % devices:06d}", second)
    return events


def attend(recorder: QueueRecorder, sn: str, number: int) -> None:
    """A meeting of four members, of whom one comes late and one never, with a stranger; one record is lost."""
    told = (("20001", "sign-in"), ("20002", "late"), ("20003", "sign-in"), ("20009", "stranger"), ("20001", "sign-out"))
    for log_id, (pin, what) in enumerate(told):
        row = Attended(sn, str(number), pin, what, "2023-11-15T06:13:20+08:00", "0", str(log_id), what != "late")
        recorder.attended(row)
    start = STARTED + number
    held = MeetingHeld(sn, str(number), "Weekly <b>", start, start + 9, 4, 3, 1, ("20004",), 0, 1, 0, 2, 0, 1, "over")
    recorder.meeting_held(held)


def run_info(seconds: float = 60.0, **changes: object) -> RunInfo:
    values: dict[str, object] = {
        "scenario": "busy",
        "started": STARTED,
        "ended": STARTED + seconds,
        "devices": 20,
        "thresholds": ("dev.heartbeat p99 < 500 ms", "failures < 5 %"),
        "target": "http://user:hunter2@platform.test:8080",
        "scenario_text": "name: busy\ntarget: embedded\nsecretKey: abcdef\n",
        "versions": {"best-fleet": "0.1", "python": "3.11"},
    }
    return RunInfo(**(values | changes))  # type: ignore[arg-type]


def busy_run(seconds: int = 60, seed: int = 1, slow: float = 1.0, process: str = "local") -> RunMeasurements:
    measurements = RunMeasurements(process)
    measurements.apply(busy_events(seconds, seed=seed, slow=slow))
    for second in range(seconds):
        measurements.sample_health(HealthSample(STARTED + second, 30.0 + second % 7, 120.0, 3, 0))
    measurements.health.of(process).resources = resources_of()
    measurements.health.platforms[""] = resources_of()
    return measurements


def resources_of(seconds: int = 600) -> Resources:
    """What a process with a small leak held; for longer than the run, as a slope needs five minutes."""
    resources = Resources()
    for second in range(seconds):
        held = Held(100 + second // 60, 1000, 40 + second // 60, 20)
        resources.add(STARTED + second, 120.0 + 12.0 * second / 3600.0, held)
    return resources


@pytest.fixture
def busy() -> RunMeasurements:
    """A minute of 20 devices."""
    return busy_run()


@pytest.fixture(scope="session")
def info() -> Callable[..., RunInfo]:
    return run_info


@pytest.fixture(scope="session")
def make_run() -> Callable[..., RunMeasurements]:
    return busy_run
