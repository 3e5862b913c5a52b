"""One process' part in a run: engine, pump, health, and the users' handles. The local runner and every worker have one.

It does not know where indexes come from or what becomes of the measurements: the process' role (`process.local`,
`process.worker`) decides.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import gevent.event

from simulator.clock import RunClock
from simulator.fleet.desk import ACT, OUTAGE, ask_device
from simulator.measurements.actions import IS_ON, NO_RUN, NOT_HELD, NOT_ON, START, STOP, STOPPING
from simulator.measurements.counting import Cell, CountingRecorder, Counts
from simulator.measurements.health import HealthSample
from simulator.measurements.names import DeviceState
from simulator.measurements.recorder import EngineRecorder
from simulator.measurements.resources import Held
from simulator.measurements.run import RunMeasurements
from simulator.shown import detail
from simulator.swarm.generator.engine import Engine
from simulator.swarm.generator.hand_over import HandOver
from simulator.swarm.generator.health import HealthWatch, Limits
from simulator.swarm.generator.index_pool import IndexPool
from simulator.swarm.generator.pump import Pump
from simulator.swarm.generator.runtime import Runtime
from simulator.swarm.locust.request_event import Requests
from simulator.swarm.locust.users import MeetingDevice, UserHandle, WaitingUsers
from simulator.swarm.tasks import ELSEWHERE, counted, swallowed_by_locust
from simulator.texts.translation import _

logger = logging.getLogger("simulator.swarm")
device_logger = logging.getLogger("simulator.device")
LINE_CHARS = 600
"""Of a device's log line, much of which may be the platform's words."""

STOP_MARGIN_S = 20.0
"""What a drain may take beyond the scenario's time and the closing handshakes: cutting off who does not answer these,
and a loop that is behind."""


ANSWER_TIMEOUT_S = 2.0
"""Whoever looks at the page waits for no engine that is further behind."""

RuntimeFactory = Callable[[EngineRecorder, Callable[[int, str], None]], Runtime]
"""Makes the fleet's runtime, given what records its events and a function that takes log lines."""


class GeneratorOwner(Protocol):
    """Who decides about indexes and about what a broken engine means."""

    def indexes_wanted(self) -> None:
        """Users wait for indexes."""

    def index_free(self, index: int) -> None:
        """The device of `index` is down."""

    def generator_failed(self, reason: str) -> None:
        """The engine has died; the run must end."""

    def fenced(self, devices: int) -> None:
        """The master was not heard of in time: `devices` were dropped."""


class Generator:
    """Engine, pump and handles of one process for one run.

    Args:
        make_runtime: called on the engine's thread.
        measurements: where the events are counted.
        requests: where Locust hears of them.
        clock: the run's.
        worker: its name in log lines of devices, where there may be several.
    """

    def __init__(
        self,
        make_runtime: RuntimeFactory,
        measurements: RunMeasurements,
        requests: Requests,
        owner: GeneratorOwner,
        *,
        clock: RunClock,
        limits: Limits = Limits(),  # noqa: B008 - immutable
        worker: str | None = None,
    ) -> None:
        self._worker = worker
        self.measurements = measurements
        self.indexes: IndexPool[UserHandle] = IndexPool()
        self._owner = owner
        self._clock = clock
        self._requests = requests
        self._pump = Pump(requests, measurements, self.internal_error)
        counts = Counts()
        self._hand_over = HandOver(counts, counted("listener.samples", self._take_cells, self.internal_error))
        self._recorder = recorder = CountingRecorder(self._pump.events.append, counts)
        self._health = HealthWatch(
            self._take_health,
            waiting_samples=lambda: self._pump.waiting,
            waiting_connects=lambda: measurements.devices.here[DeviceState.CONNECTING.value],
            held=lambda: Held(tasks=self._engine.take_tasks(), devices=self.indexes.in_use),
            connections=measurements.devices.peak,
            limits=limits,
            clock=clock,
            on_error=self.internal_error,
        )

        def make(log: Callable[[int, str], None]) -> Runtime:
            self._hand_over.begin(asyncio.get_running_loop())
            return make_runtime(recorder, log)

        self._engine = Engine(make, self, self._on_lag, self.internal_error)
        self._each = False
        """Whether somebody wants to hear of each request."""
        self._opened = False
        """Whether the engine ever got so far that it could have devices."""
        self._running = False
        self._finishing: gevent.event.Event | None = None
        self._requeue: set[int] = set()
        self._halting: set[int] = set()
        """Devices that were told to stop by hand."""
        self._halted: set[int] = set()
        """Those of them that are down. Their users and indexes stay theirs, so that nobody else is spawned for them."""
        self.turned_away = 0
        """Users that ended at once, because the fleet has no device for them."""

    def start(self) -> None:
        """Start the engine and accept users.

        Raises:
            EngineError: If the fleet's runtime does not open.
        """
        self._engine.start()
        self._opened = True
        self._requests.watch(self._look_who_listens)
        self._look_who_listens()
        self._pump.start()
        self._health.start()
        self._running = True
        waiting, MeetingDevice.provider = MeetingDevice.provider, self
        if isinstance(waiting, WaitingUsers):
            for handle in waiting.handles:
                if not self.take(handle):
                    handle.release()

    @property
    def running(self) -> bool:
        """Whether devices may be started."""
        return self._running

    @property
    def overloaded(self) -> bool:
        """Whether it should not be given more devices than it has."""
        return self._health.overloaded

    def finish(self, drain_s: float, closing_s: float = 0.0) -> None:
        """Stop all devices in order, count their last events and end the engine; returns when that is done.

        Whoever calls while it is going on waits for it.

        Args:
            closing_s: what the whole fleet's connections may take to close, beyond that.
        """
        if self._finishing is not None:
            self._finishing.wait()
            return
        self._finishing = done = gevent.event.Event()
        try:
            self._running = False
            self._health.look_at_all()
            self.indexes.drop_waiting()
            if devices := self.indexes.in_use - len(self._halted):
                logger.info(_("stopping %d devices (up to %g s for their records)"), devices, drain_s)
            limit = drain_s + closing_s + STOP_MARGIN_S
            if self._opened and not self._engine.stop_all(drain_s, limit):
                logger.warning("not every device was down after %g s; the rest is dropped", limit)
                self.internal_error("engine.stop", "not every device was down in time, and the rest was dropped")
            self._pump.flush()
            if swallowed_by_locust():
                self.internal_error("locust.exception", ELSEWHERE)
            ended = self._engine.close()
            if not ended:
                logger.error(_("the engine's thread does not end; what it measures from now on is lost"))
                self.internal_error("engine.stop", "the engine's thread does not end; what it measures is lost")
            self._requests.unwatch(self._look_who_listens)
            self._hand_over.close(ended=ended)
            self._health.stop()
            self._pump.stop()
        finally:
            done.set()

    def _take_cells(self, cells: list[Cell]) -> None:
        # Also whoever put a listener into Locust's list by hand is heard of.
        self._look_who_listens()
        self._pump.arrived(cells)

    def _look_who_listens(self) -> None:
        """Have requests counted, or told one by one where somebody listens."""
        each = not self._requests.only_counted
        if each != self._each:
            self._each = each
            self._pump.look_often(each)
            self._hand_over.tell_each(each)

    def detach(self) -> None:
        """The run is over: users that come from now on wait for the next."""
        if MeetingDevice.provider is self:
            MeetingDevice.provider = WaitingUsers()

    def give(self, indexes: Iterable[int]) -> None:
        """`indexes` may be used; waiting users get their devices."""
        if self._running:
            for index in self.indexes.add(indexes):
                self._engine.start_device(index)

    def keep_until(self, moment: float) -> None:
        """See `Engine.keep_until`."""
        self._engine.keep_until(moment)

    def platform_changed(self, number: int, away: bool) -> None:
        """See `Engine.platform_changed`."""
        self._engine.platform_changed(number, away)

    def ask(self, question: Mapping[str, Any]) -> dict[str, Any] | None:
        """What is asked of the devices (`simulator.fleet.desk`); None where no answer came in time."""
        if not self._opened:
            return None
        if question["what"] in (ACT, OUTAGE) and not self._running:
            return {"done": False, "problem": NO_RUN}
        if question["what"] != ACT or question["action"] not in (STOP, START):
            return self._engine.ask(question, ANSWER_TIMEOUT_S)
        found = self._engine.ask(ask_device(question["sn"]), ANSWER_TIMEOUT_S)
        if not found:
            return found
        problem = self._halt(found["index"]) if question["action"] == STOP else self._resume(found["index"])
        return {"done": not problem, "problem": problem}

    def _halt(self, index: int) -> str:
        """Stop a device by hand, in order; returns what keeps it from that (`simulator.measurements.actions`)."""
        if index in self._halting:
            return STOPPING
        if index in self._halted or not self.indexes.has_user(index):
            return NOT_ON
        self._halting.add(index)
        self._engine.stop_device(index)
        return ""

    def _resume(self, index: int) -> str:
        """Start a device again that was stopped by hand; returns what keeps it from that."""
        if index in self._halting:
            return STOPPING
        if index not in self._halted:
            return IS_ON if self.indexes.has_user(index) else NOT_HELD
        self._halted.remove(index)
        self._engine.start_device(index)
        return ""

    def _let_go_of_halted(self, indexes: Iterable[int]) -> None:
        """Devices that are down by hand are to be given up: nothing is left to be waited for."""
        for index in self._halted.intersection(indexes):
            self._halted.remove(index)
            self.device_finished(index)

    def drop(self, indexes: Iterable[int]) -> None:
        """Stop the devices of `indexes`; their users wait for others."""
        for index in indexes:
            self._requeue.add(index)
            self._engine.stop_device(index)
            self._let_go_of_halted((index,))

    def drop_all(self) -> None:
        """Drop every connection at once; the users wait for other devices."""
        self._requeue.update(self.indexes.used())
        self._engine.drop_all()
        self._let_go_of_halted(self.indexes.used())

    # --- DeviceProvider: called by users ---

    def take(self, handle: UserHandle) -> bool:
        if not self._running:
            return False
        index = self.indexes.take(handle)
        if index is not None:
            self._engine.start_device(index)
            return True
        self._owner.indexes_wanted()
        return not handle.dead

    def leave(self, handle: UserHandle) -> None:
        # Whoever waits wants a device that lives, and goes on doing so.
        ends = handle.index in self._requeue or handle.index in self._halting or handle.index in self._halted
        index = self.indexes.leave(handle, inherit=not ends)
        if index is not None and self._running:
            self._engine.stop_device(index)
            self._let_go_of_halted((index,))

    def turn_away(self) -> int:
        """End the waiting users for whom no device will come free; returns how many.

        Devices that are stopping leave their indexes to users that wait.
        """
        away = self.indexes.drop_waiting(keep=self.indexes.stopping)
        for handle in away:
            handle.release()
        self.turned_away += len(away)
        return len(away)

    # --- EngineListener: called in the hub ---

    def device_finished(self, index: int) -> None:
        by_hand = index in self._halting
        self._halting.discard(index)
        if by_hand and self._running and index not in self._requeue and self.indexes.has_user(index):
            self._halted.add(index)
            return
        requeue = index in self._requeue and self._running
        self._requeue.discard(index)
        handle = self.indexes.finished(index, requeue=requeue)
        if handle is not None and not requeue and self._running:
            handle.release()
        self._owner.index_free(index)

    def log(self, level: int, line: str) -> None:
        if not device_logger.isEnabledFor(level):
            # Most lines are for who debugs a device, and thousands of devices write them.
            return
        # Several workers may share a terminal: whose line it is cannot be told from the line.
        whose = "" if self._worker is None else _("worker {worker}: ", worker=self._worker)
        device_logger.log(level, "%s%s", whose, detail(line, LINE_CHARS))

    def fenced(self) -> None:
        # Whoever comes now must not take one that is another's by then.
        for index in self.indexes.withdraw():
            self._owner.index_free(index)
        self._requeue.update(self.indexes.used())
        devices = self.indexes.in_use
        if devices:
            logger.warning(_("the master has not renewed this worker's lease: its %d devices are dropped"), devices)
            self._owner.fenced(devices)
        self._let_go_of_halted(self.indexes.used())

    def crashed(self, reason: str) -> None:
        self._running = False
        logger.critical(_("the engine has died: %s"), reason)
        self._owner.generator_failed(reason)

    def _take_health(self, sample: HealthSample) -> None:
        self.measurements.sample_health(sample)

    def internal_error(self, rule: str, detail: str) -> None:
        """Count an exception of our own; may be called from any thread."""
        self._recorder.internal_error(rule, detail, self._clock.wall())

    def _on_lag(self, lag: float) -> None:
        self._health.lags.append(lag)
        self._recorder.loop_lag(lag, self._clock.wall())
