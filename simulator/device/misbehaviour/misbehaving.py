"""When a device misbehaves, in which way, and that each time is counted with what came of it.

An even rhythm from a moment of the device's own: so many devices at such a rate send so many, whatever is drawn.
"""

import asyncio
import random
from collections.abc import Sequence
from typing import Final

from simulator.clock import TimerHandle
from simulator.device.delivery import Delivery
from simulator.device.device_clock import DeviceClock
from simulator.device.environment import Environment
from simulator.device.lifecycle import Lifecycle
from simulator.device.misbehaviour.ground import Ground, NotNow
from simulator.device.misbehaviour.registry import WAYS
from simulator.device.outbox import Record
from simulator.device.settings import DeviceSpec
from simulator.device.states import Stage
from simulator.measurements.misbehaviours import SENT

_MOST_AT_ONCE: Final = 32
"""Times whose outcome is waited for; what is due beyond them is left out, as a platform that says nothing is slow."""


class Misbehaving:
    """The misbehaviour of one device, from its first fault on."""

    __slots__ = (
        "_delivery",
        "_due_at",
        "_env",
        "_ground",
        "_interval",
        "_lifecycle",
        "_next",
        "_orders",
        "_tasks",
        "_timer",
        "_under_way",
        "_ways",
    )

    def __init__(
        self, env: Environment, spec: DeviceSpec, lifecycle: Lifecycle, delivery: Delivery, clock: DeviceClock
    ) -> None:
        self._env = env
        self._lifecycle = lifecycle
        self._delivery = delivery
        self._ground = Ground(env, spec, lifecycle, clock)
        self._orders = 0
        """How many faults want the device to misbehave; the latest one's ways hold."""
        self._ways: tuple[str, ...] = ()
        self._next = 0
        """Place in `_ways` of the one whose turn it is."""
        self._interval = 0.0
        self._due_at = 0.0
        """Monotonic time at which it is due next."""
        self._timer: TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._under_way: set[str] = set()
        """Ways whose outcome is waited for."""

    def begin(self, ways: Sequence[str], rate: float, rng: random.Random) -> None:
        """Misbehave from now on, until as many `end` as there were `begin`.

        Args:
            ways: of `registry.WAYS`; in turn, beginning with one that `rng` gives.
            rate: times a second.

        Raises:
            ValueError: If there is no way, one that is unknown, or no rate.
        """
        if not ways or not rate > 0 or any(way not in WAYS for way in ways):
            raise ValueError(f"no misbehaviour: {rate} times a second {', '.join(ways) or 'in no way'}")
        self._orders += 1
        suite = self._env.suite_of(self._ground.spec.settings)
        possible = [way for way in ways if not WAYS[way].impossible(self._ground.spec.settings, suite)]
        self._cancel()
        self._ways = tuple(possible)
        if not possible:
            return
        self._ground.rng = rng
        self._delivery.fates.on_acknowledged = self._acknowledged
        self._next = rng.randrange(len(possible))
        self._interval = 1.0 / rate
        self._due_at = self._env.clock.monotonic() + rng.random() * self._interval
        self._timer = self._env.timers.call_at(self._due_at, self._due)

    def end(self) -> None:
        """One fault is over; after the last nothing is begun, and what is under way comes to its outcome."""
        self._orders = max(0, self._orders - 1)
        if not self._orders:
            self._cancel()
            self._delivery.fates.on_acknowledged = None
            self._ground.record = None

    def went_offline(self) -> None:
        """The device's own connection has ended."""
        self._ground.went_offline()

    def lose_power(self) -> None:
        """What is under way has no outcome any more; nothing is begun until the device is online again."""
        for task in self._tasks:
            task.cancel()

    def power_back(self, lifecycle: Lifecycle) -> None:
        """The device lives again, by this life; the faults that want it to misbehave have not ended by that."""
        self._lifecycle = self._ground.lifecycle = lifecycle

    def device_ended(self) -> None:
        """The device's life is over: what is under way has no outcome any more."""
        self._orders = 0
        self.end()
        self.lose_power()

    # --- Inside ---

    def _acknowledged(self, batch: Sequence[Record]) -> None:
        self._ground.record = batch[-1].fields

    def _due(self) -> None:
        # What a loop that stood still has missed is not made up for.
        self._due_at = max(self._due_at + self._interval, self._env.clock.monotonic())
        self._timer = self._env.timers.call_at(self._due_at, self._due)
        lifecycle = self._lifecycle
        if lifecycle.stage is not Stage.LIVING or lifecycle.online is None or len(self._tasks) >= _MOST_AT_ONCE:
            return
        place, self._next = self._next, (self._next + 1) % len(self._ways)
        turns = (*self._ways[place:], *self._ways[:place])
        task = asyncio.get_running_loop().create_task(self._misbehave(turns))
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    async def _misbehave(self, turns: tuple[str, ...]) -> None:
        """Once, in the first of these ways that can be gone now."""
        for name in turns:
            if name in self._under_way and WAYS[name].alone:
                continue
            self._under_way.add(name)
            try:
                outcome = await WAYS[name].act(self._ground)
            except NotNow:
                continue
            finally:
                self._under_way.discard(name)
            if outcome is not None:
                self._env.recorder.misbehaved(name, SENT)
                self._env.recorder.misbehaved(name, outcome)
            return

    def _finished(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._env.internal_error("misbehaviour.exception", error, self._ground.spec.index)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
