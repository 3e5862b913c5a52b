"""How many devices run at a moment, as Locust's load shape asks for it: pure arithmetic on the scenario's ramp."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

DEFAULT_RATE = 20.0
"""Devices per second where the scenario gives no ramp."""


class RampTarget(NamedTuple):
    """Where the fleet goes at a moment."""

    devices: int
    rate: float
    """Devices per second, up or down, always more than 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RampStep:
    """Go to `devices` evenly over `over` seconds, then stay for `hold` seconds."""

    devices: int
    over: float
    hold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RampPlan:
    """The whole ramp of a run. Use `even` or `stepped` to make one."""

    total: int
    """Devices of the fleet that the steps were written for."""
    steps: tuple[RampStep, ...]

    @classmethod
    def even(cls, total: int, rate: float, duration: float, down: float = 0.0) -> "RampPlan":
        """All devices at `rate` per second, held until `duration` is over; stopped within its last `down` seconds."""
        up = min(total / rate, duration - down)
        steps = [RampStep(devices=total, over=up, hold=max(0.0, duration - down - up))]
        if down > 0:
            steps.append(RampStep(devices=0, over=down, hold=0.0))
        return cls(total=total, steps=tuple(steps))

    @classmethod
    def stepped(
        cls, total: int, steps: Sequence[RampStep], down: float = 0.0, duration: float | None = None
    ) -> "RampPlan":
        """The given steps, the last one held longer where `duration` is more than they and `down` take."""
        stretched = list(steps)
        if duration is not None:
            spare = duration - down - sum(step.over + step.hold for step in steps)
            last = stretched[-1]
            stretched[-1] = RampStep(devices=last.devices, over=last.over, hold=last.hold + max(0.0, spare))
        if down > 0:
            stretched.append(RampStep(devices=0, over=down, hold=0.0))
        return cls(total=total, steps=tuple(stretched))

    @property
    def duration(self) -> float:
        """Seconds until everything is over."""
        return sum(step.over + step.hold for step in self.steps)

    @property
    def peak(self) -> int:
        """The most devices that run at once."""
        return max((step.devices for step in self.steps), default=0)

    def scaled(self, total: int) -> "RampPlan":
        """The same ramp in the same time for a fleet of `total` devices."""
        if total == self.total or self.total == 0:
            return self
        return RampPlan(
            total=total,
            steps=tuple(
                RampStep(devices=round(step.devices * total / self.total), over=step.over, hold=step.hold)
                for step in self.steps
            ),
        )

    def target_at(self, seconds: float) -> RampTarget | None:
        """The goal of the step that runs `seconds` after the start, and the pace towards it; `None` after the end.

        It stays the same for the whole step, so that Locust's spawner is not told anew every second.
        """
        begins, previous = 0.0, 0
        for step in self.steps:
            if seconds < begins + step.over + step.hold:
                change = abs(step.devices - previous)
                # An immediate change is spread over one second, the spawner's own beat.
                return RampTarget(step.devices, max(change, 1) / max(step.over, 1.0))
            begins += step.over + step.hold
            previous = step.devices
        return None
