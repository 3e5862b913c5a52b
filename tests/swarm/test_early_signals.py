"""Ctrl-C before a run has begun: one line of the process that was started, and the code of a run that was stopped."""

import signal
import subprocess
import sys

import psutil
import pytest

from simulator.exit_codes import ExitCode

WAITS = """\
import os, signal, time
from simulator.swarm import early_signals

{before}
early_signals.take()
if os.fork() == 0:
    # By the fork: until it is Python's again, a signal is forgotten.
    print("ready", flush=True)
# Not `pause`, which waits for one more where a signal came just before it.
while True:
    time.sleep(0.05)
"""


def started(before: str = "") -> "subprocess.Popen[str]":
    """A process that has taken the signals, and a fork of it that waits as well."""
    process = subprocess.Popen(
        [sys.executable, "-c", WAITS.format(before=before)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def send(process: "subprocess.Popen[str]", number: signal.Signals) -> None:
    """To both of them, as a terminal does."""
    for each in (*psutil.Process(process.pid).children(), process):
        each.send_signal(number)


def said_by(process: "subprocess.Popen[str]") -> str:
    """What both say until they have ended."""
    _, said = process.communicate(timeout=30)
    assert process.returncode == ExitCode.INTERRUPTED
    return said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_line_is_said_by_the_process_that_was_started(number: signal.Signals) -> None:
    process = started()
    send(process, number)
    assert said_by(process).splitlines() == [f"best-fleet: {number.name}: ended before the run had begun"]


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    process = started("signal.signal(signal.SIGINT, signal.SIG_IGN)")
    send(process, signal.SIGINT)
    send(process, signal.SIGTERM)
    assert said_by(process).splitlines() == ["best-fleet: SIGTERM: ended before the run had begun"]
