"""A run whose clock is moved and whose seconds are ticked by hand, without devices, and what it tells."""

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reports.output import Output
from simulator.clock import ManualClock, RunClock
from simulator.measurements.events import Event, QueueRecorder
from simulator.scenario.scenario import parse_scenario
from simulator.swarm.locust.locust_files import LocustFiles
from simulator.swarm.run.outputs import outputs_of
from simulator.swarm.run.run import Run

TARGET = "target: http://127.0.0.1:9\n"
SCENARIO = f"name: tiny\nduration: 60s\n{TARGET}groups: [{{name: rooms, count: 1}}]\n"
PLANNED_S = 60.0
STARTED = 1_700_000_000.0


def usual_outputs(directory: Path, *, web_page: bool = True) -> list[Output]:
    """Those of a run of which Locust is asked for no files."""
    options = Namespace(csv_prefix=None, html_file=None, json_file=None, headless=True)
    return outputs_of(directory, LocustFiles(Namespace(parsed_options=options)), web_page=web_page)


class ManualRun:
    """A run of one device that came online and sent a heartbeat.

    Args:
        outputs: the usual ones unless given.
        scenario: the scenario's further lines.
        embedded: it goes to the embedded platform; the test sees that none is started.
    """

    def __init__(
        self,
        directory: Path,
        planned_s: float | None = PLANNED_S,
        outputs: Sequence[Output] | None = None,
        scenario: str = "",
        *,
        embedded: bool = False,
    ) -> None:
        self.time = ManualClock(wall=STARTED)
        self.aborts: list[str] = []
        self.run = Run(
            parse_scenario((SCENARIO.replace(TARGET, "") if embedded else SCENARIO) + scenario, "tiny.yaml"),
            directory,
            usual_outputs(directory) if outputs is None else outputs,
            self.aborts.append,
            "local",
            RunClock(self.time),
        )
        self._planned_s = planned_s

    def open(self, total: int = 1) -> "ManualRun":
        self.run.open(
            host=None,
            total=total,
            identities_file=None,
            stop_timeout=0.0,
            travels=False,
            processes=1,
            planned_s=self._planned_s,
        )
        events: list[Event] = []
        recorder = QueueRecorder(events.append)
        recorder.state(0, "offline", "online", self.time.wall())
        recorder.request("dev.heartbeat", self.time.wall(), 0.01, "00000000", 1, 1, 0.0)
        self.run.measurements.apply(events)
        return self

    def tick(self, seconds: float = 0.0) -> None:
        """A second of the run's ticker, `seconds` later."""
        self.time.advance(seconds)
        self.run.tick()

    def end(self, at: float) -> dict[str, Any]:
        """Close the run `at` seconds later; returns its summary."""
        self.time.advance(at)
        self.run.close()
        assert self.run.summary is not None
        return self.run.summary
