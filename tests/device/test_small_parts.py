"""Back-off, deadlines, the device's clock, and the queue that is cheap while it is empty."""

import random
from collections import deque
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.clock import ManualClock, TimerQueue
from simulator.device.backoff import Backoff
from simulator.device.deadlines import SWEEP_INTERVAL, Deadlines
from simulator.device.device_clock import DeviceClock
from simulator.device.fifo import Fifo
from simulator.fields.range import Range
from simulator.protocol.times import parse_iso


def test_back_off_doubles_to_its_bound() -> None:
    backoff = Backoff(Range(low=30.0, high=300.0), random.Random(1))
    for shortest, longest in [(30, 45), (60, 90), (120, 180), (200, 300), (200, 300), (200, 300)]:
        assert shortest <= backoff.next() <= longest
    backoff.reset()
    assert 30 <= backoff.next() <= 45


def test_back_off_never_overflows_and_differs_between_devices() -> None:
    backoff = Backoff(Range(low=1.0, high=1e6), random.Random(1))
    assert all(backoff.next() <= 1e6 for _ in range(2_000))
    assert len({Backoff(Range(low=30, high=300), random.Random(seed)).next() for seed in range(50)}) == 50


@given(
    seed=st.integers(),
    low=st.floats(0, 1e4),
    factor=st.floats(1, 1e3) | st.sampled_from([1.0, 1.2, 1.5, 2.0]),
    attempts=st.integers(1, 40),
)
def test_no_delay_leaves_the_bounds_and_none_is_shorter_than_the_one_before_but_for_jitter(
    seed: int, low: float, factor: float, attempts: int
) -> None:
    high = low * factor
    backoff = Backoff(Range(low=low, high=high), random.Random(seed))
    delays = [backoff.next() for _ in range(attempts)]
    assert all(low <= delay <= high for delay in delays)
    for before, after in pairwise(delays):
        assert after > before or after >= high / 1.5 - 1e-9


def test_a_fleet_that_waits_as_long_as_may_be_does_not_come_back_in_step() -> None:
    backoffs = [Backoff(Range(low=1.0, high=60.0), random.Random(seed)) for seed in range(200)]
    delays = sorted([backoff.next() for _ in range(9)][-1] for backoff in backoffs)
    assert delays[-1] - delays[0] > 15


def test_a_back_off_of_nothing() -> None:
    assert Backoff(Range(low=0.0, high=0.0), random.Random(1)).next() == 0.0


class Session:
    """Somebody with requests, as the deadlines see it."""

    def __init__(self, clock: ManualClock, deadlines: Deadlines) -> None:
        self.clock = clock
        self.deadlines = deadlines
        self.waiting: dict[str, float] = {}
        self.late: dict[str, float] = {}
        self.count = 0

    def send(self, timeout: float) -> str:
        self.count += 1
        key = str(self.count)
        now = self.clock.monotonic()
        self.waiting[key] = now + timeout
        self.deadlines.queue(timeout).add(now, self, key)
        return key

    def answered(self, key: str) -> None:
        self.waiting.pop(key, None)

    def awaits(self, key: str) -> bool:
        return key in self.waiting

    def expired(self, key: str) -> None:
        deadline = self.waiting.pop(key)
        assert deadline <= self.clock.monotonic() <= deadline + SWEEP_INTERVAL + 1e-9
        self.late[key] = deadline


@given(
    requests=st.lists(
        st.tuples(st.floats(0, 3), st.sampled_from([1.0, 2.5, 10.0]), st.none() | st.floats(0, 12)), max_size=30
    )
)
@settings(max_examples=50)
def test_what_is_not_answered_expires_once_and_in_time(requests: list[tuple[float, float, float | None]]) -> None:
    clock = ManualClock()
    timers = TimerQueue(clock)
    session = Session(clock, Deadlines(timers))

    def pass_time(seconds: float) -> None:
        end = clock.monotonic() + seconds
        while (due := timers.next_due()) is not None and due <= end:
            clock.advance(max(0.0, due - clock.monotonic()))
            timers.run_due()
        clock.advance(max(0.0, end - clock.monotonic()))

    in_time = set()
    for pause, timeout, answered in requests:
        pass_time(pause)
        key = session.send(timeout)
        if answered is not None:
            timers.call_later(answered, session.answered, key)
            if answered < timeout:
                in_time.add(key)
    pass_time(20)
    assert not session.waiting
    assert in_time.isdisjoint(session.late)
    assert len(session.deadlines) == 0
    assert timers.next_due() is None


def test_what_expires_may_ask_again() -> None:
    clock = ManualClock()
    timers = TimerQueue(clock)

    class Stubborn(Session):
        def expired(self, key: str) -> None:
            super().expired(key)
            if self.count < 5:
                self.send(1.0)

    session = Stubborn(clock, Deadlines(timers))
    session.send(1.0)
    for _ in range(100):
        clock.advance(0.1)
        timers.run_due()
    assert list(session.late) == ["1", "2", "3", "4", "5"]


def test_a_thousand_requests_that_are_answered_cost_few_timers() -> None:
    clock = ManualClock()
    timers = TimerQueue(clock)
    session = Session(clock, Deadlines(timers))
    runs = 0
    for _ in range(1_000):
        session.answered(session.send(10.0))
        clock.advance(0.01)
        runs += timers.run_due()
    assert runs <= 2


def test_device_clock_shows_the_platforms_time_in_its_zone() -> None:
    clock = ManualClock(wall=1_719_331_200.5)
    device = DeviceClock(clock)
    assert device.format(device.now()) == "2024-06-26T00:00:00+08:00"
    device.told("2029-12-31T22:30:00-01:30")
    clock.advance(61)
    assert device.format(device.now()) == "2029-12-31T22:31:01-01:30"
    assert device.now_ms() == 1_893_456_061_500, "in the middle of the second that was named"


@pytest.mark.parametrize("ahead", [-0.5, 0.0, 0.25, 0.999, 1.2, 1.5])
def test_a_device_clock_that_agrees_within_a_second_is_kept(ahead: float) -> None:
    told = parse_iso("2024-06-26T12:00:00+08:00")
    device = DeviceClock(ManualClock(wall=told + ahead))
    device.told("2024-06-26T12:00:00+08:00")
    assert device.now() == told + ahead
    device.correction = ahead - 0.5  # also one that was set before
    before = device.now()
    device.told(device.format(before))
    assert device.now() == before


@pytest.mark.parametrize("ahead", [-3600.0, -0.6, 1.6, 86_400.25])
def test_a_device_clock_that_does_not_agree_is_half_a_second_off_at_most(ahead: float) -> None:
    told = parse_iso("2024-06-26T12:00:00+08:00")
    device = DeviceClock(ManualClock(wall=told + ahead))
    device.told("2024-06-26T12:00:00+08:00")
    assert device.now() == pytest.approx(told + 0.5)
    device.told("2024-06-26T12:00:00+08:00")
    assert device.now() == pytest.approx(told + 0.5), "told again, it is kept"


@pytest.mark.parametrize(
    "time", ["0001-01-01T00:00:00+08:00", "1970-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00", "2024-06-26", ""]
)
def test_device_clock_refuses_times_that_cannot_be(time: str) -> None:
    device = DeviceClock(ManualClock())
    with pytest.raises(ValueError, match=r"clock|time"):
        device.told(time)
    assert (device.correction, device.offset_minutes) == (0.0, 480)


def test_an_offset_that_no_record_may_carry_is_not_taken() -> None:
    device = DeviceClock(ManualClock())
    with pytest.raises(ValueError, match="time"):
        device.told("2024-06-26T12:00:00+19:00")
    assert device.offset_minutes == 480


@given(
    steps=st.lists(
        st.sampled_from(["append", "appendleft", "popleft", "clear", "extend", "remove", "first"]), max_size=60
    )
)
@settings(max_examples=50)
def test_fifo_is_a_deque(steps: list[str]) -> None:
    fifo: Fifo[int] = Fifo()
    model: deque[int] = deque()
    for number, step in enumerate(steps):
        if step in ("popleft", "first") and not model:
            with pytest.raises(IndexError):
                _ = fifo.first if step == "first" else fifo.popleft()
        elif step == "popleft":
            assert fifo.popleft() == model.popleft()
        elif step == "first":
            assert fifo.first == model[0]
        elif step == "clear":
            fifo.clear()
            model.clear()
        elif step == "extend":
            fifo.extend([number, -number])
            model.extend([number, -number])
        elif step == "remove":
            if number // 2 in model:
                fifo.remove(number // 2)
                model.remove(number // 2)
            else:
                with pytest.raises(ValueError, match=r"queue|deque"):
                    fifo.remove(number // 2)
        else:
            getattr(fifo, step)(number)
            getattr(model, step)(number)
        assert list(fifo) == list(model)
        assert len(fifo) == len(model)
        assert bool(fifo) == bool(model)
