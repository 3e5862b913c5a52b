"""When Python looks for garbage: seldom, and never again at the devices or connections that are there to stay.

Twenty thousand devices are millions of objects. Python's collector walks all of them again and again while they are
made, in pauses of seconds that would be measured as lateness. Generator and embedded platform both keep to this.
"""

import gc

THRESHOLDS = (50_000, 20, 100)
"""Python's own (700, 10, 10) are for programs with a few thousand objects; a message of the fleet makes a dozen."""


class GarbagePolicy:
    """Changes the collector's ways from `begin` to `end`; process-wide, one at a time."""

    def __init__(self) -> None:
        self._grown = False
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

    def tidy(self) -> None:
        """Put away what was made since the last call: once a second, so that it takes milliseconds.

        What is garbage by then is collected first: frozen garbage would stay until the run's end.
        """
        if self._grown:
            self._grown = False
            gc.collect()
            gc.freeze()

    def end(self) -> None:
        """Back to the usual ways; the next run begins anew."""
        gc.unfreeze()
        gc.set_threshold(*self._usual)
