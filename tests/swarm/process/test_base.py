"""What every role has, and what a failure at a run's start means."""

import errno
from pathlib import Path

import pytest

from reports.directory import DirectoryBusyError
from reports.verdict import code_of
from reports.writer import OUTPUT_FAILED
from simulator.exit_codes import ExitCode
from simulator.fields.dispatch_url import DispatchUrlError
from simulator.fleet.platform_process import PlatformStartError
from simulator.fleet.warm_state import WarmStateError
from simulator.scenario.problems import ScenarioError
from simulator.swarm.generator.engine import EngineError
from simulator.swarm.process.base import START_FAILURES, Role, start_failure
from simulator.swarm.process.local import Local
from simulator.swarm.process.master import Master
from simulator.swarm.process.worker import Worker
from tests.swarm.fake_locust import choice, environment


@pytest.mark.parametrize(
    ("error", "key", "code"),
    [
        (PlatformStartError("port 80 is taken", refused=True), "start_failed", ExitCode.USAGE),
        (PlatformStartError("it broke down"), "platform_failed_to_start", ExitCode.INVALID),
        (EngineError("no network"), "start_failed", ExitCode.USAGE),
        (DirectoryBusyError("another writes there"), "start_failed", ExitCode.USAGE),
        (DispatchUrlError("no URL"), "start_failed", ExitCode.USAGE),
        (WarmStateError("no such table"), "start_failed", ExitCode.USAGE),
        (ScenarioError([]), "start_failed", ExitCode.USAGE),
        (PermissionError(errno.EACCES, "Permission denied", "report"), "start_failed", ExitCode.USAGE),
        (OSError(errno.ENOSPC, "No space left on device", "report/latency.hlog"), OUTPUT_FAILED, ExitCode.INVALID),
    ],
)
def test_a_failure_at_the_start_is_the_users_to_mend_or_not(error: Exception, key: str, code: ExitCode) -> None:
    assert isinstance(error, START_FAILURES)
    found = start_failure(error)
    assert found.key == key
    assert code_of([found]) == code


def test_a_full_disk_is_told_with_its_file() -> None:
    found = start_failure(OSError(errno.ENOSPC, "No space left on device", "report/latency.hlog"))
    assert found.values == {"file": "report/latency.hlog", "problem": "No space left on device"}


def test_there_are_three_roles_and_none_that_is_only_half_of_one(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="abstract"):
        Role(environment(tmp_path), choice())  # type: ignore[abstract]
    clocks = {kind(environment(tmp_path), choice()).clock for kind in (Local, Master, Worker)}
    assert len(clocks) == 3
