"""The frame of `best-fleet`: help, unknown words, exit codes, and how little it imports."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from types import SimpleNamespace

import pytest

import simulator.cli
from simulator import __version__
from simulator.cli import INTERRUPTED, main
from simulator.cli.commands import COMMANDS, command_module
from simulator.cli.errors import UsageError


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"\n  {name} " in text for name in COMMANDS)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"best-fleet {__version__}\n"


def test_no_command_shows_the_help_and_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "commands:" in capsys.readouterr().out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: best-fleet {name}")
    assert f"best-fleet {name}" in text.split("example", 1)[1]


@pytest.mark.parametrize(
    ("word", "hint"), [("plaform", "platform"), ("provide", "provision"), ("chek", "check"), ("Run", "run")]
)
def test_unknown_command_suggests_the_nearest(word: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([word]) == 2
    assert f"did you mean {hint}?" in capsys.readouterr().err


def test_unknown_command_without_a_near_one_lists_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["xyzzy"]) == 2
    assert "platform" in capsys.readouterr().err


def test_unknown_option_suggests_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["platform", "--identites", "x.csv"]) == 2
    assert "did you mean --identities?" in capsys.readouterr().err


def replace_command(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Let every command fail with an error."""

    def run(options: object, rest: Sequence[str]) -> int:
        raise error

    module = SimpleNamespace(
        DESCRIPTION="", EPILOG="", PASSES_OPTIONS_ON=True, add_arguments=lambda parser: None, run=run
    )
    monkeypatch.setattr(simulator.cli, "command_module", lambda name: module)


def test_what_a_user_can_mend_is_a_message(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    replace_command(monkeypatch, UsageError("no such file: a.yaml"))
    assert main(["check"]) == 2
    assert capsys.readouterr().err == "best-fleet: no such file: a.yaml\n"


def test_interrupt_ends_quietly(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    replace_command(monkeypatch, KeyboardInterrupt())
    assert main(["check"]) == INTERRUPTED == 130
    assert "Traceback" not in capsys.readouterr().err


def test_the_reader_of_the_output_may_leave() -> None:
    process = subprocess.run(
        f"{sys.executable} -m simulator.cli schema | head -c 1", shell=True, capture_output=True, text=True, check=False
    )
    assert process.stderr == ""


def test_help_loads_no_library() -> None:
    heavy = ["locust", "gevent", "pydantic", "aiohttp", "uvloop", "yaml", "rich", "reports", "simulator.fleet"]
    program = (
        "import sys; from simulator.cli import main; main(['--help']); "
        f"print([name for name in {heavy} if name in sys.modules], file=sys.stderr)"
    )
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert process.stderr.strip() == "[]"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_offers_what_the_frame_needs(name: str) -> None:
    module = command_module(name)
    assert module.DESCRIPTION
    assert callable(module.add_arguments)
    assert callable(module.run)
