"""The clocks and the queue of timers that a whole fleet hangs on."""

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.clock import JumpWatch, ManualClock, RunClock, SystemClock, TimerHandle, TimerQueue


def test_the_manual_clock_moves_both_readings_forward_only() -> None:
    clock = ManualClock(wall=100.0, monotonic=5.0)
    clock.advance(2.5)
    clock.advance(0.0)
    assert (clock.wall(), clock.monotonic()) == (102.5, 7.5)
    with pytest.raises(ValueError, match="forward"):
        clock.advance(-0.1)


def test_the_system_clock_is_the_machines() -> None:
    clock = SystemClock()
    assert abs(clock.wall() - time.time()) < 1.0
    assert clock.monotonic() <= clock.monotonic()


@pytest.mark.parametrize("set_by", [3_600.0, -3_600.0, 1.5, -86_400.0])
def test_a_runs_clock_goes_on_when_somebody_sets_the_wall_clock(set_by: float) -> None:
    system = ManualClock(wall=1_000.0)
    clock = RunClock(system)
    system.advance(5.0)
    system.set_wall(system.wall() + set_by)
    system.advance(2.0)
    assert clock.wall() == pytest.approx(1_007.0)
    assert clock.jumped_s() == pytest.approx(set_by)
    clock.begin()
    assert clock.wall() == pytest.approx(1_007.0 + set_by)
    assert clock.jumped_s() == pytest.approx(0.0)


def test_a_runs_clock_can_follow_another_machines_and_still_knows_its_own() -> None:
    system = ManualClock(wall=1_000.0)
    clock = RunClock(system)
    clock.follow(240.0)
    clock.follow(-240.5)
    system.advance(1.0)
    assert clock.wall() == pytest.approx(760.5)
    assert clock.ahead_s == -240.5
    assert clock.jumped_s() == pytest.approx(0.0)
    system.set_wall(1_011.0)
    assert clock.wall() == pytest.approx(760.5)
    assert clock.jumped_s() == pytest.approx(10.0)
    clock.begin()
    assert clock.wall() == pytest.approx(1_011.0)


def test_a_jump_is_told_once_and_small_steps_together() -> None:
    system = ManualClock(wall=1_000.0)
    watch = JumpWatch(RunClock(system))

    def step(seconds: float) -> float | None:
        system.advance(1.0)
        system.set_wall(system.wall() + seconds)
        return watch.look()

    assert [step(0.0), step(0.9)] == [None, None]
    assert step(0.2) == pytest.approx(1.1)
    assert step(0.0) is None
    assert step(-3_600.0) == pytest.approx(-3_600.0)
    assert step(0.0) is None
    assert step(3_600.0) == pytest.approx(3_600.0)


def test_calls_are_made_in_order_of_time_and_then_of_queueing() -> None:
    clock = ManualClock()
    queue = TimerQueue(clock)
    made: list[str] = []
    for name, delay in (("c", 3.0), ("a", 1.0), ("b", 2.0), ("a2", 1.0)):
        queue.call_later(delay, made.append, name)
    assert queue.run_due() == 0
    clock.advance(2.0)
    assert queue.run_due() == 3
    assert made == ["a", "a2", "b"]
    assert queue.next_due() == clock.monotonic() + 1.0
    clock.advance(1.0)
    assert queue.run_due() == 1
    assert queue.next_due() is None
    assert len(queue) == 0


def test_a_cancelled_call_is_not_made() -> None:
    clock = ManualClock()
    queue = TimerQueue(clock)
    made: list[str] = []
    first = queue.call_later(1.0, made.append, "first")
    queue.call_later(2.0, made.append, "second")
    first.cancel()
    first.cancel()
    assert queue.next_due() == clock.monotonic() + 2.0
    clock.advance(5.0)
    assert queue.run_due() == 1
    assert made == ["second"]
    first.cancel()


def test_a_call_may_cancel_another_that_is_due_at_the_same_time() -> None:
    clock = ManualClock()
    queue = TimerQueue(clock)
    made: list[str] = []
    other: list[TimerHandle] = []
    queue.call_later(1.0, lambda: other[0].cancel())
    other.append(queue.call_later(1.0, made.append, "never"))
    clock.advance(1.0)
    assert queue.run_due() == 1
    assert made == []


def test_a_call_that_is_queued_again_by_itself_waits_for_its_time() -> None:
    clock = ManualClock()
    queue = TimerQueue(clock)
    moments: list[float] = []

    def beat() -> None:
        moments.append(clock.monotonic())
        queue.again(handle, handle.when + 1.0)

    begun = clock.monotonic()
    handle = queue.call_later(1.0, beat)
    for _ in range(10):
        clock.advance(0.5)
        queue.run_due()
    assert moments == [begun + second for second in range(1, 6)]
    handle.cancel()
    clock.advance(9.0)
    assert queue.run_due() == 0


def test_time_that_passes_during_the_calls_is_for_the_next_run() -> None:
    clock = ManualClock()
    queue = TimerQueue(clock)
    made: list[str] = []

    def slow() -> None:
        clock.advance(10.0)
        queue.call_at(clock.monotonic() - 5.0, made.append, "queued meanwhile")

    queue.call_later(1.0, slow)
    queue.call_later(6.0, made.append, "due meanwhile")
    clock.advance(1.0)
    assert queue.run_due() == 1
    assert made == []
    assert queue.run_due() == 2


def test_a_call_that_raises_leaves_the_others_queued() -> None:
    clock = ManualClock()
    queue = TimerQueue(clock)
    made: list[str] = []
    queue.call_later(1.0, lambda: 1 // 0)
    queue.call_later(1.0, made.append, "still there")
    clock.advance(1.0)
    with pytest.raises(ZeroDivisionError):
        queue.run_due()
    assert queue.run_due() == 1
    assert made == ["still there"]


def test_the_owner_is_told_of_every_earlier_call_and_of_no_later_one() -> None:
    clock = ManualClock()
    queue = TimerQueue(clock)
    told: list[float] = []
    queue.on_earlier = told.append
    now = clock.monotonic()
    for delay in (5.0, 7.0, 3.0, 3.0, 4.0, 1.0):
        queue.call_later(delay, print)
    assert told == [now + 5.0, now + 3.0, now + 1.0]


@given(
    delays=st.lists(st.tuples(st.floats(0, 100), st.booleans()), max_size=60),
    steps=st.lists(st.floats(0, 40), max_size=12),
    seed=st.integers(0, 9),
)
def test_every_call_is_made_once_not_early_and_in_order(
    delays: list[tuple[float, bool]], steps: list[float], seed: int
) -> None:
    clock = ManualClock()
    queue = TimerQueue(clock)
    rng = random.Random(seed)
    made: list[tuple[float, int]] = []
    wanted: list[tuple[float, int]] = []
    handles: list[tuple[TimerHandle, bool]] = []
    for number, (delay, cancelled) in enumerate(delays):
        handle = queue.call_later(delay, lambda when, number: made.append((when, number)), 0.0, number)
        handle.args = (handle.when, number)
        handles.append((handle, cancelled))
        if not cancelled:
            wanted.append((handle.when, number))
    rng.shuffle(handles)
    for handle, cancelled in handles:
        if cancelled:
            handle.cancel()
    for step in (*steps, 101.0):
        clock.advance(step)
        queue.run_due()
        assert made == sorted(entry for entry in wanted if entry[0] <= clock.monotonic())
        due = queue.next_due()
        assert due is None or due > clock.monotonic()
    assert len(made) == len(wanted)
