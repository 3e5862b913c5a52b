"""A forked Locust is what one from the command line is: the tests rest on it."""

import signal
from pathlib import Path

import pytest

from simulator.exit_codes import ExitCode
from tests.swarm.nursery import ROOT, Forked, Nursery
from tests.swarm.processes import LocustProcess, locusts_environment

LOCUSTFILE = ROOT / "locustfile.py"


@pytest.mark.parametrize(
    "arguments", [("--version",), ("--scenario", "none.yaml", "--headless"), ("--no-such-option",)]
)
def test_it_says_what_one_from_the_command_line_says(
    arguments: tuple[str, ...], nursery: Nursery, tmp_path: Path
) -> None:
    forked = LocustProcess(tmp_path, "forked", arguments, LOCUSTFILE, nursery)
    begun = LocustProcess(tmp_path, "begun", arguments, LOCUSTFILE)
    assert isinstance(forked.process, Forked) != isinstance(begun.process, Forked)
    assert forked.end() == begun.end()
    # Who calls a module by `-m` is called by its file's name.
    assert forked.output == begun.output.replace("__main__.py", "locust")
    assert forked.output


def test_how_it_ended_is_told(nursery: Nursery, scenario: Path, tmp_path: Path) -> None:
    arguments = ("--scenario", str(scenario), "--headless", "--report", "report")
    killed = LocustProcess(tmp_path, "killed", arguments, LOCUSTFILE, nursery)
    assert killed.process.poll() is None
    killed.process.kill()
    assert killed.end() == -signal.SIGKILL
    # Its number may be another's by now.
    killed.process.kill()
    stopped = LocustProcess(tmp_path, "report", arguments, LOCUSTFILE, nursery)
    stopped.wait_for(lambda: stopped.live(6))
    stopped.process.send_signal(signal.SIGINT)
    assert stopped.end() == ExitCode.INTERRUPTED


def test_who_needs_another_environment_is_no_fork(nursery: Nursery) -> None:
    assert nursery.bears(locusts_environment() | {"TMPDIR": "/elsewhere"})
    assert not nursery.bears(locusts_environment() | {"PYTHONIOENCODING": "ascii"})
    assert not nursery.bears({})
