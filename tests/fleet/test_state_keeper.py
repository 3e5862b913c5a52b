"""The state file is written on a thread of its own: what a kill leaves in it, what becomes of a full or locked one."""

import sqlite3
import time
from collections import Counter
from pathlib import Path

import pytest

from simulator.device.unsent import Unsent
from simulator.fleet import state_keeper
from simulator.fleet.state_keeper import StateKeeper
from simulator.fleet.warm_state import Login, WarmState, WarmStateError


def row(log_id: int, photo: bytes | None = None) -> Unsent:
    return Unsent(log_id, b"r", photo)


class Kept:
    """A keeper whose ticks are made by the test."""

    def __init__(self, path: Path, dispatch: str = "d") -> None:
        self.counts: Counter[str] = Counter()
        self.path, self.dispatch = path, dispatch
        self.keeper = StateKeeper(path, dispatch, self._count)
        self.problems: list[str] = []

    def _count(self, event: str, count: int) -> None:
        self.counts[event] += count

    def tick(self) -> None:
        if (problem := self.keeper.tick()) is not None:
            self.problems.append(problem)

    def written(self) -> dict[str, list[Unsent]]:
        with WarmState(self.path) as state:
            return state.load_unsent(self.dispatch)

    def until_written(self, rows: dict[str, list[Unsent]]) -> None:
        deadline = time.monotonic() + 20
        while self.written() != rows:
            assert time.monotonic() < deadline, self.written()
            self.tick()
            time.sleep(0.01)

    def end(self) -> str | None:
        self.keeper.close()
        return self.keeper.join()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite"


def test_what_a_killed_process_had_written_is_there(path: Path) -> None:
    kept = Kept(path)
    kept.keeper.records.keep("A", row(1))
    kept.keeper.records.keep("A", row(2, b"p"))
    kept.until_written({"A": [row(1), row(2, b"p")]})  # and nobody closes it
    kept.keeper.records.acknowledged("A", 2)
    kept.keeper.records.drop("A", 1)
    kept.until_written({"A": [Unsent(2, None, b"p")]})
    assert kept.end() is None
    assert kept.counts["photo_kept"] == 1
    assert kept.counts["kept"] == 0


def test_what_an_earlier_run_left_is_said(path: Path) -> None:
    with WarmState(path) as state:
        rows = [("A", row(1)), ("A", row(2, b"p")), ("B", row(1)), ("C", Unsent(1, None, b"p"))]
        state.save_unsent("d", rows, [])
        state.save_unsent("e", [("A", row(1))], [])
    kept = Kept(path)
    assert kept.keeper.found == (f"taking back 3 unsent records of 2 devices from {path}, as the devices are started")
    assert kept.end() is None
    other = Kept(path, "nowhere")
    assert other.keeper.found == ""
    assert other.end() is None


def test_the_last_batch_is_written_before_the_end(path: Path) -> None:
    kept = Kept(path)
    kept.tick()
    kept.keeper.records.keep("A", row(1))
    kept.keeper.logins.granted("A", "code", "secret")
    assert kept.end() is None
    assert kept.written() == {"A": [row(1)]}
    assert kept.counts["kept"] == 1
    with WarmState(path) as state:
        assert state.load_many("d", ["A"]) == {"A": Login("code", "secret")}
    other = Kept(path, "e")
    assert other.keeper.records.restore("A") == []
    assert other.end() is None
    again = Kept(path)
    assert again.counts == {"unclaimed": 1}
    assert again.keeper.records.restore("A") == [row(1)]
    again.keeper.records.drop("A", 1)
    assert again.end() is None
    assert again.counts == {"unclaimed": 0, "restored": 1}
    assert again.written() == {}


def test_a_file_that_cannot_be_written_is_told_once_and_tried_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Kept(path)

    def full(*_: object) -> None:
        raise WarmStateError("the disk is full")

    monkeypatch.setattr(WarmState, "save_unsent", full)
    kept.keeper.records.keep("A", row(1))
    kept.keeper.records.keep("A", row(2))
    deadline = time.monotonic() + 20
    while not kept.problems and time.monotonic() < deadline:
        kept.tick()
        time.sleep(0.01)
    kept.keeper.records.drop("A", 1)
    kept.keeper.records.keep("A", row(3))
    for _ in range(10):
        kept.tick()
        time.sleep(0.01)
    assert kept.problems == ["the disk is full"]
    assert kept.counts["kept"] == 0
    assert kept.written() == {}
    monkeypatch.undo()
    kept.until_written({"A": [row(2), row(3)]})
    assert kept.end() is None
    assert kept.counts["kept"] == 2


def test_what_could_not_be_written_at_last_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept(path)
    monkeypatch.setattr(WarmState, "save_unsent", lambda *_: 1 / 0)
    kept.keeper.records.keep("A", row(1))
    problem = kept.end()
    assert problem is not None
    assert "division" in problem
    assert kept.counts["kept"] == 0


def test_a_locked_file_keeps_nobody_waiting(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_keeper, "BUSY_SECONDS", 0.2)
    kept = Kept(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    kept.keeper.records.keep("A", row(1))
    slowest = 0.0
    deadline = time.monotonic() + 20
    while not kept.problems and time.monotonic() < deadline:
        began = time.perf_counter()
        kept.tick()
        slowest = max(slowest, time.perf_counter() - began)
        time.sleep(0.01)
    assert "locked" in kept.problems[0]
    assert slowest < 0.15  # of 0.2 that the write waits
    other.execute("ROLLBACK")
    other.close()
    kept.until_written({"A": [row(1)]})
    assert kept.end() is None


def test_a_file_of_something_else_is_an_error_at_once(path: Path) -> None:
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(WarmStateError, match="no state file"):
        Kept(path)


def test_a_disk_that_is_really_full_is_told_and_what_fits_again_is_written(path: Path) -> None:
    kept = Kept(path)
    state = kept.keeper._state._connection
    pages = state.execute("PRAGMA page_count").fetchone()[0]
    state.execute(f"PRAGMA max_page_count = {pages + 1}")
    wanted = [Unsent(number, b"r" * 1_000, None) for number in range(100)]
    for each in wanted:
        kept.keeper.records.keep("A", each)
    deadline = time.monotonic() + 20
    while not kept.problems and time.monotonic() < deadline:
        kept.tick()
        time.sleep(0.01)
    assert "full" in kept.problems[0]
    assert kept.written() == {}  # all or nothing
    assert kept.counts["kept"] == 0
    state.execute("PRAGMA max_page_count = 100000")
    kept.until_written({"A": wanted})
    assert kept.end() is None
    assert kept.counts["kept"] == 100


def test_an_end_that_takes_too_long_is_no_success(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_keeper, "_LAST_SECONDS", 0.05)
    monkeypatch.setattr(WarmState, "save_unsent", lambda *_: time.sleep(1.0))
    kept = Kept(path)
    kept.tick()
    kept.keeper.records.keep("A", row(1))
    problem = kept.end()
    assert problem is not None
    assert "was not written within" in problem
    assert kept.counts["kept"] == 0
