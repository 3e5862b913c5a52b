"""A world for one or more devices without sockets, sleeps or real time.

`World` owns the clock, the timers, a network in memory and the strict platform of `fake_platform`. `advance` runs the
event loop until nothing is left to do, moves the clock to the next timer, and so on. `World.check` holds the accounts
against each other: what the platform saw, what the recorder was told, what the devices hold.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from functools import cache, wraps
from typing import Any, ParamSpec, cast

import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from simulator.clock import ManualClock, TimerQueue
from simulator.device.behaviours.enrolment import EnrolmentSettings
from simulator.device.behaviours.verification import VerificationSettings
from simulator.device.deadlines import Deadlines
from simulator.device.device import Device
from simulator.device.environment import Environment
from simulator.device.people import People
from simulator.device.photos import PhotoStudio
from simulator.device.settings import BehaviourSettings, Credentials, DeviceSettings, DeviceSpec, OwnMeeting
from simulator.measurements.names import DeviceState
from simulator.protocol.channel.keys import KeyRing, generate_key
from simulator.protocol.channel.registry import channel_suite
from simulator.scenario.sections.group import GroupSection
from tests.device.fake_platform import Platform
from tests.device.memory_network import CLOSE_TIMEOUT, MemoryConnection, MemoryNetwork
from tests.device.recording import Recording

DISPATCH = "http://dispatch.test"
DEV_KEY = "123456"

P = ParamSpec("P")

STUDIO = PhotoStudio()
PEOPLE = People()


@cache
def key() -> RSAPrivateKey:
    """One key pair for all tests."""
    return generate_key()


def alone(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run each example of a property test on a loop of its own, so that a failed one leaves nothing to the next."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


def group(**keys: Any) -> DeviceSettings:
    """The settings of a group of a scenario that says `keys`; what it does not say has the format's defaults."""
    return GroupSection.model_validate({"name": "devices", "count": 1, **keys}).settings()


_QUIET: dict[str, Any] = {
    "users": 0,
    "start": "cold",
    "verifications": [],
    "reconnect": {"first": "1s", "max": "8s"},
    "reboot": "5s..6s",
}
"""Quick to reconnect, and nobody comes."""
_STREAMS = {
    type(each): each for each in group(verifications=[{"rate": "1/s"}], enrolments=[{"rate": "1/s"}]).behaviours
}
_MEETING = group(meetings=[{"id": "1", "starts": "1min", "ends": "2min"}]).meetings[0]


def device_settings(
    behaviours: Sequence[BehaviourSettings] = (), keys: Mapping[str, Any] | None = None, **overrides: Any
) -> DeviceSettings:
    """A device's settings: those of a quiet group that also says `keys`, with more `behaviours`, and `overrides`."""
    settings = group(**(_QUIET | dict(keys or {})))
    return replace(settings, behaviours=(*settings.behaviours, *behaviours), **overrides)


def verification(**overrides: Any) -> VerificationSettings:
    """A stream of verifications: the format's defaults, with `overrides`."""
    return cast("VerificationSettings", replace(_STREAMS[VerificationSettings], **overrides))


def enrolment(**overrides: Any) -> EnrolmentSettings:
    """A stream of enrolments: the format's defaults, with `overrides`."""
    return cast("EnrolmentSettings", replace(_STREAMS[EnrolmentSettings], **overrides))


def planned_meeting(**overrides: Any) -> OwnMeeting:
    """A meeting of the scenario's own, from its 60th to its 120th second unless told otherwise."""
    return replace(_MEETING, **overrides)


class Logins:
    """A `CredentialStore` that remembers its calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, ...]] = []

    def granted(self, sn: str, auth_code: str, secret: str) -> None:
        self.calls.append(("granted", sn, auth_code, secret))

    def forgotten(self, sn: str) -> None:
        self.calls.append(("forgotten", sn))


class World:
    """Everything around the devices of one test."""

    def __init__(self, suite: str = "plain") -> None:
        self.clock = ManualClock(wall=1_719_331_200.25)
        self.timers = TimerQueue(self.clock)
        self.recorder = Recording()
        self.network = MemoryNetwork(self)
        self.logs: list[tuple[int, str]] = []
        self.wire: list[tuple[str, bytes]] = []
        """All payloads in both directions."""
        self.connections: list[MemoryConnection] = []
        keys = KeyRing([key()])
        self.logins = Logins()
        self.platform = Platform(self.timers, channel_suite(suite), keys)
        self.env = Environment(
            clock=self.clock,
            timers=self.timers,
            deadlines=Deadlines(self.timers),
            recorder=self.recorder,
            network=self.network,
            suite=channel_suite(suite),
            keys=keys,
            people=PEOPLE,
            photos=STUDIO,
            dispatch_urls=(DISPATCH,),
            started=self.clock.monotonic(),
            log=lambda level, text: self.logs.append((level, text)),
            credentials=self.logins,
        )
        self.devices: list[Device] = []
        self.finished: Counter[int] = Counter()

    def make(
        self, *, seed: int = 7, auth_code: str | None = None, secret: str | None = None, **settings: Any
    ) -> Device:
        """A device, not switched on yet; quick to reconnect unless told otherwise."""
        index = len(self.devices)
        sn = f"SN{index:04d}"
        self.platform.secret_keys[sn] = f"key of {sn}"
        spec = DeviceSpec(
            index=index,
            credentials=Credentials(
                sn=sn,
                secret_key=f"key of {sn}",
                product_id="5d9b11e1a3f448ae81f9f920e976d852",
                dev_key=DEV_KEY,
                auth_code=auth_code,
                secret=secret,
            ),
            settings=device_settings(**settings),
            seed=seed + index,
        )
        device = Device(self.env, spec, on_finished=lambda: self.finished.update([index]))
        self.devices.append(device)
        return device

    async def start(self, **settings: Any) -> Device:
        """A device that was switched on, with time standing still until it has nothing more to do."""
        device = self.make(**settings)
        device.start()
        await self.settle()
        return device

    async def online(self, **settings: Any) -> Device:
        """A device that is online."""
        device = await self.start(**settings)
        assert device.state is DeviceState.ONLINE, (device.state, self.logs, self.platform.violations)
        return device

    # --- Time ---

    async def settle(self) -> None:
        """Run the loop until nothing is left to do now."""
        ready = getattr(asyncio.get_running_loop(), "_ready")  # noqa: B009 - private, and the only one who knows
        for _ in range(200_000):
            await asyncio.sleep(0)
            if not ready:
                return
        raise AssertionError("the loop never comes to rest")

    async def advance(self, seconds: float) -> None:
        """Let `seconds` pass, from timer to timer."""
        end = self.clock.monotonic() + seconds
        await self.settle()
        for _ in range(200_000):
            due = self.timers.next_due()
            if due is None or due > end:
                break
            self.clock.advance(max(0.0, due - self.clock.monotonic()))
            self.timers.run_due()
            await self.settle()
        else:
            raise AssertionError("the timers never come to rest")
        self.clock.advance(max(0.0, end - self.clock.monotonic()))
        self.timers.run_due()
        await self.settle()

    async def until(self, condition: Callable[[], bool], limit: float = 600.0) -> None:
        """Let time pass until `condition` holds."""
        end = self.clock.monotonic() + limit
        await self.settle()
        while not condition():
            due = self.timers.next_due()
            assert due is not None, "nothing will happen any more"
            assert due <= end, f"not within {limit} s"
            self.clock.advance(max(0.0, due - self.clock.monotonic()))
            self.timers.run_due()
            await self.settle()

    async def sleep(self, seconds: float) -> None:
        """Sleep on the test's clock."""
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        timer = self.timers.call_later(seconds, lambda: woken.done() or woken.set_result(None))
        try:
            await woken
        finally:
            timer.cancel()

    # --- Ends ---

    async def stop(self, device: Device, drain: float | None = None) -> None:
        """Stop a device and wait for its end."""
        device.stop(drain)
        index = device.spec.index
        limit = device.spec.settings.drain if drain is None else drain
        await self.until(lambda: self.finished[index] == 1, limit=limit + CLOSE_TIMEOUT + 1)

    async def close(self) -> None:
        """End what still lives, and hold the accounts against each other."""
        for device in self.devices:
            if _switched_on(device) and not self.finished[device.spec.index]:
                device.abort()
        await self.advance(CLOSE_TIMEOUT + 1)
        self.check()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert not others, others

    def check(self) -> None:
        """The accounts of a world in which everything has ended."""
        assert self.platform.violations == []
        assert [entry for entry in self.logs if entry[0] >= logging.ERROR and "FAILED" not in entry[1]] == [] or any(
            device.state is DeviceState.FAILED for device in self.devices
        )
        assert self.recorder.internal_errors == []
        for device in self.devices:
            if _switched_on(device):
                assert self.finished[device.spec.index] == 1
                assert device.state in (DeviceState.STOPPED, DeviceState.FAILED)
        counts = self.recorder.records
        held = sum(device.delivery.outbox.pending for device in self.devices)
        made = counts["generated"] + counts["restored"]
        assert made == counts["acknowledged"] + counts["refused"] + counts["rejected"] + counts["lost"] + held, counts
        told = Counter(entry[0] for entry in self.recorder.requests)
        sent = Counter(seen.func_id for seen in self.platform.seen)
        for name, count in sent.items():
            if name != "dev.cmd.response":
                assert told[name] >= count, f"{name}: sent {count}, recorded {told[name]}"
        if self.platform.suite.name == "plain":
            names = Counter(orjson.loads(payload)["funcId"] for direction, payload in self.wire if direction == ">")
            del names["dev.cmd.response"]
            del told["connect"], told["subscribe"], told["getBrokerServer"]
            assert told == names
        tried = [
            code for code in self.recorder.codes("connect") if code not in ("unsupported transport", "bad profile")
        ]
        assert len(tried) == len(self.network.connects)
        assert len(self.recorder.codes("getBrokerServer")) == len(self.network.lookups)
        assert len(self.recorder.disconnects) == len(self.platform.links)
        links_alive = [link for link in self.platform.links if link.open]
        assert links_alive == []


def _switched_on(device: Device) -> bool:
    return device._task is not None or device.state is not DeviceState.OFFLINE
