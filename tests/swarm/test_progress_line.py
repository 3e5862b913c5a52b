"""The progress line of headless runs: drawn over on a terminal, a plain line now and then elsewhere."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tests.swarm.processes import ROOT, SCENARIO

TABLE = "# fails"
"""In the heading of Locust's own table."""
BAR = re.compile(r"\r\x1b\[2K([█░]+ 0:0\d left  \d/6 online  [\d.]+ requests/s  0 failed[^\r]*)")
PLAIN = re.compile(r"^0:\d\d of 0:07  \d/6 online.*  0 failed.*$", re.MULTILINE)


def shown_by(directory: Path, *arguments: str, columns: int | None) -> str:
    """What a run of 7 s prints, on a terminal of so many columns (0: it does not know) or, with None, into a pipe."""
    (directory / "tiny.yaml").write_text(SCENARIO.format(duration="7s", thresholds="[]"))
    command = [sys.executable, "-m", "locust", "-f", str(ROOT / "locustfile.py"), "--scenario", "tiny.yaml"]
    command += ["--headless", "--report", "report", *arguments]
    environment = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], "TERM": "xterm"}
    if columns is None:
        done = subprocess.run(
            command, cwd=directory, env=environment, capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout + done.stderr
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30 if columns else 0, columns, 0, 0))
    with subprocess.Popen(
        command, cwd=directory, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        found = bytearray()
        try:
            while block := os.read(ours, 65_536):
                found += block
        except OSError:
            pass  # how Linux says that nobody has the terminal open any more
        finally:
            os.close(ours)
        assert process.wait(60) == 0, found.decode()
    return found.decode()


@pytest.mark.parametrize("columns", [80, 0])
def test_a_terminal_has_one_line_that_is_drawn_over(tmp_path: Path, columns: int) -> None:
    shown = shown_by(tmp_path, "--only-summary", columns=columns)
    drawn = BAR.findall(shown)
    assert len(drawn) >= 3, shown
    assert all(len(line) < (columns or 100) for line in drawn)
    assert any(line.split("  ")[1] == "6/6 online" for line in drawn)
    # gone before anything else is printed, so that no line of the log stands behind it
    assert not re.search(r"online[^\r\n]*\[\d{4}-", shown)
    assert shown.count(TABLE) == 1, "the summary's table alone"


def test_locusts_table_and_the_line_share_the_terminal(tmp_path: Path) -> None:
    shown = shown_by(tmp_path, "--print-stats", columns=120)
    assert shown.count(TABLE) > 1
    assert len(BAR.findall(shown)) >= 3
    assert not re.search(r"online[^\r\n]*Type ", shown)


def test_elsewhere_it_is_plain(tmp_path: Path) -> None:
    shown = shown_by(tmp_path, columns=None)
    assert len(PLAIN.findall(shown)) == 1, shown
    assert "\x1b[2K" not in shown
    assert "█" not in shown
    assert TABLE not in shown, "Locust's tables are there for whoever asks"
    assert "locust.main" not in shown
    assert re.search(r"^Verdict     PASSED.*\nReport      report/report\.html\n", shown, re.MULTILINE), "the last lines"
