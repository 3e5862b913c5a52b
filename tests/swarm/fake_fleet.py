"""A fleet for the engine whose devices do nothing but live, and waiting for what its thread does."""

import asyncio
import time
from collections.abc import Callable, Generator, Mapping
from typing import Any

import gevent


class Fleet:
    """A runtime whose devices do nothing but live."""

    def __init__(self, log: Callable[[int, str], None]) -> None:
        self.log = log
        self.devices: dict[int, Callable[[], None]] = {}
        self.starts: list[float] = []
        self.closed = False
        self.weather: list[tuple[int, bool]] = []
        """Faults by which it was told that the platform is away (true) or back."""

    async def open(self) -> None:
        await asyncio.sleep(0)

    def start_device(self, index: int, on_finished: Callable[[], None]) -> None:
        self.starts.append(time.monotonic())
        self.devices[index] = on_finished

    def stop_device(self, index: int) -> None:
        if index in self.devices:
            asyncio.get_running_loop().call_later(0.01, self.devices.pop(index))

    def abort_all(self) -> None:
        for index in list(self.devices):
            self.devices.pop(index)()

    def platform_away(self, number: int) -> None:
        self.weather.append((number, True))

    def platform_back(self, number: int) -> None:
        self.weather.append((number, False))

    async def stop_all(self, drain_s: float | None = None) -> None:
        await asyncio.sleep(0.01)
        self.abort_all()

    async def close(self) -> None:
        self.closed = True

    def answer(self, question: Mapping[str, Any]) -> Generator[None, None, dict[str, Any]]:
        """Say what was asked, and who lives; the number in a serial number is the device's index."""
        yield
        told = {"asked": dict(question), "devices": sorted(self.devices)}
        return told | {"index": int(question["sn"][2:])} if "sn" in question else told


def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        gevent.sleep(0.01)
