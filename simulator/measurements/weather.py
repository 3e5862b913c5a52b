"""What came of the faults that a scenario ordered: whom each hit, who came back when, what it cost; and misbehaviour.

Pure; merges exactly over processes. What a fault cost is here and nowhere else: a request that it cut off stands in no
series of the platform's.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Final

from simulator.measurements.codec import dump_histogram, load_histogram
from simulator.measurements.histogram import Histogram
from simulator.measurements.names import is_request
from simulator.protocol.catalogue import CONNECT

# --- Events of a fault: what `Recorder.fault` is told ---

BEGUN: Final = "begun"
"""It came, in one process."""
HIT: Final = "hit"
"""A device that was switched on; each device once a fault. `name` is the state it was in."""
BACK: Final = "back"
"""A device it hit is online: so many seconds (`amount`) after the fault let go of it, 0 where it never was offline."""
OVERTAKEN: Final = "overtaken"
"""Another fault hit a device before that was back: its return is the other fault's."""
HELD: Final = "held"
"""The run ended while it still kept a device away: whether that would have come back nobody knows."""
ENDED: Final = "ended"
"""A device it hit was told to stop before it was back."""
CUT: Final = "cut"
"""A request, or a flow (`flow:` and its name), failed by it: `name`, `code`."""
DELAYED: Final = "delayed"
"""A request or a flow succeeded and took `amount` seconds, some of which are the fault's."""
REFUSED: Final = "refused"
"""The platform refused a request of a device that it hit and that is not back yet: `name`, `code`."""
DISCONNECTED: Final = "disconnected"
"""A connection ended by it; `name` is the reason."""
BACKLOG: Final = "backlog"
"""The records that wait at the devices it hit became more, or less where `amount` is negative."""
DELIVERED: Final = "delivered"
"""A device it hit has no more records waiting than before: so many seconds after the fault let go of it."""
BACKLOG_LEFT: Final = "backlog_left"
"""A device was overtaken, or told to stop, before that: its records are counted no more."""
UNSENT_LOST: Final = "unsent_lost"
"""`amount` records were lost with a store that it emptied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFault:
    """A fault of the schedule, as reports show it; times in seconds from the run's begin.

    Attributes:
        number: names the fault in every process.
        lasts: until it has let go of the last device.
        devices: planned to be hit.
        text: what it is and whom it hits, in the scenario's words (`outage (silent), 40% of halls`).
        refused: the ways of misbehaviour that the platform is expected to refuse.
        until: when its own run ended, where that is one of several that were merged.
    """

    number: int
    what: str
    at: float
    lasts: float
    devices: int
    text: str
    refused: tuple[str, ...] = ()
    until: float | None = None


@dataclass(slots=True)
class FaultFigures:
    """What came of one fault."""

    begun: int = 0
    """In so many processes."""
    hit: int = 0
    overtaken: int = 0
    ended: int = 0
    backlog_left: int = 0
    held: int = 0
    back: Histogram = field(default_factory=Histogram)
    """From the moment at which the fault let go of a device until it was online."""
    delivered: Histogram = field(default_factory=Histogram)
    cut: dict[str, dict[str, int]] = field(default_factory=dict)
    """By tag and code."""
    refused: dict[str, dict[str, int]] = field(default_factory=dict)
    delayed: dict[str, Histogram] = field(default_factory=dict)
    """By tag: durations of what succeeded all the same."""
    disconnects: dict[str, int] = field(default_factory=dict)
    backlog: dict[int, int] = field(default_factory=dict)
    """Second (epoch) -> by how much the records became more that wait at the devices it hit."""
    unsent_lost: int = 0
    connects: dict[int, int] = field(default_factory=dict)
    """Second (epoch) -> connections that were opened although it held them up."""

    @property
    def never_back(self) -> int:
        """Devices it hit that are not back, and that neither another fault nor the run's end took over."""
        return self.hit - self.back.count - self.overtaken - self.ended

    @property
    def undelivered(self) -> int:
        """Devices it hit that still have more records waiting than before."""
        return self.hit - self.delivered.count - self.backlog_left

    @property
    def requests_cut(self) -> int:
        """Requests that failed by it; flows are told apart in `cut`."""
        return sum(sum(codes.values()) for tag, codes in self.cut.items() if is_request(tag))

    @property
    def requests_delayed(self) -> int:
        """Requests that succeeded although it held them up; flows are told apart in `delayed`."""
        return sum(histogram.count for tag, histogram in self.delayed.items() if is_request(tag))

    @property
    def peak_backlog(self) -> int:
        """The most records that waited at once at the devices it hit, beyond those that waited before."""
        waiting = most = 0
        for second in sorted(self.backlog):
            waiting += self.backlog[second]
            most = max(most, waiting)
        return most

    def add(self, event: str, at: float, name: str, code: str, amount: float) -> None:
        """Count one event."""
        if event in (CUT, REFUSED):
            codes = (self.cut if event == CUT else self.refused).setdefault(name, {})
            codes[code] = codes.get(code, 0) + 1
        elif event == DELAYED:
            self.delayed.setdefault(name, Histogram()).record_seconds([amount])
            if name == CONNECT:
                self.connects[int(at)] = self.connects.get(int(at), 0) + 1
        elif event == BACKLOG:
            self.backlog[int(at)] = self.backlog.get(int(at), 0) + int(amount)
        elif event == BACK:
            self.back.record_seconds([amount])
        elif event == DELIVERED:
            self.delivered.record_seconds([amount])
        elif event == DISCONNECTED:
            self.disconnects[name] = self.disconnects.get(name, 0) + 1
        elif event == UNSENT_LOST:
            self.unsent_lost += int(amount)
        elif event in (BEGUN, HIT, OVERTAKEN, ENDED, BACKLOG_LEFT, HELD):
            setattr(self, event, getattr(self, event) + 1)
        else:
            raise ValueError(f"unknown event of a fault: {event!r}")

    def dump(self) -> dict[str, Any]:
        """Plain data; `merge` reads it."""
        return {
            "counts": [self.begun, self.hit, self.overtaken, self.ended, self.unsent_lost, self.backlog_left],
            "held": self.held,
            "back": dump_histogram(self.back),
            "delivered": dump_histogram(self.delivered),
            "cut": self.cut,
            "refused": self.refused,
            "delayed": {tag: dump_histogram(histogram) for tag, histogram in self.delayed.items()},
            "disconnects": self.disconnects,
            "backlog": [[second, change] for second, change in sorted(self.backlog.items())],
            "connects": [[second, count] for second, count in sorted(self.connects.items())],
        }

    def merge(self, data: dict[str, Any]) -> None:
        """Add what `dump` made elsewhere."""
        begun, hit, overtaken, ended, unsent_lost, backlog_left = data["counts"]
        self.begun += begun
        self.hit += hit
        self.overtaken += overtaken
        self.ended += ended
        self.unsent_lost += unsent_lost
        self.backlog_left += backlog_left
        self.held += data.get("held", 0)
        self.back.add(load_histogram(data["back"]))
        self.delivered.add(load_histogram(data["delivered"]))
        for mine, theirs in ((self.cut, data["cut"]), (self.refused, data["refused"])):
            for tag, codes in theirs.items():
                target = mine.setdefault(tag, {})
                for code, count in codes.items():
                    target[code] = target.get(code, 0) + count
        for tag, histogram in data["delayed"].items():
            self.delayed.setdefault(tag, Histogram()).add(load_histogram(histogram))
        for reason, count in data["disconnects"].items():
            self.disconnects[reason] = self.disconnects.get(reason, 0) + count
        for second, change in data["backlog"]:
            self.backlog[second] = self.backlog.get(second, 0) + change
        for second, count in data.get("connects", ()):
            self.connects[second] = self.connects.get(second, 0) + count


class Weather:
    """The faults of a run by number, and what came of misbehaviour by way and outcome."""

    def __init__(self) -> None:
        self.faults: defaultdict[int, FaultFigures] = defaultdict(FaultFigures)
        self.misbehaviour: dict[str, dict[str, int]] = {}

    def misbehaved(self, way: str, outcome: str, count: int) -> None:
        """Something was sent on purpose, or it is known what came of it (`measurements.misbehaviours`)."""
        outcomes = self.misbehaviour.setdefault(way, {})
        outcomes[outcome] = outcomes.get(outcome, 0) + count

    def dump(self) -> dict[str, Any]:
        """Plain data; `merge` reads it."""
        return {
            "faults": {str(number): figures.dump() for number, figures in self.faults.items()},
            "misbehaviour": {way: dict(outcomes) for way, outcomes in self.misbehaviour.items()},
        }

    def merge(self, data: dict[str, Any], number_offset: int = 0) -> None:
        """Add what `dump` made in another process, or in another run, whose faults are others then."""
        for number, figures in data.get("faults", {}).items():
            self.faults[int(number) + number_offset].merge(figures)
        for way, outcomes in data.get("misbehaviour", {}).items():
            for outcome, count in outcomes.items():
                self.misbehaved(way, outcome, count)

    def clear(self) -> None:
        """Forget all of it: it was told to another process."""
        self.faults.clear()
        self.misbehaviour.clear()
