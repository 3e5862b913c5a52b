"""The tester's connections: brought to a stage, used again while they are intact, one at a time for a serial number.

It notices once that a platform blocks a step of the initial flow, and that it has gone.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Final

from simulator.conform.answers import Answer, LookedUp, Reply, Silence, Unreached
from simulator.conform.client import Client, StepFailed
from simulator.conform.dispatch import Dispatch
from simulator.conform.opening import Opener, Presented
from simulator.conform.outcome import Ended, not_run
from simulator.conform.pushes import OnPush, take
from simulator.conform.site import Site
from simulator.conform.stages import STEP_CASES, Stage
from simulator.conform.tester import Device, proof_of
from simulator.conform.trace import Trace
from simulator.device import hints
from simulator.device.environment import NetworkError
from simulator.fleet.network import FleetNetwork
from simulator.measurements.names import BAD_PROFILE
from simulator.protocol.broker import BrokerAnswer
from simulator.texts.told import Told

_NOT_REACHED: Final = frozenset(("dns", "unreachable", "tls", "limit", BAD_PROFILE))
"""Kinds of failed openings that are about the way to a broker, this side's trust or its identities, not about what the
broker does."""
_BY_SUITE: Final = frozenset((Stage.EXCHANGED, Stage.REGISTERED))
"""Steps at which two sides with different channel suites do not come together."""
_FUNC_IDS: Final = {Stage.REGISTERED: "dev.register", Stage.ONLINE: "dev.report"}
"""Of steps that a platform may refuse because it reads the document in another way."""
_TRIES: Final = 8
"""Of a walk or a look-up, until a step is taken for blocked or the platform for gone."""
_SILENCES: Final = 2
"""Of a walk that gets no answer: each lasts for a request time-out."""


class PlatformGone(Exception):  # noqa: N818 - what has happened
    """The platform does not answer any more, or does not do what it did before; the text says what happened."""


class Pool:
    """All connections of a run."""

    def __init__(self, site: Site, network: FleetNetwork, dispatch: Dispatch) -> None:
        self._site = site
        self._network = network
        self._opener = Opener(site, network)
        self._dispatch = dispatch
        self._numbers = itertools.count(1)
        self._locks = [asyncio.Lock() for _ in site.identities]
        self._ready: dict[int, Device] = {}
        """Devices that are idle, by `which`."""
        self._proofs: dict[int, Mapping[str, str]] = {}
        self._listener: Device | None = None
        """Online for the listening; not to be taken by a case."""
        self.blocked: dict[Stage, str] = {}
        """Steps that have never succeeded, and what the platform did."""
        self.worked: dict[Stage, str] = {}
        """Steps that have succeeded, and what was seen then."""
        self._worked_for: set[tuple[int, Stage]] = set()

    @asynccontextmanager
    async def device(
        self,
        trace: Trace,
        stage: Stage,
        *,
        which: int = 0,
        fresh: bool = False,
        second: bool = False,
        shared: bool = False,
        on_push: OnPush = take,
    ) -> AsyncIterator[Device]:
        """A device of the run that has come to `stage`; see `Bench.device`."""
        self.check(stage)
        if which >= len(self._site.identities):
            raise self._too_few(which)
        if self._listener is not None and which == self._listener.which and not second:
            if stage is Stage.ONLINE and not fresh and on_push is take and self._listener.closed is None:
                yield self._listener
                return
            # It listens; the case did not say that it has to be this one.
            which = len(self._site.identities) - 1
            if which == self._listener.which:
                raise Ended(not_run(Told("{sn} listens, and there is no second serial number", sn=self._listener.sn)))
        async with AsyncExitStack() as held:
            if not second:
                await held.enter_async_context(self._locks[which])
            usable = (stage is Stage.ONLINE or shared) and not fresh and not second and on_push is take
            device = self._ready.pop(which, None) if not second else None
            if device is not None and not (usable and device.stage is stage and device.intact):
                await self.drop(device)
                device = None
            reused = device is not None
            if device is None:
                device = await self._reached(trace, stage, which, on_push)
            else:
                device.trace = trace
                trace.note(Told("connection {number} of {sn} is used again", number=device.number, sn=device.sn))
            try:
                yield device
            finally:
                if usable and device.intact and device.waiting == 0:
                    self._ready[which] = device
                else:
                    if reused and device.closed is not None and not device.closed.by_us:
                        # What an earlier case has sent may have ended it: no fault in this one.
                        self._site.spoiled = self._site.spoiled or "the connection of earlier cases had ended"
                    await self.drop(device)
                device.trace = None

    @asynccontextmanager
    async def opened_by(self, trace: Trace, broker: BrokerAnswer, which: int) -> AsyncIterator[Device | Answer]:
        """See `Bench.opened_by`."""
        async with self._locks[which]:
            idle = self._ready.pop(which, None)
            if idle is not None:
                await self.drop(idle)
            try:
                device = await self._connected(trace, broker, Stage.EXCHANGED, which, take)
            except StepFailed as error:
                yield error.answer
                return
            try:
                yield device
            finally:
                await self.drop(device)

    @asynccontextmanager
    async def client(self, trace: Trace, which: int) -> AsyncIterator[Client]:
        """See `Bench.client`."""
        self.check(Stage.OPENED)
        if self._listener is not None and which == self._listener.which:
            raise Ended(not_run(Told("{sn} listens meanwhile", sn=self._listener.sn)))
        if which >= len(self._site.identities):
            raise self._too_few(which)
        async with self._locks[which]:
            idle = self._ready.pop(which, None)
            if idle is not None:
                await self.drop(idle)

            async def walk(stage: Stage, on_push: OnPush, presented: Presented) -> Device:
                return await self._walked(trace, stage, which, on_push, presented)

            async with Client(walk, self._site.identities[which]) as client:
                yield client

    async def listen(self, trace: Trace) -> Callable[[], Awaitable[None]]:
        """Bring the first device online and keep it so, beating; what is returned ends that.

        Raises:
            Ended: As NOT-RUN, if the platform blocks the flow.
        """
        online = self.device(trace, Stage.ONLINE, fresh=True)
        device = await online.__aenter__()
        self._listener = device
        beating = asyncio.create_task(self._beat(device))

        async def end() -> None:
            self._listener = None
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)
            await online.__aexit__(None, None, None)

        return end

    async def _beat(self, device: Device) -> None:
        while device.terms.heartbeat and device.closed is None:
            await device.request("dev.heartbeat", {"isFree": "1"})
            await asyncio.sleep(device.terms.heartbeat_interval)

    def check(self, stage: Stage) -> None:
        """
        Raises:
            Ended: As NOT-RUN, if the platform blocks a step up to `stage`.
        """
        for step in self.blocked:
            if step <= stage:
                raise Ended(not_run(self._blocked_at(step)))

    def _too_few(self, which: int) -> Ended:
        count = len(self._site.identities)
        return Ended(not_run(Told("needs {value} serial numbers; {count} are given", value=which + 1, count=count)))

    async def drop(self, device: Device) -> None:
        """Close a connection in order."""
        if device.closed is None:
            await device.close()

    async def close(self) -> None:
        """Close all that is open."""
        for device in list(self._ready.values()):
            await self.drop(device)
        self._ready.clear()

    async def download(self, url: str, limit: int) -> bytes:
        """See `Bench.download`."""
        # The rules of downloads let a device fetch from where its own look-up led.
        for left in reversed(range(_TRIES)):
            try:
                await self._network.look_up(self._dispatch.right_url(self._site.identities[0]), index=0)
                break
            except NetworkError:
                if not left:
                    raise
        return await self._network.download(url, limit, index=0)

    async def alive(self, trace: Trace) -> str | None:
        """None if the platform still does what it did when this run began; else what it does instead."""
        if (gone := await self.looked_up(trace)) is not None:
            return gone
        if not self._site.lost or Stage.ONLINE not in self.worked or self._listener is not None:
            # While one listens the first device is not to be had, and another may not be there.
            return None
        try:
            async with self.device(trace, Stage.ONLINE, fresh=True):
                return None
        except PlatformGone as error:
            return str(error)

    async def looked_up(self, trace: Trace, which: int = 0) -> str | None:
        """None if the look-up of a device is answered, at a later try if need be; else what came."""
        silences = 0
        for _ in range(_TRIES):
            answer = await self._dispatch.look_up(trace, self._site.identities[which])
            if isinstance(answer, LookedUp) and answer.ok:
                return None
            silences += _silent(answer)
            if silences == _SILENCES:
                break
        return answer.told

    # --- Inside ---

    async def _reached(self, trace: Trace, stage: Stage, which: int, on_push: OnPush) -> Device:
        """A new connection that has come to `stage`, at a later try if need be.

        Raises:
            Ended: As NOT-RUN, if the platform blocks the flow.
            PlatformGone: If it does not let a device do any more what it let one do before.
        """
        silences = 0
        for _ in range(_TRIES):
            try:
                return await self._walked(trace, stage, which, on_push)
            except StepFailed as error:
                failure = error
                silences += _silent(error.answer)
            if silences == _SILENCES:
                break
        step, answer = failure.step, failure.answer
        worked_before = PlatformGone(
            Told("{step_cases}: {failure}, which had worked before", step_cases=STEP_CASES[step], failure=failure)
        )
        if (which, step) in self._worked_for:
            raise worked_before
        if step in self.worked and isinstance(answer, Reply | LookedUp):
            # Others may do it: that is about this serial number.
            raise Ended(not_run(Told("{sn}: {failure}", sn=self._site.identities[which].sn, failure=failure)))
        if not isinstance(answer, Reply | LookedUp) and (gone := await self.looked_up(trace)) is not None:
            raise PlatformGone(
                Told("{step_cases}: {failure}; then {gone}", step_cases=STEP_CASES[step], failure=failure, gone=gone)
            )
        if step in self.worked:
            raise worked_before
        if isinstance(answer, Unreached) and answer.kind in _NOT_REACHED:
            raise PlatformGone(
                Told("its look-up works, but the broker that it names is not reached: {failure}", failure=failure)
            )
        hint = (
            Told("; is {name} its channel suite? --suite names another", name=self._site.suite.name)
            if step in _BY_SUITE
            else ""
        )
        told = f"{failure}{hint if Stage.REGISTERED not in self.worked else ''}"
        if isinstance(answer, Reply) and step in _FUNC_IDS:
            told = hints.told(self._site.terms.reading, _FUNC_IDS[step], answer.code, told)
        self.blocked[step] = told
        raise Ended(not_run(self._blocked_at(step)))

    def _blocked_at(self, step: Stage) -> str:
        return Told(
            "the initial flow ends at {step_cases}: {blocked}", step_cases=STEP_CASES[step], blocked=self.blocked[step]
        )

    async def _walked(
        self, trace: Trace, stage: Stage, which: int, on_push: OnPush, presented: Presented | None = None
    ) -> Device:
        """
        Raises:
            StepFailed: With the step.
        """
        identity = self._site.identities[which]
        looked_up = await self._dispatch.look_up(trace, identity)
        if not isinstance(looked_up, LookedUp) or not looked_up.ok:
            raise StepFailed(Stage.LOOKED_UP, looked_up)
        self._did(which, Stage.LOOKED_UP, looked_up.told)
        broker = looked_up.read.answer
        assert broker is not None, "a success"
        if not self._site.dispatch_url.startswith("https:"):
            broker = replace(broker, root_ca=None)  # as devices do: anybody in between could have put it there
        return await self._connected(trace, broker, stage, which, on_push, presented)

    async def _connected(
        self,
        trace: Trace,
        broker: BrokerAnswer,
        stage: Stage,
        which: int,
        on_push: OnPush,
        presented: Presented | None = None,
    ) -> Device:
        """
        Raises:
            StepFailed: With the step.
        """
        identity = self._site.identities[which]
        device = Device(self._site, identity, next(self._numbers), which, self._proof(which), on_push, broker)
        device.trace = trace
        device.stage = stage
        trace.note(Told("connection {number} of {sn}", number=device.number, sn=device.sn))
        try:
            opened = await self._opener.open(broker, device, presented)
        except NetworkError as error:
            raise StepFailed(Stage.OPENED, Unreached(error.kind, str(error))) from None
        self._did(which, Stage.OPENED, opened)
        try:
            await self._walk(device, stage, which)
        except BaseException:
            await self.drop(device)
            raise
        return device

    def _proof(self, which: int) -> Mapping[str, str]:
        if which not in self._proofs:
            self._proofs[which] = proof_of(self._site.identities[which])
            self._site.hide(self._proofs[which]["devKey"])
        return self._proofs[which]

    async def _walk(self, device: Device, stage: Stage, which: int) -> None:
        if stage >= Stage.EXCHANGED:
            if device.channel.has_exchange:
                self._took(Stage.EXCHANGED, await device.exchange_public_key(), device)
                self._took(Stage.EXCHANGED, await device.exchange_factor(), device)
                self._did(which, Stage.EXCHANGED, "both exchanges were accepted")
            else:
                self._did(which, Stage.EXCHANGED, Told("the suite {name} has no exchange", name=self._site.suite.name))
        steps = (
            (Stage.REGISTERED, device.register),
            (Stage.ACCREDITED, device.accredit),
            (Stage.LOGGED_IN, device.login),
            (Stage.ONLINE, device.report),
        )
        for step, send in steps:
            if stage >= step:
                answer = await send()
                self._took(step, answer, device)
                self._did(which, step, answer.told)

    def _took(self, step: Stage, answer: Answer, device: Device) -> None:
        if not isinstance(answer, Reply) or not answer.ok or device.problem:
            raise StepFailed(step, answer, device)

    def _did(self, which: int, step: Stage, observed: str) -> None:
        self._worked_for.add((which, step))
        self.worked.setdefault(step, observed)


def _silent(answer: Answer) -> bool:
    """Whether a whole time-out passed for it."""
    return isinstance(answer, Silence) or (isinstance(answer, Unreached) and answer.kind == "timeout")
