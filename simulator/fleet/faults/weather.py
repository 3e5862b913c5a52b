"""The weather of one process' devices: lines, accounts and the conductor, put together for `FleetRuntime`."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from simulator.device.device import Device
from simulator.device.environment import Environment
from simulator.device.rehousing import rehouse
from simulator.device.settings import DeviceSpec
from simulator.device.states import Stage
from simulator.fleet.faults.accounting import DeviceAccount
from simulator.fleet.faults.conductor import Conductor
from simulator.fleet.faults.line import DeviceLine
from simulator.fleet.faults.network import WeatherNetwork
from simulator.measurements.names import DeviceState
from simulator.weather.schedule import Fault

_LOOK_S: Final = 0.05
"""Between two looks whether a connection is open that was begun before its device came under the weather."""


class FleetWeather:
    """A run's faults, as the runtime of one process sees them.

    A device that no fault is meant for lives in the common environment, and costs nothing more. Should one come for it
    all the same, made by hand, it moves when it is hit.

    Args:
        env: the devices' common environment.
        device: those of this process by index, while they are switched on.
        home: what a device, by its index, lives in without weather: its group's environment.
        begun: when the run began, monotonic seconds.
    """

    def __init__(
        self,
        faults: Sequence[Fault],
        env: Environment,
        network: WeatherNetwork,
        device: Callable[[int], Device | None],
        *,
        home: Callable[[int], Environment],
        begun: float,
    ) -> None:
        self._home = home
        self._network = network
        self._device = device
        self._accounts: dict[int, DeviceAccount] = {}
        self._touched = _union([fault.devices for fault in faults])
        self._by_hand: set[int] = set()
        self._conductor = Conductor(faults, self, env.timers, env.recorder, begun=begun, log=env.log)
        self._conductor.start()

    def environment(self, spec: DeviceSpec) -> Environment:
        """What a device lives in."""
        index = spec.index
        if not self._reaches(index):
            return self._home(index)
        if index not in self._accounts:
            self._accounts[index] = self._account_of(spec, DeviceState.OFFLINE)
        self._accounts[index].arrives()
        return self._around(index)

    def started(self, index: int) -> None:
        """A device was switched on."""
        if self._reaches(index):
            self._conductor.device_started(index)

    def leaves(self, index: int) -> None:
        """A device is told to stop, while the run goes on."""
        if index in self._accounts:
            self._conductor.device_leaves(index)

    def improvise(self, fault: Fault) -> None:
        """A fault that is not of the schedule begins now, whose number no other of the run has."""
        self._by_hand.update(fault.devices)
        self._conductor.begin(fault)

    def platform_away(self, number: int) -> None:
        """The embedded platform was killed by fault `number`."""
        self._conductor.platform_away(number)

    def platform_back(self, number: int) -> None:
        """It is up again."""
        self._conductor.platform_back(number)

    def stop(self) -> None:
        """The run ends: no more faults begin."""
        self._conductor.stop()

    def close(self) -> None:
        """All devices are gone."""
        self._conductor.close()
        self._network.close()

    # --- What the conductor asks (Fleet) ---

    def device(self, index: int) -> Device | None:
        return self._device(index)

    def line(self, index: int) -> DeviceLine:
        return self._network.line(index)

    def account(self, index: int) -> DeviceAccount:
        if index not in self._accounts:
            self._move(index)
        return self._accounts[index]

    # --- Inside ---

    def _reaches(self, index: int) -> bool:
        return index in self._touched or index in self._by_hand

    def _account_of(self, spec: DeviceSpec, state: DeviceState) -> DeviceAccount:
        env, grace = self._home(spec.index), spec.settings.request_timeout
        return DeviceAccount(spec.index, env.recorder, env.clock.wall, grace=grace, state=str(state.value))

    def _around(self, index: int) -> Environment:
        return replace(self._home(index), network=self._network, recorder=self._accounts[index])

    def _move(self, index: int) -> None:
        """A device that lives in the common environment comes under the weather."""
        device = self._device(index)
        if device is None:
            raise LookupError(f"device {index} is not switched on, and was never under the weather")
        account = self._accounts[index] = self._account_of(device.spec, device.state)
        if device.lifecycle.stage is not Stage.LIVING:
            # It was told to stop when nobody kept an account of it.
            account.leaves()
        self._bring(device, self._around(index))

    def _bring(self, device: Device, env: Environment) -> None:
        rehouse(device, self._home(device.spec.index), env)
        index, session = device.spec.index, device.lifecycle.session
        connection = None if session is None or session.ended else session.connection
        if connection is not None:
            self._network.put(index, connection)
        elif device.state is DeviceState.CONNECTING and self._device(index) is device:
            # What is being opened goes round the weather, and comes under it as soon as it is open.
            env.timers.call_later(_LOOK_S, self._bring, device, env)


def _union(parts: Sequence[Sequence[int]]) -> frozenset[int] | range:
    """All indexes that occur; a range, where one of the parts is the whole fleet."""
    for part in parts:
        if isinstance(part, range):
            return part
    return frozenset(index for part in parts for index in part)
