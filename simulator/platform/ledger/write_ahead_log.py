"""The ledger's write-ahead log: moved into the file before it grows large, in a thread, as that waits for the disk."""

import sqlite3
import threading
from pathlib import Path

LOG_BYTES = 4 * 1024 * 1024
"""A smaller log is left alone: moving it is what the disk is waited for."""
_CHECKPOINT_SECONDS = 2.0
_LOG_PAGES_AT_MOST = 4_096
"""16 MB of log. Moving it never catches up with a writer that does not pause; from here on the writer waits for it."""


def set_up(db: sqlite3.Connection) -> None:
    """Make a connection to a ledger file write as it is promised: what was committed survives the process.

    With `synchronous` NORMAL the disk is waited for when the log is moved. OFF would not wait even then, and a loss of
    power could tear the file.
    """
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("PRAGMA wal_autocheckpoint = 0")
    # Of a log that begins anew; without it the file keeps the size that it once had.
    db.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")


def empty_log(db: sqlite3.Connection) -> None:
    """Move all of the log into the file and cut it off, as far as nobody else is reading from it."""
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def move_log(db: sqlite3.Connection, pages_at_most: int = _LOG_PAGES_AT_MOST) -> None:
    """Move the log into the file without holding up the writer, unless the log has grown beyond `pages_at_most`."""
    _, pages, _ = db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    if pages > pages_at_most:
        # Only what was written meanwhile is left to be moved; with the writer held up the log begins anew after it.
        empty_log(db)


class LogMover:
    """Moves the log of one file from time to time, in a thread of its own.

    Attributes:
        problem: why it could not, the last time; whoever reads it may reset it.
    """

    def __init__(self, path: Path) -> None:
        self.problem: str | None = None
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
        while not self._stopped.wait(_CHECKPOINT_SECONDS):
            try:
                self._move()
            except (sqlite3.Error, OSError) as error:
                self.problem = str(error)

    def _move(self) -> None:
        if not self._log.exists() or self._log.stat().st_size <= LOG_BYTES:
            return
        db = sqlite3.connect(self._path, isolation_level=None, timeout=1)
        try:
            set_up(db)
            move_log(db)
        finally:
            db.close()
