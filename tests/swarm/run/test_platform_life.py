"""What ends with the embedded platform is not its fault; what ended while it was known to be there is."""

import math
from collections import deque
from pathlib import Path

import gevent
import pytest

from simulator.clock import ManualClock
from simulator.measurements.events import Event, QueueRecorder
from simulator.measurements.names import DISCONNECTED
from simulator.measurements.run import RunMeasurements
from simulator.measurements.violation_rules import SESSION_CLOSED_UNANNOUNCED
from simulator.swarm.run.platform_life import PlatformLife, watched
from tests.swarm.manual_run import ManualRun

T0 = 1_700_000_000.0
HINT = "closed; does the platform use another suite: channel.suite"


class Platform:
    """Stands in for the embedded one."""

    def __init__(self) -> None:
        self.there, self.asked_for = True, True

    @property
    def whole(self) -> bool:
        if not self.asked_for:
            raise RuntimeError("nobody may ask")
        return self.there


class Scene:
    """A platform that is looked at by hand."""

    def __init__(self) -> None:
        self.platform = Platform()
        self.clock = ManualClock(wall=T0)
        self.measurements = RunMeasurements()
        self.life = PlatformLife(self.platform, self.measurements, self.clock, 120)

    def connection_ends(self) -> None:
        events: deque[Event] = deque()
        recorder = QueueRecorder(events.append)
        at = self.clock.wall()
        recorder.violation(SESSION_CLOSED_UNANNOUNCED, "", "no close frame", at, 0)
        recorder.request("device.exchange.factor", at, 0.0, DISCONNECTED, 1, 0, 0.0)
        recorder.detail("device.exchange.factor", DISCONNECTED, HINT, at)
        self.measurements.apply(events)

    @property
    def blamed(self) -> int:
        return self.measurements.violations.total

    @property
    def told(self) -> str:
        return self.measurements.details.of("device.exchange.factor", DISCONNECTED)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_what_ends_shortly_before_its_death_is_seen_is_not_blamed(scene: Scene) -> None:
    scene.life.look()
    scene.clock.advance(0.03)
    scene.connection_ends()
    # A process closes its connections before it can be seen to have ended.
    scene.clock.advance(0.01)
    scene.life.look()
    scene.platform.there = False
    scene.clock.advance(0.05)
    scene.life.look()
    scene.life.stop()
    assert scene.blamed == 0
    assert scene.told == "the embedded platform had died"


def test_what_ended_while_it_was_there_stays_its_fault(scene: Scene) -> None:
    scene.connection_ends()
    scene.clock.advance(0.2)
    scene.life.look()
    assert scene.blamed == 1
    scene.clock.advance(0.05)
    scene.platform.there = False
    scene.life.look()
    scene.connection_ends()
    scene.life.stop()
    assert scene.blamed == 1
    assert scene.told == HINT


def test_it_is_not_blamed_where_nobody_could_look_for_a_while(scene: Scene) -> None:
    """The master stood still when it died: what ended a second before that was seen may have been its death."""
    scene.life.look()
    scene.clock.advance(1.0)
    scene.connection_ends()
    scene.clock.advance(1.0)
    scene.platform.there = False
    scene.life.look()
    assert scene.blamed == 0


def test_of_one_that_lived_to_the_end_all_is_its_fault(scene: Scene) -> None:
    scene.connection_ends()
    scene.life.stop()
    assert scene.blamed == 1
    assert scene.measurements.violations.open_since == math.inf


def test_a_death_that_only_the_last_look_sees(scene: Scene) -> None:
    scene.connection_ends()
    scene.platform.there = False
    scene.life.stop()
    assert scene.blamed == 0


def test_it_is_looked_at_by_itself(scene: Scene) -> None:
    errors: list[str] = []
    life = watched(scene.platform, scene.measurements, scene.clock, 1, lambda *error: errors.append(error[0]))
    assert life is not None
    scene.connection_ends()
    scene.clock.advance(1.0)
    while not scene.blamed:
        gevent.sleep(0.01)
    # A fault of ours is told, and it is looked at on.
    scene.platform.asked_for = False
    while len(errors) < 2:
        gevent.sleep(0.01)
    scene.platform.asked_for = True
    life.stop()
    assert set(errors) == {"background.platform"}


def test_a_platform_that_is_not_ours_is_not_watched(tmp_path: Path) -> None:
    """It answers for every end, at once."""
    manual = ManualRun(tmp_path).open()
    assert manual.run.measurements.violations.open_since == math.inf
