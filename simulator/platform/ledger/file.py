"""A ledger's file: private, locked against a second platform, and checked to be a ledger of this version."""

import fcntl
import os
import sqlite3
from pathlib import Path

from simulator.platform.ledger.errors import DAMAGE, LedgerError
from simulator.platform.ledger.schema import TABLES, VERSION
from simulator.platform.ledger.write_ahead_log import empty_log, set_up
from simulator.texts.translation import _

Database = sqlite3.Connection


def lock(path: Path) -> int:
    """Make the file readable for its owner alone and lock it against a second platform; returns its descriptor.

    The lock ends with `os.close` of the descriptor.

    Raises:
        LedgerError: If the file cannot be made, or another platform is using it.
    """
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
        why = _("another platform is using it") if isinstance(error, BlockingIOError) else error.strerror
        raise LedgerError(f"{path}: {why}") from None
    return descriptor


def connect(path: Path | None) -> sqlite3.Connection:
    """The database with all tables; None keeps it in memory.

    Raises:
        LedgerError: If the file is no ledger of this version, or is damaged.
    """
    if path is None:
        db = sqlite3.connect(":memory:", isolation_level=None)
        db.executescript(TABLES)
        return db
    try:
        db = sqlite3.connect(path, isolation_level=None, timeout=5, cached_statements=256)
        set_up(db)
        # What kills of earlier platforms left would only grow.
        empty_log(db)
        if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            _check(db, path)
        db.executescript(TABLES)
        db.execute("INSERT INTO meta VALUES ('schema', ?) ON CONFLICT DO NOTHING", (str(VERSION),))
    except DAMAGE as error:
        raise LedgerError(f"{path}: {error}") from None
    return db


def read_only(path: Path) -> sqlite3.Connection:
    """A ledger file to look into, also while a platform writes it.

    Raises:
        LedgerError: If it is not there or is no ledger.
    """
    if not path.is_file():
        raise LedgerError(_("{path}: no such file", path=path))
    try:
        db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=5)
        db.execute("PRAGMA query_only = 1")
        _check(db, path)
    except DAMAGE as error:
        raise LedgerError(f"{path}: {error}") from None
    return db


def _check(db: sqlite3.Connection, path: Path) -> None:
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not {"meta", "devices", "records"} <= tables:
        raise LedgerError(_("{path}: no ledger of a platform", path=path))
    row = db.execute("SELECT value FROM meta WHERE name = 'schema'").fetchone()
    if row is None or row[0] != str(VERSION):
        raise LedgerError(_("{path}: a ledger of another version of this program", path=path))
