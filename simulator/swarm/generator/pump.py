"""The sample pump: what the devices measured goes from the engine's queue to Locust and to the run's measurements.

Devices append a tuple per event on their own thread. The pump's greenlet takes them in batches, so that the switch
between the two worlds is paid once for hundreds of events, and fires Locust's `request` event for each request: its
statistics, CSV, HTML and charts and third-party listeners all see every one.
"""

import logging
from collections import Counter, deque
from collections.abc import Callable
from itertools import islice
from typing import Any

import gevent
from locust.stats import StatsError

from simulator.faults import describe
from simulator.measurements.events import REQUEST, Event
from simulator.measurements.labels import MOST_CODES_OF_A_SERIES
from simulator.measurements.names import KNOWN_CODES, OTHERS, text_of
from simulator.measurements.run import RunMeasurements
from simulator.protocol.codes import SUCCESS
from simulator.swarm.tasks import OnError, counted

logger = logging.getLogger("simulator.swarm")

REQUEST_TYPE = "BEST"
PERIOD_S = 0.005
"""How often the pump looks. Seldom and much at a time would be cheaper, but while it works the devices' thread has to
ask for the interpreter again and again: long bursts would show as latency of the platform."""
BATCH = 50
"""Events between two looks at other greenlets: half a millisecond of work."""

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
    """Moves events from `events` to Locust and to `measurements`, from `start` to `stop`.

    Args:
        fire: Locust's `environment.events.request.fire`.
        on_error: takes (rule, what happened) of an internal error.
    """

    def __init__(self, fire: Callable[..., None], measurements: RunMeasurements, on_error: OnError) -> None:
        self.events: deque[Event] = deque()
        """Appended to by the engine's thread."""
        self._fire = fire
        self._on_error = on_error
        self._move = counted("background.pump", self._move_batch, on_error)
        self._measurements = measurements
        self._failures: dict[str, RequestError] = {}
        self._greenlet: Any = None
        self._listener_failed = False

    def start(self) -> None:
        """Begin to move events."""
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
        while self.events:
            self._move()

    def _work(self) -> None:
        while True:
            gevent.sleep(PERIOD_S)
            while self.events:
                self._move()
                if self.events:
                    gevent.sleep(0)

    def _move_batch(self) -> None:
        """One batch. Without a switch between taking and counting: a killed greenlet must lose nothing."""
        events = self.events
        batch = [events.popleft() for _ in islice(range(len(events)), BATCH)]
        self._measurements.apply(batch)
        fire = self._fire
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
