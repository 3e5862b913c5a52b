"""What attendance costs a fleet, held against random verifications at the same rate of records.

Both fleets know the same meetings, one after another in each room, and have nothing to do but to let people in. In each
room some meeting is always under way, so that all of attendance's memory is in use; rooms change meetings at different
times, so that what a meeting costs at its beginning and its end falls into every window.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any, Final

from benchmarks.clients import Clients, Window
from benchmarks.cores import Cores
from benchmarks.figures import Spread, Target, ratio, spread
from benchmarks.scale import KB, QUIET_S, possible
from benchmarks.scenarios import FleetScenario
from benchmarks.servers import embedded_platform

ATTENDANCE: Final = "attendance"
VERIFICATIONS: Final = "verifications"
KINDS: Final = (VERIFICATIONS, ATTENDANCE)
_SPARE_S: Final = 120.0
"""Meetings go on for so long after a window should be over: starting up takes its time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttendanceSize:
    """How large and how long.

    Attributes:
        devices: What the limit of open files does not allow is cut to it.
        rate: Records a second of the whole fleet.
        members: People at each meeting; every one of them comes once and goes once.
        start_rate: Devices started a second.
    """

    rounds: int
    devices: int
    rate: float
    members: int
    start_rate: float
    window: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingRooms(FleetScenario):
    """Rooms with meetings of their own, back to back.

    Attributes:
        kind: one of `KINDS`.
        members: of each meeting, and the number of groups that change meetings at different times.
        length_s: of each meeting.
    """

    kind: str
    members: int
    length_s: float
    meetings_s: float
    """How long there are meetings."""

    def people(self) -> Iterator[str]:
        if self.kind == VERIFICATIONS:
            yield f"  verifications: [{{rate: {2 * self.members / self.length_s:.6f}/s, photo_share: 0}}]"
            return
        # So wide a spread lets people come evenly within each window.
        yield "  attendance:"
        yield "    arrive: {mean: 0s, spread: 1d}"
        yield "    leave: {mean: 0s, spread: 1d}"
        for name in ("absent", "late", "early_leave", "forget_sign_out", "double_tap", "strangers", "photo_share"):
            yield f"    {name}: 0"

    def groups(self) -> Iterator[str]:
        """One group for each member: the first meeting of group n has n members and is as much shorter."""
        for group in range(self.members):
            yield f"  - name: rooms {group + 1}"
            yield f"    count: {(self.devices + group) // self.members}"
            yield "    meetings:"
            members, start = group + 1, 0.0
            while start < self.meetings_s:
                length = self.length_s * members / self.members
                yield f"      - {_meeting(start, length, members)}"
                start, members = start + length, self.members


def _meeting(start: float, length: float, members: int) -> str:
    """Sign-in in its first half, sign-out in its second."""
    times = {
        "starts": start,
        "ends": start + length,
        "sign_in_opens": start,
        "sign_in_closes": start + length / 2 - 1,
        "sign_out_opens": start + length / 2,
        "sign_out_closes": start + length - 1,
    }
    written = ", ".join(f"{name}: {moment * 1000:.0f}ms" for name, moment in times.items())
    return f"{{id: m{start:.0f}, {written}, members: {members}}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttendanceCost:
    """Figures by kind, one entry a round."""

    devices: int
    base: list[Any]
    fleets: dict[str, list[Any]]

    def memory_kb(self, kind: str) -> Spread:
        """KB of resident memory for each device beyond the first."""
        pairs = zip(self.fleets[kind], self.base, strict=True)
        return spread(
            [(one["settled"]["rss"] - single["settled"]["rss"]) / KB / (self.devices - 1) for one, single in pairs]
        )

    def cpu_us(self, kind: str) -> Spread:
        """CPU µs a message."""
        return spread([one["window"]["cpu_us"] for one in self.fleets[kind]])

    def rate(self, kind: str) -> Spread:
        """Messages a second: records, and each device's heartbeat once a minute."""
        return spread([one["window"]["rate"] for one in self.fleets[kind]])

    def more_memory(self) -> Spread:
        return ratio(self.memory_kb(ATTENDANCE).values, self.memory_kb(VERIFICATIONS).values)

    def more_cpu(self) -> Spread:
        return ratio(self.cpu_us(ATTENDANCE).values, self.cpu_us(VERIFICATIONS).values)

    def targets(self) -> list[Target]:
        """At most a tenth more than verifications at the same rate."""
        return [
            Target("memory a device, attendance / verifications", self.more_memory().median, 1.1),
            Target("CPU a message, attendance / verifications", self.more_cpu().median, 1.1),
        ]

    def to_json(self) -> dict[str, Any]:
        return {
            "devices": self.devices,
            "kinds": {
                kind: {
                    "memory_kb": self.memory_kb(kind).to_json(),
                    "cpu_us": self.cpu_us(kind).to_json(),
                    "rate": self.rate(kind).to_json(),
                    "failures": sum(one["online"]["failures"] + one["window"]["failures"] for one in self.fleets[kind]),
                }
                for kind in KINDS
            },
            "more_memory": self.more_memory().to_json(),
            "more_cpu": self.more_cpu().to_json(),
        }


def measure_attendance(
    size: AttendanceSize, cores: Cores, directory: Path, note: Callable[[str], None], limit_s: float
) -> AttendanceCost:
    """Run both fleets `size.rounds` times, interleaved.

    Raises:
        BenchmarkError: If a client or server does not do its part.
    """
    clients = Clients(cores, directory)
    devices = possible(size.devices)
    length_s = max(4.0 * size.members, ceil(2 * size.members * devices / size.rate))
    meetings_s = devices / size.start_rate + size.window.settle_s + size.window.window_s + _SPARE_S
    cost = AttendanceCost(devices=devices, base=[], fleets={kind: [] for kind in KINDS})

    def rooms(kind: str, count: int) -> MeetingRooms:
        return MeetingRooms(
            devices=count,
            channel="plain",
            heartbeat_s=QUIET_S,
            start_rate=size.start_rate,
            kind=kind,
            members=size.members,
            length_s=length_s,
            meetings_s=meetings_s,
        )

    for number in range(1, size.rounds + 1):
        path = rooms(VERIFICATIONS, devices).write(directory / "platform-rooms.yaml")
        with embedded_platform("platform-rooms", path, cores, directory, limit_s) as server:
            cost.base.append(clients.ours(server, rooms(VERIFICATIONS, 1), size.window))
            # In turns: what comes second finds the platform warm.
            for kind in KINDS if number % 2 else reversed(KINDS):
                measured = clients.ours(server, rooms(kind, devices), size.window)
                cost.fleets[kind].append(measured)
                window = measured["window"]
                note(
                    f"round {number}/{size.rounds}, {devices} devices, {kind}: {cost.memory_kb(kind).values[-1]:.1f} "
                    f"KB a device, {window['cpu_us']:.1f} us a message at {window['rate']:.0f}/s"
                )
    return cost
