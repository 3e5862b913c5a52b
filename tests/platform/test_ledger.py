"""The ledger's promises: durable before acknowledged, private, one platform a file, readable by others."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.platform.inspection import inspect, summary
from simulator.platform.ledger import Ledger, LedgerError, move_log

DEVICE = "INSERT INTO devices (sn, logins) VALUES (?, 1)"


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
    ledger.write(DEVICE, ("A",))
    ledger.when_durable(told.append)
    ledger.database.execute("ROLLBACK")  # what SQLite does by itself when the disk is full
    turn.pop()()
    assert told == [False]
    ledger.write(DEVICE, ("A",))
    ledger.when_durable(told.append)
    turn.pop()()
    assert told == [False, True]
    ledger.close()


def test_the_file_is_private_and_has_one_platform(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "l.db"
    ledger = Ledger(path)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(LedgerError, match="another platform"):
        Ledger(path)
    ledger.write(DEVICE, ("A",))
    assert (tmp_path / "deep" / "l.db-wal").stat().st_mode & 0o777 == 0o600
    ledger.close()
    Ledger(path).close()


def test_a_platform_may_write_while_somebody_looks(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l.db")
    ledger.write(DEVICE, ("A",))
    assert summary(tmp_path / "l.db")["devices"]["A"]["logins"] == 1
    ledger.write(DEVICE, ("B",))
    assert summary(tmp_path / "l.db")["totals"]["devices"] == 2
    ledger.close()


def test_what_is_no_ledger_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("not a database, but long enough to be taken for one" * 20)
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as db:
        db.execute("CREATE TABLE t (x)")
    db.close()
    for path in (text, foreign):
        with pytest.raises(LedgerError, match=path.name):
            Ledger(path)
        with pytest.raises(LedgerError, match=path.name):
            summary(path)
    with pytest.raises(LedgerError, match="no such file"):
        summary(tmp_path / "missing")
    with pytest.raises(LedgerError):
        Ledger(tmp_path)


def test_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    ledger = Ledger(path)
    ledger.write("UPDATE meta SET value = '99' WHERE name = 'schema'")
    ledger.close()
    with pytest.raises(LedgerError, match="another version"):
        Ledger(path)


def test_text_of_an_inspection(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    ledger = Ledger(path)
    for sn in ("A", "B"):
        ledger.write(DEVICE, (sn,))
    ledger.write(
        "INSERT INTO records VALUES ('A', '1', 'p', 'm', 't', '1', '0', '0', '0', 3)",
    )
    ledger.write("INSERT INTO double_logins VALUES ('B', 1.0, 2.0)")
    ledger.add_messages({("dev.heartbeat", "00000000"): 1200, ("dev.login", "E0010004"): 1})
    ledger.add_messages({("dev.heartbeat", "00000000"): 34})
    ledger.add_events({"channel violation": 2})
    ledger.close()
    lines = inspect(path).splitlines()
    assert lines[0].split() == ["device", "logins", "records", "duplicates", "doubleLogins"]
    assert [line.split() for line in lines[1:4]] == [
        ["A", "1", "1", "2", "0"],
        ["B", "1", "0", "0", "1"],
        ["2", "devices", "2", "1", "2", "1"],
    ]
    assert "dev.heartbeat  1,234  00000000: 1,234" in lines
    assert lines.index("dev.login          1  E0010004: 1") < lines.index("dev.heartbeat  1,234  00000000: 1,234")
    assert lines[-1] == "channel violation: 2"


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
