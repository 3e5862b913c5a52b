"""The weather of one process' devices: lines, accounts and the conductor, put together for `FleetRuntime`."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from simulator.device.device import Device
from simulator.device.environment import Environment
from simulator.device.settings import DeviceSpec
from simulator.fleet.faults.accounting import DeviceAccount
from simulator.fleet.faults.conductor import Conductor
from simulator.fleet.faults.line import DeviceLine
from simulator.fleet.faults.network import WeatherNetwork
from simulator.weather.schedule import Fault


class FleetWeather:
    """A run's faults, as the runtime of one process sees them.

    A device that no fault is meant for lives in the common environment, and costs nothing more.

    Args:
        env: the devices' common environment.
        device: those of this process by index, while they are switched on.
        begun: when the run began, monotonic seconds.
    """

    def __init__(
        self,
        faults: Sequence[Fault],
        env: Environment,
        network: WeatherNetwork,
        device: Callable[[int], Device | None],
        *,
        begun: float,
    ) -> None:
        self._env = env
        self._network = network
        self._device = device
        self._accounts: dict[int, DeviceAccount] = {}
        self._touched = _union([fault.devices for fault in faults])
        self._conductor = Conductor(faults, self, env.timers, env.recorder, begun=begun, log=env.log)
        self._conductor.start()

    def environment(self, spec: DeviceSpec) -> Environment:
        """What a device lives in."""
        index = spec.index
        if index not in self._touched:
            return self._env
        if index not in self._accounts:
            grace = spec.settings.request_timeout
            self._accounts[index] = DeviceAccount(index, self._env.recorder, self._env.clock.wall, grace=grace)
        return replace(self._env, network=self._network, recorder=self._accounts[index])

    def started(self, index: int) -> None:
        """A device was switched on."""
        if index in self._touched:
            self._conductor.device_started(index)

    def leaves(self, index: int) -> None:
        """A device is told to stop, while the run goes on."""
        if index in self._accounts:
            self._conductor.device_leaves(index)

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
        return self._accounts[index]


def _union(parts: Sequence[Sequence[int]]) -> frozenset[int] | range:
    """All indexes that occur; a range, where one of the parts is the whole fleet."""
    for part in parts:
        if isinstance(part, range):
            return part
    return frozenset(index for part in parts for index in part)
