"""Faults in real runs: the platform is killed and comes back, and no record is lost by it, whatever else happens."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from simulator.exit_codes import ExitCode
from simulator.platform.ledger.inspection import summary
from simulator.platform.ledger.shares import share_path
from tests.ports import free_port
from tests.swarm.processes import LocustProcess

Start = Callable[..., LocustProcess]
SCENARIO = """\
name: rough
seed: 7
duration: {duration}
target: embedded
channel: {{suite: plain}}
limits: {{loop_lag: 5s, stall: 20s}}
ramp: {{rate: 50/s}}
defaults: {{users: 3, drain: 20s, reconnect: {{first: 200ms, max: 1s}}}}
groups:
  - {{name: rooms, count: 4, verifications: [{{rate: 120/min, photo_share: 0%}}]}}
  - {{name: halls, count: 2, broker_type: best-t, mqtt: {{qos: 1}}, verifications: [{{rate: 60/min, photo_share: 0%}}]}}
platform: {{heartbeat: {{interval: 1s}}, users: 2, tls: {{}}, processes: {processes}}}
faults: [{{what: platform_restart, at: 8s, down: {down}}}]
"""
KILLED = "the embedded platform is killed"
BACK = "the embedded platform is back"


@pytest.fixture
def rough(tmp_path: Path, locust: Start, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Starts a run whose platform lives in this test's folder."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    def start(*arguments: str, duration: str = "60s", down: str = "60s", processes: int = 1) -> LocustProcess:
        path = tmp_path / "rough.yaml"
        path.write_text(SCENARIO.format(duration=duration, down=down, processes=processes))
        return locust("--scenario", str(path), "--headless", *arguments)

    return start


def ledger_of(directory: Path) -> Path:
    """The run's ledger, under a name of ours: the platform's own goes with the run."""
    (state,) = directory.glob("best-fleet-platform-*")
    kept = directory / "kept.sqlite"
    for number in range(2):
        if (path := share_path(state / "ledger.sqlite", number)).exists():
            os.link(path, share_path(kept, number))
    return kept


def test_a_run_with_a_restart_passes_and_its_ledger_has_every_record_once(rough: Start, tmp_path: Path) -> None:
    """Of a platform in two processes, which are killed and come back together."""
    run = rough("--report", "report", duration="18s", down="1s", processes=2)
    run.wait_for_line(KILLED)
    ledger = ledger_of(tmp_path)
    assert share_path(ledger, 1).exists()
    assert run.end() == ExitCode.PASSED, run.output
    told = run.summary()
    (fault,) = told["faults"]
    assert (fault["what"], fault["devices"], fault["hit"]) == ("platform_restart", 6, 6)
    # On a machine with much else to do the platform takes its seconds to start, and devices theirs to be back.
    assert (fault["back"] + fault["undecided"], fault["never_back"]) == (6, 0)
    records = told["records"]
    assert records["generated"] == records["acknowledged"] == summary(ledger)["totals"]["records"]
    kept = told["ledger"]
    assert (kept["records"], kept["missing"], kept["unexpected"]) == (records["acknowledged"], 0, 0)
    assert not list(tmp_path.glob("best-fleet-*"))


def test_a_run_whose_platform_lost_records_fails(rough: Start, tmp_path: Path) -> None:
    """One process of two, and not the first."""
    run = rough("--report", "report", duration="14s", down="1s", processes=2)
    run.wait_for_line(KILLED)
    (state,) = tmp_path.glob("best-fleet-platform-*")
    # Also where the platform is back by now: it waits for the lock.
    with closing(sqlite3.connect(share_path(state / "ledger.sqlite", 1), timeout=20)) as db, db:
        lost = db.execute("DELETE FROM records").rowcount
    assert run.end() == ExitCode.FAILED, run.output
    told = run.summary()
    assert [reason["key"] for reason in told["reasons"]] == ["records_missing"]
    # One that was stored, and whose acknowledgement the kill cut off, is sent again.
    assert 1 <= told["ledger"]["missing"] <= lost
    assert "are missing" in run.output


def test_ctrl_c_while_it_is_away_brings_it_back_for_what_waits(rough: Start, tmp_path: Path) -> None:
    run = rough("--report", "report")
    run.wait_for_line(KILLED)
    ledger = ledger_of(tmp_path)
    run.process.send_signal(signal.SIGINT)
    assert run.end() == ExitCode.INTERRUPTED, run.output
    assert BACK in run.output
    told = run.summary()
    assert [reason["key"] for reason in told["reasons"]] == ["interrupted"]
    records = told["records"]
    assert records["generated"] == records["acknowledged"] == summary(ledger)["totals"]["records"]


def test_a_worker_killed_while_the_platform_is_away_is_the_runs_first_reason(rough: Start) -> None:
    port = str(free_port())
    ports = ("--master-bind-port", port, "--master-port", port)
    run = rough("--report", "report", "--processes", "2", *ports, "-t", "11s", "-u", "6", "-r", "50", down="1s")
    run.wait_for_line(KILLED)
    master = psutil.Process(run.process.pid)
    # A worker is a fork; the platform is not.
    first = next(child for child in master.children() if child.cmdline() == master.cmdline())
    first.kill()
    assert run.end() == ExitCode.INVALID, run.output
    told = run.summary()
    assert told["reasons"][0]["key"] == "worker_lost"
    assert BACK in run.output
