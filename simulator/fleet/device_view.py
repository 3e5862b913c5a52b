"""One device in numbers: what it remembers, what waits for the platform, what happened to it. Nothing of any person."""

from typing import Any

from simulator.device.behaviours.heartbeat import Heartbeat
from simulator.device.device import Device
from simulator.fleet.device_notes import DeviceNotes


def last_heartbeat(device: Device) -> float | None:
    """When it sent its latest heartbeat, on the devices' monotonic clock; None before the first."""
    for behaviour in device.behaviours:
        if isinstance(behaviour, Heartbeat):
            return behaviour.last
    return None


def memory_of(device: Device) -> dict[str, int]:
    """How much a device has of what platforms give it."""
    memory = device.memory
    return {
        "users": memory.user_count,
        "portraits": len(memory.user_photos),
        "faces": sum(memory.photo_counts()),
        "cards": memory.card_count,
        "meetings": len(memory.meetings),
        "members": sum(map(len, memory.members.values())),
        "options": len(memory.options),
    }


def figures_of(device: Device | None, notes: DeviceNotes, index: int) -> dict[str, int]:
    """What happened to device `index` so far."""
    figures = {"reconnects": notes.reconnects(index), "violations": notes.violations(index)}
    session = None if device is None else device.lifecycle.session
    if session is not None:
        figures |= {"requests_waiting": session.waiting, "bytes_in": session.bytes_in}
    return figures


def outbox_of(device: Device) -> dict[str, Any]:
    """What waits for the platform."""
    return device.delivery.account()
