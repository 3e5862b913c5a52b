"""The figures as tables for the terminal and, in the same words, as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.attendance import KINDS, AttendanceCost
from benchmarks.figures import Spread, Target, spread
from benchmarks.fleet import Fleet
from benchmarks.handshakes import FULL, RESUMED, SessionCost
from benchmarks.instructions import Instructions
from benchmarks.judge import JudgeCost
from benchmarks.latency import Latency
from benchmarks.master import MasterLoad
from benchmarks.round_trip import ENCRYPTED, FLOOR, K6, LOADS, PLAIN, USUAL, RoundTrips
from benchmarks.scale import Scale
from benchmarks.transports import SECURE, WAYS, WEBSOCKET, Transports


@dataclass(slots=True)
class Results:
    """What was measured; None for what was left out."""

    round_trips: RoundTrips | None = None
    scale: Scale | None = None
    latency: Latency | None = None
    master: MasterLoad | None = None
    judge: JudgeCost | None = None
    attendance: AttendanceCost | None = None
    transports: Transports | None = None
    handshakes: SessionCost | None = None
    fleet: Fleet | None = None
    instructions: Instructions | None = None

    def targets(self) -> list[Target]:
        """What was asked for, as far as it was measured."""
        parts = (
            *(self.round_trips, self.scale, self.latency, self.judge, self.attendance),
            *(self.transports, self.handshakes, self.fleet),
        )
        return [target for part in parts if part is not None for target in part.targets()]

    def to_json(self) -> dict[str, Any]:
        parts = {
            "round_trip": self.round_trips,
            "scale": self.scale,
            "latency": self.latency,
            "master": self.master,
            "judge": self.judge,
            "attendance": self.attendance,
            "transports": self.transports,
            "handshakes": self.handshakes,
            "fleet": self.fleet,
            "instructions": self.instructions,
        }
        return {name: part.to_json() for name, part in parts.items() if part is not None}


def print_results(results: Results, console: Console) -> None:
    """Print a table for each part, and the targets."""
    if results.round_trips is not None:
        for load in LOADS:
            console.print(_round_trips(results.round_trips, load))
        if K6 not in results.round_trips.windows[load]:
            console.print("k6: not installed")
    if results.scale is not None:
        console.print(_fleets(results.scale))
        console.print(_devices(results.scale))
    if results.latency is not None:
        console.print(_latency(results.latency))
    if results.master is not None:
        console.print(_master(results.master))
    if results.judge is not None:
        console.print(_judge(results.judge))
    if results.attendance is not None:
        console.print(_attendance(results.attendance))
    if results.transports is not None:
        for under in SECURE:
            console.print(_transports(results.transports, under))
        console.print(_secure(results.transports))
    if results.handshakes is not None:
        console.print(_handshakes(results.handshakes))
    if results.fleet is not None:
        console.print(_fleet(results.fleet))
    if results.instructions is not None:
        console.print(_instructions(results.instructions))
    console.print(_targets(results.targets()))


def shown(value: Spread, digits: int = 1) -> str:
    """Median and, in brackets, the bounds."""
    return f"{value.median:,.{digits}f} ({value.low:,.{digits}f} to {value.high:,.{digits}f})"


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right", no_wrap=True)
    return table


def _round_trips(found: RoundTrips, load: str) -> Table:
    table = _table(
        f"CPU a round trip, {load}: median (min-max)",
        ("variant", "µs", "round trips/s", "of the usual way", "floors", "of k6"),
    )
    for variant in found.windows[load]:
        ours = variant in (PLAIN, ENCRYPTED)
        table.add_row(
            variant,
            shown(found.cpu_us(load, variant)),
            f"{found.rate(load, variant).median:,.0f}",
            shown(found.against(load, variant, USUAL), 2) if ours else "",
            shown(found.against(load, variant, FLOOR), 2) if ours else "",
            shown(found.against(load, variant, K6), 2) if ours and K6 in found.windows[load] else "",
        )
    return table


def _fleets(found: Scale) -> Table:
    table = _table(
        "Fleets at the same message rate, rsa-aes",
        ("devices", "KB a device", "µs a message", "the floor's", "messages/s", "online in s"),
    )
    for fleet, windows in found.busy.items():
        table.add_row(
            f"{fleet:,}",
            shown(found.memory_kb(fleet)),
            shown(found.cpu_us(fleet)),
            shown(found.floor_us(fleet)),
            f"{sum(one['window']['rate'] for one in windows) / len(windows):,.0f}",
            f"{max(one['start_up']['seconds'] for one in windows):.1f}",
        )
    return table


def _devices(found: Scale) -> Table:
    table = _table("Online devices", ("", "devices", "KB a device", "initial flows/s/core"))
    for channel in found.quiet:
        table.add_row(
            f"ours, {channel}",
            f"{found.quiet_devices:,}",
            shown(found.quiet_memory_kb(channel)),
            shown(found.flows_per_s(channel), 0),
        )
    table.add_row("usual", f"{found.usual_devices:,}", shown(found.usual_memory_kb(), 0), "")
    return table


def _latency(found: Latency) -> Table:
    table = _table(
        f"Reported latency at {found.rate:,.0f} round trips/s",
        ("", "known ms", "error ms", "the platform's", "the rest", "unread ms"),
    )
    for name, error in found.errors.items():
        parts = (found.platform[name], found.rest[name], found.unread[name])
        table.add_row(name, f"{found.known[name]:.1f}", shown(error, 2), *(shown(part, 2) for part in parts))
    table.add_row("% stolen", "", shown(Spread(tuple(100 * value for value in found.stolen.values))))
    return table


def _master(found: MasterLoad) -> Table:
    table = _table(f"A master of {found.size.workers} workers", ("", "median (min-max)"))
    table.add_row("% of a core", shown(Spread(tuple(100 * value for value in found.busy().values))))
    table.add_row("CPU ms a report", shown(found.cpu_ms_per_report(), 2))
    table.add_row("lag p99 ms", shown(found.lag_ms("p99")))
    return table


def _judge(found: JudgeCost) -> Table:
    table = _table("The judge", ("", "CPU µs"))
    for name, figure in found.cpu_us.items():
        table.add_row(name, shown(figure, 2))
    return table


def _attendance(found: AttendanceCost) -> Table:
    table = _table(
        f"{found.devices:,} rooms with meetings", ("who comes by", "KB a device", "µs a message", "messages/s")
    )
    for kind in KINDS:
        table.add_row(kind, shown(found.memory_kb(kind)), shown(found.cpu_us(kind)), shown(found.rate(kind), 0))
    return table


def _transports(found: Transports, under: str) -> Table:
    table = _table(
        f"The same devices over {under}", ("", "CPU us a round trip", "/ WebSocket", "KB a device", "flows/s/core")
    )
    for way in WAYS:
        table.add_row(
            way,
            shown(found.cpu_us(under, way)),
            shown(found.against_websocket(under, way), 2),
            shown(found.memory_kb(under, way)),
            shown(found.flows_per_s(under, way), 0),
        )
    return table


def _handshakes(found: SessionCost) -> Table:
    table = _table("TLS handshakes a second of CPU", ("", FULL, RESUMED, f"{RESUMED} / {FULL}"))
    for side, algorithms in found.sides().items():
        for algorithm, ways in algorithms.items():
            figures = [shown(spread(values), 0) for values in ways.values()]
            table.add_row(f"{side}, {algorithm}", *figures, shown(found.resumed_in_full(side, algorithm), 2))
    return table


def _fleet(found: Fleet) -> Table:
    table = _table(f"A fleet of {found.devices:,} in {found.processes} processes", ("", ""))
    for name, value in found.to_json().items():
        table.add_row(name, str(value))
    return table


def _secure(found: Transports) -> Table:
    table = _table("What TLS costs", ("", "ws", "wss", "wss / ws"))
    for name, full in (("CPU us a round trip", False), ("the same, full load", True)):
        plain, secure = (found.full_cpu_us(under) if full else found.cpu_us(under, WEBSOCKET) for under in SECURE)
        table.add_row(name, shown(plain), shown(secure), shown(found.secure_against_plain(full=full), 2))
    floor = found.openssl_handshakes()
    table.add_row("handshakes/s/core", "", shown(found.our_handshakes(), 0), "")
    table.add_row("the same, openssl s_time", "", "" if floor is None else shown(floor, 0), "")
    return table


def _instructions(instructions: Instructions) -> Table:
    table = _table(
        "Instructions of a round trip in the device's code", ["", "instructions", "of these the interpreter's loop"]
    )
    for name, count in instructions.counts.items():
        loop = sum(share for function, share in instructions.shares[name] if "EvalFrame" in function)
        table.add_row(name, f"{count:,.0f}", f"{loop / count:.0%}")
    return table


def _targets(targets: Sequence[Target]) -> Table:
    table = _table("Targets", ("", "measured", "asked", ""))
    for target in targets:
        asked = f"{'>=' if target.at_least else '<='} {target.limit:g}"
        table.add_row(target.name, f"{target.value:.3g}", asked, "reached" if target.reached else "NOT reached")
    return table
