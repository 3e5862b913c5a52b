"""What a behaviour is: something that a device does by itself, and the parts of the device that it works with.

Each behaviour is one file: its keys of a scenario's group, its settings, its class, and the flows that it measures.
`registry` lists them all.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from simulator.clock import TimerQueue
from simulator.device.delivery import Delivery
from simulator.device.device_clock import DeviceClock
from simulator.device.door import Door
from simulator.device.memory import Memory
from simulator.device.online import Online
from simulator.device.people import People
from simulator.device.settings import BehaviourSettings, DeviceSettings
from simulator.device.witness import Witness
from simulator.fields.section import Section
from simulator.measurements.names import Flow
from simulator.measurements.recorder import Recorder


class Commands(Protocol):
    """Who handles the device's commands."""

    busy: bool
    """Whether a command waits or is handled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceParts:
    """What a behaviour may use of its device. The connection is not among it: that comes with `went_online`."""

    sn: str
    settings: DeviceSettings
    timers: TimerQueue
    started: float
    """Monotonic time of the run's start."""
    clock: DeviceClock
    """What the device believes the time to be."""
    rng: random.Random
    memory: Memory
    delivery: Delivery
    commands: Commands
    people: People
    recorder: Recorder
    witness: Witness
    down: Callable[[], bool]
    """Whether the device is restarting or has no power, so that nobody can verify."""
    door: Door
    """Who may verify; all behaviours of a device make their records with it, so that their ids only grow."""


class Behaviour:
    """One behaviour of one device, which tells it what happens; what does not concern it, it does not override."""

    __slots__ = ()

    fields: ClassVar[type["BehaviourFields"]]
    settings_type: ClassVar[type[BehaviourSettings]]
    flows: ClassVar[tuple[Flow, ...]] = ()
    """The flows that its deliveries are measured as."""

    def __init__(self, settings: Any, device: DeviceParts) -> None:
        """`settings` is of the behaviour's own `settings_type`."""

    def switched_on(self) -> None:
        """The device's life begins, or goes on with power again; it is not online yet."""

    def went_online(self, online: Online) -> None:
        """The device is online on this connection, under these terms."""

    def went_offline(self) -> None:
        """The connection is gone."""

    def power_lost(self) -> None:
        """The device has no power, after the connection is gone: what it would do by itself it does not do any more.

        What people do goes on: they come, and find it `down`.
        """

    def fall_silent(self) -> None:
        """The connection is about to be given up and waits for its last replies: send nothing more on it."""

    def command_applied(self, func_id: str) -> None:
        """A command succeeded, and its answer went out before this."""

    def clock_set(self) -> None:
        """The device's clock may have been set: what waits for a moment of the day waits for another one now."""

    def stop(self) -> None:
        """The device was told to stop: begin nothing any more. Deliveries are still made, heartbeats still sent."""


class BehaviourFields(Section):
    """The keys of a scenario's group that are about one behaviour."""

    def behaviours(self) -> Iterator[BehaviourSettings]:
        """Settings of each instance that every device of the group has of it; none where the group does not use it."""
        raise NotImplementedError
