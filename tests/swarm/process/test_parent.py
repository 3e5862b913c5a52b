"""A forked worker ends when its master's process does."""

import os

import gevent
import pytest

from simulator.exit_codes import ExitCode
from simulator.swarm.process import parent as module
from simulator.swarm.process.parent import end_with


def test_it_ends_at_once_and_as_invalid_when_its_parent_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    codes: list[int] = []
    parents = iter([7, 7, 1])
    monkeypatch.setattr(os, "getppid", lambda: next(parents))
    monkeypatch.setattr(os, "_exit", codes.append)
    monkeypatch.setattr(module, "LOOK_S", 0.0)
    end_with(7).join(timeout=10)
    assert codes == [ExitCode.INVALID]


def test_with_its_parent_there_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []

    def getppid() -> int:
        looks.append(7)
        return 7

    monkeypatch.setattr(os, "getppid", getppid)
    monkeypatch.setattr(module, "LOOK_S", 0.0)
    watch = end_with(7)
    while len(looks) < 5:
        gevent.sleep(0)
    assert not watch.ready()
    watch.kill()
