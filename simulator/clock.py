"""Time, handed in: the clocks a device lives by and the queue of its timers.

Nothing below the swarm reads the system's time or sleeps by itself, so that a test moves a device through hours in
milliseconds. Driving a queue from an event loop is left to whoever owns the loop.
"""

import heapq
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

JUMP_S: Final = 1.0
"""Leap seconds and the small steps of a time service are not worth a word."""


class Clock(Protocol):
    """Two readings of time, both in seconds."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment; never goes back. For intervals and latencies."""
        ...

    def wall(self) -> float:
        """Seconds since the Unix epoch. For everything that is shown or sent."""
        ...


class SystemClock:
    """The machine's own clocks."""

    __slots__ = ()

    monotonic = staticmethod(time.perf_counter)
    wall = staticmethod(time.time)


class RunClock:
    """The time of one run in one process: the wall clock is read once, and goes on with the monotonic one.

    Whoever sets the system's clock during a run (NTP's first answer, a virtual machine that was paused, a person)
    moves no figure by that: `jumped_s` tells of it. A worker takes the master's time over with `follow`, so that all
    samples of a run stand on one axis.
    """

    __slots__ = ("_ahead", "_system", "_zero", "monotonic")

    def __init__(self, system: Clock | None = None) -> None:
        self._system: Clock = SystemClock() if system is None else system
        self.monotonic = self._system.monotonic
        self.begin()

    def begin(self) -> None:
        """Read the wall clock: a new run starts, nobody's time is followed."""
        self._zero = self._system.wall() - self.monotonic()
        self._ahead = 0.0

    def wall(self) -> float:
        return self._zero + self.monotonic()

    def follow(self, ahead_s: float) -> None:
        """Show the time of another machine whose clock is `ahead_s` seconds ahead of this one's."""
        self._zero += ahead_s - self._ahead
        self._ahead = ahead_s

    @property
    def ahead_s(self) -> float:
        """What was given to `follow`."""
        return self._ahead

    def jumped_s(self) -> float:
        """By how many seconds the system's wall clock was set since `begin`; negative when it was set back."""
        return self._system.wall() - (self.wall() - self._ahead)


class JumpWatch:
    """Notices that the wall clock was set while `clock` runs."""

    __slots__ = ("_clock", "_told")

    def __init__(self, clock: RunClock) -> None:
        self._clock = clock
        self._told = clock.jumped_s()

    def look(self) -> float | None:
        """By how many seconds it was set since the last time this told of it; None for no more than `JUMP_S`."""
        jumped = self._clock.jumped_s()
        new = jumped - self._told
        if abs(new) <= JUMP_S:
            return None
        self._told = jumped
        return new


class ManualClock:
    """A clock that stands still until a test moves it."""

    __slots__ = ("_monotonic", "_wall")

    def __init__(self, wall: float = 1_700_000_000.0, monotonic: float = 1_000.0) -> None:
        self._wall = wall
        self._monotonic = monotonic

    def monotonic(self) -> float:
        return self._monotonic

    def wall(self) -> float:
        return self._wall

    def advance(self, seconds: float) -> None:
        """Move both readings forward.

        Raises:
            ValueError: If `seconds` is negative: a monotonic clock does not go back.
        """
        if seconds < 0:
            raise ValueError("a clock goes forward only")
        self._monotonic += seconds
        self._wall += seconds

    def set_wall(self, wall: float) -> None:
        """Somebody sets the machine's clock: no time passes."""
        self._wall = wall


class TimerHandle:
    """One pending call of a `TimerQueue`. `when` is in the clock's monotonic seconds."""

    __slots__ = ("args", "callback", "when")

    def __init__(self, when: float, callback: Callable[..., object], args: tuple[Any, ...]) -> None:
        self.when = when
        self.callback: Callable[..., object] | None = callback
        self.args = args

    def cancel(self) -> None:
        """Forget the call. Harmless when it was made already."""
        self.callback = None
        self.args = ()


class TimerQueue:
    """Calls due at monotonic times, in order; one queue serves every device of an engine.

    `on_earlier` is called with the new earliest time whenever a call is queued before all others, so that the owner of
    the event loop can re-arm its single timer.
    """

    __slots__ = ("_heap", "_sequence", "clock", "on_earlier")

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.on_earlier: Callable[[float], None] | None = None
        self._heap: list[tuple[float, int, TimerHandle]] = []
        self._sequence = 0

    def call_at(self, when: float, callback: Callable[..., object], *args: Any) -> TimerHandle:
        """Queue `callback(*args)` for the monotonic time `when` (seconds)."""
        handle = TimerHandle(when, callback, args)
        self.again(handle, when)
        return handle

    def again(self, handle: TimerHandle, when: float) -> None:
        """Queue the call of `handle`, which has just been made, once more; for whatever happens again and again."""
        handle.when = when
        self._sequence += 1
        heap = self._heap
        earlier = not heap or when < heap[0][0]
        heapq.heappush(heap, (when, self._sequence, handle))
        if earlier and self.on_earlier is not None:
            self.on_earlier(when)

    def call_later(self, delay: float, callback: Callable[..., object], *args: Any) -> TimerHandle:
        """Queue `callback(*args)` for `delay` seconds from now."""
        return self.call_at(self.clock.monotonic() + delay, callback, *args)

    @property
    def queued(self) -> int:
        """How many calls were ever queued."""
        return self._sequence

    def next_due(self) -> float | None:
        """The monotonic time of the earliest pending call, or None."""
        heap = self._heap
        while heap and heap[0][2].callback is None:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def run_due(self, most: int | None = None) -> int:
        """Make the calls that are due now, in order of time, at most `most` of them; returns how many.

        Calls that these calls queue for a later moment wait for the next time, even where that moment has come
        meanwhile: a burst of work must not keep the event loop from its sockets.
        """
        heap = self._heap
        heappop = heapq.heappop
        now = self.clock.monotonic()
        made = 0
        while heap and heap[0][0] <= now and made != most:
            handle = heappop(heap)[2]
            callback = handle.callback
            if callback is not None:
                made += 1
                args = handle.args
                if args:
                    callback(*args)
                else:
                    callback()
        return made

    def __len__(self) -> int:
        return len(self._heap)
