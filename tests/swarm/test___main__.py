"""`python -m simulator.swarm` is Locust, and ends in order while it is still being imported."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.exit_codes import ExitCode

COMMAND = (sys.executable, "-m", "simulator.swarm")


def test_it_is_locust() -> None:
    said = subprocess.run([*COMMAND, "--version"], capture_output=True, text=True, check=True, timeout=60).stdout
    assert said.startswith("locust ")


@pytest.mark.parametrize(("language", "says"), [("en", "ended before the run had begun"), ("zh", "运行尚未开始")])
def test_ctrl_c_while_the_locustfile_is_imported(tmp_path: Path, language: str, says: str) -> None:
    slow = tmp_path / "slow.py"
    slow.write_text("import time\nprint('imported', flush=True)\ntime.sleep(600)\n")
    process = subprocess.Popen(
        [*COMMAND, "-f", str(slow), "--lang", language], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "imported\n"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == ExitCode.INTERRUPTED
    assert says in said
    assert "Traceback" not in said
