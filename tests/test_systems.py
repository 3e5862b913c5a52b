"""Where this program runs: Windows is told a sentence, not a traceback, also by Locust."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from simulator.cli import main
from simulator.systems import unsupported

ROOT = Path(__file__).resolve().parent.parent
LOCUSTFILES = ("locustfile.py", "simulator/swarm/locustfile.py")


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_here_it_runs(platform: str) -> None:
    assert unsupported(platform) is None


def test_windows_is_told_what_helps() -> None:
    text = unsupported("win32")
    assert text is not None
    assert "WSL2" in text
    assert "container" in text


@pytest.mark.parametrize("arguments", [["run", "smoke"], ["check", "smoke"], ["platform"], []])
def test_every_command_says_so_on_windows(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith("best-fleet: Windows cannot run best-fleet")


@pytest.mark.parametrize("name", LOCUSTFILES)
def test_locust_says_so_before_it_imports_what_windows_lacks(name: str) -> None:
    program = (
        "import sys, runpy; import simulator.texts.translation, simulator.exit_codes; sys.platform = 'win32'; "
        f"sys.modules['uvloop'] = None; runpy.run_path({str(ROOT / name)!r})"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("best-fleet: Windows")
