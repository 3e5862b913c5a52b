"""How a process ended, in words."""

import signal

import pytest

from simulator.endings import ending
from simulator.texts.language import CHINESE, speaking
from simulator.texts.told import said


@pytest.mark.parametrize(
    ("code", "text"),
    [(4, "exit code 4"), (0, "exit code 0"), (-9, "signal SIGKILL"), (-(signal.SIGRTMIN + 1), "signal 35")],
)
def test_what_a_code_means(code: int, text: str) -> None:
    assert ending(code) == text


def test_in_chinese() -> None:
    with speaking(CHINESE):
        assert said(ending(-11)) == "信号 SIGSEGV"
