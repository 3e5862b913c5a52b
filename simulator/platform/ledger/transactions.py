"""Writes and reads one ledger: a transaction a turn of the event loop, and patience with other programs' locks.

Writes of one turn of the event loop share a transaction, and whoever acknowledges one waits for its commit with
`when_durable`: what a device was told is stored survives a `kill -9` of the platform. In WAL mode with `synchronous`
NORMAL a commit is one write without a wait for the disk; the disk is waited for when the log is moved into the file,
which a thread of its own does.
"""

import os
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from simulator.platform.ledger import file
from simulator.platform.ledger.errors import (
    COMMIT_FAILED,
    DAMAGE,
    FAULT,
    LOCKED,
    LOG_NOT_MOVED,
    LedgerBusy,
    LedgerError,
    LedgerFault,
)
from simulator.platform.ledger.write_ahead_log import LogMover, empty_log

Value = str | int | float | bytes | None
Durable = Callable[[bool], None]
"""Called once the writes before it are committed (True), or could not be (False)."""

Later = Callable[[float, Callable[[], None]], object]
"""`loop.call_later`."""

_PATIENCE_S = 5.0
"""How long a task waits for another program that has locked the file; a device waits ten seconds for its reply."""
_RETRY_S = 0.005
_TASKS_A_TURN = 100
_MOST_WAITING = 20_000


def run_at_once(task: Callable[[], object]) -> None:
    """The schedule of a ledger without an event loop: every write is its own transaction."""
    task()


class Ledger:
    """One ledger, used from one thread.

    Args:
        path: The file, created with mode 0600 where it is not there; None keeps everything in memory.
        schedule: Asked to call the commit after the present turn of the event loop (`loop.call_soon`).
        later: Asked to try a locked file again (`loop.call_later`). Without it a write waits for the lock, and so does
            everything else.
        patience: Seconds that `perform` waits for a lock at most.
        database: An open one with all tables, instead of a file; it is closed with the ledger.
        now: Monotonic seconds.

    Attributes:
        on_fault: Told the kind of a fault and the details, for whoever counts and logs them.

    Raises:
        LedgerError: If the file cannot be used.
    """

    def __init__(
        self,
        path: Path | None,
        schedule: Callable[[Callable[[], None]], object] = run_at_once,
        later: Later | None = None,
        patience: float = _PATIENCE_S,
        *,
        database: sqlite3.Connection | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.on_fault: Callable[[str, str], None] = lambda kind, detail: None
        self._schedule = schedule
        self._later = later
        self._patience = patience
        self._now = now
        self._tasks: deque[tuple[float, Callable[[], object], Callable[[], None] | None]] = deque()
        self._trying = False
        self._waiting: list[Durable] = []
        self._open = False
        self._lock = None if path is None else file.lock(path)
        try:
            self._db = file.connect(path) if database is None else database
            if later is not None:
                self._db.execute("PRAGMA busy_timeout = 0")
            self.was_empty = self.value("SELECT count(*) FROM devices") == 0
            """Whether no device was known when the ledger was opened."""
        except LedgerError:
            self._unlock()
            raise
        except DAMAGE as error:
            self._db.close()
            self._unlock()
            raise LedgerError(f"{path}: {error}") from None
        self._mover = None if path is None else LogMover(path)

    # --- Writing ---

    def write(self, statement: str, values: Sequence[Value] = ()) -> int:
        """Execute one statement in the turn's transaction; returns the number of rows it changed.

        Raises:
            LedgerBusy: If another program has locked the file.
            LedgerFault: If it cannot be written.
        """
        self._begin()
        return self._db.execute(statement, values).rowcount

    def write_all(self, statement: str, rows: Iterable[Sequence[Value]]) -> None:
        """Execute one statement for each row.

        Raises:
            LedgerFault: As `write`.
        """
        self._begin()
        self._db.executemany(statement, rows)

    def perform(self, task: Callable[[], object], given_up: Callable[[], None] | None = None) -> None:
        """Call `task`, which writes, as soon as nobody else has locked the file: now, or in a later turn of the loop.

        A fault of the ledger in it is told to `on_fault`.

        Args:
            given_up: called instead where it takes too long or fails; without it the task waits as long as it takes.
        """
        if self._tasks:
            self.wait(task, given_up)
            return
        try:
            self._begin()
        except LedgerBusy as busy:
            if self._later is None:
                self._give_up(LOCKED, str(busy), given_up)
            else:
                self.wait(task, given_up)
        except LedgerFault as error:
            self._give_up(FAULT, str(error), given_up)
        else:
            self._run(task, given_up)

    def wait(self, task: Callable[[], object], given_up: Callable[[], None] | None = None) -> None:
        """As `perform`, for a task that has just met the lock."""
        if self._later is None or (given_up is not None and len(self._tasks) >= _MOST_WAITING):
            self._give_up(LOCKED, "more is waiting for it than is kept", given_up)
            return
        self._tasks.append((self._now() + self._patience, task, given_up))
        self._try_later(_RETRY_S)

    def _try_later(self, seconds: float) -> None:
        if not self._trying and self._later is not None:
            self._trying = True
            self._later(seconds, self._try_again)

    def _try_again(self) -> None:
        self._trying = False
        try:
            self._begin()
        except LedgerFault as error:
            now = self._now()
            for _ in range(len(self._tasks)):
                deadline, task, given_up = self._tasks.popleft()
                if given_up is None or now < deadline:
                    self._tasks.append((deadline, task, given_up))
                else:
                    self._give_up(LOCKED if isinstance(error, LedgerBusy) else FAULT, str(error), given_up)
        else:
            for _ in range(min(len(self._tasks), _TASKS_A_TURN)):
                _, task, given_up = self._tasks.popleft()
                self._run(task, given_up)
        if self._tasks:
            self._try_later(_RETRY_S)

    def _run(self, task: Callable[[], object], given_up: Callable[[], None] | None) -> None:
        try:
            task()
        except LedgerFault as error:
            self._give_up(FAULT, str(error), given_up)

    def _give_up(self, kind: str, detail: str, given_up: Callable[[], None] | None) -> None:
        self.on_fault(kind, detail)
        if given_up is not None:
            given_up()

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
        except LedgerFault as error:
            durable = False
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            self.on_fault(COMMIT_FAILED, str(error))
        for call in waiting:
            call(durable)

    def tend(self) -> None:
        """Tell of what went wrong beside the loop; called from time to time."""
        mover = self._mover
        if mover is not None and mover.problem is not None:
            problem, mover.problem = mover.problem, None
            self.on_fault(LOG_NOT_MOVED, problem)

    def close(self) -> None:
        """Commit what is open and close the file; the write-ahead log is moved into it."""
        self.commit()
        while self._tasks:
            self._give_up(LOCKED, "still so at the end", self._tasks.popleft()[2])
        if self._mover is not None:
            self._mover.stop()
            with suppress(LedgerFault):
                # A reader may keep SQLite from doing it by itself.
                empty_log(self._db)
        self._db.close()
        self._unlock()

    # --- Reading ---

    @property
    def database(self) -> sqlite3.Connection:
        """The database itself, for `inspection`."""
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

    def _unlock(self) -> None:
        # Not before SQLite has closed the file: closing any descriptor of a file ends all POSIX locks on it.
        if self._lock is not None:
            os.close(self._lock)

    def _begin(self) -> None:
        if not self._open:
            try:
                self._db.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                    raise LedgerBusy(str(error)) from None
                raise
            self._open = True
            self._schedule(self.commit)
