"""A file that grows by whole pieces: what the disk has no room for leaves no half of it behind.

For what is written while something goes on: a piece that failed can be written again, and stands there once.
"""

import contextlib
import errno
import os
import stat
from pathlib import Path


class GrowingFile:
    """A new file at `path`, in place of one that may be there.

    Args:
        mode: its permissions, before the process' umask.

    Raises:
        OSError: If it cannot be made.
    """

    def __init__(self, path: Path, mode: int = 0o666) -> None:
        self.path = path
        self._descriptor: int | None = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
        self._end = 0
        self._regular = stat.S_ISREG(os.fstat(self._descriptor).st_mode)
        """A pipe or a terminal can neither be cut off nor written over."""

    def append(self, piece: bytes) -> None:
        """Write `piece` behind what is there.

        Raises:
            OSError: If it cannot be written to its end; the file is as before then.
        """
        if self._descriptor is None:
            raise ValueError(f"{self.path} is closed")
        # At its place rather than at the end: where a piece broke off and could not be cut off, it is written over.
        place, rest, file = self._end, memoryview(piece), self._descriptor
        try:
            while rest:
                written = os.pwrite(file, rest, place) if self._regular else os.write(file, rest)
                place, rest = place + written, rest[written:]
        except OSError as error:
            error.filename = str(self.path)
            if self._regular:
                with contextlib.suppress(OSError):
                    os.ftruncate(file, self._end)
            raise
        self._end = place

    def close(self) -> None:
        """See that all is on the disk, and close the file. Harmless when done again.

        Raises:
            OSError: If the disk did not take all, or the file is not at its path any more.
        """
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        try:
            if self._regular:
                os.fsync(descriptor)
                if not os.path.samestat(os.fstat(descriptor), os.stat(self.path)):
                    raise FileExistsError(errno.EEXIST, "another file was put in its place", str(self.path))
        finally:
            os.close(descriptor)
