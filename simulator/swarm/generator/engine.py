"""The engine: one uvloop in one native thread, where all devices of a process live.

It runs a `Runtime` and knows nothing of what a device does. The gevent side calls it from its own thread; answers come
back through a mailbox. Nothing here logs from the native thread: a log handler's lock is gevent's, and taking it there
freezes every greenlet.

It also watches itself: how late the loop runs its calls, and (`keep_until`) the moment at which every device must be
dropped unless that moment was moved on: the fence of a worker that lost its master.
"""

import asyncio
import logging
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import gevent
import gevent.event
import gevent.monkey
import uvloop

from simulator.faults import describe
from simulator.garbage import GarbagePolicy
from simulator.large_pages import LargePages
from simulator.loop_timers import RESOLUTION_S
from simulator.measurements.health import LAG_PROBE_S
from simulator.swarm.generator.log_relay import LogRelay
from simulator.swarm.generator.mailbox import Mailbox
from simulator.swarm.generator.questions import Questions
from simulator.swarm.generator.runtime import EngineListener, Runtime
from simulator.swarm.generator.start_queue import StartQueue
from simulator.swarm.tasks import counted

_start_new_thread: Callable[[Callable[[], None], tuple[()]], int] = gevent.monkey.get_original(
    "_thread", "start_new_thread"
)
_sleep: Callable[[float], None] = gevent.monkey.get_original("time", "sleep")

SWITCH_INTERVAL_S = 0.0005
"""How long the gevent thread may keep the interpreter while devices wait; Python's own 5 ms would show as latency."""
TIDY_S = 1.0
"""Between two looks for devices that the garbage collector need not walk again."""
TASKS_EVERY_S = 10.0
"""Between two counts of the loop's tasks, which take it 2 ms for ten thousand; a second while they become more."""
ORDERS_A_TURN = 50
"""Devices that are told to stop between two looks at the sockets: some milliseconds of work."""
OPEN_TIMEOUT_S = 60.0
"""Making the first RSA keys and looking up names takes seconds at most."""
CLOSE_TIMEOUT_S = 15.0
TOLD_TIMEOUT_S = 1.0
"""For an engine that is behind to hear of the platform: the schedule does not wait for it any longer."""


class EngineError(Exception):
    """The engine could not start, or its thread ended with an error; the text says why."""


class Engine:
    """Runs a runtime in a native thread, from `start` to `close`. Made anew for every run.

    Args:
        make_runtime: called on the engine's thread with a function that takes log lines.
        listener: told what happens.
        on_lag: takes the loop's lag in seconds, on the engine's thread.
        on_error: takes (rule, what happened) of an internal error, on the engine's thread.
    """

    def __init__(
        self,
        make_runtime: Callable[[Callable[[int, str], None]], Runtime],
        listener: EngineListener,
        on_lag: Callable[[float], None],
        on_error: Callable[[str, str], None],
    ) -> None:
        self._make_runtime = make_runtime
        self._listener = listener
        self._on_lag = on_lag
        self._on_error = on_error
        # What raises in the hub is printed and forgotten by gevent.
        self._mailbox = Mailbox(counted("listener.engine", self._receive, on_error))
        self._log_relay = LogRelay(self._mailbox.post)
        self._questions = Questions(self._call, self._mailbox.post, on_error)
        self._opened = gevent.event.AsyncResult()
        self._ended = gevent.event.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._runtime: Runtime | None = None
        self._stop: asyncio.Event | None = None
        self._orders: deque[tuple[bool, int]] = deque()
        self._starts = StartQueue()
        self._next_start: asyncio.TimerHandle | None = None
        self._stopping = False
        self._probe_due = float("inf")
        self._keep_until = float("inf")
        self._fell_at = float("inf")
        """The moment of `keep_until` at which all were dropped last."""
        self._tasks: int | None = None
        self._most_tasks = 0
        self._tasks_due = 0.0
        """When the tasks are counted, unless devices are started before."""
        self._started = False
        """Whether any device was started since the last count."""
        self._switch_interval = sys.getswitchinterval()
        self._garbage = GarbagePolicy()
        self._large_pages = LargePages(_start_new_thread, _sleep, on_error=self._left_as_it_is)

    # --- Called from gevent ---

    def start(self) -> None:
        """Start the thread and wait until the runtime is open.

        Raises:
            EngineError: If it does not open; the text is the reason.
        """
        self._log_relay.install()
        self._garbage.begin()
        self._large_pages.begin()
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        _start_new_thread(self._run, ())
        try:
            failure = self._opened.get(timeout=OPEN_TIMEOUT_S)
        except gevent.Timeout:
            raise EngineError(f"the engine did not start within {OPEN_TIMEOUT_S:g} s") from None
        if failure is not None:
            self.close()
            raise EngineError(failure)

    def start_device(self, index: int) -> None:
        """Start device `index` soon: what is asked for in the same moment is spread over a second."""
        self._order(True, index)

    def stop_device(self, index: int) -> None:
        """Stop device `index` in order; `device_finished` tells when it is down."""
        self._order(False, index)

    def keep_until(self, moment: float) -> None:
        """Drop all devices at the monotonic time `moment` (`time.monotonic`), unless called again with a later one."""
        self._keep_until = moment

    def drop_all(self) -> None:
        """Drop every device's connection at once."""
        self._call(self._drop_all)

    def take_tasks(self) -> int | None:
        """How many tasks its loop had when it last counted them, told once; None until it counts again."""
        tasks, self._tasks = self._tasks, None
        return tasks

    def platform_changed(self, number: int, away: bool) -> None:
        """Tell the runtime that the embedded platform is about to go by fault `number`, or is back; waits for that."""
        told = gevent.event.Event()
        if self._call(self._tell_of_platform, number, away, told):
            told.wait(timeout=TOLD_TIMEOUT_S)

    def ask(self, question: Mapping[str, Any], timeout: float) -> dict[str, Any] | None:
        """What the runtime answers; None where it has not within `timeout` seconds, or cannot any more."""
        runtime, over = self._runtime, self._ended.is_set()
        return None if runtime is None else self._questions.ask(runtime.answer, question, timeout, over=over)

    def stop_all(self, drain_s: float | None, timeout: float) -> bool:
        """Stop all devices in order and wait for it, at most `timeout` seconds; whether it was done in that time."""
        done = gevent.event.Event()
        if not self._call(self._begin_stop_all, drain_s, done):
            return False
        return bool(done.wait(timeout=timeout))

    def close(self) -> bool:
        """End the thread and wait for that; whether it ended in time. Harmless when done again."""
        if self._stop is not None:
            self._call(self._stop.set)
        ended = bool(self._ended.wait(timeout=CLOSE_TIMEOUT_S)) if self._loop is not None else True
        if ended:
            self._log_relay.remove()
            self._mailbox.close()
        sys.setswitchinterval(self._switch_interval)
        self._large_pages.end()
        self._garbage.end()
        return ended

    def _call(self, function: Callable[..., object], *args: object) -> bool:
        loop = self._loop
        if loop is None or self._ended.is_set():
            return False
        try:
            loop.call_soon_threadsafe(function, *args)
        except RuntimeError:
            # The loop was closed between the two lines.
            return False
        return True

    def _order(self, start: bool, index: int) -> None:
        orders = self._orders
        orders.append((start, index))
        if len(orders) == 1 and not self._call(self._obey):
            orders.clear()

    def _receive(self, item: tuple[str, Any]) -> None:
        kind, value = item
        listener = self._listener
        if kind == "finished":
            listener.device_finished(value)
        elif kind == "log":
            listener.log(*value)
        elif kind in ("stopped", "told"):
            value.set()
        elif kind == "fenced":
            listener.fenced()
        elif kind == "opened":
            self._opened.set(None)
        elif kind == "ended":
            self._ended.set()
            if value is not None:
                if self._opened.ready():
                    listener.crashed(value)
                else:
                    self._opened.set(value)

    # --- On the native thread ---

    def _run(self) -> None:
        failure: str | None = None
        try:
            loop = uvloop.new_event_loop()
            asyncio.set_event_loop(loop)
            self._loop = loop
            try:
                loop.run_until_complete(self._main())
            finally:
                loop.run_until_complete(loop.shutdown_asyncgens())
                loop.close()
        except BaseException as error:  # noqa: BLE001 - the thread must tell, whatever ended it
            failure = describe(error)
        self._mailbox.post(("ended", failure))

    async def _main(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._on_loop_error)
        self._stop = asyncio.Event()
        runtime = self._make_runtime(self._log)
        self._runtime = runtime
        try:
            await runtime.open()
            self._mailbox.post(("opened", None))
            self._probe_due = loop.time() + LAG_PROBE_S
            loop.call_at(self._probe_due, self._probe)
            loop.call_later(TIDY_S, self._tidy)
            loop.call_later(TIDY_S, self._count_tasks)
            await self._stop.wait()
        finally:
            self._starts.clear()
            await runtime.close()

    def _log(self, level: int, line: str) -> None:
        self._mailbox.post(("log", (level, line)))

    def _tell_fault(self, code: str, what: str, error: Exception) -> None:
        self._log(logging.ERROR, f"{what}: {describe(error)}")
        self._on_error(code, describe(error))

    def _left_as_it_is(self, error: Exception) -> None:
        self._tell_fault("engine.exception", "memory is left as it is", error)

    def _on_loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        # asyncio's own handler would log, here, on this thread.
        error = context.get("exception")
        text = context.get("message", "an error in the engine's loop")
        told = f"{text}: {describe(error)}" if error is not None else text
        self._log(logging.ERROR, told)
        # A transport that ends with an error of the network is the network's doing, unless a handler of ours raised it.
        if not isinstance(error, OSError) or "transport" not in context:
            self._on_error("engine.exception", told)

    def _probe(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        if not self._stopping:
            # Thousands of closing handshakes at once make the loop late, but the load is over by then.
            self._on_lag(max(0.0, now - self._probe_due))
        keep_until = self._keep_until
        if time.monotonic() >= keep_until != self._fell_at:
            # Nothing is written to the moment itself: gevent's side may be giving a later one just now.
            self._fell_at = keep_until
            # Told first: whose device ends by this waits for another, also where the device had not been started yet.
            self._mailbox.post(("fenced", None))
            self._drop_all()
        # From now, not from `due`: after a stall it would be looked at many times in a row.
        self._probe_due = now + LAG_PROBE_S
        loop.call_at(self._probe_due, self._probe)

    def _tidy(self) -> None:
        self._garbage.tidy()
        asyncio.get_running_loop().call_later(TIDY_S, self._tidy)

    def _count_tasks(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._started or now >= self._tasks_due:
            tasks = len(asyncio.all_tasks(loop))
            self._tasks_due = now + (TIDY_S if tasks > self._most_tasks else TASKS_EVERY_S)
            self._tasks, self._most_tasks, self._started = tasks, max(tasks, self._most_tasks), False
        loop.call_later(TIDY_S, self._count_tasks)

    def _obey(self, at_once: int = ORDERS_A_TURN) -> None:
        """Do the next orders, and the rest in later turns of the loop: ten thousand at once would hold it."""
        runtime = self._runtime
        if runtime is None:
            return
        orders = self._orders
        starts: dict[int, None] = {}
        for _ in range(min(at_once, len(orders))):
            start, index = orders.popleft()
            if start:
                starts[index] = None
            elif index in starts:
                del starts[index]
                self._finished(index)
            elif self._starts.discard(index):
                self._finished(index)
            else:
                runtime.stop_device(index)
        loop = asyncio.get_running_loop()
        if starts:
            self._starts.add(starts, loop.time())
            if self._next_start is None:
                self._start_due()
        if orders:
            loop.call_soon(self._obey)

    def _start_due(self) -> None:
        loop = asyncio.get_running_loop()
        # What is due before the loop's timers could tell starts now: to wait for it would be to spin.
        for index in self._starts.due(loop.time() + RESOLUTION_S):
            self._start_one(index)
        due = self._starts.next_at()
        self._next_start = None if due is None else loop.call_at(due, self._start_due)

    def _start_one(self, index: int) -> None:
        if self._runtime is not None:
            self._garbage.grow()
            self._started = True
            try:
                self._runtime.start_device(index, partial(self._gone, index))
            except Exception as error:  # noqa: BLE001 - the others' turn comes all the same
                self._tell_fault("device.start", f"device {index} cannot be made", error)
                self._gone(index)

    def _gone(self, index: int) -> None:
        self._garbage.shrink()
        self._finished(index)

    def _finished(self, index: int) -> None:
        self._mailbox.post(("finished", index))

    def _forget_starts(self) -> None:
        for index in self._starts.clear():
            self._finished(index)

    def _drop_all(self) -> None:
        self._forget_starts()
        if self._runtime is not None:
            self._runtime.abort_all()

    def _tell_of_platform(self, number: int, away: bool, told: gevent.event.Event) -> None:
        runtime = self._runtime
        try:
            if runtime is not None:
                (runtime.platform_away if away else runtime.platform_back)(number)
        finally:
            self._mailbox.post(("told", told))

    def _begin_stop_all(self, drain_s: float | None, done: gevent.event.Event) -> None:
        loop = asyncio.get_running_loop()
        self._stopping = True
        # The last chance to see all of them; the load is over.
        self._tasks = max(self._tasks or 0, len(asyncio.all_tasks(loop)))
        self._obey(len(self._orders))
        self._forget_starts()
        task = loop.create_task(self._stop_all(drain_s))
        task.add_done_callback(lambda _: self._mailbox.post(("stopped", done)))

    async def _stop_all(self, drain_s: float | None) -> None:
        if self._runtime is None:
            return
        try:
            await self._runtime.stop_all(drain_s)
        except Exception as error:  # noqa: BLE001 - the run's end must go on; what went wrong is logged
            self._tell_fault("engine.stop", "stopping the devices failed", error)
