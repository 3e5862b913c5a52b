"""How a device goes away: in order when it is told to stop, at once, or for a while to reboot.

How far its end has come is its lifecycle's `stage`; what moves the stage on is here.
"""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from simulator.clock import TimerHandle
from simulator.device.behaviours.base import Behaviour
from simulator.device.commands.queue import CommandQueue
from simulator.device.delivery import Delivery
from simulator.device.environment import Environment
from simulator.device.lifecycle import Lifecycle
from simulator.device.online import Online
from simulator.device.states import RESTING, Stage
from simulator.measurements.names import DeviceState

_PUBACK_SECONDS: Final = 5.0
"""For which a device that goes waits for what its MQTT broker has not acknowledged; the replies were there before."""


class Stopping:
    """Brings the parts of one device to rest.

    Args:
        sn: the device's serial number, for what is logged.
        behaviours: what the device does by itself; it ends first.
    """

    __slots__ = ("_behaviours", "_commands", "_delivery", "_env", "_lifecycle", "_patience", "_sn", "_timer")

    def __init__(
        self,
        env: Environment,
        sn: str,
        *,
        lifecycle: Lifecycle,
        delivery: Delivery,
        commands: CommandQueue,
        behaviours: Sequence[Behaviour],
    ) -> None:
        self._env = env
        self._sn = sn
        self._lifecycle = lifecycle
        self._delivery = delivery
        self._commands = commands
        self._behaviours = behaviours
        self._timer: TimerHandle | None = None
        self._patience: TimerHandle | None = None

    def lose_power(self) -> None:
        """No end is waited for any more."""
        self._cancel_timer()
        self._cancel_patience()

    def stop(self, drain: float) -> None:
        """Begin nothing new, deliver what waits for `drain` seconds at most, then leave."""
        if self._lifecycle.stage is not Stage.LIVING:
            return
        self._lifecycle.stage = Stage.DRAINING
        self._stop_behaviours()
        self._timer = self._env.timers.call_later(drain, self._drain_over)
        self.settled()

    def abort(self) -> None:
        """Leave at once; what waits stays in its store, and is counted as pending."""
        for behaviour in self._behaviours:
            behaviour.went_offline()
        self._stop_behaviours()
        self._commands.forget_waiting()
        self._lifecycle.abort()

    def reboot(self) -> None:
        """Let what is under way be answered, then go away for a while: a real device does not pull its own plug.

        A platform may be as slow as the request time-out allows; a request that this side broke off would be its fault.
        """
        self._fall_silent()
        self._delivery.pause()
        self._commands.pause()
        online = self._lifecycle.online
        if online is None:
            return
        if online.session.waiting and online.session.usable:
            online.session.when_settled(partial(self._when_acknowledged, partial(self._go_down, online)))
        else:
            self._when_acknowledged(partial(self._go_down, online))

    def settled(self) -> None:
        """Something came to an end; where the device is to stop, look whether it can."""
        lifecycle = self._lifecycle
        if lifecycle.stage is not Stage.DRAINING:
            return
        if lifecycle.online is not None:
            session = lifecycle.online.session
            if not self._delivery.idle or self._commands.busy:
                return
            if session.waiting:
                self._fall_silent()  # or a slow platform would always owe one more reply
                session.when_settled(self.settled)
            else:
                self._when_acknowledged(self._leave)
        elif lifecycle.state in RESTING and (self._delivery.idle or self._never_let_in):
            self._leave()

    def ended(self) -> None:
        """The device's life is over: nothing is left to run."""
        self._cancel_timer()
        self._cancel_patience()
        self._fall_silent()
        self._stop_behaviours()
        self._commands.forget_waiting()
        self._delivery.end()

    @property
    def _never_let_in(self) -> bool:
        """Whether the device has tried in vain to come online ever since it was switched on: it would go on so."""
        return self._lifecycle.state is DeviceState.WAITING and not self._delivery.was_online

    def _when_acknowledged(self, go: Callable[[], None]) -> None:
        """Go when the broker has acknowledged everything, answers to commands as well, or has had its time for it."""
        broker = self._lifecycle.broker
        if not broker.unacknowledged:
            go()
        elif self._patience is None:
            go_on = partial(self._go_on, go)
            self._patience = self._env.timers.call_later(_PUBACK_SECONDS, go_on)
            broker.when_acknowledged(go_on)

    def _go_on(self, go: Callable[[], None]) -> None:
        self._cancel_patience()
        go()

    def _leave(self) -> None:
        if self._lifecycle.stage is Stage.DRAINING:
            self._cancel_timer()
            self._lifecycle.stop()

    def _drain_over(self) -> None:
        self._timer = None
        waiting = self._delivery.outbox.pending
        if waiting:
            self._env.log(logging.DEBUG, f"{self._sn}: {waiting} records still wait after the drain time")
        self._lifecycle.stop()

    def _go_down(self, online: Online) -> None:
        if self._lifecycle.online is not online or not online.session.usable:
            return
        self._commands.forget_waiting()
        self._lifecycle.reboot()

    def _fall_silent(self) -> None:
        for behaviour in self._behaviours:
            behaviour.fall_silent()

    def _stop_behaviours(self) -> None:
        for behaviour in self._behaviours:
            behaviour.stop()

    def _cancel_patience(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
            self._lifecycle.broker.when_acknowledged(None)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
