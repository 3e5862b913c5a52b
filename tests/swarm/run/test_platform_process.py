"""The embedded platform's process: started, waited for, stopped, and told of when it does not start."""

import json
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reports.verdict import code_of
from simulator.exit_codes import ExitCode
from simulator.fleet.platform_process import LOG_NAME, EmbeddedPlatform, PlatformStartError
from simulator.measurements.ledger import Kept
from simulator.platform.split import end_timeout_s
from simulator.swarm.process.base import start_failure
from tests.swarm.processes import SCENARIO, alive, fetch

CERTIFICATES = SCENARIO.format(duration="60s", thresholds="[]").replace(
    "platform:\n", "platform:\n  tls: {device_certificates: true}\n"
)


def test_it_starts_and_stops_with_its_log_in_the_directory(scenario: Path, tmp_path: Path) -> None:
    platform = EmbeddedPlatform(["--scenario", str(scenario)], tmp_path / "report")
    address = platform.start()
    assert fetch(address.dispatch_url + "/ledger")["totals"]["online"] == 0
    assert platform.exit_code is None
    log = (tmp_path / "report" / LOG_NAME).read_text()
    assert address.dispatch_url in log
    assert platform.kept is None
    platform.stop()
    platform.stop()
    assert platform.kept == Kept(records=0, photos=0, duplicates=0)
    with pytest.raises(OSError, match="refused"):
        fetch(address.dispatch_url + "/ledger")


def test_a_platform_that_does_not_start_says_why(tmp_path: Path) -> None:
    platform = EmbeddedPlatform(["--scenario", "nowhere.yaml"], tmp_path)
    with pytest.raises(PlatformStartError, match=r"exit code 2:\n(.|\n)*nowhere\.yaml") as caught:
        platform.start()
    # That is the user's to mend.
    assert caught.value.refused
    assert code_of([start_failure(caught.value)]) == ExitCode.USAGE


def test_a_platform_that_breaks_down_at_its_start_is_not_the_users_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(PlatformStartError, match="exit code 1") as caught:
        EmbeddedPlatform([], tmp_path).start()
    assert not caught.value.refused
    assert code_of([start_failure(caught.value)]) == ExitCode.INVALID


def test_it_ends_when_the_pipe_to_its_parent_does_and_leaves_nothing(scenario: Path, tmp_path: Path) -> None:
    platform = EmbeddedPlatform(["--scenario", str(scenario)], tmp_path, comes_back=True)
    platform.start()
    process, home = platform._process, platform._home
    assert process is not None
    assert home is not None
    assert (Path(home._state) / "ledger.sqlite").exists()
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(timeout=10) == 0
    assert not alive(process.pid)
    # By itself, whatever comes then.
    assert not platform.kill()
    assert platform.exit_code == 0
    # The ledger holds secrets, and may be large.
    assert not Path(home._state).exists()
    account = platform._account_file
    assert account is not None
    platform.stop()
    # Nobody would have removed its account.
    assert not account.exists()
    assert platform.kept is None


# --- Killed and restarted ---


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder for temporary files, sockets among them."""
    with tempfile.TemporaryDirectory(prefix="bf-") as directory:
        yield Path(directory)


def without_pids(line: dict[str, Any]) -> dict[str, Any]:
    return line | {"pid": 0, "processes": [each | {"pid": 0} for each in line.get("processes", [])]}


def serving_pids(directory: Path) -> list[int]:
    """Of the processes of a platform that serve, as its ready line has them."""
    line = json.loads((directory / LOG_NAME).read_text().splitlines()[-1])
    return [each["pid"] for each in line.get("processes", [line])]


@pytest.mark.parametrize("processes", [1, 2])
def test_killed_and_restarted_it_is_the_same_platform(
    tmp_path: Path, processes: int, monkeypatch: pytest.MonkeyPatch, short: Path
) -> None:
    monkeypatch.setenv("TMPDIR", str(short))
    monkeypatch.setattr(tempfile, "tempdir", None)
    scenario = tmp_path / "certificates.yaml"
    scenario.write_text(CERTIFICATES)
    platform = EmbeddedPlatform(["--scenario", str(scenario)], tmp_path, comes_back=True, processes=processes)
    address = platform.start()
    assert address.ca_file is not None
    state = Path(address.ca_file).parents[1]
    root = Path(address.ca_file).read_text()
    before = fetch(address.dispatch_url + "/ledger")
    first = platform._process
    assert first is not None
    serving = serving_pids(tmp_path)
    assert len(serving) == processes

    assert platform.kill()
    assert first.returncode == -signal.SIGKILL
    # None that is left, and nothing but its state: it can be started at once.
    assert not any(map(alive, serving))
    assert list(short.glob("best-fleet-*")) == [state]
    # Nobody listens, nobody else gets the port, and it is no death of its own.
    assert platform.exit_code is None
    port = int(address.dispatch_url.rpartition(":")[2])
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", port))
    with pytest.raises(OSError, match="refused"):
        fetch(address.dispatch_url + "/ledger")
    assert not platform.kill()

    platform.restart()
    log = (tmp_path / LOG_NAME).read_text()
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert len(lines) == 2
    assert without_pids(lines[0]) == without_pids(lines[1])
    assert lines[0]["pid"] != lines[1]["pid"]
    assert Path(address.ca_file).read_text() == root
    assert fetch(address.dispatch_url + "/ledger")["totals"] == before["totals"]
    # Secrets of the ledger and the CA's key are nobody else's.
    assert state.stat().st_mode & 0o777 == 0o700
    assert all((state / name).stat().st_mode & 0o777 == 0o600 for name in ("ledger.sqlite", "tls/ca-key.pem"))

    assert platform.exit_code is None
    platform.stop()
    assert list(short.iterdir()) == []


def test_one_that_does_not_come_back_says_why_and_leaves_nothing(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = EmbeddedPlatform(["--scenario", str(scenario)], tmp_path, comes_back=True)
    platform.start()
    home = platform._home
    assert home is not None
    assert platform.kill()
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(PlatformStartError, match="exit code 1"):
        platform.restart()
    assert platform.exit_code is None
    assert not Path(home._state).exists()
    platform.stop()


def test_half_of_one_gives_no_account_and_is_not_killed_by_us(scenario: Path, tmp_path: Path) -> None:
    platform = EmbeddedPlatform(["--scenario", str(scenario)], tmp_path, processes=2)
    platform.start()
    first, second = serving_pids(tmp_path)
    # It cannot end in order, so that the platform is still there when it is to be killed.
    os.kill(first, signal.SIGSTOP)
    os.kill(second, signal.SIGKILL)
    while f"(pid {second}) ended by itself" not in platform.last_lines():
        pass
    assert not platform.kill()
    assert platform.exit_code == ExitCode.INVALID
    platform.stop()
    assert platform.kept is None


@pytest.mark.parametrize("processes", [1, 2])
def test_whether_it_is_whole_is_known_before_it_has_ended(scenario: Path, tmp_path: Path, processes: int) -> None:
    """Of several processes one dies: the platform's end in order takes seconds, and there is no exit code before."""
    platform = EmbeddedPlatform(["--scenario", str(scenario)], tmp_path, processes=processes)
    assert platform.whole
    platform.start()
    try:
        assert platform.whole
        serving = serving_pids(tmp_path)
        if processes > 1:
            os.kill(serving[0], signal.SIGSTOP)
        os.kill(serving[-1], signal.SIGKILL)
        while platform.whole:
            pass
        assert (platform.exit_code is None) == (processes > 1)
    finally:
        platform.kill()
        platform.stop()


def test_one_that_is_stopped_or_killed_by_us_is_not_missed(scenario: Path, tmp_path: Path) -> None:
    platform = EmbeddedPlatform(["--scenario", str(scenario)], tmp_path)
    platform.start()
    assert platform.kill()
    assert platform.whole
    platform.stop()
    assert platform.whole


def test_more_processes_have_more_time(tmp_path: Path) -> None:
    """On a machine with few cores they start, and end, one after the other."""
    one, many = (EmbeddedPlatform([], tmp_path, processes=processes) for processes in (1, 14))
    assert many.ready_timeout_s >= one.ready_timeout_s + 13 * 5
    assert many.stop_timeout_s > one.stop_timeout_s
    # It says then which of its processes it had to kill, and ends: not by us.
    assert many.stop_timeout_s > end_timeout_s(14)
