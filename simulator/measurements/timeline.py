"""What requests did second by second, beside their durations: codes of failed ones, bytes, refusals that were expected.

Durations stand in the interval log; what is here is small enough for the state.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, Final

from simulator.measurements.codec import OverTime, dump_over_time, merge_over_time, shorten
from simulator.measurements.names import is_request
from simulator.measurements.series import Counted, counted

BYTES_OUT: Final = "out"
BYTES_IN: Final = "in"


def _over_time() -> OverTime:
    return defaultdict(lambda: defaultdict(int))


class Timeline:
    """Counts by second (epoch) and name; exact to merge."""

    __slots__ = ("bytes", "codes", "expected")

    def __init__(self) -> None:
        self.codes = _over_time()
        """Failed requests of all funcIds by code."""
        self.expected = _over_time()
        """Refusals that the scenario expects, by the series' tag: of requests, flows and commands."""
        self.bytes = _over_time()
        """Bytes of requests and their replies, by `BYTES_OUT` and `BYTES_IN`."""

    def _parts(self) -> dict[str, OverTime]:
        return {"codes_over_time": self.codes, "expected_over_time": self.expected, "bytes_over_time": self.bytes}

    def failed(self, second: int, tag: str, code: str, count: int = 1) -> None:
        """Something of the series `tag` failed; counts where that are requests."""
        if is_request(tag):
            self.codes[second][code] += count

    def refused(self, second: int, tag: str, count: int = 1) -> None:
        """Something of the series `tag` was refused as the scenario expects."""
        if count:
            self.expected[second][tag] += count

    def moved(self, second: int, tag: str, bytes_out: int, bytes_in: int) -> None:
        """Likewise of bytes."""
        if (bytes_out or bytes_in) and is_request(tag):
            told = self.bytes[second]
            told[BYTES_OUT] += bytes_out
            told[BYTES_IN] += bytes_in

    def add(self, second: int, tag: str, slot: Counted) -> None:
        """Add what another process counted of a series."""
        for code, tally in slot.failed.items():
            self.failed(second, tag, code, tally.count)
        self.refused(second, tag, counted(slot.expected))
        self.moved(second, tag, slot.bytes_out, slot.bytes_in)

    def clear(self) -> None:
        for part in self._parts().values():
            part.clear()

    def longest(self) -> int:
        """How many seconds the longest series has."""
        return max(map(len, self._parts().values()))

    def shorten(self, resolution_s: int) -> None:
        """Sum up over `resolution_s` seconds, in place; `dump` tells the same as before."""
        for part in self._parts().values():
            shorten(part, resolution_s)

    def dump(self, resolution_s: int) -> dict[str, Any]:
        """For JSON, under names of their own; `merge` reads it."""
        return {name: dump_over_time(part, resolution_s) for name, part in self._parts().items()}

    def merge(self, data: Mapping[str, Any], label: Callable[[str], str]) -> None:
        """Add what `dump` gave; states of earlier versions have none of it.

        Args:
            label: under which name a tag is counted.
        """
        for name, part in self._parts().items():
            merge_over_time(part, data.get(name, ()), label if part is self.expected else str)
