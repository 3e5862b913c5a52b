"""Real Locust processes, a small scenario for them, and what they tell."""

import json
import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.swarm.nursery import ROOT, Forked, Nursery

UNTIL_TOLD = ("-t", "0")
"""For a run without a planned end: it ends rightly by a signal, whenever what a test waits for has come."""

SCENARIO = """\
name: tiny
seed: 7
duration: {duration}
target: embedded
channel: {{suite: plain}}
limits: {{loop_lag: 5s, stall: 20s}}
ramp: {{rate: 50/s}}
defaults: {{users: 3}}
groups:
  - {{name: rooms, count: 4, verifications: [{{rate: 120/min, photo_share: 20%, photo_size: 2KB..3KB}}]}}
  - {{name: halls, count: 2, verifications: [{{rate: 60/min, photo_share: 0%}}]}}
platform:
  heartbeat: {{interval: 1s}}
  users: 2
thresholds: {thresholds}
"""


def locusts_environment() -> dict[str, str]:
    """This process' own, without what is set here for the tests' sake."""
    own = {key: value for key, value in os.environ.items() if not key.startswith(("LOCUST", "PYTEST"))}
    return own | {"PYTHONPATH": str(ROOT)}


class LocustProcess:
    """One `locust`, as a user starts it on the command line.

    Args:
        nursery: forks it, where its environment allows that.
    """

    process: "subprocess.Popen[bytes] | Forked"

    def __init__(
        self, directory: Path, name: str, arguments: tuple[str, ...], locustfile: Path, nursery: Nursery | None = None
    ) -> None:
        self.report = directory / name
        self._output = directory / f"{name}.out"
        environment = locusts_environment() | {"XDG_STATE_HOME": str(directory / "state")}
        with self._output.open("wb") as output:
            if nursery is not None and nursery.bears(environment):
                order = ["-f", str(locustfile), *arguments]
                self.process = nursery.fork(order, directory, environment, output.fileno())
                return
            self.process = subprocess.Popen(
                [sys.executable, "-m", "locust", "-f", str(locustfile), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=directory,
                env=environment,
            )

    @property
    def output(self) -> str:
        return self._output.read_text("utf-8", "replace")

    def wait_for(self, condition: Callable[[], Any], seconds: float = 60.0) -> Any:
        """Wait until `condition` is true while the process runs; returns what it returned."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            ended = self.process.poll() is not None
            try:
                found = condition()
            except (OSError, ValueError, LookupError):
                found = None
            if found:
                return found
            if ended:
                raise AssertionError(f"locust ended with {self.process.returncode}:\n{self.output}")
            time.sleep(0.05)
        raise AssertionError(f"waited in vain:\n{self.output}")

    def wait_for_line(self, text: str, seconds: float = 60.0) -> None:
        self.wait_for(lambda: text in self.output, seconds)

    def ends_after(self, condition: Callable[[], Any]) -> int:
        """Wait until `condition` is true, tell it to stop (see `UNTIL_TOLD`) and wait for its end; the exit code."""
        self.wait_for(condition)
        self.process.send_signal(signal.SIGTERM)
        return self.end()

    def end(self, seconds: float = 60.0) -> int:
        """Wait for its end; returns the exit code."""
        try:
            return self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"locust does not end:\n{self.output}") from None

    def summary(self, directory: Path | None = None) -> dict[str, Any]:
        return dict(json.loads(((directory or self.report) / "summary.json").read_bytes()))

    def checkpoint(self) -> dict[str, Any]:
        """What has been measured, as the last checkpoint tells it."""
        return dict(json.loads((self.report / "checkpoint.json").read_bytes())["state"])

    def measured(self, request: str) -> bool:
        """Whether a checkpoint tells of this request and of a record."""
        state = self.checkpoint()
        return request in state["series"] and state["records"].get("generated", 0) > 0

    def failed(self, *names: str) -> bool:
        """Whether a checkpoint tells of failures of each of these requests and flows."""
        series = self.checkpoint()["series"]
        return all(series[name]["failed"] for name in names)

    def platform(self) -> dict[str, Any]:
        """The embedded platform's ready line."""
        lines = (self.report / "platform.log").read_text().splitlines()
        return [dict(json.loads(line)) for line in lines if line.startswith("{")][0]  # noqa: RUF015 - IndexError is waited out

    def totals(self) -> dict[str, int]:
        """The embedded platform's figures."""
        return dict(self.ledger()["totals"])

    def answered(self, func_id: str, code: str = "00000000") -> int:
        """How often the embedded platform has answered this message with this code."""
        return int(self.ledger()["messages"].get(func_id, {}).get(code, 0))

    def live(self, devices: int, records: int = 1) -> bool:
        """Whether so many devices are online and the embedded platform has so many records."""
        totals = self.totals()
        return totals["online"] == devices and totals["records"] >= records

    def ledger(self) -> dict[str, Any]:
        """What the embedded platform holds."""
        return dict(fetch(self.platform()["dispatch"] + "/ledger"))


def best_fleet(directory: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """`best-fleet` as a user calls it."""
    return subprocess.run(
        [sys.executable, "-m", "simulator.cli", *arguments],
        capture_output=True,
        text=True,
        cwd=directory,
        env={"PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
    )


def fetch(url: str, form: str | None = None) -> Any:
    """GET (or POST of `form`) and the JSON of the answer; whose certificate it is does not matter here."""
    data = None if form is None else form.encode()
    context = ssl._create_unverified_context() if url.startswith("https:") else None
    with urllib.request.urlopen(url, data, timeout=10, context=context) as answer:
        return json.loads(answer.read())


def alive(pid: int) -> bool:
    """Whether a process runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
