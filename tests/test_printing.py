"""Printing on terminals that know few characters, into pipes nobody reads, onto full disks."""

import io
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from reports.progress import ProgressLine
from reports.summary import build_summary
from reports.terminal import print_summary
from simulator import printing
from simulator.clock import SystemClock
from simulator.exit_codes import ExitCode
from simulator.fleet.trace import Trace
from tests.reports.conftest import busy_run, run_info

ROOT = Path(__file__).resolve().parent.parent
NARROW = ("ascii", "latin-1", "cp1252", "cp437", "gb2312", "utf-8")


def terminal(encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")


def shown(stream: io.TextIOWrapper) -> str:
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode(stream.encoding)


@pytest.mark.parametrize("encoding", NARROW)
@given(text=st.text(st.characters(), max_size=30))
def test_any_text_can_be_printed(encoding: str, text: str) -> None:
    stream = printing.safe(terminal(encoding))
    stream.write(text + "█→≤中\udc80")
    shown(stream)


def test_what_a_terminal_does_not_know_has_a_lookalike() -> None:
    stream = printing.safe(terminal("ascii"))
    stream.write("offline → lookup, p99 ≤ 3 ms – ×156 ██░░ … ┏━┓│ µs é 中")
    assert shown(stream) == r"offline -> lookup, p99 <= 3 ms - x156 ##.. ... +-+| us \xe9 \u4e2d"
    known = printing.safe(terminal("cp1252"))
    known.write("– … × µ é →")
    assert shown(known) == "– … × µ é ->"


@pytest.mark.parametrize("encoding", NARROW)
def test_the_table_and_the_live_line_print_everywhere(encoding: str) -> None:
    busy, run = busy_run(), run_info(thresholds=("dev.heartbeat p99 < 1 ms",))
    summary = build_summary(busy, run)
    summary["scenario"] = "早会 ☕"
    stream = terminal(encoding)
    print_summary(summary, stream)
    assert "dev.heartbeat" in shown(stream)
    assert "FAILED" in shown(stream)
    line = terminal(encoding)
    ProgressLine(busy, run, 60.0, line).tick(run.started + 20)
    assert "online" in shown(line)


def test_a_trace_prints_on_any_terminal() -> None:
    stream = terminal("ascii")
    trace = Trace(stream, SystemClock(), as_json=False)
    trace.event("state", "offline → lookup")
    trace.message("<", '{"payload": {"name": "会议"}}'.encode())
    assert "offline -> lookup" in shown(stream)
    assert r"\u4f1a\u8bae" in shown(stream)
    assert trace.lost is None


class _Refusing(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


class _Gone(io.StringIO):
    def flush(self) -> None:
        raise BrokenPipeError


def test_a_trace_that_cannot_be_written_is_counted_and_ends_nothing() -> None:
    trace = Trace(_Refusing(), SystemClock(), as_json=True)
    trace.event("state", "online")
    trace.message(">", b"{}")
    assert trace.lost == "No space left on device (2 lines are lost)"
    closed = io.StringIO()
    closed.close()
    trace = Trace(closed, SystemClock(), as_json=False)
    trace.event("state", "online")
    assert trace.lost is not None
    trace = Trace(_Gone(), SystemClock(), as_json=False)
    trace.event("state", "online")
    assert trace.lost is None


PROGRAM = """
import logging, sys
from simulator import printing
handler = logging.StreamHandler()
logging.getLogger("ours").addHandler(handler)
printing.install()
printing.install()
assert handler.stream is sys.stderr
print("\\u2192" * 100_000)
logging.getLogger("ours").warning("\\u2264 logged")
sys.exit(printing.exit_code(int(sys.argv[1])))
"""


def program(code: int, *, stdout: int | None = None, unbuffered: bool = False) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    environment["PYTHONUNBUFFERED"] = "1" if unbuffered else ""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, str(code)],
        stdout=subprocess.PIPE if stdout is None else stdout,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("unbuffered", [False, True])
@pytest.mark.parametrize("code", [ExitCode.PASSED, ExitCode.THRESHOLD_CROSSED])
def test_whoever_leaves_a_pipe_changes_no_exit_code(code: int, unbuffered: bool) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = program(code, stdout=writer, unbuffered=unbuffered)
    os.close(writer)
    assert (done.returncode, done.stderr) == (code, "<= logged\n")


@pytest.mark.parametrize("unbuffered", [False, True])
def test_output_that_a_full_disk_lost_is_told_and_is_no_pass(unbuffered: bool) -> None:
    with open("/dev/full", "wb") as full:
        done = program(0, stdout=full.fileno(), unbuffered=unbuffered)
        crossed = program(3, stdout=full.fileno(), unbuffered=unbuffered)
    told = "best-fleet: standard output could not be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (ExitCode.INVALID, f"<= logged\n{told}")
    assert (crossed.returncode, crossed.stderr) == (ExitCode.THRESHOLD_CROSSED, f"<= logged\n{told}")


def test_what_is_written_whole_arrives_whole() -> None:
    done = program(0)
    assert (done.returncode, done.stdout) == (0, "->" * 100_000 + "\n")


@pytest.mark.parametrize("command", ["schema", "check scenarios/smoke.yaml", "--help", "run --help", "platform --help"])
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_every_command_prints_in_every_encoding(command: str, encoding: str) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    whole = [sys.executable, "-m", "simulator.cli", *command.split()]
    done = subprocess.run(whole, cwd=ROOT, env=environment, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode(encoding)


def test_closed_streams_are_no_traceback() -> None:
    line = f"{sys.executable} -m simulator.cli check scenarios/smoke.yaml >&- 2>&-"
    assert subprocess.run(line, shell=True, cwd=ROOT, timeout=60, check=False).returncode == 0


def test_a_console_of_rich_takes_a_safe_stream() -> None:
    stream = printing.safe(terminal("ascii"))
    Console(file=stream, width=40).print("[bold]≥ 3[/] → 中")
    assert shown(stream).strip() == r">= 3 -> \u4e2d"
    assert printing.safe(None) is None
    text = io.StringIO()
    assert printing.safe(text) is text


def test_log_handlers_are_safe_too(tmp_path: Path) -> None:
    handler = logging.FileHandler(tmp_path / "log", encoding="ascii")
    logger = logging.getLogger("tests.printing")
    logger.addHandler(handler)
    try:
        printing.install()
        logger.warning("a → b")
    finally:
        logger.removeHandler(handler)
        handler.close()
    assert (tmp_path / "log").read_text() == "a -> b\n"
