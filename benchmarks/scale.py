"""What a device costs in fleets of different sizes: memory while online, CPU to come online, CPU a message.

Every size carries the same total message rate, so that what differs is the fleet alone. A fleet of one device gives the
base that memory is counted from: the program with everything loaded. Beside each fleet stands the floor with as many
connections at that rate: what more of them cost whoever meets each of them seldom.
"""

import resource
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.clients import Clients, Window
from benchmarks.cores import Cores
from benchmarks.figures import Spread, Target, ratio, spread
from benchmarks.scenarios import FleetScenario
from benchmarks.servers import Server, echo_server, embedded_platform

KB = 1024
SPARE_FILES = 300
"""Open files of either process besides the connections."""
QUIET_S = 60.0
"""Heartbeat interval of fleets that are measured for memory and start-up alone: the protocol's usual minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleSize:
    """How large and how long.

    Attributes:
        fleets: Fleet sizes, ascending; what the limit of open files does not allow is cut to it.
        rate: Messages a second of each fleet.
        start_rate: Devices started a second.
        rush_rate: The same where the initial flows' cost is measured: more than a core carries, so that it is full.
        usual: Size of the fleet that the usual way is measured with.
    """

    rounds: int
    fleets: tuple[int, ...]
    rate: float
    start_rate: float
    rush_rate: float
    usual: int
    window: Window

    def possible_fleets(self) -> tuple[int, ...]:
        """The sizes, as far as this machine's limit of open files goes."""
        return tuple(dict.fromkeys(possible(fleet) for fleet in self.fleets))


def possible(devices: int) -> int:
    """So many devices, as far as this machine's limit of open files goes."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return devices if most == resource.RLIM_INFINITY else min(devices, most - SPARE_FILES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Figures by fleet size, one entry a round.

    `floors` are bare connections; `quiet` fleets by channel come online and then beat once a minute.
    """

    asked: tuple[int, ...]
    base: dict[str, list[Any]]
    busy: dict[int, list[Any]]
    floors: dict[int, list[Any]]
    quiet: dict[str, list[Any]]
    quiet_devices: int
    usual: list[Any]
    usual_base: list[Any]
    usual_devices: int

    def memory_kb(self, fleet: int) -> Spread:
        """KB of resident memory for each device beyond the first, rsa-aes."""
        return _memory_kb(self.busy[fleet], self.base["rsa-aes"], fleet)

    def quiet_memory_kb(self, channel: str) -> Spread:
        return _memory_kb(self.quiet[channel], self.base[channel], self.quiet_devices)

    def usual_memory_kb(self) -> Spread:
        return _memory_kb(self.usual, self.usual_base, self.usual_devices)

    def cpu_us(self, fleet: int) -> Spread:
        """CPU µs a message."""
        return spread([one["window"]["cpu_us"] for one in self.busy[fleet]])

    def floor_us(self, fleet: int) -> Spread:
        """CPU µs a message of as many bare connections."""
        return spread([one["window"]["cpu_us"] for one in self.floors[fleet]])

    def flows_per_s(self, channel: str) -> Spread:
        """Initial flows that one second of a core brings through, Locust's part included."""
        return spread([self.quiet_devices / one["start_up"]["cpu_s"] for one in self.quiet[channel]])

    @property
    def largest(self) -> int:
        return max(self.busy)

    def growth(self) -> Spread:
        """CPU a message in the largest fleet, in those of the smallest."""
        return ratio(self.cpu_us(self.largest).values, self.cpu_us(min(self.busy)).values)

    def floor_growth(self) -> Spread:
        """The same of the floor."""
        return ratio(self.floor_us(self.largest).values, self.floor_us(min(self.busy)).values)

    def targets(self) -> list[Target]:
        """Design section 6."""
        return [
            Target("KB a device, rsa-aes, largest fleet", self.memory_kb(self.largest).median, 15.0),
            Target("KB a device, plain", self.quiet_memory_kb("plain").median, 25.0),
            Target("initial flows/s/core, rsa-aes", self.flows_per_s("rsa-aes").median, 300.0, at_least=True),
            Target("CPU a message, largest / smallest fleet", self.growth().median, 1.2),
        ]

    def to_json(self) -> dict[str, Any]:
        return {
            "fleets_asked": list(self.asked),
            "fleets": {
                str(fleet): {
                    "memory_kb": self.memory_kb(fleet).to_json(),
                    "cpu_us": self.cpu_us(fleet).to_json(),
                    "floor_us": self.floor_us(fleet).to_json(),
                    "rate": spread([one["window"]["rate"] for one in found]).to_json(),
                    "start_s": spread([one["start_up"]["seconds"] for one in found]).to_json(),
                    "failures": sum(one["online"]["failures"] + one["window"]["failures"] for one in found),
                }
                for fleet, found in self.busy.items()
            },
            "growth": self.growth().to_json(),
            "floor_growth": self.floor_growth().to_json(),
            "channels": {
                channel: {
                    "devices": self.quiet_devices,
                    "base_mb": spread([one["settled"]["rss"] / KB / KB for one in self.base[channel]]).to_json(),
                    "memory_kb": self.quiet_memory_kb(channel).to_json(),
                    "flows_per_s_per_core": self.flows_per_s(channel).to_json(),
                }
                for channel in self.quiet
            },
            "usual": {"devices": self.usual_devices, "memory_kb": self.usual_memory_kb().to_json()},
        }


def _memory_kb(fleet: list[Any], base: list[Any], devices: int) -> Spread:
    return spread(
        [
            (one["settled"]["rss"] - single["settled"]["rss"]) / KB / (devices - 1)
            for one, single in zip(fleet, base, strict=True)
        ]
    )


def measure_scale(size: ScaleSize, cores: Cores, directory: Path, note: Callable[[str], None], limit_s: float) -> Scale:
    """Run all fleets `size.rounds` times, interleaved.

    Raises:
        BenchmarkError: If a client or server does not do its part.
    """
    clients = Clients(cores, directory)
    fleets = size.possible_fleets()
    quiet_devices = fleets[len(fleets) // 2]
    scale = Scale(
        asked=size.fleets,
        base={"rsa-aes": [], "plain": []},
        busy={fleet: [] for fleet in fleets},
        floors={fleet: [] for fleet in fleets},
        quiet={"rsa-aes": [], "plain": []},
        quiet_devices=quiet_devices,
        usual=[],
        usual_base=[],
        usual_devices=size.usual,
    )

    def scenario(devices: int, channel: str, heartbeat_s: float, start_rate: float) -> FleetScenario:
        return FleetScenario(devices=devices, channel=channel, heartbeat_s=heartbeat_s, start_rate=start_rate)

    def measure(server: Server, fleet: FleetScenario, into: list[Any]) -> None:
        measured = clients.ours(server, fleet, size.window)
        into.append(measured)
        window = measured["window"]
        cost = f", {window['cpu_us']:.1f} us at {window['rate']:.0f}/s" if window["messages"] else ""
        note(
            f"round {number}/{size.rounds}, {fleet.devices} devices, {fleet.channel}: online in "
            f"{measured['start_up']['seconds']:.1f} s, {measured['settled']['rss'] / KB / KB:.1f} MB{cost}"
        )

    def measure_floor(fleet: int) -> None:
        interval_s = fleet / size.rate
        with echo_server(cores, directory, limit_s) as server:
            measured = clients.floor(server, devices=fleet, heartbeat_s=interval_s, at_once=False, window=size.window)
        scale.floors[fleet].append(measured)
        window = measured["window"]
        note(f"round {number}/{size.rounds}, floor of {fleet}: {window['cpu_us']:.1f} us at {window['rate']:.0f}/s")

    for number in range(1, size.rounds + 1):
        for channel in ("rsa-aes", "plain"):
            # A fresh platform every time: it keeps what it has heard of every device.
            path = scenario(max(fleets), channel, QUIET_S, size.start_rate).write(
                directory / f"platform-{channel}.yaml"
            )
            with embedded_platform(f"platform-{channel}", path, cores, directory, limit_s) as server:
                measure(server, scenario(1, channel, QUIET_S, size.start_rate), scale.base[channel])
                measure(server, scenario(quiet_devices, channel, QUIET_S, size.rush_rate), scale.quiet[channel])
                if channel == "rsa-aes":
                    for fleet in fleets:
                        busy = scenario(fleet, channel, fleet / size.rate, size.start_rate)
                        measure(server, busy, scale.busy[fleet])
                        measure_floor(fleet)
                else:
                    for devices, into in ((1, scale.usual_base), (size.usual, scale.usual)):
                        usual = scenario(devices, channel, QUIET_S, size.start_rate)
                        into.append(clients.usual(server, usual, size.window, at_once=False))
                    kb = scale.usual_memory_kb().values[-1]
                    note(f"round {number}/{size.rounds}, the usual way, {size.usual} devices: {kb:.0f} KB a device")
    return scale
