"""A fixed number of round trips of devices' own sessions over a transport in memory, for whoever counts instructions.

`python -m benchmarks.programs.conversations CHANNEL MESSAGE ROUND_TRIPS`: everything is made and every reply is written
before the first message is sent, and always as much of it, so that two runs differ by their round trips alone. Prints
CPU µs a round trip.
"""

import itertools
import random
import sys
import time
from collections import deque
from types import SimpleNamespace
from typing import Any, Final, cast

from simulator.clock import TimerQueue
from simulator.device.behaviours.heartbeat import HEARTBEAT, Heartbeat, HeartbeatSettings
from simulator.device.deadlines import Deadlines
from simulator.device.environment import Environment
from simulator.device.people import People
from simulator.device.photos import PhotoStudio
from simulator.device.replies import Reply
from simulator.device.session import Session
from simulator.device.witness import Witness
from simulator.garbage import GarbagePolicy
from simulator.measurements.events import Event, QueueRecorder
from simulator.protocol import envelope
from simulator.protocol.channel.context import DeviceContext
from simulator.protocol.channel.plain import PlainSuite
from simulator.protocol.channel.rsa_aes import RsaAesSuite, Traffic
from simulator.protocol.codes import SUCCESS
from simulator.received import Received
from simulator.scenario.sections.group import GroupSection
from simulator.wire.client import ClientConnection
from simulator.wire.frames import plain_frame
from simulator.wire.kernel_times import KernelTimes, _WatchedFrames

VERIFY_LOG: Final = "dev.data.upload.verifyLog"
MESSAGES: Final = (HEARTBEAT, VERIFY_LOG)
CHANNELS: Final = ("plain", "rsa-aes")
MOST: Final = 12_000
"""Round trips that replies are made for."""
DEVICES: Final = 200
_STEP_S: Final = 20e-6
"""The clock goes on by so much whenever it is read: as fast as it would with a core that is busy."""
_KEYS: Final = (b"d" * 32, b"p" * 32)
_RECORD: Final = {
    "verifyLog": [
        {
            "id": "0188c3a1b2f4-17",
            "pin": "1001",
            "verifyStyle": "15",
            "verifyTime": "2024-06-26T09:00:00.000+08:00",
            "category": "1",
            "firstName": "Ada",
        }
    ]
}


class Clock:
    """Goes on with each look at it, so that two runs are the same."""

    def __init__(self) -> None:
        self.monotonic = itertools.count(1_000.0, _STEP_S).__next__

    def wall(self) -> float:
        return 1_700_000_000.0


class Transport:
    """Takes what a connection writes; who has written waits in `written` for its answer."""

    def __init__(self, written: "deque[Device]", device: "Device") -> None:
        self._append = written.append
        self._device = device

    def write(self, data: bytes) -> None:
        self._append(self._device)

    def is_closing(self) -> bool:
        return False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing is ever buffered."""

    def get_extra_info(self, name: str) -> None:
        """Nothing is known."""


class Device:
    """One session over one connection, with its heartbeat and the replies to come."""

    def __init__(self, env: Environment, settings: Any, channel: str, index: int, world: "World") -> None:
        side = env.suite.device_side(env.keys, DeviceContext(sn=f"S{index}"))
        if channel == "rsa-aes":
            cast("Any", side)._traffic = Traffic(*_KEYS)
        boot = 1_700_000_000_000 + index
        witness = Witness(env.recorder, env.clock, world, index)
        self.session = Session(
            env,
            side,
            envelope.MidSource(boot),
            settings,
            on_command=_no_command,
            on_end=_no_end,
            witness=witness,
        )
        self.connection = ClientConnection(
            cast("Any", None),
            self.session,
            cast("Any", world.opening),
            max_size=1 << 20,
            close_timeout=5,
            on_error=None,
        )
        self.connection.connection_made(cast("Any", Transport(world.written, self)))
        self.connection._opening = None
        self.connection._parser = None
        self.connection._opened()
        self.watched = _WatchedFrames(world.times, cast("Any", None), self.connection)
        self.beat = Heartbeat(HeartbeatSettings(interval=DEVICES * 150e-6), cast("Any", world.parts(index)))
        self.replies = _replies(channel, boot, MOST // DEVICES)


class World:
    """All devices, and the way of their messages."""

    def __init__(self, channel: str) -> None:
        clock = Clock()
        self._timers = TimerQueue(clock)
        self.events: deque[Event] = deque()
        received = Received()
        suite = PlainSuite() if channel == "plain" else RsaAesSuite()
        self._env = Environment(
            clock=clock,
            timers=self._timers,
            deadlines=Deadlines(self._timers),
            recorder=QueueRecorder(self.events.append),
            network=cast("Any", None),
            suite=suite,
            keys=cast("Any", SimpleNamespace(take=lambda: None)),
            people=People(),
            photos=PhotoStudio(),
            dispatch_urls=("http://dispatch.test",),
            started=clock.monotonic(),
            log=lambda level, line: None,
            received=received,
        )
        self.times = KernelTimes(received, clock, lambda waits: None)
        # Nothing is looked at: that is a system call, and none of those is counted.
        self.times.next_look = float("inf")
        self.written: deque[Device] = deque()
        self.opening = SimpleNamespace(protocol=None, send_request=lambda: None)
        settings = GroupSection.model_validate({"name": "devices", "count": 1}).settings()
        self.devices = [Device(self._env, settings, channel, index, self) for index in range(DEVICES)]

    def secrets(self) -> tuple[str, ...]:
        """There are none."""
        return ()

    def parts(self, index: int) -> SimpleNamespace:
        """What a heartbeat uses of its device."""
        commands = SimpleNamespace(busy=False)
        return SimpleNamespace(
            timers=self._timers, commands=commands, rng=random.Random(index), recorder=self._env.recorder
        )

    def beat(self, round_trips: int) -> None:
        """So many heartbeats, by timer, as they are due."""
        terms = SimpleNamespace(heartbeat=True, heartbeat_interval=1.0)
        for device in self.devices:
            device.beat.went_online(cast("Any", SimpleNamespace(session=device.session, terms=terms)))
        done = 0
        run_due = self._timers.run_due
        while done < round_trips:
            run_due(8)
            done += self._answer()

    def verify(self, round_trips: int) -> None:
        """So many records, one after the other."""
        rounds = round_trips // DEVICES
        for _ in range(rounds):
            for device in self.devices:
                device.session.send(VERIFY_LOG, _RECORD, _told)
                self._answer()

    def _answer(self) -> int:
        written = self.written
        answered = len(written)
        while written:
            device = written.popleft()
            reply = device.replies.popleft()
            watched = device.watched
            watched.get_buffer(-1)[: len(reply)] = reply
            watched.buffer_updated(len(reply))
        if len(self.events) > 1_000:
            self.events.clear()
        return answered


def _replies(channel: str, boot: int, count: int) -> deque[bytes]:
    """What a device gets, in order; more than it needs, because not all beat equally often."""
    source = envelope.MidSource(boot)
    traffic = Traffic(_KEYS[1], _KEYS[0])
    frames: deque[bytes] = deque()
    for _ in range(2 * count + 2):
        data = envelope.encode_reply(source.next(), SUCCESS, "success")
        frames.append(plain_frame(data, False) if channel == "plain" else plain_frame(traffic.seal(data), True))
    return frames


def _no_command(message: dict[str, Any], size: int, unreadable: str, early: bool) -> None:
    raise AssertionError("a reply was taken for a command")


def _no_end(reason: str) -> None:
    raise AssertionError(f"the connection has ended: {reason}")


def _told(reply: Reply) -> None:
    if not reply.ok:
        raise AssertionError(reply.code)


def main(channel: str, message: str, round_trips: int) -> None:
    """Raises AssertionError where a device finds a reply wrong."""
    world = World(channel)
    garbage = GarbagePolicy()
    garbage.begin()
    try:
        began = time.process_time()
        (world.beat if message == HEARTBEAT else world.verify)(round_trips)
        sys.stdout.write(f"{(time.process_time() - began) / round_trips * 1e6:.2f}\n")
    finally:
        garbage.end()
    found = [event for event in world.events if event[0] != 0 or event[4] != SUCCESS]
    if found:
        raise AssertionError(found[:3])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
