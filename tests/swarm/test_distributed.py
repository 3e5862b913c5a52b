"""Master and workers as separate processes: the scenario travels, and nothing is live twice or lost."""

import os
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.exit_codes import ExitCode
from simulator.wire.tls import self_signed
from tests.swarm.processes import ROOT, SCENARIO, LocustProcess, free_port

Start = Callable[..., LocustProcess]

IMPATIENT = """\
import functools

from simulator.swarm import master, worker
from simulator.swarm.leases import LeaseBook
from simulator.swarm.session import install
from simulator.swarm.users import MeetingDevice

__all__ = ["MeetingDevice"]

# Leases of two seconds, so that a test sees them end.
master.LeaseBook = functools.partial(LeaseBook, lease_s=2.0, quarantine_s=3.0)
worker.RENEWAL_S = 0.5
install()
"""


class Swarm:
    """A master and two workers, the workers in a directory without any file."""

    def __init__(self, locust: Start, scenario: Path, locustfile: Path, *arguments: str) -> None:
        port = str(free_port())
        self.master = locust(
            *("--scenario", str(scenario), "--headless", "--report", "report", "--master", "--expect-workers", "2"),
            *("--master-bind-port", port, *arguments),
            locustfile=locustfile,
        )
        self.workers = [
            locust("--worker", "--master-port", port, name=f"worker{number}", locustfile=locustfile)
            for number in range(2)
        ]

    def online(self, count: int) -> None:
        self.master.wait_for(lambda: self.master.ledger()["totals"]["online"] == count)

    def ends(self, *codes: int) -> None:
        assert self.master.end() in (codes or (ExitCode.INTERRUPTED,)), self.master.output
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.end()
        assert "Traceback" not in self.master.output + self.workers[0].output + self.workers[1].output


@pytest.fixture
def impatient(tmp_path: Path) -> Path:
    path = tmp_path / "impatient.py"
    path.write_text(IMPATIENT)
    return path


def test_workers_need_no_file_and_a_signal_to_the_master_loses_nothing(locust: Start, scenario: Path) -> None:
    swarm = Swarm(locust, scenario, ROOT / "locustfile.py")
    swarm.online(6)
    swarm.master.wait_for(lambda: swarm.master.ledger()["totals"]["records"] >= 5)
    swarm.master.process.send_signal(signal.SIGTERM)
    swarm.ends()
    summary = swarm.master.summary()
    assert summary["fleet"]["came_online"] == 6
    assert summary["fleet"]["disconnects"] == {"stopped": 6}
    assert summary["records"]["generated"] == summary["records"]["acknowledged"] >= 5
    assert summary["generator"]["processes"] == 2
    assert summary["notes"] == []


def test_files_travel_to_the_workers_and_logins_back(locust: Start, tmp_path: Path) -> None:
    directory = tmp_path / "of the master alone"
    (directory / "state").mkdir(parents=True)
    (directory / "tls").mkdir()
    cert, key = (f"tls/{path.name}" for path in self_signed(directory / "tls", ["127.0.0.1"]))
    scenario = directory / "tls.yaml"
    tls = f"  tls: {{certificate: {cert}, key: {key}}}\n"
    text = SCENARIO.format(duration="6s", thresholds="[]").replace("  users: 2\n", f"  users: 2\n{tls}")
    scenario.write_text(f"{text}tls: {{ca: {cert}}}\nstate_file: state/logins.sqlite\n")
    swarm = Swarm(locust, scenario, ROOT / "locustfile.py")
    swarm.ends(ExitCode.PASSED)
    summary = swarm.master.summary()
    assert summary["fleet"]["came_online"] == 6
    assert summary["generator"]["processes"] == 2
    assert sum(figures["failures"] for figures in summary["requests"].values()) == 0
    with sqlite3.connect(directory / "state" / "logins.sqlite") as state:
        rows = state.execute("SELECT dispatch, count(DISTINCT sn), min(secret) > '' FROM login GROUP BY dispatch")
        assert rows.fetchall() == [("embedded", 6, 1)]


def test_a_worker_that_is_told_to_stop_hands_its_devices_over(locust: Start, scenario: Path) -> None:
    swarm = Swarm(locust, scenario, ROOT / "locustfile.py")
    swarm.online(6)
    swarm.workers[0].process.send_signal(signal.SIGINT)
    assert swarm.workers[0].end() == 0, swarm.workers[0].output
    swarm.master.process.send_signal(signal.SIGINT)
    swarm.ends()
    summary = swarm.master.summary()
    assert summary["records"]["generated"] == summary["records"]["acknowledged"]
    assert [note["key"] for note in summary["notes"]] == ["worker_left"]


def test_a_frozen_worker_drops_its_devices_and_no_serial_number_is_live_twice(
    locust: Start, scenario: Path, impatient: Path
) -> None:
    swarm = Swarm(locust, scenario, impatient)
    swarm.online(6)
    frozen = swarm.workers[0].process.pid
    os.kill(frozen, signal.SIGSTOP)
    time.sleep(3.5)
    os.kill(frozen, signal.SIGCONT)
    swarm.workers[0].wait_for_line("has not renewed this worker's lease")
    swarm.online(6)
    assert swarm.master.ledger()["totals"]["doubleLogins"] == 0
    swarm.master.process.send_signal(signal.SIGINT)
    # Heartbeats that the frozen worker sent a moment before its devices were dropped may have failed.
    swarm.ends(ExitCode.INTERRUPTED, ExitCode.FAILED)
    assert swarm.master.summary()["generator"]["loop_lag_ms"]["max"] > 3_000


def test_a_killed_worker_is_told_of_in_the_summary(locust: Start, scenario: Path, impatient: Path) -> None:
    swarm = Swarm(locust, scenario, impatient)
    swarm.online(6)
    swarm.workers[0].process.kill()
    swarm.online(3)
    swarm.master.wait_for_line("setting state to missing")
    swarm.master.process.send_signal(signal.SIGINT)
    assert swarm.master.end() == 4, swarm.master.output
    summary = swarm.master.summary()
    assert summary["verdict"] == "invalid"
    assert summary["reasons"][0]["key"] == "worker_lost"
    assert summary["fleet"]["came_online"] >= 3
