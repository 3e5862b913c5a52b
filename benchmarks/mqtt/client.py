"""`python -m benchmarks.mqtt.client`: one candidate in one process, measured from inside.

Connects some connections and then the rest, for the slope of the resident memory; then keeps a fixed number of messages
under way, going round all connections, and looks at a window for each quality of service.
"""

import asyncio
import gc
import logging
import resource
import sys
import time
from typing import Any

import uvloop

from benchmarks.mqtt.candidates import CANDIDATES
from benchmarks.mqtt.fleets import Fleet, Setting
from benchmarks.programs.orders import leave, read_order
from benchmarks.programs.window import between, read
from simulator.protocol.envelope import heartbeat

SAMPLE_MID = "0123456789ab12345"
CONNECTS_AT_ONCE = 50
PATIENCE_S = 20.0
"""How long a group of connects may take before the candidate is taken to have stopped."""


class Pump:
    """Keeps messages under way: whenever one comes back, the next connection in turn sends."""

    def __init__(self) -> None:
        self.fleet: Fleet
        self.connections = 0
        self.messages = 0
        self.qos = 0
        self.running = False
        self._next = 0
        self._payload = heartbeat(SAMPLE_MID, True)

    def received(self, number: int) -> None:
        self.messages += 1
        if self.running:
            self.send_next()

    def send_next(self) -> None:
        number = self._next
        self._next = (number + 1) % self.connections
        self.fleet.send(number, self._payload, self.qos)

    async def window(self, qos: int, under_way: int, settle_s: float, window_s: float) -> dict[str, Any]:
        """What `window_s` seconds with `under_way` messages cost."""
        self.qos, self.running = qos, True
        for _ in range(min(under_way, self.connections)):
            self.send_next()
        await asyncio.sleep(settle_s)
        first = read(self.messages, 0)
        await asyncio.sleep(window_s)
        last = read(self.messages, 0)
        self.running = False
        # What is still under way comes back before the next window begins.
        await asyncio.sleep(settle_s)
        return between(first, last)


async def open_until(fleet: Fleet, opened: int, wanted: int) -> tuple[int, str]:
    """Open connections up to `wanted`; returns how many there are then, and why there are no more."""
    while opened < wanted:
        numbers = range(opened, min(opened + CONNECTS_AT_ONCE, wanted))
        try:
            async with asyncio.timeout(PATIENCE_S):
                results = await asyncio.gather(*map(fleet.open, numbers), return_exceptions=True)
        except TimeoutError:
            return opened, f"no further connection within {PATIENCE_S:.0f} s"
        for number, result in zip(numbers, results, strict=True):
            if isinstance(result, BaseException):
                return number, repr(result)[:200]
        opened = numbers[-1] + 1
    return opened, ""


async def measure(order: dict[str, Any]) -> None:
    """Measure the candidate of the order and leave the result."""
    pump = Pump()
    setting = Setting(mqtt=order["mqtt"], websocket=order["websocket"], received=pump.received)
    pump.fleet = fleet = CANDIDATES[order["candidate"]](setting)
    few, many = order["few"], order["connections"]
    result: dict[str, Any] = {}
    opened, why = await open_until(fleet, 0, few)
    first = await _settled_memory(pump, opened)
    began = read(0, 0)
    if not why:
        opened, why = await open_until(fleet, few, many)
    done = read(opened - few, 0)
    result |= {"opened": opened, "why": why, "connects": between(began, done)}
    last = await _settled_memory(pump, opened)
    if opened > few:
        result["kb"] = (last - first) / 1024 / (opened - few)
    for qos in fleet.qualities:
        result[f"qos{qos}"] = await pump.window(qos, order["under_way"], order["settle_s"], order["window_s"])
    leave(order["result"], result)


async def _settled_memory(pump: Pump, opened: int) -> int:
    """Bytes of resident memory when every connection has exchanged a message of each quality of service."""
    pump.connections = opened
    for qos in pump.fleet.qualities:
        expected = pump.messages + opened
        deadline = time.monotonic() + PATIENCE_S
        pump.qos = qos
        for number in range(opened):
            pump.send_next()
            if number % CONNECTS_AT_ONCE == 0:
                await asyncio.sleep(0)
        while pump.messages < expected and time.monotonic() < deadline:  # noqa: ASYNC110 - nothing else shall burden the count
            await asyncio.sleep(0.05)
    gc.collect()
    return read(0, 0).rss


def main() -> None:
    order = read_order()
    if order["libraries"]:
        # Behind the project's own: the versions that the project runs with are measured, whatever else is in there.
        sys.path.append(order["libraries"])
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    logging.basicConfig(level=logging.ERROR)
    runs = asyncio.run if CANDIDATES[order["candidate"]].loop == "asyncio" else uvloop.run
    runs(measure(order))


if __name__ == "__main__":
    main()
