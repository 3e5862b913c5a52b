"""Keep-alive, on time that the test moves: when PINGREQ goes out, and when its missing answer ends the connection."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from simulator.clock import ManualClock, TimerQueue
from simulator.mqtt.keep_alive import KeepAlive
from simulator.mqtt.packets import Pingreq, Pingresp
from tests.mqtt.client.helpers import Acknowledged, Room


class Line:
    """A connection without a socket."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.bytes_out = 40
        self.pings = 0
        self.pongs = 0
        self.reads = True
        self.sent_at = [clock.monotonic()]
        self.given_up: list[float] = []

    def send(self) -> None:
        self.bytes_out += 10
        self.sent_at.append(self._clock.monotonic())

    def ping(self) -> None:
        self.pings += 1
        self.bytes_out += 2
        self.sent_at.append(self._clock.monotonic())

    def not_answered(self, seconds: float) -> None:
        self.given_up.append(seconds)


class Scene:
    def __init__(self, seconds: float) -> None:
        self.clock = ManualClock()
        self.timers = TimerQueue(self.clock)
        self.line = Line(self.clock)
        self.keep_alive = KeepAlive(self.timers, seconds, self.line)

    def go(self, seconds: float, *, answered: bool = True) -> None:
        end = self.clock.monotonic() + seconds
        while (due := self.timers.next_due()) is not None and due <= end:
            self.clock.advance(max(0.0, due - self.clock.monotonic()))
            self.timers.run_due()
            if answered:
                self.line.pongs = self.line.pings
        self.clock.advance(max(0.0, end - self.clock.monotonic()))


def test_a_silent_connection_pings_before_half_the_time_is_over() -> None:
    scene = Scene(60)
    scene.go(26)
    assert scene.line.pings == 0
    scene.go(2)
    assert scene.line.pings == 1
    scene.go(60)
    assert scene.line.pings == 3
    assert scene.line.given_up == []


def test_whoever_sends_does_not_ping() -> None:
    scene = Scene(60)
    for _ in range(100):
        scene.line.send()
        scene.go(10)
    assert scene.line.pings == 0


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=30), st.integers(1, 65_535))
def test_a_client_is_never_silent_for_longer_than_its_keep_alive(pauses: list[float], seconds: int) -> None:
    scene = Scene(seconds)
    for pause in pauses:
        scene.go(pause * seconds / 30)
        scene.line.send()
    scene.go(seconds * 3)
    times = [*scene.line.sent_at, scene.clock.monotonic()]
    assert max(later - earlier for earlier, later in pairwise(times)) < seconds
    assert scene.line.given_up == []


def test_a_missing_answer_ends_the_connection_at_the_next_look() -> None:
    scene = Scene(60)
    scene.go(27.5, answered=False)
    assert scene.line.pings == 1
    scene.go(26, answered=False)
    assert scene.line.given_up == []
    scene.go(2, answered=False)
    assert scene.line.given_up == [27]
    scene.go(600, answered=False)
    assert scene.line.given_up == [27]


def test_sending_does_not_stand_in_for_an_answer() -> None:
    scene = Scene(60)
    scene.go(28, answered=False)
    scene.line.send()
    scene.go(27, answered=False)
    assert scene.line.given_up == [27]


def test_a_ping_of_the_owner_just_before_the_look_has_time_until_the_next() -> None:
    scene = Scene(60)
    scene.go(26, answered=False)
    scene.line.ping()
    scene.go(2, answered=False)
    assert scene.line.given_up == []
    scene.line.pongs += 1
    scene.go(27)
    assert scene.line.given_up == []


def test_a_process_that_stood_still_judges_at_the_next_look() -> None:
    """Its timers run before its sockets are read, where the answer lies."""
    scene = Scene(60)
    scene.go(28, answered=False)
    scene.clock.advance(200)
    scene.timers.run_due()
    assert scene.line.given_up == []
    scene.line.pongs = scene.line.pings
    scene.go(100)
    assert scene.line.given_up == []


def test_an_owner_that_does_not_read_gets_no_answer() -> None:
    scene = Scene(60)
    scene.line.reads = False
    scene.go(200, answered=False)
    assert scene.line.given_up == []
    scene.line.reads = True
    scene.go(60, answered=False)
    assert scene.line.given_up == [27]


def test_a_stopped_one_looks_no_more() -> None:
    scene = Scene(60)
    scene.keep_alive.stop()
    scene.go(600)
    assert scene.line.pings == 0
    assert scene.timers.next_due() is None


async def test_a_broker_that_is_gone_is_noticed(room: Room) -> None:
    broker = await room.broker()
    connection, handler, peer = await room.online(broker, login={"keep_alive": 1})
    assert await peer.read() == Pingreq()
    await peer.send(Pingresp())
    await handler.wait(lambda: handler.pongs == 1)
    assert await peer.read() == Pingreq()
    ending, detail = await handler.wait_closed()
    assert ending == "keep-alive"
    assert detail == "the broker did not answer PINGREQ within 0.45 s"
    assert connection.fault is None
    assert len(room.timers) <= 1


async def test_without_keep_alive_nothing_is_due(room: Room) -> None:
    broker = await room.broker()
    connection, handler, peer = await room.online(broker, login={"keep_alive": 0})
    assert room.timers.next_due() is None
    connection.ping()
    assert await peer.read() == Pingreq()
    await peer.send(Pingresp())
    await handler.wait(lambda: handler.pongs == 1)
    assert (connection.pings, connection.pongs) == (1, 1)


async def test_an_ended_connection_leaves_no_timer(room: Room) -> None:
    broker, told = await room.broker(), Acknowledged()
    connection, handler, peer = await room.online(broker, login={"keep_alive": 500}, state=told.state)
    assert room.timers.next_due() is not None
    connection.close()
    await peer.read_to_end()
    peer.close()
    await handler.wait_closed()
    assert room.timers.next_due() is None
