"""What a ledger promises its writers: durable before acknowledged, and patience with another program's lock."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.platform.ledger.errors import COMMIT_FAILED, LOCKED, LedgerBusy
from simulator.platform.ledger.transactions import Ledger
from tests.platform.ledger.ledgers import DEVICE, locked


def test_who_waits_is_told_after_the_commit(tmp_path: Path) -> None:
    turn: list[Callable[[], None]] = []
    ledger = Ledger(tmp_path / "l.db", turn.append)
    other = sqlite3.connect(tmp_path / "l.db")
    told: list[bool] = []
    ledger.when_durable(told.append)
    assert told == [True], "nothing was written, so there is nothing to wait for"
    ledger.write(DEVICE, ("A",))
    ledger.write(DEVICE, ("B",))
    ledger.when_durable(told.append)
    assert told == [True]
    assert len(turn) == 1, "one commit for all writes of a turn"
    assert other.execute("SELECT count(*) FROM devices").fetchone() == (0,)
    turn.pop()()
    assert told == [True, True]
    assert other.execute("SELECT count(*) FROM devices").fetchone() == (2,)
    other.close()
    ledger.close()


def test_a_commit_that_fails_is_told(tmp_path: Path) -> None:
    turn: list[Callable[[], None]] = []
    ledger = Ledger(tmp_path / "l.db", turn.append)
    told: list[bool] = []
    faults: list[str] = []
    ledger.on_fault = lambda kind, detail: faults.append(kind)
    ledger.write(DEVICE, ("A",))
    ledger.when_durable(told.append)
    ledger.database.execute("ROLLBACK")  # what SQLite does by itself when the disk is full
    turn.pop()()
    assert told == [False]
    assert faults == [COMMIT_FAILED]
    ledger.write(DEVICE, ("A",))
    ledger.when_durable(told.append)
    turn.pop()()
    assert told == [False, True]
    ledger.close()


def test_a_locked_file_is_waited_for_in_later_turns(tmp_path: Path) -> None:
    ledger, waiter, other, faults = locked(tmp_path)
    done: list[str] = []
    with pytest.raises(LedgerBusy):
        ledger.write(DEVICE, ("A",))
    ledger.perform(lambda: done.append(f"A {ledger.write(DEVICE, ('A',))}"), lambda: done.append("given up"))
    ledger.perform(lambda: done.append(f"B {ledger.write(DEVICE, ('B',))}"))
    waiter.turn()
    assert done == []
    other.execute("COMMIT")
    waiter.turn()
    assert done == ["A 1", "B 1"], "in order"
    waiter.turn()
    assert other.execute("SELECT count(*) FROM devices").fetchone() == (2,)
    assert faults == []
    other.close()
    ledger.close()


def test_a_lock_that_stays_is_given_up_and_counted(tmp_path: Path) -> None:
    ledger, waiter, other, faults = locked(tmp_path, patience=0.0)
    done: list[str] = []
    ledger.perform(lambda: done.append("A"), lambda: done.append("given up"))
    ledger.perform(lambda: done.append("B"))
    waiter.turn()
    assert done == ["given up"]
    assert [kind for kind, _ in faults] == [LOCKED]
    other.execute("COMMIT")
    waiter.turn()
    assert done == ["given up", "B"], "what nobody waits for is done all the same"
    other.close()
    ledger.close()
