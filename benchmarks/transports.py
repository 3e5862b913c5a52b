"""The same devices over MQTT and over WebSocket: CPU a round trip, memory a device, with and without TLS.

All ways run against one embedded platform, which serves both, one after the other in each round. The secure channel is
`plain`, so that nothing but the transport differs.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.clients import Clients, Window
from benchmarks.cores import Cores
from benchmarks.figures import Spread, Target, ratio, spread
from benchmarks.scale import KB, QUIET_S, possible
from benchmarks.scenarios import FleetScenario
from benchmarks.servers import Server, embedded_platform

WEBSOCKET: Final = "WebSocket"
QOS_0: Final = "MQTT, QoS 0"
QOS_1: Final = "MQTT, QoS 1"
WAYS: Final = {WEBSOCKET: None, QOS_0: 0, QOS_1: 1}
"""Each with its quality of service."""
SECURE: Final = {"TCP": False, "TLS": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportsSize:
    """How large and how long.

    Attributes:
        devices: Of the fleets that are measured for CPU.
        beats: Heartbeats a second of each of them.
        many: Fleet that is measured for memory without TLS; what the limit of open files does not allow is cut to it.
        many_secure: The same with TLS.
    """

    rounds: int
    devices: int
    beats: float
    many: int
    many_secure: int
    start_rate: float
    window: Window

    def quiet_devices(self, under: str) -> int:
        """The fleet that is measured for memory over TCP or over TLS."""
        return possible(self.many_secure if SECURE[under] else self.many)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportFleet(FleetScenario):
    """A fleet of complete devices over one way.

    Attributes:
        way: one of `WAYS`.
        under: one of `SECURE`.
    """

    way: str
    under: str

    def text(self) -> str:
        text = FleetScenario.text(self)
        if SECURE[self.under]:
            # The platform's certificate is its own, and the fleet is another process.
            text = text.replace("platform:\n", "platform:\n  tls: {}\n") + "tls: {verify: false}\n"
        return text

    def groups(self) -> Iterator[str]:
        yield from FleetScenario.groups(self)
        if (qos := WAYS[self.way]) is not None:
            yield "    broker_type: best-m"
            yield f"    mqtt: {{qos: {qos}}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transports:
    """What was measured, by what is under the way (TCP or TLS) and by way; one entry a round."""

    size: TransportsSize
    busy: dict[str, dict[str, list[Any]]]
    base: dict[str, dict[str, list[Any]]]
    quiet: dict[str, dict[str, list[Any]]]

    def cpu_us(self, under: str, way: str) -> Spread:
        """CPU µs a round trip."""
        return spread([one["window"]["cpu_us"] for one in self.busy[under][way]])

    def against_websocket(self, under: str, way: str) -> Spread:
        """CPU a round trip in that over WebSocket with the same under it, round by round."""
        return ratio(self.cpu_us(under, way).values, self.cpu_us(under, WEBSOCKET).values)

    def rate(self, under: str, way: str) -> Spread:
        """Round trips a second."""
        return spread([one["window"]["rate"] for one in self.busy[under][way]])

    def memory_kb(self, under: str, way: str) -> Spread:
        """KB of resident memory for each device beyond the first."""
        beyond = self.size.quiet_devices(under) - 1
        pairs = zip(self.quiet[under][way], self.base[under][way], strict=True)
        return spread([(one["settled"]["rss"] - single["settled"]["rss"]) / KB / beyond for one, single in pairs])

    def flows_per_s(self, under: str, way: str) -> Spread:
        """Initial flows that one second of a core brings through."""
        devices = self.size.quiet_devices(under)
        return spread([devices / one["start_up"]["cpu_s"] for one in self.quiet[under][way]])

    def failures(self, under: str, way: str) -> int:
        runs = (*self.busy[under][way], *self.quiet[under][way])
        return sum(one["online"]["failures"] + one["window"]["failures"] for one in runs)

    def targets(self) -> list[Target]:
        """What MQTT may cost."""
        return [
            Target("CPU a round trip, MQTT QoS 0 / WebSocket", self.against_websocket("TCP", QOS_0).median, 1.3),
            Target("KB a device, MQTT QoS 1", self.memory_kb("TCP", QOS_1).median, 20.0),
        ]

    def to_json(self) -> dict[str, Any]:
        return {
            under: {
                "devices": self.size.devices,
                "quiet_devices": self.size.quiet_devices(under),
                "ways": {
                    way: {
                        "cpu_us": self.cpu_us(under, way).to_json(),
                        "against_websocket": self.against_websocket(under, way).to_json(),
                        "rate": self.rate(under, way).to_json(),
                        "memory_kb": self.memory_kb(under, way).to_json(),
                        "flows_per_s_per_core": self.flows_per_s(under, way).to_json(),
                        "failures": self.failures(under, way),
                    }
                    for way in WAYS
                },
            }
            for under in SECURE
        }


def measure_transports(
    size: TransportsSize, cores: Cores, directory: Path, note: Callable[[str], None], limit_s: float
) -> Transports:
    """Run all ways `size.rounds` times, interleaved.

    Raises:
        BenchmarkError: If a client or server does not do its part.
    """
    clients = Clients(cores, directory)
    found = Transports(size=size, busy=_empty(), base=_empty(), quiet=_empty())

    def fleet(under: str, way: str, devices: int, heartbeat_s: float) -> TransportFleet:
        return TransportFleet(
            devices=devices, channel="plain", heartbeat_s=heartbeat_s, start_rate=size.start_rate, way=way, under=under
        )

    def measure(server: Server, what: TransportFleet, into: dict[str, dict[str, list[Any]]]) -> None:
        measured = clients.ours(server, what, size.window)
        into[what.under][what.way].append(measured)
        window = measured["window"]
        cost = f", {window['cpu_us']:.1f} us at {window['rate']:.0f}/s" if window["messages"] else ""
        note(
            f"round {number}/{size.rounds}, {what.devices} devices, {what.way} over {what.under}: online in "
            f"{measured['start_up']['seconds']:.1f} s, {measured['settled']['rss'] / KB / KB:.1f} MB{cost}"
        )

    for number in range(1, size.rounds + 1):
        # In turns: what comes later finds the platform warm.
        ways = list(WAYS) if number % 2 else list(reversed(WAYS))
        for under in SECURE:
            many = size.quiet_devices(under)
            path = fleet(under, QOS_1, max(many, size.devices), QUIET_S).write(directory / f"platform-{under}.yaml")
            with embedded_platform(f"platform-{under}", path, cores, directory, limit_s) as server:
                for way in ways:
                    measure(server, fleet(under, way, size.devices, 1 / size.beats), found.busy)
                for way in ways:
                    measure(server, fleet(under, way, 1, QUIET_S), found.base)
                    measure(server, fleet(under, way, many, QUIET_S), found.quiet)
    return found


def _empty() -> dict[str, dict[str, list[Any]]]:
    return {under: {way: [] for way in WAYS} for under in SECURE}
