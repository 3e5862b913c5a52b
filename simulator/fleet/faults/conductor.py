"""Brings a run's schedule of faults over the devices of this process: each at its time, to those it is meant for.

Everything here runs on the engine's loop. What a fault does to a device is said in `acts`.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from simulator.clock import Clock, TimerQueue
from simulator.fleet.faults.acts import ACTS, Act, Fleet
from simulator.measurements import weather
from simulator.measurements.recorder import Recorder
from simulator.texts.translation import _
from simulator.weather.kinds import PlatformRestart
from simulator.weather.schedule import Fault

_AT_ONCE: Final = 50
"""Devices that a fault reaches between two looks at the sockets: some milliseconds of ended connections."""

_EARLY_S: Final = 2.0
"""By so much processes' clocks may differ about when the platform was to be back."""


class Conductor:
    """Plays the faults of a schedule.

    Args:
        begun: when the run began, on the timers' clock; what lies before is not made up for.
        fleet: of this process; the others' devices are never here.
    """

    def __init__(
        self,
        faults: Sequence[Fault],
        fleet: Fleet,
        timers: TimerQueue,
        recorder: Recorder,
        *,
        begun: float,
        log: Callable[[int, str], None],
    ) -> None:
        self._faults = faults
        self._fleet = fleet
        self._timers = timers
        self._clock: Clock = timers.clock
        self._recorder = recorder
        self._begun = begun
        self._log = log
        self._acts: dict[int, Act] = {}
        """Those under way, by number."""
        self._stopping = self._closed = False

    def start(self) -> None:
        """Have everything happen at its time from now on."""
        now = self._clock.monotonic() - self._begun
        for fault in self._faults:
            if fault.end >= now and not isinstance(fault.kind, PlatformRestart):
                self._timers.call_at(self._begun + fault.at, partial(self._begin, fault))

    def begin(self, fault: Fault) -> None:
        """A fault that is not of the schedule comes now, whatever it says of when."""
        self._begin(replace(fault, at=self._clock.monotonic() - self._begun))

    def stop(self) -> None:
        """The run ends: no more faults begin, and those under way end now, so that devices can deliver what waits.

        That of the embedded platform is over when it is told of as back.
        """
        self._stopping = True
        for number, act in list(self._acts.items()):
            if not isinstance(act.fault.kind, PlatformRestart):
                self._hold(act)
                self._end(number)

    def close(self) -> None:
        """Nothing happens any more."""
        self._stopping = self._closed = True

    def device_started(self, index: int) -> None:
        """A device was switched on: what is under way and meant for it hits it as well."""
        for act in list(self._acts.values()):
            if act.is_for(index):
                act.joined(index)

    def device_leaves(self, index: int) -> None:
        """A device was told to stop, while the run goes on."""
        self._fleet.account(index).leaves()

    def platform_away(self, number: int) -> None:
        """The embedded platform was killed by fault `number`."""
        self._begin(self._faults[number])

    def platform_back(self, number: int) -> None:
        """It is up again; where that is well before its time, it was the run's end that had it start."""
        act = self._acts.get(number)
        if act is not None and self._clock.monotonic() - self._begun < act.fault.end - _EARLY_S:
            self._hold(act)
        self._end(number)

    # --- Inside ---

    def _begin(self, fault: Fault) -> None:
        if self._stopping or fault.number in self._acts:
            return
        self._recorder.fault(fault.number, weather.BEGUN, self._clock.wall())
        self._log(logging.INFO, _("fault {number}: {what} begins", number=fault.number + 1, what=_(fault.what)))
        act = self._acts[fault.number] = ACTS[type(fault.kind)](fault, self._fleet, self._timers)
        self._in_turns(fault.devices, act.hit)
        if not isinstance(fault.kind, PlatformRestart):
            self._timers.call_at(
                max(self._clock.monotonic(), self._begun + fault.end), partial(self._end, fault.number)
            )

    def _hold(self, act: Act) -> None:
        """Whoever it still keeps away is not back by its being lifted now."""
        if not act.over:
            for index in act.devices:
                self._fleet.account(index).held(act.fault.number)

    def _end(self, number: int) -> None:
        act = self._acts.get(number)
        if self._closed or act is None or act.over:
            return
        act.over = True
        self._log(logging.INFO, _("fault {number}: {what} is over", number=number + 1, what=_(act.fault.what)))
        self._in_turns(list(act.devices), act.release, then=partial(self._acts.pop, number, None))

    def _in_turns(
        self, indexes: Iterable[int], do: Callable[[int], None], then: Callable[[], object] | None = None
    ) -> None:
        """Do it for each device, some at a time, so that the loop's other work does not wait for thousands."""
        self._some(iter(indexes), do, then)

    def _some(self, left: Iterator[int], do: Callable[[int], None], then: Callable[[], object] | None) -> None:
        for done, index in enumerate(left, 1):
            do(index)
            if done == _AT_ONCE:
                self._timers.call_later(0.0, partial(self._some, left, do, then))
                return
        if then is not None:
            then()
