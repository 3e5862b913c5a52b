"""Gives a device that lives already other surroundings, for what nobody knew of when it was switched on.

Its parts hold their environment, and some the recorder in it, from their making on, so that nothing is looked up for a
message. Rather than have each part told, all of them are gone through.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from simulator.device.deadlines import DeadlineQueue, Deadlines
from simulator.device.device import Device
from simulator.device.environment import Environment
from simulator.device.fifo import Fifo
from simulator.device.memory import Memory
from simulator.device.outbox import Outbox
from simulator.device.people import People
from simulator.device.photos import PhotoStudio
from simulator.device.settings import DeviceSettings, DeviceSpec

_ROOM: Final = "simulator.device."
_NOT_THEIRS: Final = (
    *(Environment, DeviceSpec, DeviceSettings, Deadlines, DeadlineQueue, People, PhotoStudio),
    *(Memory, Outbox, Fifo),
)
"""What devices share, and stores of many things: neither lives in an environment."""


def rehouse(device: Device, old: Environment, new: Environment) -> None:
    """Have every part of `device` live in `new` instead of `old`, from its next look on.

    What is on its way at this moment ends where it began: a look-up, a connection that is being opened. Do it again for
    a session that opens meanwhile.
    """
    seen = {id(old), id(new)}
    left: list[Any] = [device]
    while left:
        part = left.pop()
        for name in _names(part.__class__):
            value = getattr(part, name, None)
            if value is old:
                # Also of those that are frozen.
                object.__setattr__(part, name, new)
            elif value is old.recorder:
                object.__setattr__(part, name, new.recorder)
            else:
                for one in value if isinstance(value, tuple | list) else (value,):
                    if type(one).__module__.startswith(_ROOM) and id(one) not in seen:
                        seen.add(id(one))
                        left.append(one)


@cache
def _names(kind: type) -> tuple[str, ...]:
    """What an object of this class holds."""
    return () if issubclass(kind, _NOT_THEIRS) else tuple(_slots(kind))


def _slots(kind: type) -> Iterator[str]:
    for each in kind.__mro__:
        slots = each.__dict__.get("__slots__", ())
        yield from (slots,) if isinstance(slots, str) else slots
