"""The end of a fleet: every connection is closed by a handshake, which the other side has to answer.

Told all at once, a large fleet would fill its own process and the platform with that for longer than a device waits for
an answer (five seconds): it would cut off what could have ended in order.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

D = TypeVar("D")

STOPS_AT_ONCE = 50
"""Devices that are told to stop between two looks at the sockets: a few milliseconds of closing handshakes."""
TOGETHER = 300
"""So many are stopping at a time; more only where none of them comes to its end, as they deliver records."""
LOOK_S = 0.05
PATIENCE = 10
"""Looks without any device gone, after which the next are told to stop."""
_CLOSED_A_SECOND = 1_000
"""Less than half of what two cores closed together that were full of a fleet of 240,000 and of its platform."""


def closing_s(devices: int) -> float:
    """Seconds that a fleet of so many may take to close its connections, beyond what its devices deliver first.

    It is the whole fleet's number: its processes may share a machine, and do share a platform.
    """
    return devices / _CLOSED_A_SECOND


async def tell_in_turn(
    devices: Sequence[D], stop: Callable[[D], object], there: Callable[[], int], in_time: Callable[[], bool]
) -> None:
    """Tell `devices` to stop as others are gone.

    Args:
        there: how many of them are not gone yet.
        in_time: whether there is time left; without it the rest is told at once.
    """
    together, gone, idle = TOGETHER, 0, 0
    for told, device in enumerate(devices, 1):
        stop(device)
        if told % STOPS_AT_ONCE == 0:
            await asyncio.sleep(0)
        while told - gone >= together and in_time():
            before, gone = gone, len(devices) - there()
            idle = 0 if gone > before else idle + 1
            if told - gone < together:
                break
            if idle == PATIENCE:
                together, idle = together + TOGETHER, 0
            await asyncio.sleep(LOOK_S)
