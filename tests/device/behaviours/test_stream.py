"""A stream of events: when it begins, that it goes on while the device is offline, and that it ends."""

import pytest

from simulator.clock import ManualClock
from simulator.device.behaviours.arrivals import Arrival, Arrivals
from simulator.device.behaviours.base import DeviceParts
from simulator.device.behaviours.stream import Stream
from simulator.device.memory import Memory
from simulator.device.online import Online
from tests.device.behaviours.parts import parts
from tests.device.harness import PEOPLE, World


class Knocks(Stream):
    """Something that happens once a second."""

    __slots__ = ("begun", "moments")

    def __init__(self, device: DeviceParts) -> None:
        super().__init__(device)
        self.begun: list[float] = []
        self.moments: list[float] = []

    def _begin(self, now: float) -> Arrivals:
        self.begun.append(now)
        return Arrivals(self._device.rng, rate=1.0, arrival=Arrival.FIXED, wave=None, start=now)

    def _happen(self, moment: float) -> None:
        self.moments.append(moment)


@pytest.fixture
def knocks() -> Knocks:
    memory = Memory(PEOPLE, 1, users=1, locale="en_US", max_users=9, max_bio_photos=9)
    return Knocks(parts(memory, ManualClock()))


@pytest.fixture
async def online(world: World) -> Online:
    device = await world.online()
    assert device.lifecycle.online is not None
    return device.lifecycle.online


def let_pass(knocks: Knocks, seconds: int) -> None:
    """Let time pass in steps of a hundredth of a second."""
    timers = knocks._device.timers
    for _ in range(100 * seconds):
        assert isinstance(timers.clock, ManualClock)
        timers.clock.advance(0.01)
        timers.run_due()


async def test_nothing_happens_before_the_device_was_online(knocks: Knocks, online: Online) -> None:
    let_pass(knocks, 10)
    assert knocks.moments == []
    knocks.went_online(online)
    let_pass(knocks, 10)
    assert len(knocks.moments) in (9, 10, 11)
    assert knocks.begun == [pytest.approx(10.0)], "seconds since the start of the run"


async def test_it_goes_on_while_the_device_is_offline_and_does_not_begin_again(knocks: Knocks, online: Online) -> None:
    knocks.went_online(online)
    for _ in range(3):
        let_pass(knocks, 5)
        knocks.went_offline()
        let_pass(knocks, 5)
        knocks.went_online(online)
    assert len(knocks.moments) in (29, 30, 31)
    assert len(knocks.begun) == 1
    steps = [after - before for before, after in zip(knocks.moments, knocks.moments[1:], strict=False)]
    assert steps == pytest.approx([1.0] * len(steps))


async def test_after_a_stop_nothing_happens_any_more(knocks: Knocks, online: Online) -> None:
    knocks.went_online(online)
    let_pass(knocks, 5)
    happened = len(knocks.moments)
    knocks.stop()
    knocks.stop()
    let_pass(knocks, 5)
    knocks.went_online(online)
    let_pass(knocks, 5)
    assert len(knocks.moments) == happened
    assert knocks._device.timers.next_due() is None
