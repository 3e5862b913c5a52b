"""A ledger's database in memory that outlives the platform above it, as a disk does, and fails when it is told to.

What was committed stays when the platform dies, what was not is gone. The faults are SQLite's own errors, so that the
ledger meets them where a real file would show them.
"""

import sqlite3
from typing import Any, Final

from simulator.platform.ledger.schema import TABLES

_BEGIN: Final = "BEGIN IMMEDIATE"
_COMMIT: Final = "COMMIT"
_ALL_THE_ROOM: Final = 1_073_741_823


class ProcessDiedError(Exception):
    """The platform's process died in the middle of a commit; whatever it was about to do, it does not."""


class SimulatedDisk(sqlite3.Connection):
    """One database; made by `simulated_disk`.

    Attributes:
        locked: Another program holds the lock.
        commits_fail: No commit succeeds; what it should have kept is gone.
        dies_before_commit: The process dies at the next commit, which is not made.
        dies_after_commit: The process dies at the next commit, which is made.
        commits: How many were made.
    """

    locked = False
    commits_fail = False
    dies_before_commit = False
    dies_after_commit = False
    commits = 0

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        if sql == _COMMIT:
            return self._commit()
        if sql == _BEGIN and self.locked:
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorcode = sqlite3.SQLITE_BUSY
            raise error
        return super().execute(sql, parameters)

    def fill(self) -> None:
        """Leave no room for anything more: what needs a new page fails as on a full disk."""
        used = super().execute("PRAGMA page_count").fetchone()[0]
        super().execute(f"PRAGMA max_page_count = {used}")

    def make_room(self) -> None:
        """The disk is not full any more."""
        super().execute(f"PRAGMA max_page_count = {_ALL_THE_ROOM}")

    def process_died(self) -> None:
        """Whoever wrote here is gone: what it had not committed is gone with it."""
        self.dies_before_commit = self.dies_after_commit = False
        if self.in_transaction:
            self.rollback()

    def _commit(self) -> sqlite3.Cursor:
        if self.dies_before_commit:
            raise ProcessDiedError
        if self.commits_fail:
            raise sqlite3.OperationalError("disk I/O error")
        done = super().execute(_COMMIT)
        self.commits += 1
        if self.dies_after_commit:
            raise ProcessDiedError
        return done


def simulated_disk() -> SimulatedDisk:
    """An empty one, with all tables."""
    disk = sqlite3.connect(":memory:", isolation_level=None, factory=SimulatedDisk)
    disk.executescript(TABLES)
    return disk
