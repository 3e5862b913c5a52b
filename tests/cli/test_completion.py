"""Shell completion, asked as a shell does: by argcomplete's protocol."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.cli import main
from simulator.cli.commands import COMMANDS
from simulator.cli.completion import SHELLS
from simulator.scenario.shipped import SHIPPED


def completions(line: str, folder: Path) -> set[str]:
    answer = folder / "answer"
    environment = {
        **os.environ,
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_SHELL": "bash",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "COMP_TYPE": "9",
    }
    program = "import sys; from simulator.cli import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, env=environment, capture_output=True, check=True)
    assert done.stdout == b""
    words = answer.read_text().split("\013")
    answer.unlink()
    return {word.strip() for word in words}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small.yaml").touch()
    (tmp_path / "small.csv").touch()
    return tmp_path


def test_commands(folder: Path) -> None:
    assert completions("best-fleet ", folder) >= {*COMMANDS, "--help", "--version"}
    assert completions("best-fleet comp", folder) == {"compare", "completion"}


def test_scenarios_and_yaml_files(folder: Path) -> None:
    found = completions("best-fleet check ", folder)
    assert found >= {*SHIPPED, "small.yaml"}
    assert "small.csv" not in found
    assert completions("best-fleet device --scenario smo", folder) == {"smoke", "smoke-certificates", "smoke-mqtt"}


def test_options_of_the_command(folder: Path) -> None:
    assert completions("best-fleet run smoke --spawn", folder) == {"--spawn-rate"}
    assert completions("best-fleet simulate smoke --weather ", folder) >= {"drawn", "scenario", "both"}


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shells_lines_name_the_program(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    code = capsys.readouterr().out
    assert "best-fleet" in code
    assert "_ARGCOMPLETE" in code
    if path := shutil.which(shell):
        subprocess.run([path, "-n"], input=code, text=True, check=True)


def test_an_unknown_shell(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "tcsh"]) == 2
    assert "invalid choice" in capsys.readouterr().err
