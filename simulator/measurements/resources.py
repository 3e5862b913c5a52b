"""What a process holds (memory, open files, tasks), and whether it comes to hold more and more over hours.

A `Trend` is a robust line through few numbers, however long the run: a leak shows in its slope, the peaks of a storm
that come and go do not. Where too little was seen for a line there is none, and never a 0 that was made up.
"""

from itertools import combinations
from statistics import median
from typing import Any, NamedTuple

MOST_SPANS = 120
"""Means that a trend keeps; when there are more, each span becomes twice as long. Eight hours are 113 of 256 s."""
LEAST_S = 300.0
"""A line through less says nothing: one MB of a collector's mood would be twelve an hour and more."""
WARM_UP_SHARE = 0.25
WARM_UP_MOST_S = 600.0
"""The first part is left out: caches, pools and the allocator's arenas fill until every kind of message was seen."""
LEAST_SPANS = 20


class Trend:
    """A figure over time: its highest and newest value, and how fast it grows."""

    __slots__ = ("began", "earlier", "latest", "newest", "peak", "span_s", "spans")

    def __init__(self) -> None:
        self.peak: float | None = None
        self.newest: float | None = None
        self.began: float | None = None
        """Of the line, epoch seconds."""
        self.latest = 0.0
        self.span_s = 1.0
        self.spans: list[list[float]] = []
        """[sum, count] of each span since the line began."""
        self.earlier: tuple[float, float | None] = (0.0, None)
        """Of the longest line of a life that is over: its seconds and its slope."""

    def add(self, at: float, value: float) -> None:
        """A look at `at` (epoch seconds), in order of time."""
        self.newest = value
        self.peak = value if self.peak is None else max(self.peak, value)
        if self.began is None:
            self.began = at
        self.latest = max(self.latest, at)
        while (index := max(0, int((at - self.began) / self.span_s))) >= MOST_SPANS:
            self._widen()
        while len(self.spans) <= index:
            self.spans.append([0.0, 0])
        span = self.spans[index]
        span[0] += value
        span[1] += 1

    def at_least(self, value: float) -> None:
        """It was as high as that for sure, at a moment at which nobody looked."""
        self.peak = value if self.peak is None else max(self.peak, value)

    def begin_again(self) -> None:
        """What came so far belongs to another load: the line begins anew, the peak stays."""
        self.began = None
        self.span_s = 1.0
        self.spans = []

    def live_again(self) -> None:
        """The process was started anew: the longest line of its lives tells."""
        if self.seconds > self.earlier[0]:
            self.earlier = (self.seconds, self._slope())
        self.begin_again()

    @property
    def seconds(self) -> float:
        """How long the line is."""
        return 0.0 if self.began is None else self.latest - self.began

    def _widen(self) -> None:
        if len(self.spans) % 2:
            self.spans.append([0.0, 0])
        pairs = zip(self.spans[::2], self.spans[1::2], strict=True)
        self.spans = [[one[0] + other[0], one[1] + other[1]] for one, other in pairs]
        self.span_s *= 2

    def per_hour(self) -> float | None:
        """The slope (Theil–Sen: the median of those between any two means), in the figure's unit an hour.

        None where less than `LEAST_S` were seen since the line began.
        """
        seconds, slope = self.earlier
        return slope if seconds > self.seconds else self._slope()

    def _slope(self) -> float | None:
        if self.seconds < LEAST_S:
            return None
        warm_up = min(WARM_UP_SHARE * self.seconds, WARM_UP_MOST_S)
        points = [
            (index * self.span_s, total / count)
            for index, (total, count) in enumerate(self.spans)
            if count and index * self.span_s >= warm_up
        ]
        if len(points) < LEAST_SPANS:
            return None
        slopes = ((after[1] - before[1]) / (after[0] - before[0]) for before, after in combinations(points, 2))
        return 3600.0 * median(slopes)

    def dump(self) -> list[Any]:
        """As plain data, exactly."""
        return [self.peak, self.newest, self.began, self.latest, self.span_s, self.spans, list(self.earlier)]

    @classmethod
    def load(cls, data: list[Any]) -> "Trend":
        """What `dump` made."""
        trend = cls()
        trend.peak, trend.newest, trend.began, trend.latest, trend.span_s, spans, (seconds, slope) = data
        trend.spans = [list(span) for span in spans]
        trend.earlier = (seconds, slope)
        return trend


class Held(NamedTuple):
    """What a process holds at one moment; None where nobody looked."""

    open_files: int | None = None
    files_limit: int | None = None
    """How many it may have open at most."""
    tasks: int | None = None
    """Of asyncio, on its engine's loop."""
    devices: int = 0
    """That it was given and that are not down for good."""
    connections: int = 0
    """The most devices that were online at once so far: each of them had a socket and a task, whoever looked when."""


class Resources:
    """What one process held over the run. The lines begin when it had got the last of its devices."""

    __slots__ = ("devices", "files_limit", "open_files", "rss", "tasks")

    def __init__(self) -> None:
        self.rss = Trend()
        self.open_files = Trend()
        self.tasks = Trend()
        self.files_limit: int | None = None
        self.devices = 0
        """Most at a time."""

    def add(self, at: float, rss_mb: float, held: Held) -> None:
        """One look at `at` (epoch seconds)."""
        if held.devices > self.devices:
            self.devices = held.devices
            for trend in (self.rss, self.open_files, self.tasks):
                trend.begin_again()
        self.rss.add(at, rss_mb)
        if held.open_files is not None:
            self.open_files.add(at, held.open_files)
            self.files_limit = held.files_limit
        if held.tasks is not None:
            self.tasks.add(at, held.tasks)
        if held.connections:
            self.open_files.at_least(held.connections)
            self.tasks.at_least(held.connections)

    def live_again(self) -> None:
        """The process was started anew."""
        for trend in (self.rss, self.open_files, self.tasks):
            trend.live_again()

    @property
    def files_used(self) -> float | None:
        """The share of the files that it may have open which it had open at most."""
        peak = self.open_files.peak
        return peak / self.files_limit if peak is not None and self.files_limit else None

    def dump(self) -> dict[str, Any]:
        """As plain data, exactly."""
        return {
            "rss": self.rss.dump(),
            "open_files": self.open_files.dump(),
            "tasks": self.tasks.dump(),
            "files_limit": self.files_limit,
            "devices": self.devices,
        }

    @classmethod
    def load(cls, data: dict[str, Any] | None) -> "Resources":
        """What `dump` made; of earlier versions, which told nothing, None."""
        resources = cls()
        if data is not None:
            resources.rss = Trend.load(data["rss"])
            resources.open_files = Trend.load(data["open_files"])
            resources.tasks = Trend.load(data["tasks"])
            resources.files_limit = data["files_limit"]
            resources.devices = data["devices"]
        return resources
