"""An embedded platform that faults kill and restart, without a process, and what was done to it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from simulator.fleet.platform_process import PlatformAddress
from simulator.measurements.ledger import Kept
from simulator.weather.kinds import Kind, PlatformRestart
from simulator.weather.schedule import Fault

SCENARIO = """\
name: tiny
duration: 60s
target: embedded
groups: [{name: rooms, count: 3, drain: 0s}]
faults: [{what: platform_restart, at: 0s, down: 50s}]
"""


def fault(number: int, at: float, lasts: float, kind: Kind | None = None) -> Fault:
    """A restart of the platform, unless another kind is given."""
    return Fault(
        number=number, entry=0, at=at, lasts=lasts, kind=kind or PlatformRestart(), devices=range(3), seed=number
    )


@dataclass
class Platform:
    """Keeps what was done to it, in order with what was told of it."""

    done: list[str] = field(default_factory=list)
    exit_code: int | None = None
    kept: Kept | None = None
    ready_timeout_s: float = 30.0
    stop_timeout_s: float = 10.0
    on_restart: Callable[[], None] = lambda: None

    def start(self) -> PlatformAddress:
        return PlatformAddress("http://127.0.0.1:9", None)

    @property
    def whole(self) -> bool:
        return self.exit_code is None

    def kill(self) -> bool:
        self.done.append("kill")
        return self.exit_code is None

    def restart(self) -> None:
        self.on_restart()
        self.done.append("restart")

    def stop(self) -> None:
        self.done.append("stop")

    def tell(self, number: int, away: bool) -> None:
        self.done.append(f"{'away' if away else 'back'} {number}")
