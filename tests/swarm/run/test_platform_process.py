"""The embedded platform's process: started, waited for, stopped, and told of when it does not start."""

import os
import sys
from pathlib import Path

import pytest

from reports.verdict import code_of
from simulator.exit_codes import ExitCode
from simulator.fleet.platform_process import LOG_NAME, EmbeddedPlatform, PlatformStartError
from simulator.swarm.process.base import start_failure
from tests.swarm.processes import alive, fetch


def test_it_starts_and_stops_with_its_log_in_the_directory(scenario: Path, tmp_path: Path) -> None:
    platform = EmbeddedPlatform(["--scenario", str(scenario)], tmp_path / "report")
    address = platform.start()
    assert fetch(address.dispatch_url + "/ledger")["totals"]["online"] == 0
    assert platform.exit_code is None
    log = (tmp_path / "report" / LOG_NAME).read_text()
    assert address.dispatch_url in log
    platform.stop()
    platform.stop()
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


def test_it_ends_when_the_pipe_to_its_parent_does(scenario: Path, tmp_path: Path) -> None:
    platform = EmbeddedPlatform(["--scenario", str(scenario)], tmp_path)
    platform.start()
    process = platform._process
    assert process is not None
    assert process.stdin is not None
    os.close(process.stdin.fileno())
    assert process.wait(timeout=10) == 0
    assert not alive(process.pid)
