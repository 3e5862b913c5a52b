"""Devices and the embedded platform in one process, on a virtual clock; messages go by memory."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from contextlib import ExitStack
from typing import Any, TypeVar

from simulator.clock import TimerQueue
from simulator.device.deadlines import Deadlines
from simulator.device.device import Device
from simulator.device.environment import Connection, ConnectionHandler, Environment, NetworkError
from simulator.device.misbehaviour.ground import Ground
from simulator.device.settings import Credentials, DeviceSpec
from simulator.fields.range import Range
from simulator.loop_timers import LoopTimers
from simulator.measurements.names import DeviceState
from simulator.platform.assembly import Host, assembly_of
from simulator.platform.ledger.inspection import entries_of
from simulator.platform.ledger.simulated import simulated_disk
from simulator.platform.options import PlatformOptions
from simulator.platform.settings import AnswerRule
from simulator.protocol.broker import BrokerAnswer
from simulator.protocol.channel.keys import KeyRing
from simulator.protocol.channel.options import ChannelOptions
from simulator.protocol.channel.registry import NO_OPTIONS, channel_suite
from simulator.simulation.link import Link
from simulator.simulation.loop import VirtualClock, VirtualLoop
from simulator.simulation.passage import Delays
from simulator.weather.kinds import SlowLink
from simulator.wire.resumption import KeptSession
from tests.device.harness import DEV_KEY, DISPATCH, PEOPLE, STUDIO, device_settings, key, verification
from tests.device.recording import Recording
from tests.platform.parts import ListedDirectory, platform_settings

T = TypeVar("T")

_NEAR = SlowLink(latency=Range(low=0.001, high=0.002))


class _Ears:
    """Notes what one connection's device sends."""

    def __init__(self, sent: list[tuple[bytes, int]], number: int) -> None:
        self._sent = sent
        self._number = number

    def sent(self, payload: bytes) -> None:
        self._sent.append((payload, self._number))

    def arrived(self, payload: bytes) -> None: ...

    def cut(self) -> None: ...


class _Network:
    """A line to the platform; what a test does to it is in `down` and `links`."""

    def __init__(self, yard: Yard) -> None:
        self._yard = yard
        self.links: list[Link] = []
        self.lookups: list[str] = []
        self.down = ""
        """Kind of the failure of whatever begins; empty for none."""

    async def turn(self) -> None: ...

    async def look_up(self, url: str, *, index: int, date: Callable[[float], None] | None = None) -> tuple[int, bytes]:
        await self._reach()
        self.lookups.append(url)
        answer, silent = await self._yard.platform.parts.dispatch.look_up(url.partition("?")[2], "platform.test")
        if silent:
            raise NetworkError("timeout", "no answer", after=10.0)
        return 200, answer.encode()

    async def connect(
        self, broker: BrokerAnswer, handler: ConnectionHandler, *, index: int, tls: KeptSession | None = None
    ) -> Connection:
        await self._reach()
        link = Link(self._yard.loop, Delays(random.Random(1), _NEAR), _Ears(self._yard.sent, len(self.links)), handler)
        self.links.append(link)
        link.platform.taken(self._yard.platform.parts.broker.connection_handler())
        handler.opened(link.device)
        return link.device

    async def connect_mqtt(self, *args: Any, **more: Any) -> Any:
        raise AssertionError("no MQTT here")

    async def subscribe(self, *args: Any, **more: Any) -> None:
        raise AssertionError("no MQTT here")

    async def download(self, url: str, limit: int, *, index: int) -> bytes:
        raise AssertionError("nothing to fetch")

    async def _reach(self) -> None:
        await asyncio.sleep(0.001)
        until = self._yard.loop.time() + 10.0
        while self.down == "timeout" and self._yard.loop.time() < until:  # noqa: ASYNC110
            # What TCP sends again arrives when the line is back.
            await asyncio.sleep(0.05)
        if self.down:
            raise NetworkError(self.down, "says the test")


class Yard:
    """One embedded platform, and devices.

    Args:
        suite: of the channel.
        options: of the suite `configurable`.
        wrong: mistakes that the platform makes on purpose.
        answers: how it answers what.
    """

    def __init__(
        self,
        suite: str = "plain",
        options: ChannelOptions | None = None,
        *,
        wrong: Sequence[str] = (),
        answers: Sequence[AnswerRule] = (),
    ) -> None:
        self.errors: list[str] = []
        self.logs: list[str] = []
        self.loop = VirtualLoop(lambda where, error: self.errors.append(f"{where} {error!r}"))  # type: ignore[abstract]
        self.clock = VirtualClock(self.loop, 1_719_331_200.25)
        self.timers = TimerQueue(self.clock)
        self.recorder = Recording()
        self.network = _Network(self)
        self.sent: list[tuple[bytes, int]] = []
        """What devices sent, and over which of the connections."""
        held = [credentials(number) for number in range(4)]
        of_channel = NO_OPTIONS if options is None else options
        settings = platform_settings(
            channel=suite, wrong=tuple(wrong), channel_options=of_channel, answers=tuple(answers)
        )
        self.disk = simulated_disk()
        self._resources = ExitStack()
        self.platform = assembly_of(
            PlatformOptions(settings=settings, directory=ListedDirectory(held)),
            Host(clock=self.clock, loop=self.loop, log=self.logs.append, database=self.disk),
            self._resources,
        )
        self.platform.addresses.broker_port = self.platform.addresses.dispatch_port = 1
        LoopTimers(self.timers).start(self.loop)
        LoopTimers(self.platform.services.timers).start(self.loop)
        self.env = Environment(
            clock=self.clock,
            timers=self.timers,
            deadlines=Deadlines(self.timers),
            recorder=self.recorder,
            network=self.network,
            suite=channel_suite(suite, of_channel),
            keys=KeyRing([key()]),
            people=PEOPLE,
            photos=STUDIO,
            dispatch_urls=(DISPATCH,),
            started=self.clock.monotonic(),
            log=lambda level, text: self.logs.append(text),
        )
        self.devices: list[Device] = []

    def online(self, **settings: Any) -> Device:
        """A device that is online, at which somebody verifies every second."""
        index = len(self.devices)
        chosen = {"behaviours": [verification(rate=1.0, photo_share=0.0)], "keys": {"users": 3}, **settings}
        spec = DeviceSpec(
            index=index, credentials=credentials(index), settings=device_settings(**chosen), seed=7 + index
        )
        device = Device(self.env, spec, on_finished=lambda: None)
        self.devices.append(device)
        self.loop.call_soon(device.start)
        self.run(5)
        assert device.state is DeviceState.ONLINE, (device.state, self.logs, self.recorder.details)
        return device

    def ground(self, device: Device) -> Ground:
        """What a way stands on, without a rhythm."""
        ground = Ground(self.env, device.spec, device.lifecycle, device._clock)
        ground.rng = random.Random(5)
        return ground

    def do(self, awaitable: Coroutine[Any, Any, T], seconds: float = 30.0) -> T:
        """Let it come to its end within `seconds`, and return what that is."""
        tasks: list[asyncio.Task[T]] = []
        self.loop.call_soon(lambda: tasks.append(self.loop.create_task(awaitable)))
        end = self.loop.time() + seconds
        while not (tasks and tasks[0].done()) and self.loop.time() < end:
            self.run(0.05)
        return tasks[0].result()

    def misbehave(
        self, device: Device, *ways: str, seconds: float = 12.0, rate: float = 1.0
    ) -> dict[str, Counter[str]]:
        """Have the device misbehave, wait until all of it has come to its outcome, and return what was counted."""
        self.loop.call_soon(device.misbehave, ways, rate, random.Random(3))
        self.run(seconds)
        self.loop.call_soon(device.behave)
        self.run(20)
        return self.outcomes()

    def run(self, seconds: float) -> None:
        """Let time pass."""
        self.loop.run_until(self.loop.time() + seconds)

    def records(self, device: Device) -> int:
        """How many of the device's records the ledger keeps."""
        return sum(sn == device.spec.credentials.sn for sn, _ in entries_of(self.disk))

    def close(self) -> None:
        """End all, and see that nothing went wrong in a way that no test asked for."""
        for device in self.devices:
            self.loop.call_soon(device.stop)
        self.run(60)
        assert self.errors == []
        assert self.recorder.internal_errors == []
        self._resources.close()

    def outcomes(self) -> dict[str, Counter[str]]:
        """What was counted, by way."""
        found: dict[str, Counter[str]] = {}
        for (way, outcome), count in self.recorder.misbehaviour.items():
            found.setdefault(way, Counter())[outcome] += count
        return found


def credentials(number: int) -> Credentials:
    sn = f"SN{number:04d}"
    return Credentials(sn=sn, secret_key=f"key of {sn}", product_id="5d9b11e1a3f448ae81f9f920e976d852", dev_key=DEV_KEY)
