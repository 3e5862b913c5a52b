"""The same devices over MQTT and over WebSocket: CPU a round trip, memory a device, with and without TLS; handshakes.

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
from benchmarks.handshakes import Handshakes, measure_handshakes
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
        full_beats: The same of what also runs at full load, to see what TLS costs then.
        many: Fleet that is measured for memory without TLS; what the limit of open files does not allow is cut to it.
        many_secure: The same with TLS.
    """

    rounds: int
    devices: int
    beats: float
    full_beats: float
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
    """What was measured, by what is under the way (TCP or TLS) and by way; one entry a round.

    Attributes:
        full: Of WebSocket alone, at full load.
        handshakes: Of TLS.
    """

    size: TransportsSize
    full: dict[str, list[Any]]
    handshakes: list[Handshakes]
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

    def full_cpu_us(self, under: str) -> Spread:
        """CPU µs a round trip over WebSocket at full load."""
        return spread([one["window"]["cpu_us"] for one in self.full[under]])

    def secure_against_plain(self, *, full: bool) -> Spread:
        """CPU a round trip over wss in that over ws, round by round, at full load or at the fleets' own."""
        if full:
            return ratio(self.full_cpu_us("TLS").values, self.full_cpu_us("TCP").values)
        return ratio(self.cpu_us("TLS", WEBSOCKET).values, self.cpu_us("TCP", WEBSOCKET).values)

    def our_handshakes(self) -> Spread:
        """Full handshakes a second of CPU."""
        return spread([one.ours for one in self.handshakes])

    def openssl_handshakes(self) -> Spread | None:
        """Those of `openssl s_time`; None where that cannot be run."""
        found = [one.openssl for one in self.handshakes if one.openssl is not None]
        return spread(found) if found else None

    def failures(self, under: str, way: str) -> int:
        runs = [*self.busy[under][way], *self.quiet[under][way]]
        if way == WEBSOCKET:
            runs += self.full[under]
        return sum(one["online"]["failures"] + one["window"]["failures"] for one in runs)

    def targets(self) -> list[Target]:
        """What MQTT and TLS may cost."""
        targets = [
            Target("CPU a round trip, MQTT QoS 0 / WebSocket", self.against_websocket("TCP", QOS_0).median, 1.3),
            Target("KB a device, MQTT QoS 1", self.memory_kb("TCP", QOS_1).median, 20.0),
            Target("KB a device, wss", self.memory_kb("TLS", WEBSOCKET).median, 45.0),
            Target("CPU a round trip, wss / ws, full load", self.secure_against_plain(full=True).median, 1.6),
            Target("CPU a round trip, wss / ws", self.secure_against_plain(full=False).median, 1.6),
        ]
        if (floor := self.openssl_handshakes()) is not None:
            against = ratio(self.our_handshakes().values, floor.values).median
            targets.append(Target("handshakes/s/core, ours / openssl s_time", against, 0.8, at_least=True))
        return targets

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
                "full_load_cpu_us": self.full_cpu_us(under).to_json(),
                **(self._secure_to_json() if SECURE[under] else {}),
            }
            for under in SECURE
        }

    def _secure_to_json(self) -> dict[str, Any]:
        floor = self.openssl_handshakes()
        return {
            "against_tcp": self.secure_against_plain(full=False).to_json(),
            "against_tcp_full_load": self.secure_against_plain(full=True).to_json(),
            "handshakes_per_s_per_core": {
                "ours": self.our_handshakes().to_json(),
                "openssl s_time": None if floor is None else floor.to_json(),
            },
        }


def measure_transports(
    size: TransportsSize, cores: Cores, directory: Path, note: Callable[[str], None], limit_s: float
) -> Transports:
    """Run all ways `size.rounds` times, interleaved.

    Raises:
        BenchmarkError: If a client or server does not do its part.
    """
    clients = Clients(cores, directory)
    found = Transports(
        size=size,
        full={under: [] for under in SECURE},
        handshakes=[],
        busy=_empty(),
        base=_empty(),
        quiet=_empty(),
    )

    def fleet(under: str, way: str, devices: int, heartbeat_s: float) -> TransportFleet:
        return TransportFleet(
            devices=devices, channel="plain", heartbeat_s=heartbeat_s, start_rate=size.start_rate, way=way, under=under
        )

    def measure(server: Server, what: TransportFleet, into: list[Any]) -> None:
        measured = clients.ours(server, what, size.window)
        into.append(measured)
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
                    measure(server, fleet(under, way, size.devices, 1 / size.beats), found.busy[under][way])
                measure(server, fleet(under, WEBSOCKET, size.devices, 1 / size.full_beats), found.full[under])
                for way in ways:
                    measure(server, fleet(under, way, 1, QUIET_S), found.base[under][way])
                    measure(server, fleet(under, way, many, QUIET_S), found.quiet[under][way])
                if SECURE[under]:
                    made = measure_handshakes(server, cores, directory, size.window.window_s)
                    found.handshakes.append(made)
                    beside = "" if made.openssl is None else f", openssl's s_time {made.openssl:.0f}"
                    note(f"round {number}/{size.rounds}, handshakes: {made.ours:.0f} a second of CPU{beside}")
    return found


def _empty() -> dict[str, dict[str, list[Any]]]:
    return {under: {way: [] for way in WAYS} for under in SECURE}
