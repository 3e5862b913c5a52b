"""What devices left for the next run: logins, so that a warm start needs no registration, and unsent records.

A SQLite file that only its owner can read, by dispatch server and serial number. Calls block for a moment; several
processes may use one file at a time. What was written survives the process, however that ends.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import quote

from simulator.device.unsent import Unsent
from simulator.shown import printable
from simulator.texts.translation import _

_BUSY_SECONDS = 10.0
"""How long a call waits for another process that is writing; a batch takes milliseconds."""
_SCHEMA_VERSION = 2
_WITHOUT_RECORDS = 1
"""The schema of files that hold logins alone; they are taken over."""
_LOGINS = """
CREATE TABLE IF NOT EXISTS login (
    dispatch TEXT NOT NULL,
    sn TEXT NOT NULL,
    auth_code TEXT NOT NULL,
    secret TEXT NOT NULL,
    PRIMARY KEY (dispatch, sn)
) WITHOUT ROWID
"""
_RECORDS = """
CREATE TABLE IF NOT EXISTS record (
    dispatch TEXT NOT NULL,
    sn TEXT NOT NULL,
    log_id INTEGER NOT NULL,
    record BLOB,
    photo BLOB,
    PRIMARY KEY (dispatch, sn, log_id)
) WITHOUT ROWID
"""
_LONGEST = 65_536
"""Characters of a value: no message of the protocol holds a longer one."""
_BATCH = 500
"""Serial numbers per query, below SQLite's smallest limit of 999 parameters."""


class WarmStateError(Exception):
    """The state file cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Login:
    """What a platform gave a device when it registered (dev.register, dev.accredit)."""

    auth_code: str = field(repr=False)
    secret: str = field(repr=False)


class Held(NamedTuple):
    """What a state file holds for one dispatch server."""

    dispatch: str
    logins: int
    records: int
    photos: int
    devices: int
    """Of which there are records or pictures."""


class WarmState:
    """The state file, open. Use it as a context manager or call `close`; from any thread, but one at a time.

    Every method raises `WarmStateError` where the file cannot be read or written any more.
    """

    def __init__(self, path: Path, *, busy: float = _BUSY_SECONDS) -> None:
        """
        Args:
            busy: seconds that a call waits for another process that is writing.

        Raises:
            WarmStateError: If the file cannot be opened or made, or is none of ours.
        """
        self._path = path
        try:
            _make_private(os.path.realpath(path))
            self._connection = sqlite3.connect(path, timeout=busy, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            raise WarmStateError(_("{path}: cannot be opened: {error}", path=path, error=error)) from error
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._connection.close()
            raise WarmStateError(
                _("{path}: is no state file of best-fleet: {error}", path=path, error=error)
            ) from error
        except WarmStateError:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, _WITHOUT_RECORDS, _SCHEMA_VERSION):
            raise WarmStateError(
                _(
                    "{path}: was written by another version of best-fleet (schema {version})",
                    path=self._path,
                    version=version,
                )
            )
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        if version != _SCHEMA_VERSION:
            self._connection.execute(_LOGINS)
            self._connection.execute(_RECORDS)
            self._connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; nothing is lost that was saved."""
        self._connection.close()

    def load_many(self, dispatch: str, sns: Iterable[str]) -> dict[str, Login]:
        """The logins of those devices that have one at this dispatch server."""
        found: dict[str, Login] = {}
        wanted = list(sns)
        for start in range(0, len(wanted), _BATCH):
            batch = wanted[start : start + _BATCH]
            marks = ",".join("?" * len(batch))
            query = f"SELECT sn, auth_code, secret FROM login WHERE dispatch = ? AND sn IN ({marks})"
            try:
                rows = self._connection.execute(query, (dispatch, *batch)).fetchall()
            except sqlite3.Error as error:
                raise WarmStateError(_("{path}: cannot be read: {error}", path=self._path, error=error)) from error
            for sn, auth_code, secret in rows:
                self._check(sn, auth_code, secret)
                found[sn] = Login(auth_code, secret)
        return found

    def _check(self, sn: str, auth_code: object, secret: object) -> None:
        """Refuse what no platform gave but another program has put there; the values are not shown."""
        for name, value in (("authCode", auth_code), ("secret", secret)):
            problem = None
            if not isinstance(value, str) or not value:
                problem = _("is no text, or empty")
            elif len(value) > _LONGEST:
                problem = _("has {value:,} characters", value=len(value))
            elif printable(value) != value:
                problem = _("holds characters that cannot be seen")
            if problem is not None:
                told = _("the login of {sn} cannot be used: {name} {problem}", sn=sn, name=name, problem=problem)
                raise WarmStateError(
                    _("{path}: {told}; without the file devices register anew", path=self._path, told=told)
                )

    def save(self, dispatch: str, logins: Mapping[str, Login]) -> None:
        """Keep these logins, all or none; a device's earlier one is replaced."""
        self._write(
            "INSERT INTO login (dispatch, sn, auth_code, secret) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (dispatch, sn) DO UPDATE SET auth_code = excluded.auth_code, secret = excluded.secret",
            [(dispatch, sn, login.auth_code, login.secret) for sn, login in logins.items()],
        )

    def forget(self, dispatch: str, sns: Iterable[str]) -> None:
        """Drop the logins of these devices: the platform refused them."""
        self._write("DELETE FROM login WHERE dispatch = ? AND sn = ?", [(dispatch, sn) for sn in sns])

    def load_unsent(self, dispatch: str) -> dict[str, list[Unsent]]:
        """What devices of this dispatch server could not deliver, by serial number, each device's by `logId`."""
        found: dict[str, list[Unsent]] = {}
        query = "SELECT sn, log_id, record, photo FROM record WHERE dispatch = ? ORDER BY sn, log_id"
        try:
            for sn, *row in self._connection.execute(query, (dispatch,)):
                found.setdefault(sn, []).append(Unsent(*row))
        except sqlite3.Error as error:
            raise WarmStateError(_("{path}: cannot be read: {error}", path=self._path, error=error)) from error
        return found

    def unsent_elsewhere(self, dispatch: str) -> int:
        """How many rows of unsent records there are of other dispatch servers."""
        try:
            row = self._connection.execute("SELECT count(*) FROM record WHERE dispatch != ?", (dispatch,)).fetchone()
        except sqlite3.Error as error:
            raise WarmStateError(_("{path}: cannot be read: {error}", path=self._path, error=error)) from error
        return int(row[0])

    def save_unsent(self, dispatch: str, kept: Iterable[tuple[str, Unsent]], gone: Iterable[tuple[str, int]]) -> None:
        """Keep what devices could not deliver so far, and drop what needs no keeping any more: all or nothing.

        Args:
            kept: serial number and row; an earlier row of the same `logId` is replaced.
            gone: serial number and `logId`; one that is not there does no harm.
        """
        self._write_all(
            (
                "INSERT OR REPLACE INTO record (dispatch, sn, log_id, record, photo) VALUES (?, ?, ?, ?, ?)",
                [(dispatch, sn, *row) for sn, row in kept],
            ),
            (
                "DELETE FROM record WHERE dispatch = ? AND sn = ? AND log_id = ?",
                [(dispatch, sn, log_id) for sn, log_id in gone],
            ),
        )

    def _write(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        self._write_all((statement, rows))

    def _write_all(self, *parts: tuple[str, Sequence[tuple[object, ...]]]) -> None:
        if not any(rows for _, rows in parts):
            return
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for statement, rows in parts:
                    self._connection.executemany(statement, rows)
                self._connection.execute("COMMIT")
            finally:
                # On a full disk SQLite ends the transaction by itself, or leaves it open: then nothing could follow.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise WarmStateError(f"{self._path}: cannot be written: {error}") from error


def _make_private(path: str) -> None:
    """See to it that there is a file, and that only its owner can read it.

    One that is there is not opened: to close it again would drop the locks of every connection that this process has
    to it (POSIX), and then another process takes the write-ahead log away under them, which ruins the file.
    """
    # Made before SQLite does, so that it never is readable for others, not even for a moment.
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    os.chmod(path, 0o600)


def held_in(path: Path) -> list[Held]:
    """What a state file holds, by dispatch server; it is read only.

    Raises:
        WarmStateError: If it is none, or cannot be read.
    """
    records = "SELECT dispatch, 0, count(record), count(photo), count(DISTINCT sn) FROM record GROUP BY dispatch"
    logins = "SELECT dispatch, count(*), 0, 0, 0 FROM login GROUP BY dispatch"
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=_BUSY_SECONDS)) as state:
            version = state.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                return []  # an empty file, which a run makes its own
            if version not in (_WITHOUT_RECORDS, _SCHEMA_VERSION):
                raise WarmStateError(
                    _(
                        "{path}: was written by another version of best-fleet (schema {version})",
                        path=path,
                        version=version,
                    )
                )
            found = state.execute(logins).fetchall()
            if version == _SCHEMA_VERSION:
                found += state.execute(records).fetchall()
    except sqlite3.Error as error:
        raise WarmStateError(_("{path}: is no state file of best-fleet: {error}", path=path, error=error)) from error
    sums: dict[str, list[int]] = {}
    for dispatch, *counts in found:
        known = sums.setdefault(dispatch, [0] * len(counts))
        sums[dispatch] = [before + count for before, count in zip(known, counts, strict=True)]
    return [Held(dispatch, *counts) for dispatch, counts in sorted(sums.items())]
