"""What the deadlines of all requests tell, and how few timers they take."""

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.clock import ManualClock, TimerQueue
from simulator.device.deadlines import FEW, SWEEP_INTERVAL, Deadlines


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


@given(st.lists(st.booleans(), max_size=6 * FEW))
@settings(max_examples=20)
def test_what_was_answered_is_kept_no_longer_than_what_waits(answers: list[bool]) -> None:
    clock = ManualClock()
    timers = TimerQueue(clock)
    session = Session(clock, Deadlines(timers))
    for answered in answers:
        key = session.send(10.0)
        if answered:
            session.answered(key)
        clock.advance(0.001)
        assert len(session.deadlines) <= max(FEW, 2 * len(session.waiting)) + 1
    waiting = list(session.waiting)
    while (due := timers.next_due()) is not None:
        clock.advance(max(0.0, due - clock.monotonic()))
        timers.run_due()
    assert list(session.late) == waiting
    assert len(session.deadlines) == 0


def test_after_a_storm_without_answers_no_more_is_kept_than_before_it() -> None:
    clock = ManualClock()
    timers = TimerQueue(clock)
    session = Session(clock, Deadlines(timers))
    for _ in range(50 * FEW):
        session.send(10.0)
    while (due := timers.next_due()) is not None:
        clock.advance(max(0.0, due - clock.monotonic()))
        timers.run_due()
    for _ in range(10 * FEW):
        session.answered(session.send(10.0))
    assert len(session.deadlines) <= FEW + 1


def test_a_request_that_gets_no_answer_keeps_none_behind_it() -> None:
    clock = ManualClock()
    timers = TimerQueue(clock)
    session = Session(clock, Deadlines(timers))
    session.send(10.0)
    for _ in range(100 * FEW):
        session.answered(session.send(10.0))
    assert len(session.deadlines) <= FEW + 1
