"""Unsent records survive the process, however it ends: the next run sends each of them, first, as it was."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from reports.rebuild import rebuild
from simulator.exit_codes import ExitCode
from tests.swarm.processes import ROOT, LocustProcess, fetch, free_port

Start = Callable[..., LocustProcess]
Rows = dict[tuple[str, int], dict[str, Any]]
SCENARIO = """\
name: kept
seed: 7
duration: {duration}
target: {target}
channel: {{suite: plain}}
limits: {{loop_lag: 5s, stall: 20s}}
ramp: {{rate: 50/s}}
defaults: {{users: 3, drain: 10s}}
groups:
  - name: rooms
    count: {count}
    verifications: [{{rate: {rate}/s, photo_share: 10%, photo_size: 2KB..3KB, batch: 10}}]
state_file: state.sqlite
"""


class Platform:
    """The embedded platform in a process of its own, with a ledger that outlives it."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._ledger = directory / "ledger.sqlite"
        self._scenario = directory / "platform.yaml"
        self._scenario.write_text(SCENARIO.format(duration="60s", target=self.url, count=6, rate=1))
        self._broker_port = free_port()
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "simulator.cli", "platform", "--scenario", str(self._scenario)),
                *("--port", str(self.port), "--broker-port", str(self._broker_port), "--ledger", str(self._ledger)),
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert '"dispatch"' in self.process.stdout.readline()

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.communicate(timeout=10)

    def records(self) -> Rows:
        """What it holds, by serial number and `logId`."""
        with sqlite3.connect(f"file:{self._ledger}?mode=ro", uri=True) as ledger:
            ledger.row_factory = sqlite3.Row
            rows = ledger.execute("SELECT * FROM records ORDER BY sn, CAST(log_id AS INTEGER)").fetchall()
        found = {(row["sn"], int(row["log_id"])): dict(row) for row in rows}
        assert len(found) == len(rows)
        return found


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    one = Platform(tmp_path)
    one.start()
    yield one
    one.signal(signal.SIGCONT)
    one.kill()


def kept(directory: Path) -> Rows:
    """The records that the state file holds, in their order."""
    with sqlite3.connect(directory / "state.sqlite") as state:
        rows = state.execute("SELECT sn, log_id, record FROM record WHERE record IS NOT NULL ORDER BY sn, log_id")
        return {(sn, log_id): orjson.loads(record)[0] for sn, log_id, record in rows}


def scenario_of(directory: Path, platform: Platform, duration: str, *, count: int = 6, rate: float = 40) -> Path:
    path = directory / "kept.yaml"
    path.write_text(SCENARIO.format(duration=duration, target=platform.url, count=count, rate=rate))
    return path


def start(locust: Start, scenario: Path, name: str, *arguments: str) -> LocustProcess:
    return locust("--scenario", str(scenario), "--headless", "--report", name, *arguments, name=name)


def silenced(run: LocustProcess, platform: Platform, directory: Path, least: int = 500) -> None:
    """The platform takes records, then falls silent, and `least` of them wait in the state file."""
    run.wait_for(lambda: fetch(f"{platform.url}/ledger")["totals"]["records"] > 20)
    platform.signal(signal.SIGSTOP)
    run.wait_for(lambda: len(kept(directory)) >= least)


def holds_each_once(platform: Platform, waiting: Rows, summary: dict[str, Any]) -> None:
    """The ledger has the records that waited, with their own time and number; the summary of the next run says so."""
    held = platform.records()
    for key, record in waiting.items():
        assert held[key]["verify_time"] == record["verifyTime"]
        assert held[key]["pin"] == record["pin"]
    for device in {sn for sn, _ in waiting}:
        times = [record["verify_time"] for (sn, _), record in held.items() if sn == device]
        assert times == sorted(times)
    assert summary["records"]["restored"] == len(waiting)
    assert summary["records"]["pending"] == summary["records"]["kept"] == 0
    assert summary["records"]["acknowledged"] == summary["records"]["generated"] + len(waiting)
    assert summary["photos"]["pending"] == 0


def test_a_killed_runs_500_unsent_records_are_each_once_in_the_ledger(
    locust: Start, platform: Platform, tmp_path: Path
) -> None:
    first = start(locust, scenario_of(tmp_path, platform, "60s"), "first")
    silenced(first, platform, tmp_path)
    first.wait_for(
        lambda: orjson.loads((first.report / "checkpoint.json").read_bytes())["state"]["records"].get("kept")
    )
    first.process.kill()
    first.process.wait()
    waiting = kept(tmp_path)
    assert len(waiting) >= 500
    told = rebuild(first.report)["records"]
    assert 0 < told["kept"] <= told["pending"]
    platform.signal(signal.SIGCONT)
    second = start(locust, scenario_of(tmp_path, platform, "6s"), "second")
    assert second.end() == ExitCode.PASSED, second.output
    holds_each_once(platform, waiting, second.summary())
    assert kept(tmp_path) == {}
    assert f"{len(waiting):,} restored" in second.output
