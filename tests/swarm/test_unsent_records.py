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
from reports.verdict import headline
from simulator.exit_codes import ExitCode
from tests.ports import free_port
from tests.swarm.processes import ROOT, UNTIL_TOLD, LocustProcess, best_fleet, fetch

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


def delivers(run: LocustProcess, platform: Platform, directory: Path, waiting: Rows, *, devices: int = 6) -> None:
    """A run until told: devices are online, none of the records waits any more, and the run passes."""

    def all_there() -> bool:
        online = fetch(f"{platform.url}/ledger")["totals"]["online"] == devices
        return online and waiting.keys() <= platform.records().keys() and not waiting.keys() & kept(directory).keys()

    assert run.ends_after(all_there) == ExitCode.PASSED, run.output


def silenced(run: LocustProcess, platform: Platform, directory: Path, least: int = 500) -> None:
    """The platform takes records, then falls silent, and `least` of them wait in the state file."""
    run.wait_for(lambda: fetch(f"{platform.url}/ledger")["totals"]["online"] == 6)
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
    # What an earlier checkpoint knows of the state file may have been acknowledged since.
    first.wait_for(
        lambda: orjson.loads((first.report / "checkpoint.json").read_bytes())["state"]["records"].get("kept", 0) >= 500
    )
    first.process.kill()
    first.process.wait()
    waiting = kept(tmp_path)
    assert len(waiting) >= 500
    told = rebuild(first.report)["records"]
    assert 0 < told["kept"] <= told["pending"]
    platform.signal(signal.SIGCONT)
    second = start(locust, scenario_of(tmp_path, platform, "60s"), "second", *UNTIL_TOLD)
    delivers(second, platform, tmp_path, waiting)
    holds_each_once(platform, waiting, second.summary())
    assert kept(tmp_path) == {}
    assert f"{len(waiting):,} restored" in second.output
    assert f"taking back {len(waiting):,} unsent records of " in second.output


def test_a_run_that_is_interrupted_keeps_what_is_pending_and_says_so(
    locust: Start, platform: Platform, tmp_path: Path
) -> None:
    first = start(locust, scenario_of(tmp_path, platform, "60s"), "first", "--stop-timeout", "1")
    silenced(first, platform, tmp_path, 100)
    first.process.send_signal(signal.SIGINT)
    assert first.end() == ExitCode.FAILED, first.output
    waiting = kept(tmp_path)
    summary = first.summary()
    assert summary["records"]["kept"] == summary["records"]["pending"] == len(waiting)
    assert summary["photos"]["kept"] == summary["photos"]["pending"] > 0
    assert summary["reasons"][0]["key"] == "records_kept"
    assert f"state_file keeps {len(waiting):,} of them for the next run" in headline(summary)
    platform.signal(signal.SIGCONT)
    second = start(locust, scenario_of(tmp_path, platform, "60s"), "second", *UNTIL_TOLD)
    delivers(second, platform, tmp_path, waiting)
    holds_each_once(platform, waiting, second.summary())
    assert second.summary()["photos"]["restored"] == summary["photos"]["kept"]


def test_a_platform_that_is_killed_gets_the_rest_in_the_next_run_of_one_device_of_each(
    locust: Start, platform: Platform, tmp_path: Path
) -> None:
    first = start(locust, scenario_of(tmp_path, platform, "60s", rate=5), "first", "--stop-timeout", "1")
    first.wait_for(lambda: fetch(f"{platform.url}/ledger")["totals"]["online"] == 6)
    first.wait_for(lambda: fetch(f"{platform.url}/ledger")["totals"]["records"] > 20)
    platform.kill()
    first.wait_for(lambda: len({sn for sn, _ in kept(tmp_path)}) == 6)
    first.process.send_signal(signal.SIGTERM)
    assert first.end() == ExitCode.FAILED, first.output
    waiting = kept(tmp_path)
    assert first.summary()["records"]["kept"] == first.summary()["records"]["pending"] == len(waiting) > 0
    platform.start()
    second = start(locust, scenario_of(tmp_path, platform, "60s", count=2, rate=5), "second", *UNTIL_TOLD)
    of_two = {sn for sn, _ in waiting if sn.endswith(("01", "02"))}
    delivers(second, platform, tmp_path, {key: row for key, row in waiting.items() if key[0] in of_two}, devices=2)
    summary = second.summary()
    left = kept(tmp_path)
    assert len({sn for sn, _ in left}) == 4
    assert summary["records"]["unclaimed"] == len(left)
    assert "records_unclaimed" in [note["key"] for note in summary["notes"]]
    holds_each_once(platform, {key: row for key, row in waiting.items() if key not in left}, summary)
    # One device alone, without Locust.
    sn = min(left)[0]
    scenario = str(scenario_of(tmp_path, platform, "3s", rate=5))
    told = best_fleet(tmp_path, "device", "--scenario", scenario, "--sn", sn, "--duration", "3s")
    assert told.returncode == ExitCode.PASSED, told.stderr
    assert f"restored {sum(of == sn for of, _ in left)}" in told.stderr
    assert kept(tmp_path) == {key: row for key, row in left.items() if key[0] != sn}
    assert {key for key in left if key[0] == sn} <= platform.records().keys()


class Swarm:
    """A master, which has the state file, and two workers."""

    def __init__(self, locust: Start, scenario: Path, name: str, *arguments: str) -> None:
        port = str(free_port())
        self.master = start(
            *(locust, scenario, name, *arguments),
            *("--master", "--expect-workers", "2", "--master-bind-port", port),
        )
        self.workers = [locust("--worker", "--master-port", port, name=f"{name}-worker{number}") for number in range(2)]

    def kill(self) -> None:
        for one in (self.master, *self.workers):
            one.process.kill()
            one.process.wait()

    def end(self) -> int:
        code = self.master.end()
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.end()
        return code


@pytest.mark.long
def test_what_workers_could_not_send_is_kept_by_their_master(locust: Start, platform: Platform, tmp_path: Path) -> None:
    first = Swarm(locust, scenario_of(tmp_path, platform, "60s"), "first")
    silenced(first.master, platform, tmp_path)
    first.kill()
    waiting = kept(tmp_path)
    assert len({sn for sn, _ in waiting}) == 6
    platform.signal(signal.SIGCONT)
    second = Swarm(locust, scenario_of(tmp_path, platform, "60s"), "second", *UNTIL_TOLD)
    delivers(second.master, platform, tmp_path, waiting)
    second.end()
    holds_each_once(platform, waiting, second.master.summary())
    assert second.master.summary()["generator"]["processes"] == 2
    assert f"taking back {len(waiting):,} unsent records of 6 devices" in second.master.output
    assert kept(tmp_path) == {}


def test_another_worker_sends_what_a_killed_one_had_told(locust: Start, platform: Platform, tmp_path: Path) -> None:
    scenario = scenario_of(tmp_path, platform, "60s", rate=5)
    scenario.write_text(scenario.read_text() + "workers: {lease: 3s, quarantine: 3s}\n")
    swarm = Swarm(locust, scenario, "report")
    silenced(swarm.master, platform, tmp_path, 100)
    swarm.workers[0].process.kill()
    waiting = kept(tmp_path)
    platform.signal(signal.SIGCONT)
    swarm.master.wait_for(lambda: waiting.keys() <= platform.records().keys())
    swarm.master.process.send_signal(signal.SIGTERM)
    assert swarm.end() == ExitCode.INVALID, swarm.master.output
    held = platform.records()
    assert all(held[key]["verify_time"] == record["verifyTime"] for key, record in waiting.items())
    assert swarm.master.summary()["records"]["restored"] == 0
    assert kept(tmp_path) == {}
