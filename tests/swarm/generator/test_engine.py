"""The engine with a fleet of its own: threads, order of events, the fence, and what goes wrong."""

import asyncio
import gc
import logging
import time
from collections.abc import Callable

import gevent
import pytest

from simulator.garbage import GarbagePolicy
from simulator.swarm.generator import engine
from simulator.swarm.generator.engine import ORDERS_A_TURN, Engine, EngineError
from tests.swarm.fake_fleet import Fleet, until


class Listener:
    def __init__(self) -> None:
        self.finished: list[int] = []
        self.finished_before_the_fence: list[int] = []
        self.lines: list[tuple[int, str]] = []
        self.crashes: list[str] = []
        self.fences = 0

    def device_finished(self, index: int) -> None:
        self.finished.append(index)

    def log(self, level: int, line: str) -> None:
        self.lines.append((level, line))

    def fenced(self) -> None:
        self.fences += 1
        self.finished_before_the_fence = [*self.finished]

    def crashed(self, reason: str) -> None:
        self.crashes.append(reason)


class Rig:
    def __init__(self, fleet: type[Fleet] = Fleet) -> None:
        self.listener = Listener()
        self.lags: list[float] = []
        self.fleets: list[Fleet] = []
        self.errors: list[tuple[str, str]] = []

        def make(log: Callable[[int, str], None]) -> Fleet:
            self.fleets.append(fleet(log))
            return self.fleets[0]

        self.engine = Engine(make, self.listener, self.lags.append, self.told)

    def told(self, rule: str, detail: str) -> None:
        self.errors.append((rule, detail))

    @property
    def fleet(self) -> Fleet:
        return self.fleets[0]


@pytest.fixture
def rig() -> Rig:
    rig = Rig()
    rig.engine.start()
    return rig


def test_devices_start_stop_and_are_told_of(rig: Rig) -> None:
    for index in range(3):
        rig.engine.start_device(index)
    until(lambda: len(rig.fleet.devices) == 3)
    rig.engine.stop_device(1)
    until(lambda: rig.listener.finished == [1])
    assert rig.engine.stop_all(1.0, timeout=5.0)
    until(lambda: sorted(rig.listener.finished) == [0, 1, 2])
    assert rig.engine.close()
    assert rig.fleet.closed
    assert rig.lags


class WithTasks(Fleet):
    """Five tasks run as long as it is open."""

    async def open(self) -> None:
        self.tasks = [asyncio.create_task(asyncio.sleep(60)) for _ in range(5)]

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()


def test_it_counts_its_loops_tasks_and_tells_each_count_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "TIDY_S", 0.05)
    rig = Rig(WithTasks)
    assert rig.engine.take_tasks() is None
    rig.engine.start()
    told: list[int] = []
    until(lambda: (tasks := rig.engine.take_tasks()) is not None and not told.append(tasks))
    # The engine's own task is the sixth.
    assert told == [6]
    assert rig.engine.take_tasks() is None
    rig.engine.close()


class ATaskEach(Fleet):
    """Each device is a task."""

    def start_device(self, index: int, on_finished: Callable[[], None]) -> None:
        task = asyncio.create_task(asyncio.sleep(60))
        super().start_device(index, lambda: (task.cancel(), on_finished()))  # type: ignore[func-returns-value]


def test_tasks_are_counted_again_when_devices_were_started_and_before_they_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "TIDY_S", 0.05)
    rig = Rig(ATaskEach)
    rig.engine.start()
    told: list[int] = []

    def most() -> int:
        tasks = rig.engine.take_tasks()
        told.extend([] if tasks is None else [tasks])
        return max(told, default=0)

    until(lambda: most() == 1)
    for index in range(20):
        rig.engine.start_device(index)
    # far sooner than the ten seconds between two counts
    until(lambda: most() == 21)
    assert len(told) < 40
    gevent.sleep(0.2)
    rig.engine.take_tasks()
    rig.engine.stop_all(1.0, timeout=5.0)
    assert rig.engine.take_tasks() == 21
    rig.engine.close()


def test_a_burst_is_spread(rig: Rig) -> None:
    for index in range(20):
        rig.engine.start_device(index)
    until(lambda: len(rig.fleet.starts) == 20)
    assert rig.fleet.starts[-1] - rig.fleet.starts[0] > 0.2
    rig.engine.close()


class ByTurns(Fleet):
    """Counts what it is told in each turn of the loop."""

    def __init__(self, log: Callable[[int, str], None]) -> None:
        super().__init__(log)
        self.stops = [0]

    def stop_device(self, index: int) -> None:
        if not self.stops[-1]:
            asyncio.get_running_loop().call_soon(self.stops.append, 0)
        self.stops[-1] += 1


def test_thousands_are_told_to_stop_in_slices_and_the_loop_has_its_turn_between() -> None:
    rig = Rig(ByTurns)
    rig.engine.start()
    rig.engine._orders.extend((False, index) for index in range(2 * ORDERS_A_TURN + 1))
    rig.engine._call(rig.engine._obey)
    fleet = rig.fleet
    assert isinstance(fleet, ByTurns)
    until(lambda: sum(fleet.stops) == 2 * ORDERS_A_TURN + 1)
    until(lambda: fleet.stops == [ORDERS_A_TURN, ORDERS_A_TURN, 1, 0])
    assert rig.engine.close()


def test_what_is_left_of_devices_that_are_gone_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(GarbagePolicy, "grow", lambda self: told.append("grow"))
    monkeypatch.setattr(GarbagePolicy, "shrink", lambda self: told.append("shrink"))
    rig = Rig()
    rig.engine.start()
    rig.engine.start_device(0)
    until(lambda: len(rig.fleet.devices) == 1)
    rig.engine.stop_device(0)
    until(lambda: rig.listener.finished == [0])
    assert told == ["grow", "shrink"]
    rig.engine.close()


def test_what_had_not_started_is_finished_too(rig: Rig) -> None:
    for index in range(50):
        rig.engine.start_device(index)
    rig.engine.stop_device(49)
    rig.engine.stop_all(0.0, timeout=5.0)
    until(lambda: sorted(rig.listener.finished) == list(range(50)))
    assert len(rig.fleet.starts) < 50
    rig.engine.close()


def test_the_fence_falls_unless_it_is_moved_on(rig: Rig) -> None:
    rig.engine.start_device(0)
    until(lambda: rig.fleet.devices)
    rig.engine.keep_until(time.monotonic() + 0.2)
    rig.engine.keep_until(time.monotonic() + 0.6)
    gevent.sleep(0.35)
    assert rig.listener.fences == 0
    until(lambda: rig.listener.fences == 1)
    until(lambda: rig.listener.finished == [0])
    rig.engine.close()


def test_the_fence_falls_once_for_a_moment_and_again_for_a_later_one(rig: Rig) -> None:
    for fences, moment in ((1, 1.0), (1, 1.0), (2, 2.0)):
        rig.engine.keep_until(moment)
        until(lambda fences=fences: rig.listener.fences == fences)
        probes = len(rig.lags)
        until(lambda probes=probes: len(rig.lags) > probes + 2)
        assert rig.listener.fences == fences
    rig.engine.close()


def test_the_fence_is_told_before_the_ends_that_it_causes_also_of_devices_that_wait_for_their_start(rig: Rig) -> None:
    # So many that the last are still in the start queue, which spreads them over a second.
    for index in range(200):
        rig.engine.start_device(index)
    until(lambda: rig.fleet.devices)
    rig.engine.keep_until(time.monotonic())
    until(lambda: len(rig.listener.finished) == 200)
    assert len(rig.fleet.starts) < 200
    assert rig.listener.fences == 1
    assert rig.listener.finished_before_the_fence == []
    rig.engine.close()


def test_an_engine_that_does_not_open_says_why() -> None:
    class Broken(Fleet):
        async def open(self) -> None:
            raise OSError("no such certificate")

    with pytest.raises(EngineError, match="no such certificate"):
        Rig(Broken).engine.start()


def test_a_crash_is_told_and_nothing_waits_for_the_dead() -> None:
    rig = Rig()

    async def stop_now() -> None:
        raise RuntimeError("boom")

    rig.engine.start()
    rig.fleet.close = stop_now  # type: ignore[method-assign]
    rig.engine.close()
    until(lambda: rig.listener.crashes)
    assert "boom" in rig.listener.crashes[0]
    rig.engine.start_device(1)
    assert not rig.engine.stop_all(1.0, timeout=5.0)
    assert rig.engine.close()


def test_errors_and_library_logs_of_the_thread_arrive_as_lines(rig: Rig) -> None:
    class Noisy(Fleet):
        def start_device(self, index: int, on_finished: Callable[[], None]) -> None:
            logging.getLogger("aiohttp.client").warning("odd answer")
            self.log(logging.INFO, "started")
            raise ValueError("bad device")

    noisy = Rig(Noisy)
    noisy.engine.start()
    noisy.engine.start_device(0)
    until(lambda: len(noisy.listener.lines) >= 3)
    lines = {line.split(":")[0]: level for level, line in noisy.listener.lines}
    assert lines["aiohttp.client"] == logging.WARNING
    assert lines["started"] == logging.INFO
    assert any("bad device" in line for _, line in noisy.listener.lines)
    until(lambda: noisy.listener.finished == [0])
    assert [rule for rule, _ in noisy.errors] == ["device.start"]
    noisy.engine.close()
    rig.engine.close()


def test_a_device_that_cannot_be_made_keeps_no_other_from_its_start() -> None:
    class Picky(Fleet):
        def start_device(self, index: int, on_finished: Callable[[], None]) -> None:
            if index == 0:
                raise ValueError("bad device")
            super().start_device(index, on_finished)

    rig = Rig(Picky)
    rig.engine.start()
    for index in range(3):
        rig.engine.start_device(index)
    until(lambda: len(rig.fleet.devices) == 2)
    assert rig.listener.finished == [0]
    rig.engine.close()


def test_exceptions_of_calls_on_the_loop_are_internal_errors_and_those_of_the_network_are_not(rig: Rig) -> None:
    loop = rig.engine._loop
    assert loop is not None

    def broken() -> None:
        raise KeyError("odd")

    async def forgotten() -> None:
        raise RuntimeError("nobody awaits this")

    loop.call_soon_threadsafe(broken)
    loop.call_soon_threadsafe(lambda: loop.create_task(forgotten()) and None)
    context = {"message": "transport ended", "exception": ConnectionResetError(), "transport": object()}
    loop.call_soon_threadsafe(loop.call_exception_handler, context)
    ours = {"message": "fault in the handler of a connection", "exception": OSError("disk"), "protocol": object()}
    loop.call_soon_threadsafe(loop.call_exception_handler, ours)
    loop.call_soon_threadsafe(gc.collect)
    until(lambda: len(rig.listener.lines) >= 4)
    assert sorted(detail.split(" (")[0].partition(": ")[2] for _, detail in rig.errors) == [
        "KeyError: 'odd'",
        "RuntimeError: nobody awaits this",
        "disk",
    ]
    assert {rule for rule, _ in rig.errors} == {"engine.exception"}
    rig.engine.close()


def test_a_stop_that_fails_is_an_internal_error() -> None:
    class Stubborn(Fleet):
        async def stop_all(self, drain_s: float | None = None) -> None:
            raise RuntimeError("no")

    rig = Rig(Stubborn)
    rig.engine.start()
    assert rig.engine.stop_all(0.0, timeout=5.0)
    until(lambda: rig.errors)
    assert rig.errors[0][0] == "engine.stop"
    rig.engine.close()


def test_a_listener_that_fails_is_counted_and_hears_the_next(rig: Rig) -> None:
    def broken(index: int) -> None:
        rig.listener.finished.append(index)
        raise KeyError("odd")

    rig.listener.device_finished = broken  # type: ignore[method-assign]
    for index in range(2):
        rig.engine.start_device(index)
    rig.engine.stop_all(0.0, timeout=5.0)
    until(lambda: sorted(rig.listener.finished) == [0, 1])
    assert [rule for rule, _ in rig.errors] == ["listener.engine"] * 2
    rig.engine.close()


# --- The embedded platform goes and comes ---


def test_the_runtime_knows_of_the_platform_before_the_call_returns(rig: Rig) -> None:
    rig.engine.platform_changed(4, True)
    assert rig.fleet.weather == [(4, True)]
    rig.engine.platform_changed(4, False)
    assert rig.fleet.weather == [(4, True), (4, False)]
    assert rig.engine.close()
    # There is nobody to be told any more, and nothing to wait for.
    rig.engine.platform_changed(5, True)
    assert len(rig.fleet.weather) == 2


def test_a_runtime_that_fails_at_it_is_told_of_and_keeps_nobody_waiting() -> None:
    class Failing(Fleet):
        def platform_away(self, number: int) -> None:
            raise ValueError(f"no fault {number}")

    rig = Rig(Failing)
    rig.engine.start()
    rig.engine.platform_changed(4, True)
    until(lambda: rig.errors)
    assert rig.errors[0][0] == "engine.exception"
    assert "no fault 4" in rig.errors[0][1]
    assert rig.engine.close()
