"""The scenarios that are measured, made for the size at hand."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TOO_LONG_S = 3600
"""A benchmark ends its runs itself."""
USERS = 300
"""People in each device's memory, as many as a usual meeting device has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetScenario:
    """A fleet of complete devices that beat and do next to nothing else: one verification an hour.

    Attributes:
        heartbeat_s: Seconds between two heartbeats of a device.
        start_rate: Devices started a second.
        delay: The answers' delay to heartbeats, as a scenario's `delay` section in one line.
        duration_s: Length of the run where it ends by itself.
    """

    devices: int
    channel: str
    heartbeat_s: float
    start_rate: float
    delay: str | None = None
    duration_s: float = TOO_LONG_S

    def text(self) -> str:
        """The scenario file."""
        lines = [
            "name: benchmark",
            "seed: 1",
            f"duration: {self.duration_s:.0f}s",
            "target: embedded",
            f"ramp: {{rate: {self.start_rate:g}/s}}",
            f"channel: {{suite: {self.channel}, key_pool: 4}}",
            f"network: {{connect_rate: {self.start_rate:g}/s, open_timeout: 60s}}",
            "defaults:",
            f"  users: {USERS}",
            *self.people(),
            "  request_timeout: 10s",
            f"  heartbeat: {self.heartbeat_s * 1000:.3f}ms",
            "groups:",
            *self.groups(),
            "platform:",
            "  users: 0",
            "  members: 0",
            "  meetings: {count: 0}",
            # The generator is driven to its limit on purpose; its own verdict about that is not the subject here.
            "limits: {loop_lag: 1min, stall: 10min, cpu: 100%}",
        ]
        if self.delay is not None:
            lines.insert(-1, f"  answers: [{{func_id: dev.heartbeat, delay: {self.delay}}}]")
        return "\n".join(lines) + "\n"

    def people(self) -> Iterator[str]:
        """What people do at each device, lines of `defaults`."""
        yield "  verifications: [{rate: 1/h}]"

    def groups(self) -> Iterator[str]:
        """The lines of `groups`."""
        yield "  - name: rooms"
        yield f"    count: {self.devices}"

    def write(self, path: Path) -> Path:
        path.write_text(self.text(), encoding="utf-8")
        return path
