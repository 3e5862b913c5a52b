"""What lies between the two ends of a connection in memory: delays, silence, resets.

What is sent arrives in order, after a delay that is drawn. While the line is silent nothing arrives on either side and
nobody is told; what was on its way comes when the line is back, or never, where the way was forgotten meanwhile.
"""

import random
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from simulator.simulation.loop import VirtualLoop
from simulator.weather.kinds import STALL_S, SlowLink

CLOSE_TIMEOUT: Final = 5.0
"""Seconds that an end waits for the answer to its close, as the wire layer does."""
KERNEL_GIVES_UP: Final = 924.6
"""Seconds after which Linux ends a connection on which nothing is acknowledged (`tcp_retries2` 15)."""
UP: Final = 0
DOWN: Final = 1


class Delays:
    """How long messages take, in seconds; slower while the link is slow.

    Attributes:
        bandwidth: bytes a second; None for no limit.
    """

    __slots__ = ("_high", "_low", "_random", "_stall", "bandwidth")

    def __init__(self, rng: random.Random, kind: SlowLink) -> None:
        self._random = rng.random
        self.become(kind)

    def become(self, kind: SlowLink) -> None:
        """Be so from now on."""
        self._low, self._high = kind.latency.low, kind.latency.high
        self.bandwidth, self._stall = kind.bandwidth, kind.stall

    def draw(self) -> float:
        """For one message."""
        delay = self._low + self._random() * (self._high - self._low)
        if self._stall and self._random() < self._stall:
            delay += STALL_S
        return delay


class Passage:
    """Between one device and the platform.

    Attributes:
        silent: Nothing arrives for now, on either side.
        lost: Nothing arrives any more.
    """

    __slots__ = ("_arrival", "_given_up", "_held", "delays", "loop", "lost", "silent")

    def __init__(self, loop: VirtualLoop, delays: Delays) -> None:
        self.loop = loop
        self.delays = delays
        self.silent = False
        self.lost = False
        self._given_up = [False, False]
        self._arrival = [0.0, 0.0]
        """When the latest of each direction arrives."""
        self._held: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()

    # --- What the two ends are ---

    @property
    def is_open(self) -> bool:
        """Whether the device has not been told of an end."""
        raise NotImplementedError

    def cut_device(self) -> None:
        """A reset arrives at the device, which the weather is to blame for."""
        raise NotImplementedError

    def cut_platform(self, why: str) -> None:
        """A reset arrives at the platform."""
        raise NotImplementedError

    def platform_died(self) -> None:
        """The platform's process is gone: what it had sent arrives, then a reset."""
        raise NotImplementedError

    # --- What the ends use ---

    def carry(self, direction: int, call: Callable[..., None], *args: Any) -> None:
        """Have `call` called when what is sent now has arrived."""
        if self.lost:
            self._unacknowledged(direction)
            return
        arrival, loop, delays = self._arrival, self.loop, self.delays
        when = loop.time() + delays.draw()
        before = arrival[direction]
        if when < before:
            when = before
        if delays.bandwidth and args and isinstance(args[0], bytes):
            when += len(args[0]) / delays.bandwidth
        arrival[direction] = when
        loop.call_at(when, self._arrive, call, args)

    def _unacknowledged(self, direction: int) -> None:
        """What is sent into nothing is sent again by the kernel, until that gives up."""
        if not self._given_up[direction]:
            self._given_up[direction] = True
            if direction == UP:
                self.loop.call_later(KERNEL_GIVES_UP, self.cut_device)
            else:
                self.loop.call_later(KERNEL_GIVES_UP, self.cut_platform, "nobody acknowledges")

    def _arrive(self, call: Callable[..., None], args: tuple[Any, ...]) -> None:
        if self.silent:
            self._held.append((call, args))
        elif not self.lost:
            call(*args)

    # --- What the weather does ---

    def fall_silent(self) -> None:
        """Half-open from now on."""
        self.silent = True

    def speak_again(self, *, forgotten: bool) -> None:
        """The line is back; the connection goes on, or nobody between the ends knows it any more."""
        self.silent = False
        held, self._held = self._held, deque()
        if forgotten:
            self.lost = True
        for call, args in held:
            self._arrive(call, args)

    def reset(self) -> None:
        """Both ends get a reset; what was on its way is gone."""
        if not self.lost:
            self.lost = True
            self.loop.call_later(self.delays.draw(), self.cut_device)
            self.loop.call_later(self.delays.draw(), self.cut_platform, "reset")

    def close_between(self, code: int) -> None:
        """Somebody between the ends closes both in order, with `code` where there are any."""
        raise NotImplementedError

    def power_gone(self) -> None:
        """The device has no power: nobody tells the platform."""
        self.lost = True
