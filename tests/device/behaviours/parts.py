"""The parts of a device that is not there, for the tests of single behaviours."""

import random
from itertools import count
from types import SimpleNamespace
from typing import Any, cast

from simulator.clock import ManualClock, TimerQueue
from simulator.device.behaviours.base import DeviceParts
from simulator.device.device_clock import DeviceClock
from simulator.device.door import Door
from simulator.device.memory import Memory
from simulator.device.witness import Witness
from tests.device.harness import PEOPLE, device_settings
from tests.device.recording import Nobody, Recording


def parts(memory: Memory, clock: ManualClock) -> DeviceParts:
    """What a behaviour needs, with a delivery that lists what it is given under `records` and `uploads`."""
    records: list[Any] = []
    uploads: list[Any] = []
    delivery = SimpleNamespace(
        batch=1, records=records, uploads=uploads, add_record=records.append, add_uploads=uploads.extend
    )
    recorder = Recording()
    device_clock, rng = DeviceClock(clock), random.Random(5)
    return DeviceParts(
        sn="SN0000",
        settings=device_settings(),
        timers=TimerQueue(clock),
        started=clock.monotonic(),
        clock=device_clock,
        rng=rng,
        memory=memory,
        delivery=cast("Any", delivery),
        commands=SimpleNamespace(busy=False),
        people=PEOPLE,
        recorder=recorder,
        witness=Witness(recorder, clock, Nobody(), 0),
        down=lambda: False,
        door=Door(memory, device_clock, rng, count(1)),
    )
