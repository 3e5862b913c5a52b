"""A run with something of everything, on a clock moved by hand, and its metrics as text that is read back."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from simulator.measurements.events import Event, QueueRecorder, of_group
from simulator.measurements.health import HealthSample
from simulator.measurements.weather import BACK, BEGUN, CUT, HIT, PlannedFault
from simulator.swarm.metrics.metered import MeteredRun
from simulator.swarm.metrics.prometheus import application
from simulator.swarm.metrics.readings import Readings
from tests.swarm.manual_run import STARTED, ManualRun

THRESHOLDS = """\
thresholds:
  - dev.heartbeat p99 < 500 ms
  - dev.login failures == 0%
  - dev.heartbeat p99 < 400 ms after 5s
"""
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def busy_run(directory: Path, thresholds: str = THRESHOLDS) -> ManualRun:
    """One device, three kinds of outcome, records, broken rules, a fault, and a look at the generator."""
    made = ManualRun(directory, scenario=thresholds).open()
    events: list[Event] = []
    recorder = QueueRecorder(events.append)
    at = STARTED + 1
    for seconds in (0.0004, 0.004, 0.04, 0.4, 4.0):
        recorder.request("dev.heartbeat", at, seconds, "00000000", 100, 50, 0.0)
    recorder.request("dev.login", at, 0.02, "E0010004", 10, 20, 0.0)
    recorder.request("dev.login", at, 5.0, "timeout", 10, 0, 0.0)
    recorder.flow("record_delivery", at, 0.25, "00000000")
    recorder.command("cmd.control.reboot", at, 0.001, "00000000")
    recorder.command("cmd.data.update.user", at, 0.001, "E0020001", expected=True)
    for group, seconds, code in (
        *(("halls", 0.25, "00000000"), ("halls", 0.5, "00000000"), ("halls", 5.0, "timeout")),
        ("rooms", 0.25, "00000000"),
    ):
        of_group(recorder, group).request("dev.option.upload", at, seconds, code, 1, 1, 0.0)
    recorder.record("generated", 3)
    recorder.record("acknowledged", 1)
    recorder.record("photo_generated", 2)
    recorder.disconnect("closed by the broker", at)
    recorder.disconnect("closed by the broker", at + 1)
    recorder.missed("dev.heartbeat", 2, at)
    recorder.violation("reply.code_missing", "dev.login", "{}", at, 0, 1)
    recorder.loop_lag(0.12, at)
    recorder.fault(1, BEGUN, at)
    recorder.fault(1, HIT, at, name="online")
    recorder.fault(1, BACK, at + 2, amount=1.5)
    recorder.fault(1, CUT, at, name="dev.heartbeat", code="disconnected")
    recorder.misbehaved("oversize", "sent", 1)
    made.run.measurements.apply(events)
    sample = HealthSample(at=at, cpu_percent=12.5, rss_mb=100.0, waiting_samples=3, waiting_connects=0)
    made.run.measurements.sample_health(sample)
    weather: Any = made.run.weather
    weather.planned = (PlannedFault(number=1, what="outage", at=1.0, lasts=1.0, devices=1, text="outage of all"),)
    made.time.advance(10.0)
    return made


def scraped(current: Callable[[], MeteredRun | None]) -> str:
    """The answer to a scrape."""
    return scrape(application(Readings(current)))


def scrape(app: Any, **environ: str) -> str:
    """The answer of a WSGI application to a scrape."""
    answer = app({"REQUEST_METHOD": "GET", "PATH_INFO": "/metrics", "QUERY_STRING": ""} | environ, lambda *_: None)
    return b"".join(answer).decode()


def samples(text: str) -> Samples:
    """Name and labels of each series -> its value; histograms as their buckets, sums and counts."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


class Scraped:
    """The samples of a scrape, by name and labels."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.samples = samples(text)

    def __call__(self, name: str, **labels: str) -> float | None:
        return self.samples.get((f"best_fleet_{name}", frozenset(labels.items())))

    def of(self, name: str, label: str) -> Mapping[str, float]:
        """The values of a metric by one of its labels."""
        found = {}
        for (sample, labels), value in self.samples.items():
            if sample == f"best_fleet_{name}":
                found[dict(labels)[label]] = value
        return found
