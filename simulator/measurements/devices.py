"""How many devices were in which lifecycle state, second by second, and for how long.

Sums of device-seconds and the set of devices that came online merge exactly over processes. The peak is exact in one
process; over several it is the highest sum of the gauges at the ends of seconds, because a delta does not carry each
change's moment.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from simulator.measurements.codec import shorten
from simulator.measurements.names import INACTIVE_STATES, DeviceState

ONLINE: Final = DeviceState.ONLINE.value
STOPPED: Final = DeviceState.STOPPED.value
LOST: Final = DeviceState.LOST.value


class DeviceStates:
    """Counts state changes; times are epoch seconds, kept as whole µs so that sums are exact in any order."""

    def __init__(self) -> None:
        self.gauge: defaultdict[str, int] = defaultdict(int)
        self.came_online = IndexSet()
        self.seen = IndexSet()
        self.changes: defaultdict[int, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
        """Second -> state -> how many more devices were in it at the second's end than at its beginning."""
        self._offset_us: defaultdict[str, int] = defaultdict(int)
        self._current: dict[int, str] = {}
        self.here: defaultdict[str, int] = defaultdict(int)
        """This process' own devices by state, also after `drain`."""
        self._latest_us = 0
        self._peaks: dict[str, int] = {}
        self._peak_before = 0
        """The highest sum of gauges of what `shorten` summed up since."""
        self._sources: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
        """What each merged process says of its devices."""
        self._silent: dict[str, tuple[int, dict[str, int]]] = {}
        """Processes that are taken for dead: since when (µs), and the devices by state that are not counted since."""

    def change(self, index: int, previous: str, state: str, at: float) -> None:
        """Device `index` went to `state`; what it left is known here, `previous` matters for a new device only."""
        at_us = int(at * 1e6)
        self._latest_us = max(self._latest_us, at_us)
        net = self.changes[int(at)]
        current = self._current.get(index)
        if current is None:
            self.seen.add(index)
        else:
            self.gauge[current] -= 1
            self.here[current] -= 1
            net[current] -= 1
            self._offset_us[current] += at_us
        self._current[index] = state
        self.gauge[state] += 1
        self.here[state] += 1
        net[state] += 1
        self._offset_us[state] -= at_us
        if state == ONLINE:
            self.came_online.add(index)
            self._peaks[""] = max(self._peaks.get("", 0), self.here[ONLINE])

    def seconds(self, state: str, now: float) -> float:
        """Device-seconds spent in `state` up to `now`."""
        return (self._offset_us.get(state, 0) + self.gauge.get(state, 0) * int(now * 1e6)) / 1e6

    def online_ratio(self, now: float) -> float | None:
        """Device-seconds online by device-seconds since each device's start until it was told to stop; None: none."""
        active = sum(self.seconds(state, now) for state in self.gauge if state not in INACTIVE_STATES)
        return min(max(self.seconds(ONLINE, now) / active, 0.0), 1.0) if active > 0 else None

    def peak(self) -> int:
        """The highest number of devices online at a time (see the module's text on several processes)."""
        if len(self._peaks) <= 1:
            return next(iter(self._peaks.values()), 0)
        return max(self._peak_before, *(gauge.get(ONLINE, 0) for _, gauge in self.gauges()), 0)

    def shorten(self, resolution_s: int) -> None:
        """Keep the changes for every `resolution_s` seconds only, in place; the peak stays what it was."""
        self._peak_before = self.peak()
        shorten(self.changes, resolution_s)

    def gauges(self) -> Iterator[tuple[int, dict[str, int]]]:
        """(second, devices by state at its end), for seconds in which something changed, ascending."""
        gauge: dict[str, int] = {}
        for second in sorted(self.changes):
            for state, net in self.changes[second].items():
                gauge[state] = gauge.get(state, 0) + net
            yield second, dict(gauge)

    def lost(self, source: str, at: float) -> None:
        """The process `source` is silent since `at`: its devices count as stopped, until it tells of them again."""
        if source not in self._silent:
            self._hide(source, int(at * 1e6), active(self._sources[source]))

    def missing(self, count: int, at: float) -> None:
        """From `at` on, `count` devices are in no process' hands although they should be online: they are `LOST`."""
        moved = count - self.gauge.get(LOST, 0)
        if moved:
            self._shift(LOST, moved, int(at * 1e6))

    def _hide(self, source: str, at_us: int, counts: dict[str, int]) -> None:
        if counts:
            self._silent[source] = at_us, counts
            self._move(counts, at_us)

    def _move(self, counts: dict[str, int], at_us: int, back: bool = False) -> None:
        """Devices leave the states `counts` for `stopped` at `at_us`, or come `back`."""
        sign = -1 if back else 1
        for state, count in counts.items():
            self._shift(state, -sign * count, at_us)
            self._shift(STOPPED, sign * count, at_us)

    def _shift(self, state: str, count: int, at_us: int) -> None:
        self.gauge[state] += count
        self.changes[at_us // 1_000_000][state] += count
        self._offset_us[state] -= count * at_us

    def _merge_silent(self, data: dict[str, Any], source: str) -> None:
        """As `merge`, for a process that is taken for dead: a late word from before, or it lives again.

        What it says is right for the time before; from then on it counts again with the first change that it tells
        of. Changes are known to the second, so its devices may return up to a second early.
        """
        since_us, counts = self._silent.pop(source)
        self._move(counts, since_us, back=True)
        told = dict(self._sources[source])
        self._merge(data, source, 0)
        since = since_us // 1_000_000
        returned: int | None = None
        for second, net in data["changes"]:
            if int(second) >= since:
                returned = int(second) if returned is None else min(returned, int(second))
                continue
            for state, count in net.items():
                told[state] = told.get(state, 0) + count
        self._hide(source, since_us, active(told))
        if returned is not None and source in self._silent:
            _, counts = self._silent.pop(source)
            self._move(counts, max(since_us, returned * 1_000_000), back=True)

    def dump(self, resolution_s: int = 1) -> dict[str, Any]:
        """Everything, for JSON; changes are summed up over `resolution_s` seconds."""
        changes: defaultdict[int, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
        for second, net in self.changes.items():
            binned = changes[second - second % resolution_s]
            for state, count in net.items():
                binned[state] += count
        at_us = self._latest_us
        return {
            "gauge": dict(self.gauge),
            "at_us": at_us,
            # device-µs up to `at_us`: sums of epoch times themselves would not fit into 64 bits of JSON
            "occupied_us": {
                state: offset + self.gauge.get(state, 0) * at_us for state, offset in self._offset_us.items()
            },
            "peak": self.peak(),
            "came_online": self.came_online.ranges(),
            "seen": self.seen.ranges(),
            "changes": [[second, dict(net)] for second, net in sorted(changes.items())],
        }

    def drain(self) -> dict[str, Any]:
        """`dump`, and forget what was dumped, but for the states that devices are in."""
        data = self.dump()
        for part in (self.gauge, self.changes, self._offset_us):
            part.clear()
        self.came_online = IndexSet()
        self.seen = IndexSet()
        return data

    def merge(self, data: dict[str, Any], source: str, index_offset: int = 0) -> None:
        """Add what the process (or the run) `source` dumped or drained; indexes are moved by `index_offset`."""
        if source in self._silent:
            self._merge_silent(data, source)
        else:
            self._merge(data, source, index_offset)

    def _merge(self, data: dict[str, Any], source: str, index_offset: int) -> None:
        for state, count in data["gauge"].items():
            self.gauge[state] += count
            self._sources[source][state] += count
        at_us = data["at_us"]
        self._latest_us = max(self._latest_us, at_us)
        for state, occupied in data["occupied_us"].items():
            self._offset_us[state] += occupied - data["gauge"].get(state, 0) * at_us
        for second, net in data["changes"]:
            target = self.changes[int(second)]
            for state, count in net.items():
                target[state] += count
        self.came_online.add_ranges(data["came_online"], index_offset)
        self.seen.add_ranges(data["seen"], index_offset)
        if data["peak"] or source in self._peaks:
            self._peaks[source] = max(self._peaks.get(source, 0), data["peak"])


def active(gauge: Mapping[str, int]) -> dict[str, int]:
    """The devices of `gauge` that were started and not told to stop."""
    return {state: count for state, count in gauge.items() if count > 0 and state not in INACTIVE_STATES}


class IndexSet:
    """A set of small integers, one byte each: a million devices fit in a MB."""

    __slots__ = ("_flags",)

    def __init__(self) -> None:
        self._flags = bytearray()

    def add(self, index: int) -> None:
        if index >= len(self._flags):
            self._flags.extend(bytes(index + 1024 - len(self._flags)))
        self._flags[index] = 1

    def __contains__(self, index: int) -> bool:
        return index < len(self._flags) and self._flags[index] == 1

    def __len__(self) -> int:
        return self._flags.count(1)

    def ranges(self) -> list[list[int]]:
        """[first, last] of each unbroken run."""
        found: list[list[int]] = []
        at = self._flags.find(1)
        while at >= 0:
            end = self._flags.find(0, at)
            end = len(self._flags) if end < 0 else end
            found.append([at, end - 1])
            at = self._flags.find(1, end)
        return found

    def add_ranges(self, ranges: Iterable[list[int]], offset: int = 0) -> None:
        """Add what `ranges` gave, every index moved up by `offset`."""
        for low, high in ranges:
            first, last = low + offset, high + offset
            if last >= len(self._flags):
                self._flags.extend(bytes(last + 1 - len(self._flags)))
            self._flags[first : last + 1] = b"\x01" * (last + 1 - first)
