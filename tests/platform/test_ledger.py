"""The ledger's promises: durable before acknowledged, private, one platform a file, readable by others."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.cli import main as run_command
from simulator.exit_codes import ExitCode
from simulator.measurements.labels import MOST_SERIES
from simulator.platform.ledger.counts import CountTables
from simulator.platform.ledger.errors import COMMIT_FAILED, LOCKED, LedgerBusy, LedgerError
from simulator.platform.ledger.inspection import inspect, summary
from simulator.platform.ledger.transactions import Ledger
from simulator.platform.ledger.write_ahead_log import move_log, set_up
from simulator.platform.tally import Tally

COMMAND = (
    "INSERT INTO commands (cmd_id, sn, origin, firing, func_id, content, urgent, created, code) "
    "VALUES (?, ?, 0, 0, ?, 1, 0, 0.0, ?)"
)
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
    counts = CountTables(ledger)
    counts.add_messages({("dev.heartbeat", "00000000"): 1200, ("dev.login", "E0010004"): 1})
    counts.add_messages({("dev.heartbeat", "00000000"): 34})
    counts.add_events({"channel violation": 2})
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


def test_what_devices_make_up_is_counted_together_and_does_nothing_to_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    ledger = Ledger(path)
    tally = Tally(ledger)
    for turn in range(2):
        for number in range(500):
            tally.message(f"dev.\x1b[31m{number}" + "x" * 10_000, "E0000001")
            code = f"\x1b[31m{number}" + "x" * 10_000
            ledger.write(COMMAND, (1 + turn * 500 + number, "A\x1b[2J", "cmd.data.update.user", code))
        tally.message("dev.heartbeat", "00000000")
        tally.flush()
    ledger.write(DEVICE, ("A\x1b[2J",))
    ledger.close()
    shown = inspect(path)
    assert all(line.isprintable() for line in shown.splitlines())
    assert len(shown) < 10_000
    assert "984 of 492 more codes" in shown
    counts = {name: sum(codes.values()) for name, codes in summary(path)["messages"].items()}
    assert sum(counts.values()) == 1_002
    assert counts["dev.heartbeat"] == 2
    assert counts["others"] == 1_000 - 2 * MOST_SERIES
    assert len(counts) == MOST_SERIES + 2


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


def damaged(tmp_path: Path) -> Path:
    path = tmp_path / "l.db"
    ledger = Ledger(path)
    for number in range(3_000):
        ledger.write(DEVICE, (f"D{number}",))
    ledger.close()
    data = bytearray(path.read_bytes())
    for page in range(3, len(data) // 4096):
        data[page * 4096 : page * 4096 + 2_000] = random.Random(page).randbytes(2_000)
    path.write_bytes(data)
    return path


def test_damaged_pages_are_said_so(tmp_path: Path) -> None:
    path = damaged(tmp_path)
    for look in (inspect, summary, Ledger):
        with pytest.raises(LedgerError, match=r"l\.db: .*(malformed|damaged)"):
            look(path)
    assert run_command(["platform", "inspect", str(path)]) == ExitCode.USAGE


@given(seed=st.integers(0, 10**6))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_is_damaged_there_is_no_traceback(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "any.db"
    path.unlink(missing_ok=True)
    ledger = Ledger(path)
    for number in range(50):
        ledger.write(DEVICE, (f"D{number}",))
        ledger.write("INSERT INTO commands VALUES (?, 'D1', 0, 0, 'f', 1, 0, 1, 1, 1, 1, '0', 1)", (number,))
    ledger.close()
    data = bytearray(path.read_bytes())
    rng = random.Random(seed)
    for _ in range(rng.choice((1, 20, 400))):
        data[rng.randrange(100, len(data))] = rng.randrange(256)
    path.write_bytes(data)
    with suppress(LedgerError):
        inspect(path)
    with suppress(LedgerError):
        Ledger(path).close()


class Waiter:
    """A loop's `call_soon` and `call_later`, one turn at a time."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []

    def soon(self, call: Callable[[], None]) -> None:
        self.calls.append(call)

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        self.calls.append(call)

    def turn(self) -> None:
        calls, self.calls = self.calls, []
        for call in calls:
            call()


def locked(tmp_path: Path, patience: float = 60.0) -> tuple[Ledger, Waiter, sqlite3.Connection, list[tuple[str, str]]]:
    waiter = Waiter()
    ledger = Ledger(tmp_path / "l.db", waiter.soon, waiter.later, patience)
    faults: list[tuple[str, str]] = []
    ledger.on_fault = lambda kind, detail: faults.append((kind, detail))
    other = sqlite3.connect(tmp_path / "l.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return ledger, waiter, other, faults


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


def test_counts_that_could_not_be_written_are_kept(tmp_path: Path) -> None:
    ledger, waiter, other, faults = locked(tmp_path, patience=0.0)
    tally = Tally(ledger)
    tally.message("dev.heartbeat", "0")
    tally.flush()
    waiter.turn()
    tally.message("dev.heartbeat", "0")
    tally.event("e")
    other.execute("COMMIT")
    tally.flush()
    ledger.database.execute("ROLLBACK")
    waiter.turn()
    assert [kind for kind, _ in faults] == [LOCKED, COMMIT_FAILED]
    tally.flush()
    waiter.turn()
    assert other.execute("SELECT count FROM messages").fetchone() == (2,)
    assert other.execute("SELECT count FROM events").fetchone() == (1,)
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
