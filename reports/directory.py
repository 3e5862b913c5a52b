"""A run's directory: taken by one writer at a time, and no report of an earlier run in it is ever lost unsaid.

Who writes holds a lock in the directory; the system drops it with the process, so that a crash leaves nothing that
blocks. What an earlier run left there is moved into a directory of its own, `earlier-<time>`, unless it is to be
overwritten.
"""

import contextlib
import errno
import fcntl
import logging
import os
import shutil
import socket
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from reports.writer import RUN_FILES, write_whole
from simulator.texts.translation import _

logger = logging.getLogger("reports")

LOCK: Final = ".best-fleet.lock"
EARLIER: Final = "earlier"
CONFORMANCE_FILES: Final = ("conformance.json", "conformance.html", "conformance.md", "cases")
"""What `best-fleet conform` leaves beside `junit.xml`; `cases` is a directory."""
_NO_LOCKS: Final = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL})
"""What file systems say that know no locks (some shares)."""


class DirectoryBusyError(Exception):
    """Another process writes a report into the directory; the message says which, and what to do."""


class ReportDirectory:
    """The directory at `path`, made if missing, this process' own until `release`. A context manager as well.

    Raises:
        DirectoryBusyError: If another process holds it.
        OSError: If it cannot be made or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None
        try:
            path.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            # The system's words name neither what is wrong nor what would be right.
            in_the_way = next((place for place in (path, *path.parents) if place.exists()), path)
            raise NotADirectoryError(
                _("{path} is a file; a report needs a directory, name another", path=in_the_way)
            ) from None
        while self._lock is None and not self._take():
            pass

    def _take(self) -> bool:
        """Take the lock; False if its holder has just removed the file, so that it is to be tried again."""
        descriptor = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 200, 0).decode("utf-8", "replace").strip() or _("another process")
            os.close(descriptor)
            raise DirectoryBusyError(
                _(
                    "{path}: {holder} writes its report there; name another directory or wait for its end",
                    path=self.path,
                    holder=holder,
                )
            ) from None
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                os.close(descriptor)
                raise
            logger.warning(
                "%s",
                _("{path}: this file system knows no locks; see that no other run writes there", path=self.path),
            )
        try:
            if not os.path.samestat(os.fstat(descriptor), os.stat(self._lock_path)):
                raise FileNotFoundError
        except FileNotFoundError:
            os.close(descriptor)
            return False
        # For people alone: a full disk must not stop the run here, where nobody would understand it.
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
        self._lock = descriptor
        return True

    @property
    def _lock_path(self) -> Path:
        return self.path / LOCK

    def clear(self, *, overwrite: bool = False, beside: Iterable[str] = ()) -> Path | None:
        """Make room for a new report.

        Args:
            overwrite: remove what an earlier run left, instead of keeping it aside.
            beside: names of other files that belong to a report, if one is there.

        Returns:
            Where the earlier report is now; None if there was none or it is gone.

        Raises:
            OSError: If it can neither be moved nor removed.
        """
        found = [path for name in (*RUN_FILES, *CONFORMANCE_FILES) if (path := self.path / name).exists()]
        if not found:
            return None
        found += [path for name in beside if (path := self.path / name).exists()]
        if overwrite:
            for path in found:
                _remove(path)
            return None
        aside = new_directory(self.path / f"{EARLIER}-{_written(found):%Y%m%dT%H%M%SZ}")
        for path in found:
            path.rename(aside / path.name)
        told = _("the report of an earlier run in {path} is kept in {aside}", path=self.path, aside=aside)
        logger.warning("%s", told)
        return aside

    def release(self) -> None:
        """Let others write there. Harmless when done again."""
        descriptor, self._lock = self._lock, None
        if descriptor is not None:
            # Removed while it is held: who opened it meanwhile notices that it is another file.
            with contextlib.suppress(OSError):
                self._lock_path.unlink()
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def keep_aside(path: Path) -> Path | None:
    """Move a file that is in the way beside itself, `name.earlier-<time>.ext`; returns where, or None if there is none.

    Pipes, terminals and `/dev/null` are no files that one could lose.

    Raises:
        OSError: If it cannot be moved.
    """
    if not path.is_file():
        return None
    start = f"{path.stem}.{EARLIER}-{_written([path]):%Y%m%dT%H%M%SZ}"
    aside = next(
        place
        for number in range(1, 10_000)
        if not (place := path.with_name(f"{start}{f'-{number}' if number > 1 else ''}{path.suffix}")).exists()
    )
    path.rename(aside)
    return aside


def write_page(path: Path, text: str, *, overwrite: bool = False) -> None:
    """Write a page that somebody named; one that is there is kept aside unless it is to be overwritten.

    Raises:
        OSError: If it cannot be written; nothing is lost then.
    """
    aside = None if overwrite else keep_aside(path)
    if aside is not None:
        logger.warning("%s", _("what was {path} is kept as {aside}", path=path, aside=aside))
    write_whole(path, text.encode("utf-8", "backslashreplace"))


def new_directory(base: Path, first: int = 1) -> Path:
    """Make a directory that was not there: `base`, or with a number behind its name; nobody else gets the same.

    Args:
        first: the number to begin with; 1 is not written.

    Raises:
        OSError: If none can be made.
    """
    base.parent.mkdir(parents=True, exist_ok=True)
    number = first
    while True:
        path = numbered(base, number)
        try:
            path.mkdir()
        except FileExistsError:
            number += 1
        else:
            return path


def numbered(base: Path, number: int) -> Path:
    """`base` with `-<number>` behind its name, from 2 on."""
    return base if number == 1 else base.with_name(f"{base.name}-{number}")


def _written(paths: Iterable[Path]) -> datetime:
    return datetime.fromtimestamp(max(path.stat().st_mtime for path in paths), UTC)
