"""Fixtures of the swarm's tests."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.swarm.nursery import ROOT, Nursery
from tests.swarm.processes import SCENARIO, LocustProcess, locusts_environment

# In this process Locust must not patch the standard library: the other tests run asyncio beside these.
os.environ["LOCUST_SKIP_MONKEY_PATCH"] = "1"


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """Six devices on the plain channel for 60 s."""
    path = tmp_path / "tiny.yaml"
    path.write_text(SCENARIO.format(duration="60s", thresholds="[]"))
    return path


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Of the environment that tests have as long as they change nothing in it."""
    nursery = Nursery(locusts_environment())
    yield nursery
    nursery.close()


@pytest.fixture
def locust(tmp_path: Path, nursery: Nursery) -> Iterator[Callable[..., LocustProcess]]:
    """Starts Locust with the project's locustfile (or another); every process is gone at the end."""
    started: list[LocustProcess] = []

    def start(*arguments: str, name: str = "report", locustfile: Path = ROOT / "locustfile.py") -> LocustProcess:
        started.append(LocustProcess(tmp_path, name, arguments, locustfile, nursery))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.send_signal(signal.SIGCONT)
            one.process.kill()
            one.process.wait()


@pytest.fixture(scope="module")
def no_command_line() -> Iterator[None]:
    """Locust's page parses the arguments of the process: here they are pytest's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["locust"])
        yield


@pytest.fixture(scope="module", params=["", "/tools/fleet"])
def prefix(request: pytest.FixtureRequest) -> str:
    return str(request.param)
