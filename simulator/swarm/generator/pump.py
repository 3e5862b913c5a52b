"""The sample pump: what the devices measured goes from the engine's thread to Locust and to the run's measurements.

Requests and flows are counted where they end and come as cells, four times a second; they are added to the run's
measurements and to Locust's statistics, a cell at a time. Where somebody else listens to Locust's `request` event, each
request comes as an event in the queue instead, and the event is fired for each. What is rare always comes so.
"""

import logging
from collections import Counter, deque
from itertools import islice
from operator import attrgetter
from typing import Any

import gevent
import gevent.event
from locust.stats import StatsError

from simulator.faults import describe
from simulator.measurements.counting import Cell
from simulator.measurements.events import REQUEST, Event
from simulator.measurements.labels import MOST_CODES_OF_A_SERIES
from simulator.measurements.merging import merge
from simulator.measurements.names import KNOWN_CODES, OTHERS, text_of
from simulator.measurements.run import COUNTED_AT_ONCE, RunMeasurements
from simulator.protocol.codes import SUCCESS
from simulator.swarm.locust.request_event import REQUEST_TYPE, Requests
from simulator.swarm.tasks import OnError, counted

logger = logging.getLogger("simulator.swarm")

PERIOD_S = 0.005
"""How often the pump looks where each request comes by itself. Seldom and much at a time would be cheaper, but while it
works the devices' thread has to ask for the interpreter again and again: that would show as latency of the platform."""
BATCH = 50
"""Events between two looks at other greenlets: half a millisecond of work."""
IDLE_S = 1.0
"""How long events wait at most where the engine's loop, which wakes the pump, stands still or has ended."""

_FORMULA = ("=", "+", "-", "@")


class RequestError(Exception):
    """A request that did not succeed, as Locust's failure table shows it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    def __repr__(self) -> str:
        # Locust counts failures by this text, so it holds the code and nothing that differs from time to time.
        text = text_of(self.code)
        if text:
            return f"{self.code} ({text})"
        # Locust writes it to a CSV file as it stands, and a spreadsheet would take such a cell for a formula.
        return f"'{self.code}" if self.code.startswith(_FORMULA) else self.code


class Pump:
    """Moves events and cells to Locust and to `measurements`, from `start` to `stop`.

    Args:
        requests: Locust's event, and its statistics.
        on_error: takes (rule, what happened) of an internal error.
    """

    def __init__(self, requests: Requests, measurements: RunMeasurements, on_error: OnError) -> None:
        self.events: deque[Event] = deque()
        """Appended to by the engine's thread, and by whatever thread has an internal error to tell of."""
        self._requests = requests
        self._on_error = on_error
        self._move = counted("background.pump", self._move_some, on_error)
        self._measurements = measurements
        self._cells: deque[Cell] = deque()
        self._failures: dict[str, RequestError] = {}
        self._greenlet: Any = None
        self._listener_failed = False
        self._each = False
        self._woken = gevent.event.Event()

    def start(self) -> None:
        """Begin to move what comes."""
        self._greenlet = gevent.spawn(self._work)

    def stop(self) -> None:
        """Move all that waits, and end."""
        self.flush()
        if self._greenlet is not None:
            self._greenlet.kill()
            self._greenlet = None
        self.flush()

    def flush(self) -> None:
        """Move all that waits now, before anything is reported."""
        while self._cells or self.events:
            self._move()

    def arrived(self, cells: list[Cell]) -> None:
        """Take cells over; events that wait are moved with them. Does not block."""
        # Locust's copies of response times want the seconds in their order.
        for cell in sorted(cells, key=attrgetter("second")):
            self._cells.extend(cell.pieces(COUNTED_AT_ONCE))
        self._woken.set()

    def look_often(self, often: bool) -> None:
        """Whether each request comes as an event, so that these must not wait."""
        self._each = often
        self._woken.set()

    @property
    def waiting(self) -> int:
        """How many events and requests are not moved yet."""
        return len(self.events) + sum(len(cell.durations) for cell in self._cells)

    def _work(self) -> None:
        while True:
            if self._each:
                gevent.sleep(PERIOD_S)
            else:
                self._woken.wait(timeout=IDLE_S)
                self._woken.clear()
            while self._cells or self.events:
                self._move()
                if self._cells or self.events:
                    gevent.sleep(0)

    def _move_some(self) -> None:
        """One batch. Without a switch between taking and counting: a killed greenlet must lose nothing."""
        if self._cells:
            self._move_cells()
        else:
            self._move_events()

    def _move_cells(self) -> None:
        moved = 0
        while self._cells and moved < COUNTED_AT_ONCE:
            cell = self._cells.popleft()
            moved += len(cell.durations)
            merge(self._measurements, cell)
            if not cell.flow:
                self._requests.count(cell, None if cell.code == SUCCESS else self._failure(cell.name, cell.code))

    def _move_events(self) -> None:
        events = self.events
        batch = [events.popleft() for _ in islice(range(len(events)), BATCH)]
        self._measurements.apply(batch)
        fire = self._requests.fire
        for event in batch:
            if event[0] != REQUEST:
                continue
            _, name, started, latency, code, _, bytes_in, *_ = event
            try:
                fire(
                    request_type=REQUEST_TYPE,
                    name=name,
                    response_time=latency * 1000.0,
                    response_length=bytes_in,
                    response=None,
                    context={},
                    exception=None if code == SUCCESS else self._failure(name, code),
                    start_time=started,
                )
            except Exception as error:
                self._on_error("listener.exception", describe(error))
                # Locust lets the exceptions by which a task ends a user or the test pass; there is no task here.
                if not self._listener_failed:
                    self._listener_failed = True
                    logger.exception("a listener of Locust's request event raises; its later errors are not shown")

    def _failure(self, name: str, code: str) -> RequestError:
        """Under the code that the measurements count, too: of those there are a bounded number for each name."""
        labels = self._measurements.labels
        label = labels.code(labels.tag(name), code)
        failure = self._failures.get(label)
        if failure is None:
            failure = self._failures[label] = RequestError(label)
        return failure


def fold_errors(errors: dict[str, StatsError]) -> None:
    """Keep Locust's table of errors as short for all workers together as it is for one.

    Of each name, the codes beyond the bound are added up as `others`; their numbers stay exact.
    """
    kept: Counter[str] = Counter()
    for key, error in list(errors.items()):
        text = StatsError.parse_error(error.error)
        if text == OTHERS or text.partition(" (")[0] in KNOWN_CODES:
            continue
        kept[error.name] += 1
        if kept[error.name] <= MOST_CODES_OF_A_SERIES:
            continue
        del errors[key]
        together = StatsError.create_key(error.method, error.name, OTHERS)
        known = errors.get(together)
        if known is None:
            known = errors[together] = StatsError(error.method, error.name, OTHERS)
        known.occurrences += error.occurrences
        seen = [moment for moment in (known.first_seen, error.first_seen) if moment is not None]
        known.first_seen = min(seen, default=None)
        seen = [moment for moment in (known.last_seen, error.last_seen) if moment is not None]
        known.last_seen = max(seen, default=None)
