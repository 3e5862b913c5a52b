"""The embedded platform's process: started, waited for, stopped, and told of when it does not start."""

import os
from pathlib import Path

import pytest

from simulator.swarm.embedded import LOG_NAME, EmbeddedPlatform, PlatformStartError
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
    with pytest.raises(PlatformStartError, match=r"exit code 2:\n(.|\n)*nowhere\.yaml"):
        platform.start()


def test_it_ends_when_the_pipe_to_its_parent_does(scenario: Path, tmp_path: Path) -> None:
    platform = EmbeddedPlatform(["--scenario", str(scenario)], tmp_path)
    platform.start()
    process = platform._process
    assert process is not None
    assert process.stdin is not None
    os.close(process.stdin.fileno())
    assert process.wait(timeout=10) == 0
    assert not alive(process.pid)
