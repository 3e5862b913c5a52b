"""When Python looks for garbage: seldom, and never again at the devices or connections that are there to stay.

Twenty thousand devices are millions of objects. Python's collector walks all of them again and again while they are
made, in pauses of seconds that would be measured as lateness. Generator and embedded platform both keep to this.
"""

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager

THRESHOLDS = (50_000, 20, 100)
"""Python's own (700, 10, 10) are for programs with a few thousand objects; a message of the fleet makes a dozen."""
FEW = 200
"""So many that are gone need not be looked for: a few megabytes."""


@contextmanager
def all_to_stay(*, for_good: bool = False) -> Iterator[None]:
    """While modules are imported: half a million objects come, none of them goes, and a tenth of the time would be
    spent on looking for some. Nor are they walked when the process ends, which would be another tenth.

    Args:
        for_good: put away what came, for a process that imports all that it needs once: the first look afterwards
            would find nothing in it.
    """
    usual = gc.get_threshold()
    gc.set_threshold(*THRESHOLDS)
    # Once, however often this is called.
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)
    try:
        yield
    finally:
        if for_good:
            gc.freeze()
        gc.set_threshold(*usual)


class GarbagePolicy:
    """Changes the collector's ways from `begin` to `end`; process-wide, one at a time."""

    def __init__(self) -> None:
        self._grown = False
        self._alive = 0
        self._gone = 0
        """Since garbage was last looked for among what had been put away."""
        self._usual = gc.get_threshold()

    def begin(self) -> None:
        """What was loaded so far stays; it need not be walked again."""
        self._usual = gc.get_threshold()
        gc.collect()
        gc.freeze()
        gc.set_threshold(*THRESHOLDS)

    def grow(self) -> None:
        """Something was made that is there to stay: a device, a connection."""
        self._grown = True
        self._alive += 1

    def shrink(self) -> None:
        """Something that `grow` told of is gone: its parts refer to each other, so that only the collector frees it."""
        self._alive -= 1
        self._gone += 1

    def tidy(self) -> None:
        """Put away what was made since the last call: once a second, so that it takes milliseconds.

        What is garbage by then is collected first: frozen garbage would stay until the run's end. What was put away
        and is gone since is looked for when something new comes and it is more than what is left: so no more than
        twice the fleet's memory is ever held, and each device that goes costs a walk over one that stays, whatever
        their numbers. A fleet that only goes down is not walked: it frees its memory with its end, and thirteen
        processes that do so at the same half of their fleets stand still for half a minute.
        """
        if not self._grown:
            return
        self._grown = False
        if self._gone > FEW and self._gone > self._alive:
            self._gone = 0
            gc.unfreeze()
        gc.collect()
        gc.freeze()

    def end(self) -> None:
        """Back to the usual ways; the next run begins anew."""
        gc.unfreeze()
        gc.set_threshold(*self._usual)
