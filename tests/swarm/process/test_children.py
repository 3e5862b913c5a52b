"""How a worker ended is known when Locust asks, however long ago that was."""

import os

import gevent
import pytest

from simulator.swarm.process import children as module
from simulator.swarm.process.children import EndedChildren, keep_ended, note_forks

RUNNING, ENDED, FORGOTTEN, STRANGER = 1, 2, 3, 4
KILLED = 9


class System:
    """The system's `waitpid`: each child that has ended is told of once."""

    def __init__(self) -> None:
        self.statuses = {ENDED: KILLED}
        self.running = {RUNNING}

    def waitpid(self, pid: int, options: int) -> tuple[int, int]:
        if pid in self.running and options & os.WNOHANG:
            return 0, 0
        if pid in self.statuses:
            return pid, self.statuses.pop(pid)
        raise ChildProcessError(pid)


def test_what_was_noted_is_told_once_more() -> None:
    kept = EndedChildren((RUNNING, ENDED, FORGOTTEN), System().waitpid)
    kept.look()
    kept.look()
    assert len(kept) == 3
    assert kept.codes == {2: -KILLED}, "of one that the system has forgotten nobody knows how it ended"
    assert kept.waitpid(ENDED, 0) == (ENDED, KILLED)
    with pytest.raises(ChildProcessError):
        kept.waitpid(ENDED, 0)


def test_who_runs_and_who_is_no_child_is_the_systems_to_tell() -> None:
    system = System()
    kept = EndedChildren((RUNNING,), system.waitpid)
    kept.look()
    assert kept.waitpid(RUNNING, os.WNOHANG) == (0, 0)
    system.running.clear()
    system.statuses[RUNNING] = 0
    assert kept.waitpid(RUNNING, 0) == (RUNNING, 0)
    with pytest.raises(ChildProcessError):
        kept.waitpid(STRANGER, 0)


@pytest.mark.parametrize("processes", [None, 0])
def test_a_process_that_forked_nobody_is_left_alone(processes: int | None) -> None:
    before = os.waitpid
    assert keep_ended(processes) is None
    assert os.waitpid is before


def test_a_masters_children_are_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def waitpid(pid: int, options: int) -> tuple[int, int]:
        asked.append(pid)
        return pid, KILLED

    prepared: list[int] = []
    forks = iter([ENDED, 0])
    monkeypatch.setattr(gevent, "fork", lambda: next(forks))
    monkeypatch.setattr(module, "_forked", [])
    note_forks(lambda: prepared.append(len(module._forked)))
    assert [gevent.fork(), gevent.fork()] == [ENDED, 0], "in the parent, then in a child, which has forked nobody"
    assert prepared == [0], "once, before the first"
    monkeypatch.setattr(os, "waitpid", waitpid)
    kept = keep_ended(2)
    assert kept is not None
    kept.look()
    assert asked == [ENDED]
    assert kept.codes == {1: -KILLED}
    assert os.waitpid(ENDED, 0) == (ENDED, KILLED)
    assert asked == [ENDED]
