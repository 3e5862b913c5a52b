"""Signals stop a run in order, and a second one ends the process at once."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import gevent
import pytest

from simulator.exit_codes import ExitCode
from simulator.swarm.locust.signals import SIGNALS, OrderlyStop
from tests.swarm.processes import ROOT


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The process' own handlers are back afterwards."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_stops_in_a_greenlet_of_its_own(number: signal.Signals) -> None:
    stopped: list[tuple[str, object]] = []
    OrderlyStop(lambda name: stopped.append((name, gevent.getcurrent()))).install()
    os.kill(os.getpid(), number)
    assert stopped == []
    gevent.sleep(0)
    ((name, greenlet),) = stopped
    assert name == number.name
    assert greenlet is not gevent.getcurrent()


def test_it_takes_over_again_what_locust_took_meanwhile() -> None:
    stopped: list[str] = []
    stop = OrderlyStop(stopped.append)
    stop.install()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    stop.install()
    os.kill(os.getpid(), signal.SIGTERM)
    gevent.sleep(0)
    assert stopped == ["SIGTERM"]


PROGRAM = """
import os, signal, sys
from pathlib import Path
import gevent
from simulator.swarm.locust.signals import OrderlyStop

def stop(name):
    print(name, flush=True)
    {act}

OrderlyStop(stop, lambda: {kept}).install()
os.kill(os.getpid(), signal.SIGTERM)
gevent.sleep(0.1)
os.kill(os.getpid(), signal.SIGINT)
gevent.sleep(30)
"""


def end_twice(act: str, kept: str = "None") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", PROGRAM.format(act=act, kept=kept)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


@pytest.mark.parametrize(
    ("act", "code", "says"),
    [
        ("gevent.sleep(30)", ExitCode.INTERRUPTED, "best-fleet: SIGINT again: ended without waiting for the devices"),
        ("raise KeyError('odd')", ExitCode.INVALID, "internal error: the run cannot be stopped in order"),
    ],
)
def test_a_second_signal_and_an_error_of_ours_end_the_process(act: str, code: ExitCode, says: str) -> None:
    done = end_twice(act)
    assert done.stdout == "SIGTERM\n"
    assert done.returncode == code
    assert says in done.stderr
    assert "best-fleet report" not in done.stderr


def test_a_second_signal_says_how_a_report_is_made_of_what_is_left() -> None:
    told = end_twice("gevent.sleep(30)", "Path('runs/a b')").stderr
    assert told.splitlines()[-2:] == [
        "best-fleet: SIGINT again: ended without waiting for the devices",
        "best-fleet report 'runs/a b' makes a report of what was measured until then",
    ]
