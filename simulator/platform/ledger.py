"""What the platform holds, in SQLite: a file that outlives the process, or memory.

Writes of one turn of the event loop share a transaction, and whoever acknowledges one waits for its commit with
`when_durable`: what a device was told is stored survives a `kill -9` of the platform. In WAL mode with `synchronous`
NORMAL a commit is one write without a wait for the disk; the disk is waited for when the log is moved into the file,
which a thread of its own does. Which rows exist is `schema`'s, what they add up to `inspection`'s.
"""

import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from simulator.platform.schema import TABLES, VERSION

Value = str | int | float | bytes | None
Durable = Callable[[bool], None]
"""Called once the writes before it are committed (True), or could not be (False)."""

_CHECKPOINT_SECONDS = 2.0
_CHECKPOINT_BYTES = 4 * 1024 * 1024
"""A smaller log is left alone: moving it is what the disk is waited for."""
_LOG_PAGES_AT_MOST = 16_384
"""64 MB of log. Moving it never catches up with a writer that does not pause; from here on the writer waits for it."""


class LedgerError(Exception):
    """A ledger cannot be opened or is none; the text says which file and why."""


def run_at_once(task: Callable[[], None]) -> None:
    """The schedule of a ledger without an event loop: every write is its own transaction."""
    task()


class Ledger:
    """One ledger, used from one thread.

    Args:
        path: The file, created with mode 0600 where it is not there; None keeps everything in memory.
        schedule: Asked to call the commit after the present turn of the event loop (`loop.call_soon`).

    Raises:
        LedgerError: If the file cannot be used.
    """

    def __init__(self, path: Path | None, schedule: Callable[[Callable[[], None]], object] = run_at_once) -> None:
        self.path = path
        self._schedule = schedule
        self._waiting: list[Durable] = []
        self._open = False
        self._lock = None if path is None else _locked_file(path)
        try:
            self._db = _connect(path)
        except LedgerError:
            self._unlock()
            raise
        self._mover = None if path is None else _LogMover(path)
        self.was_empty = self.value("SELECT count(*) FROM devices") == 0
        """Whether no device was known when the ledger was opened."""

    # Writing

    def write(self, statement: str, values: Sequence[Value] = ()) -> int:
        """Execute one statement in the turn's transaction; returns the number of rows it changed.

        Raises:
            sqlite3.Error: If it cannot be written.
        """
        self._begin()
        return self._db.execute(statement, values).rowcount

    def write_all(self, statement: str, rows: Iterable[Sequence[Value]]) -> None:
        """Execute one statement for each row.

        Raises:
            sqlite3.Error: As `write`.
        """
        self._begin()
        self._db.executemany(statement, rows)

    def when_durable(self, call: Durable) -> None:
        """Call `call` when all that was written so far is committed: at once where nothing waits."""
        if self._open:
            self._waiting.append(call)
        else:
            call(True)

    def commit(self) -> None:
        """End the turn's transaction and tell those who wait."""
        if not self._open:
            return
        self._open = False
        waiting, self._waiting = self._waiting, []
        durable = True
        try:
            self._db.execute("COMMIT")
        except sqlite3.Error:
            durable = False
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
        for call in waiting:
            call(durable)

    def close(self) -> None:
        """Commit what is open and close the file; the write-ahead log is moved into it."""
        self.commit()
        if self._mover is not None:
            self._mover.stop()
        self._db.close()
        self._unlock()

    # Reading

    @property
    def database(self) -> sqlite3.Connection:
        """The database itself, for queries that are not this class's affair."""
        return self._db

    def rows(self, query: str, values: Sequence[Value] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query; what the open transaction wrote is among them."""
        return self._db.execute(query, values).fetchall()

    def row(self, query: str, values: Sequence[Value] = ()) -> tuple[Any, ...] | None:
        """The first row of a query."""
        row: tuple[Any, ...] | None = self._db.execute(query, values).fetchone()
        return row

    def value(self, query: str, values: Sequence[Value] = ()) -> Any:
        """The first column of a query's first row, or None."""
        row = self.row(query, values)
        return None if row is None else row[0]

    # Small things that several parts of the platform keep

    def meta(self, name: str) -> str | None:
        """A value kept by `set_meta`."""
        value: str | None = self.value("SELECT value FROM meta WHERE name = ?", (name,))
        return value

    def set_meta(self, name: str, value: str) -> None:
        """Keep one value for the platform as a whole."""
        self.write("INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", (name, value))

    def add_messages(self, counts: Mapping[tuple[str, str], int]) -> None:
        """Add to the counts of messages by funcId and code."""
        self.write_all(
            "INSERT INTO messages VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
            [(func_id, code, count) for (func_id, code), count in counts.items()],
        )

    def add_events(self, counts: Mapping[str, int]) -> None:
        """Add to the counts of what happened besides messages."""
        self.write_all(
            "INSERT INTO events VALUES (?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
            list(counts.items()),
        )

    def _unlock(self) -> None:
        # Not before SQLite has closed the file: closing any descriptor of a file ends all POSIX locks on it.
        if self._lock is not None:
            os.close(self._lock)

    def _begin(self) -> None:
        if not self._open:
            self._db.execute("BEGIN IMMEDIATE")
            self._open = True
            self._schedule(self.commit)


def read_only(path: Path) -> sqlite3.Connection:
    """A ledger file to look into, also while a platform writes it.

    Raises:
        LedgerError: If it is not there or is no ledger.
    """
    if not path.is_file():
        raise LedgerError(f"{path}: no such file")
    try:
        db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=5)
        db.execute("PRAGMA query_only = 1")
        _check(db, path)
    except sqlite3.Error as error:
        raise LedgerError(f"{path}: {error}") from None
    return db


def _connect(path: Path | None) -> sqlite3.Connection:
    if path is None:
        db = sqlite3.connect(":memory:", isolation_level=None)
        db.executescript(TABLES)
        return db
    try:
        db = sqlite3.connect(path, isolation_level=None, timeout=5, cached_statements=256)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("PRAGMA wal_autocheckpoint = 0")
        if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            _check(db, path)
        db.executescript(TABLES)
        db.execute("INSERT INTO meta VALUES ('schema', ?) ON CONFLICT DO NOTHING", (str(VERSION),))
    except sqlite3.Error as error:
        raise LedgerError(f"{path}: {error}") from None
    return db


def _locked_file(path: Path) -> int:
    """Descriptor of the file, made readable for its owner alone and locked against a second platform."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Made before SQLite makes it, so that at no moment anybody else can read it.
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise LedgerError(f"{path}: {error.strerror}") from None
    try:
        os.fchmod(descriptor, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        why = "another platform is using it" if isinstance(error, BlockingIOError) else error.strerror
        raise LedgerError(f"{path}: {why}") from None
    return descriptor


def _check(db: sqlite3.Connection, path: Path) -> None:
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not {"meta", "devices", "records"} <= tables:
        raise LedgerError(f"{path}: no ledger of a platform")
    row = db.execute("SELECT value FROM meta WHERE name = 'schema'").fetchone()
    if row is None or row[0] != str(VERSION):
        raise LedgerError(f"{path}: a ledger of another version of this program")


class _LogMover:
    """Moves the write-ahead log into the file from time to time, beside the event loop: it waits for the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log = path.with_name(path.name + "-wal")
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ledger-checkpoint", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Returns when the thread has ended."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        db = sqlite3.connect(self._path, isolation_level=None, timeout=1)
        try:
            db.execute("PRAGMA synchronous = NORMAL")
            while not self._stopped.wait(_CHECKPOINT_SECONDS):
                if self._log.exists() and self._log.stat().st_size > _CHECKPOINT_BYTES:
                    move_log(db)
        except (sqlite3.Error, OSError):
            # The log only grows on; the next write on the event loop meets a broken disk and reports it.
            return
        finally:
            db.close()


def move_log(db: sqlite3.Connection, pages_at_most: int = _LOG_PAGES_AT_MOST) -> None:
    """Move the log into the file without holding up the writer, unless the log has grown beyond `pages_at_most`."""
    _, pages, _ = db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    if pages > pages_at_most:
        # Only what was written meanwhile is left to be moved; with the writer held up the log begins anew after it.
        db.execute("PRAGMA wal_checkpoint(RESTART)")
