"""Master and workers as separate processes: the scenario travels, and nothing is live twice or lost."""

import os
import signal
import sqlite3
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from reports.hlog import read_hlog
from reports.verdict import headline
from simulator.exit_codes import ExitCode
from simulator.wire.tls import self_signed
from tests.ports import free_port
from tests.swarm.processes import ROOT, SCENARIO, UNTIL_TOLD, LocustProcess

Start = Callable[..., LocustProcess]

OURS = ROOT / "locustfile.py"
IMPATIENT = "workers: {lease: 3s, quarantine: 3s}\n"
"""So that a test sees leases end."""
OTHER_CLOCK = """\
import time

from simulator.clock import SystemClock

SystemClock.wall = staticmethod(lambda: time.time() - 240.0)

from simulator.swarm.hooks import install
from simulator.swarm.locust.users import MeetingDevice

__all__ = ["MeetingDevice"]
install()
"""


class Swarm:
    """A master and two workers, the workers in a directory without any file."""

    def __init__(
        self, locust: Start, scenario: Path, *arguments: str, locustfiles: tuple[Path, Path] = (OURS, OURS)
    ) -> None:
        port = str(free_port())
        self.master = locust(
            *("--scenario", str(scenario), "--headless", "--report", "report", "--master", "--expect-workers", "2"),
            *("--master-bind-port", port, *arguments),
        )
        self.workers = [
            locust("--worker", "--master-port", port, name=f"worker{number}", locustfile=locustfile)
            for number, locustfile in enumerate(locustfiles)
        ]

    def online(self, count: int) -> None:
        self.master.wait_for(lambda: self.master.ledger()["totals"]["online"] == count)

    def online_at_a_seconds_end(self, count: int) -> None:
        """Over several processes a peak is known to the second: what is gone within it was none."""
        self.online(count)
        second = int(time.time())
        self.master.wait_for(lambda: int(time.time()) > second + 1)
        self.online(count)

    def ends(self, *codes: int) -> None:
        assert self.master.end() in (codes or (ExitCode.INTERRUPTED,)), self.master.output
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.end()
        assert "Traceback" not in self.master.output + self.workers[0].output + self.workers[1].output


SHORT_OF_PATIENCE = """\
from locust import runners

runners.MASTER_HEARTBEAT_TIMEOUT = 4

from simulator.swarm.hooks import install
from simulator.swarm.locust.users import MeetingDevice

__all__ = ["MeetingDevice"]
install()
"""


@pytest.fixture
def impatient(scenario: Path) -> Path:
    scenario.write_text(scenario.read_text() + IMPATIENT)
    return scenario


def test_workers_need_no_file_and_a_signal_to_the_master_loses_nothing(locust: Start, scenario: Path) -> None:
    swarm = Swarm(locust, scenario)
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
    text = SCENARIO.format(duration="60s", thresholds="[]").replace("  users: 2\n", f"  users: 2\n{tls}")
    scenario.write_text(f"{text}tls: {{ca: {cert}}}\nstate_file: state/logins.sqlite\n")
    swarm = Swarm(locust, scenario, *UNTIL_TOLD)
    swarm.online(6)
    swarm.master.process.send_signal(signal.SIGTERM)
    swarm.ends(ExitCode.PASSED)
    summary = swarm.master.summary()
    assert summary["fleet"]["came_online"] == 6
    assert summary["generator"]["processes"] == 2
    assert sum(figures["failures"] for figures in summary["requests"].values()) == 0
    with sqlite3.connect(directory / "state" / "logins.sqlite") as state:
        rows = state.execute("SELECT dispatch, count(DISTINCT sn), min(secret) > '' FROM login GROUP BY dispatch")
        assert rows.fetchall() == [("embedded", 6, 1)]


def test_a_worker_that_is_told_to_stop_hands_its_devices_over(locust: Start, scenario: Path) -> None:
    swarm = Swarm(locust, scenario)
    swarm.online(6)
    swarm.workers[0].process.send_signal(signal.SIGINT)
    assert swarm.workers[0].end() == 0, swarm.workers[0].output
    swarm.master.process.send_signal(signal.SIGINT)
    swarm.ends()
    summary = swarm.master.summary()
    assert summary["records"]["generated"] == summary["records"]["acknowledged"]
    assert [note["key"] for note in summary["notes"]] == ["worker_left"]


def test_a_frozen_worker_drops_its_devices_and_no_serial_number_is_live_twice(locust: Start, impatient: Path) -> None:
    swarm = Swarm(locust, impatient)
    swarm.online(6)
    frozen = swarm.workers[0].process.pid
    os.kill(frozen, signal.SIGSTOP)
    time.sleep(4.5)
    os.kill(frozen, signal.SIGCONT)
    swarm.workers[0].wait_for_line("has not renewed this worker's lease")
    swarm.online_at_a_seconds_end(6)
    assert swarm.master.ledger()["totals"]["doubleLogins"] == 0
    swarm.master.process.send_signal(signal.SIGINT)
    swarm.ends(ExitCode.INVALID)
    summary = swarm.master.summary()
    assert summary["generator"]["loop_lag_ms"]["max"] > 3_000
    assert summary["reasons"][0]["key"] == "worker_fenced"
    assert summary["reasons"][0]["values"]["devices"] > 0
    assert summary["requests"]["dev.heartbeat"]["missed"] >= 1
    assert summary["fleet"]["peak_online"] == 6
    assert summary["fleet"]["online_ratio"] < 1


def test_a_killed_worker_is_told_of_and_its_devices_leave_until_others_have_them(
    locust: Start, impatient: Path
) -> None:
    swarm = Swarm(locust, impatient)
    swarm.online_at_a_seconds_end(6)
    swarm.workers[0].process.kill()
    swarm.master.wait_for_line("3 devices count as lost, others get them in 3 s")
    swarm.online(6)
    swarm.master.process.send_signal(signal.SIGINT)
    assert swarm.master.end() == ExitCode.INVALID, swarm.master.output
    summary = swarm.master.summary()
    assert summary["verdict"] == "invalid"
    assert summary["reasons"][0]["key"] == "worker_lost"
    assert "was lost" in headline(summary)
    (lost,) = (note["values"] for note in summary["notes"] if note["key"] == "devices_lost")
    assert lost == {"count": 3, "left": 0}
    assert summary["fleet"]["came_online"] == summary["fleet"]["peak_online"] == 6
    # Three of six were missing for as long as lease and quarantine take.
    assert summary["fleet"]["online_ratio"] < 0.97


def test_a_run_whose_workers_all_vanish_before_they_take_part_does_not_pass(locust: Start, scenario: Path) -> None:
    swarm = Swarm(locust, scenario)
    swarm.master.wait_for(lambda: swarm.master.output.count("reported as ready") == 2)
    for worker in swarm.workers:
        worker.process.kill()
    assert swarm.master.end() == ExitCode.INVALID, swarm.master.output
    summary = swarm.master.summary()
    assert summary["verdict"] == "invalid"
    assert [reason["key"] for reason in summary["reasons"]].count("worker_lost") == 2


def test_a_workers_clock_that_is_off_is_said_and_taken_out_of_its_times(locust: Start, tmp_path: Path) -> None:
    other = tmp_path / "other_clock.py"
    other.write_text(OTHER_CLOCK)
    scenario = tmp_path / "late.yaml"
    thresholds = '["dev.heartbeat count > 10 after 3s"]'
    scenario.write_text(SCENARIO.format(duration="60s", thresholds=thresholds))
    swarm = Swarm(locust, scenario, *UNTIL_TOLD, locustfiles=(other, other))
    swarm.online(6)
    # So many seconds in which something was measured, and as many heartbeats after the third second.
    at: dict[int, int] = {}
    swarm.master.wait_for(
        lambda: at.setdefault(swarm.master.totals()["records"], int(time.time())) and len({*at.values()}) > 7
    )
    swarm.master.process.send_signal(signal.SIGTERM)
    swarm.ends(ExitCode.PASSED)
    summary = swarm.master.summary()
    notes = [note for note in summary["notes"] if note["key"] == "clock_off"]
    assert len(notes) == 2
    assert all(abs(note["values"]["ahead_s"] + 240.0) < 1.0 for note in notes)
    seconds = {interval.start for interval in read_hlog(swarm.master.report / "latency.hlog")}
    started = datetime.fromisoformat(summary["started"]).timestamp()
    assert min(seconds) >= int(started)
    # Four minutes off, all of them would be the first one.
    assert len(seconds) >= 5
    assert summary["fleet"]["online_ratio"] > 0.5


def test_workers_whose_master_is_killed_end_and_say_that_this_is_no_right_end(
    locust: Start, impatient: Path, tmp_path: Path
) -> None:
    locustfile = tmp_path / "short_of_patience.py"
    locustfile.write_text(SHORT_OF_PATIENCE)
    swarm = Swarm(locust, impatient, locustfiles=(locustfile, locustfile))
    swarm.online(6)
    swarm.master.process.kill()
    for worker in swarm.workers:
        assert worker.end() == ExitCode.INVALID, worker.output
        assert "has lost its master" in worker.output
