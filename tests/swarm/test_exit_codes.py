"""The exit code of real processes is the verdict of their files, whatever made it."""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from junitparser import JUnitXml

from reports.verdict import headline
from simulator.exit_codes import ExitCode
from tests.ports import free_port
from tests.swarm.processes import UNTIL_TOLD, LocustProcess, best_fleet

Start = Callable[..., LocustProcess]

LOCUSTFILE = """\
from locust import events

from simulator.swarm.process import worker
from simulator.swarm.open_files import OpenFilesError
from simulator.swarm.hooks import install
from simulator.swarm.locust.users import MeetingDevice

__all__ = ["MeetingDevice"]

install()

"""
DEMANDS = """
@events.quitting.add_listener
def judge(environment, **_):
    environment.process_exit_code = {code}
"""
RAISES = """
@events.request.add_listener
def watch(name, **_):
    if name == "dev.report":
        raise RuntimeError("a mistake of the locustfile")
"""
REFUSES = """
def refuse(devices):
    raise OpenFilesError("too few open files are allowed")

worker.allow_open_files = refuse
"""
DIES = """
import os, signal

forks = []
os.register_at_fork(
    before=lambda: forks.append(True),
    after_in_child=lambda: len(forks) == 2 and os.kill(os.getpid(), signal.SIGKILL),
)
"""


@pytest.fixture
def locustfile(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "own.py"
        path.write_text(LOCUSTFILE + text)
        return path

    return write


def told(run: LocustProcess, code: int) -> dict[str, Any]:
    """The summary of a run that ended with `code`, which all its files agree with."""
    assert run.end() == code, run.output
    summary = run.summary()
    line = headline(summary)
    # Markdown escapes what would be markup.
    assert line in (run.report / "report.md").read_text().splitlines()[0].replace("\\", "")
    assert line in " ".join(run.output.split()) or "Verdict" not in run.output
    (suite,) = JUnitXml.fromstring((run.report / "junit.xml").read_bytes())
    case = next(case for case in suite if case.name == "verdict")
    assert case.is_passed is (summary["verdict"] == "passed")
    done = best_fleet(run.report.parent, "report", "report", "--verdict", "--quiet")
    assert done.returncode == code, done.stderr
    assert json.loads((run.report / "summary.json").read_bytes())["reasons"] == summary["reasons"]
    return summary


def keys(summary: dict[str, Any]) -> list[str]:
    return [reason["key"] for reason in summary["reasons"]]


def swarm(locust: Start, scenario: Path, workers: int, locustfile: Path) -> tuple[LocustProcess, list[LocustProcess]]:
    port = str(free_port())
    master = locust(
        *("--scenario", str(scenario), "--headless", "--report", "report", "--master"),
        *("--expect-workers", str(workers), "--master-bind-port", port),
        locustfile=locustfile,
    )
    return master, [
        locust("--worker", "--master-port", port, name=f"worker{number}", locustfile=locustfile)
        for number in range(workers)
    ]


def test_a_worker_that_cannot_take_part_is_told_everywhere(
    locust: Start, scenario: Path, locustfile: Callable[[str], Path]
) -> None:
    master, workers = swarm(locust, scenario, 1, locustfile(REFUSES))
    assert master.end(60) == ExitCode.USAGE, master.output
    summary = told(master, ExitCode.USAGE)
    assert summary["verdict"] == "invalid"
    assert keys(summary)[0] == "worker_refused"
    assert "too few open files are allowed" in headline(summary)
    workers[0].end()


def test_workers_that_leave_in_order_take_the_run_with_them(
    locust: Start, scenario: Path, locustfile: Callable[[str], Path]
) -> None:
    master, workers = swarm(locust, scenario, 1, locustfile(""))
    master.wait_for(lambda: master.ledger()["totals"]["online"] == 6)
    workers[0].process.send_signal(signal.SIGTERM)
    summary = told(master, ExitCode.INVALID)
    assert keys(summary) == ["workers_gone"]
    assert not summary["complete"]
    assert workers[0].end() == 0


def test_a_signal_while_the_master_waits_for_workers_is_no_pass(locust: Start, scenario: Path) -> None:
    master = locust(
        *("--scenario", str(scenario), "--headless", "--report", "report", "--master"),
        *("--expect-workers", "2", "--master-bind-port", str(free_port())),
    )
    master.wait_for_line("Waiting for workers to be ready")
    master.process.send_signal(signal.SIGTERM)
    assert master.end() == ExitCode.INTERRUPTED, master.output


def test_a_forked_worker_that_dies_before_it_joins_ends_the_run(
    locust: Start, scenario: Path, locustfile: Callable[[str], Path]
) -> None:
    run = locust(
        *("--scenario", str(scenario), "--headless", "--report", "report", "--processes", "3"),
        locustfile=locustfile(DIES),
    )
    summary = told(run, ExitCode.INVALID)
    assert keys(summary)[0] == "worker_ended_early"
    assert "worker 2 of 3 ended (signal SIGKILL)" in headline(summary)
    assert "Traceback" not in run.output


def test_workers_that_do_not_come_in_time_end_the_run_and_those_that_came_are_sent_home(
    locust: Start, scenario: Path
) -> None:
    port = str(free_port())
    master = locust(
        *("--scenario", str(scenario), "--headless", "--report", "report", "--master", "--master-bind-port", port),
        *("--expect-workers", "2", "--expect-workers-max-wait", "5"),
    )
    worker = locust("--worker", "--master-port", port, name="worker")
    summary = told(master, ExitCode.INVALID)
    assert keys(summary)[0] == "workers_missing"
    assert "1 of 2 workers had come" in headline(summary)
    assert worker.end() == 0


def test_a_platform_that_dies_while_workers_are_waited_for_ends_the_run(locust: Start, scenario: Path) -> None:
    master = locust(
        *("--scenario", str(scenario), "--headless", "--report", "report", "--master"),
        *("--expect-workers", "2", "--master-bind-port", str(free_port())),
    )
    master.wait_for_line("Waiting for workers to be ready")
    (platform,) = psutil.Process(master.process.pid).children()
    platform.kill()
    summary = told(master, ExitCode.INVALID)
    assert keys(summary)[0] == "platform_died"


@pytest.mark.parametrize("processes", [1, 2])
def test_a_second_signal_ends_the_forked_workers_too(locust: Start, scenario: Path, processes: int) -> None:
    run = locust(
        *("--scenario", str(scenario), "--headless", "--report", "report", "--processes", str(processes)),
        *UNTIL_TOLD,
    )
    run.wait_for(lambda: run.ledger()["totals"]["online"] == 6)
    children = psutil.Process(run.process.pid).children(recursive=True)
    assert len(children) > processes
    for _ in range(2):
        run.process.send_signal(signal.SIGINT)
    run.end()
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive


@pytest.mark.parametrize(
    ("more", "arguments", "code", "reasons"),
    [
        (DEMANDS.format(code=7), (), 7, ["code_set_elsewhere"]),
        (DEMANDS.format(code=0), ("--host", "{dead}"), 1, ["none_online", "records_unaccounted", "requests_failed"]),
        ("", ("--host", "{dead}", "--exit-code-on-error", "0"), 1, ["none_online", "records_unaccounted"]),
        (RAISES, (), 4, ["internal_error"]),
    ],
    ids=["a listener demands 7", "a listener demands 0", "failed requests are allowed", "a listener raises"],
)
def test_what_others_in_the_process_do(
    locust: Start,
    scenario: Path,
    locustfile: Callable[[str], Path],
    more: str,
    arguments: tuple[str, ...],
    code: int,
    reasons: list[str],
) -> None:
    dead = f"http://127.0.0.1:{free_port()}"
    run = locust(
        *("--scenario", str(scenario), "--headless", "--report", "report", *UNTIL_TOLD),
        *(argument.replace("{dead}", dead) for argument in arguments),
        locustfile=locustfile(more),
    )
    run.ends_after(lambda: run.measured("getBrokerServer" if "--host" in arguments else "dev.report"))
    assert keys(told(run, code)) == reasons
