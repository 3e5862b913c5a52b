"""The ledger's log is moved into the file before it grows large, and the disk is waited for."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

from simulator.platform.ledger.transactions import Ledger
from simulator.platform.ledger.write_ahead_log import move_log, set_up
from tests.platform.ledger.ledgers import DEVICE


def test_no_connection_to_a_ledger_writes_without_the_disk(tmp_path: Path) -> None:
    """`synchronous` OFF would not wait for the disk even when the log is moved: a loss of power could tear the file."""
    normal = 1
    ledger = Ledger(tmp_path / "l.db")
    assert ledger.value("PRAGMA synchronous") >= normal
    assert ledger.value("PRAGMA journal_mode") == "wal"
    ledger.close()
    mover = sqlite3.connect(tmp_path / "l.db", isolation_level=None)
    mover.execute("PRAGMA synchronous = OFF")
    set_up(mover)
    assert mover.execute("PRAGMA synchronous").fetchone()[0] >= normal
    mover.close()


def test_the_log_is_cut_off_at_start_and_end(tmp_path: Path) -> None:
    path, log = tmp_path / "l.db", tmp_path / "l.db-wal"
    ledger = Ledger(path)
    for number in range(300):
        ledger.write(DEVICE, (f"D{number}",))
    assert log.stat().st_size > 300_000
    left = tmp_path / "left.db"  # what a kill leaves
    shutil.copy(path, left)
    shutil.copy(log, tmp_path / "left.db-wal")
    again = Ledger(left)
    assert again.value("SELECT count(*) FROM devices") == 300
    assert (tmp_path / "left.db-wal").stat().st_size < 50_000
    again.close()
    reader = sqlite3.connect(path)
    reader.execute("SELECT count(*) FROM devices").fetchone()
    ledger.close()
    assert log.stat().st_size == 0, "also with somebody who still looks"
    reader.close()


def test_a_log_that_has_grown_is_cut_off_while_the_platform_writes(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l.db")
    other = sqlite3.connect(tmp_path / "l.db", isolation_level=None)
    for number in range(50):
        ledger.write("INSERT INTO files VALUES ('A', ?, zeroblob(10000), NULL)", (str(number),))
    move_log(other, pages_at_most=20)
    assert (tmp_path / "l.db-wal").stat().st_size == 0
    other.close()
    ledger.close()


def test_the_log_is_moved_while_the_platform_writes(tmp_path: Path) -> None:
    turn: list[Callable[[], None]] = []
    ledger = Ledger(tmp_path / "l.db", turn.append)
    other = sqlite3.connect(tmp_path / "l.db", isolation_level=None)
    for number in range(200):
        ledger.write(DEVICE, (f"D{number}",))
        turn.pop()()
    before = (tmp_path / "l.db").stat().st_size
    move_log(other)
    assert (tmp_path / "l.db").stat().st_size > before

    # A reader of an old state keeps the log from being moved as a whole.
    reader = sqlite3.connect(tmp_path / "l.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM devices").fetchone()
    ledger.write(DEVICE, ("late",))
    turn.pop()()
    move_log(other, pages_at_most=10**6)
    reader.execute("COMMIT")
    move_log(other, pages_at_most=0)
    ledger.write(DEVICE, ("last",))
    turn.pop()()
    assert other.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1] < 10, "the log began anew"
    reader.close()
    other.close()
    ledger.close()
