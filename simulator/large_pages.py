"""Large pages for what a fleet's devices take, where the system has them (Linux 6.1 or later).

A message of a large fleet meets a device that was last met seconds ago: neither what it has is in the processor's
caches, nor the addresses of the pages that this lies in. With pages of 2 MB in place of 4 KB at least the addresses are
there. Python asks for memory a megabyte at a time and never for large pages, so what has filled is moved into such
pages afterwards. What does not fit, or is refused, stays as it is: this makes a process faster, or changes nothing.
"""

import ctypes
import mmap
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

PAGE: Final = mmap.PAGESIZE
LARGE: Final = 2 * 1024 * 1024
"""Bytes of a large page, and what its address is a multiple of."""
FULL: Final = LARGE // PAGE * 7 // 8
"""So many of its small pages are there: what a large page adds to the memory of a process is an eighth at most."""
LOOK_S: Final = 2.0
"""Between two looks at how much memory the process has."""
GROWN: Final = 8 * LARGE
"""A process that has grown by fewer bytes has a fleet that the caches hold."""
PAUSE_S: Final = 0.02
"""Between two pages: while one is moved, which takes a millisecond or a few, the process can get no memory."""
REFUSALS: Final = 5
"""One after the other: the system has none to give, or is older, and to ask on would only cost time."""
_MADV_COLLAPSE: Final = 25


class Memory(Protocol):
    """A process' memory, by addresses that are multiples of `LARGE`."""

    def size(self) -> int:
        """Bytes that the process has."""

    def ranges(self) -> Iterator[int]:
        """Where `LARGE` bytes begin that are the process' own data, as a whole."""

    def small_pages(self, start: int) -> int:
        """How many pages of `PAGE` bytes are there from `start` on, of `LARGE` bytes; 0 where that is gone."""

    def enlarge(self, start: int) -> bool:
        """Make one page of `LARGE` bytes of what is there; whether the system did."""


class LargePages:
    """Moves what a process takes after `begin` into large pages, until `end`.

    What it had before is left alone: processes that were forked from one another share it.

    Args:
        start_thread: starts a native thread.
        sleep: blocks this thread alone.
        on_error: told of what this thread raises; it is over then.
        memory: None for this process', where the system can.
    """

    def __init__(
        self,
        start_thread: Callable[[Callable[[], None], tuple[()]], object],
        sleep: Callable[[float], None] = time.sleep,
        *,
        on_error: Callable[[Exception], None],
        memory: Memory | None = None,
    ) -> None:
        self._start_thread = start_thread
        self._sleep = sleep
        self._on_error = on_error
        self._memory = memory if memory is not None else own_memory()
        self._done: set[int] = set()
        self._going_on = False
        self._refused = 0

    def begin(self) -> None:
        """Look after what comes from now on."""
        if (memory := self._memory) is not None:
            self._going_on = True
            self._start_thread(lambda: self._run(memory), ())

    def end(self) -> None:
        """Leave everything as it is from now on; the thread ends soon. Harmless when done again."""
        self._going_on = False

    def _run(self, memory: Memory) -> None:
        try:
            self._look_after(memory)
        except Exception as error:  # noqa: BLE001 - a thread of its own: nobody else would hear of it
            self._on_error(error)

    def _look_after(self, memory: Memory) -> None:
        self._done.update(start for start in memory.ranges() if memory.small_pages(start))
        size = memory.size()
        while self._going_on:
            self._sleep(LOOK_S)
            # A fleet may have taken all files that the process may open: then this look is left out.
            with suppress(OSError):
                now = memory.size()
                if now - size >= GROWN:
                    size = now
                    self._enlarge(memory)

    def _enlarge(self, memory: Memory) -> None:
        there = set(memory.ranges())
        # What was given back and comes again has small pages once more.
        self._done &= there
        for start in sorted(there - self._done):
            if not self._going_on:
                return
            if memory.small_pages(start) < FULL:
                continue
            if memory.enlarge(start):
                self._refused = 0
                self._done.add(start)
            else:
                self._refused += 1
                if self._refused == REFUSALS:
                    self.end()
            self._sleep(PAUSE_S)


def ranges(maps: Iterable[str]) -> Iterator[int]:
    """Where whole ranges of `LARGE` bytes begin in the process' own data, given the lines of `/proc/self/maps`."""
    for line in maps:
        # address range, permissions, offset, device, inode, name
        addresses, permissions, _, _, _, *name = line.split(maxsplit=5)
        if permissions != "rw-p" or (name and not name[0].startswith(("[heap]", "[anon"))):
            continue
        first, last = (int(address, 16) for address in addresses.split("-"))
        yield from range(-(-first // LARGE) * LARGE, last - LARGE + 1, LARGE)


class LinuxMemory:
    """This process' own, as Linux tells of it."""

    def __init__(self) -> None:
        library = ctypes.CDLL(None)
        self._mincore, self._madvise = library.mincore, library.madvise
        for function, last in ((self._mincore, ctypes.c_void_p), (self._madvise, ctypes.c_int)):
            function.argtypes = (ctypes.c_void_p, ctypes.c_size_t, last)
        self._pages = (ctypes.c_ubyte * (LARGE // PAGE))()

    def size(self) -> int:
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * PAGE

    def ranges(self) -> Iterator[int]:
        return ranges(Path("/proc/self/maps").read_text("utf-8", "replace").splitlines())

    def small_pages(self, start: int) -> int:
        if self._mincore(start, LARGE, self._pages):
            return 0
        return sum(page & 1 for page in self._pages)

    def enlarge(self, start: int) -> bool:
        return not self._madvise(start, LARGE, _MADV_COLLAPSE)


def own_memory() -> Memory | None:
    """This process' memory; None where the system is another or does not tell of it."""
    if sys.platform != "linux" or PAGE >= LARGE:
        return None
    try:
        memory = LinuxMemory()
        memory.size()
        memory.ranges()
    except (OSError, AttributeError):
        return None
    return memory
