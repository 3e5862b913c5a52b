"""One serial number as a client of an MQTT broker: it connects, is cut off, and comes back to its session."""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from simulator.conform.answers import Answer
from simulator.conform.opening import Change, Presented, new_state
from simulator.conform.outcome import Ended, not_run
from simulator.conform.pushes import OnPush, take
from simulator.conform.stages import Stage
from simulator.conform.tester import Device
from simulator.device.channel_context import with_doubts
from simulator.device.settings import Credentials
from simulator.mqtt.login import Login
from simulator.texts.told import Told


class StepFailed(Exception):  # noqa: N818 - what has happened
    """A step of the initial flow did not succeed."""

    def __init__(self, step: Stage, answer: Answer, device: Device | None = None) -> None:
        told = answer.told
        if device is not None:
            told = (
                Told("{told}, but {problem}", told=told, problem=device.problem)
                if device.problem
                else with_doubts(told, device.channel)
            )
        super().__init__(told)
        self.step = step
        self.answer = answer


Walk = Callable[[Stage, OnPush, Presented], Coroutine[Any, Any, Device]]
"""Connects and goes to a stage, or raises `StepFailed`."""


class Client:
    """Connections of one client, one after the other or one over the other; ends them all in the end.

    Attributes:
        state: What it keeps of its session with the broker.
    """

    def __init__(self, walk: Walk, identity: Credentials) -> None:
        self._walk = walk
        self._devices: list[Device] = []
        self.identity = identity
        self.state = new_state()

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(self, *raised: object) -> None:
        for device in self._devices:
            if device.closed is None:
                await device.close()
            device.trace = None

    def forget(self) -> None:
        """The next connection is that of a client that remembers nothing of a session."""
        self.state = new_state()

    async def connect(
        self, stage: Stage, *, clean: bool = False, keep_alive: int | None = None, on_push: OnPush = take
    ) -> Device:
        """Connect, and go to a stage of the initial flow.

        Raises:
            Ended: As NOT-RUN, if the platform does not let it: that is another case's subject.
        """

        def changed(login: Login) -> Login:
            return login if keep_alive is None else replace(login, keep_alive=keep_alive)

        tried = await self.tried(stage, changed, clean=clean, on_push=on_push)
        if not isinstance(tried, Device):
            raise Ended(not_run(Told("the device does not get so far: {told}", told=tried.told)))
        return tried

    async def tried(
        self, stage: Stage, change: Change, *, clean: bool = True, on_push: OnPush = take
    ) -> Device | Answer:
        """Connect with another login than the right one; the device, or how it failed."""
        try:
            device = await self._walk(stage, on_push, Presented(self.state, clean, change))
        except StepFailed as error:
            return error.answer
        self._devices.append(device)
        return device
