"""The progress line and the log share one terminal."""

import io
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.swarm.run.terminal_line import TerminalLine
from tests.swarm.manual_run import ManualRun

CLEARED = "\r\x1b[2K"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """A terminal where Locust's log goes."""
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    handler = logging.StreamHandler(terminal)
    logging.getLogger("locust").addHandler(handler)
    yield terminal
    logging.getLogger("locust").removeHandler(handler)


def watched(directory: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> ManualRun:
    """A run whose progress line is drawn on `terminal`."""
    monkeypatch.setattr(sys, "stderr", terminal)
    manual = ManualRun(directory, outputs=[TerminalLine()]).open()
    manual.tick(1.0)
    return manual


def test_a_line_of_the_log_stands_where_the_progress_line_was(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched(tmp_path, terminal, monkeypatch)
    drawn = terminal.getvalue()
    assert drawn.startswith(CLEARED)
    assert "1/1 online" in drawn
    logging.getLogger("locust").error("a worker has left")
    assert terminal.getvalue() == f"{drawn}{CLEARED}a worker has left\n"
    logging.getLogger("locust").error("another")
    assert terminal.getvalue().endswith("a worker has left\nanother\n")


def test_at_the_end_the_line_is_gone_and_no_log_line_clears_it_any_more(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched(tmp_path, terminal, monkeypatch).run.close()
    assert terminal.getvalue().endswith(CLEARED)
    assert not any(handler.filters for handler in logging.getLogger("locust").handlers)


def test_a_run_that_never_began_has_no_line(terminal: Terminal, tmp_path: Path) -> None:
    line = TerminalLine()
    run = ManualRun(tmp_path, outputs=[line]).run
    line.tick(run, 1.0)
    line.finish(run, 2.0)
    assert terminal.getvalue() == ""
