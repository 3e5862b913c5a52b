"""What the engine runs, and whom it tells: the two sides that it stands between."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from simulator.swarm.generator.questions import Answering


class Runtime(Protocol):
    """What the engine runs: `simulator.fleet.runtime.FleetRuntime`. All methods are called on the engine's loop."""

    async def open(self) -> None:
        """Get ready to start devices."""

    def start_device(self, index: int, on_finished: Callable[[], None]) -> None:
        """Start device `index`; `on_finished` is called once, when it is down for good."""

    def stop_device(self, index: int) -> None:
        """Stop it in order: its records are delivered first, within the scenario's drain time."""

    async def stop_all(self, drain_s: float | None = None) -> None:
        """Stop all devices in order, within `drain_s` seconds (the scenario's own when None)."""

    def abort_all(self) -> None:
        """Drop every connection at once."""

    def platform_away(self, number: int) -> None:
        """Fault `number` of the schedule is about to kill the embedded platform."""

    def platform_back(self, number: int) -> None:
        """It is up again after fault `number`."""

    async def close(self) -> None:
        """Release everything."""

    def answer(self, question: Mapping[str, Any]) -> Answering:
        """What somebody asks of the devices; after `close`, on any thread, of what is remembered of them."""


class EngineListener(Protocol):
    """What the engine tells; called in gevent's hub, so nothing here may block."""

    def device_finished(self, index: int) -> None:
        """Device `index` is down; its index may be used again."""

    def log(self, level: int, line: str) -> None:
        """A line for the log."""

    def fenced(self) -> None:
        """The time that `keep_until` gave ran out and all devices were dropped."""

    def crashed(self, reason: str) -> None:
        """The engine's thread ended with an error; no device lives any more."""
