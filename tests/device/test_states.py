"""The table of states: every device keeps to it, and everything in it happens."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from simulator.device import initial_flow
from simulator.device.backoff import Backoff
from simulator.device.lifecycle import Lifecycle
from simulator.device.settings import Start
from simulator.device.states import RESTING, TRANSITIONS, TransitionError, check_transition
from simulator.measurements.names import DeviceState
from tests.device.answers import drops, refuse, silent
from tests.device.harness import World, alone

Way = tuple[str, str]

STEP_OF = {
    "exchange": "device.exchange.publicKey",
    "register": "dev.register",
    "accredit": "dev.accredit",
    "login": "dev.login",
    "report": "dev.report",
}
"""State -> the request that holds a device in it while the platform says nothing."""
UNDER_WAY = ("lookup", "connecting", *STEP_OF, "online")
EVERYWHERE = ("offline", *UNDER_WAY, "waiting", "rebooting")
"""Where a device with power can be."""


def taken(world: World) -> set[Way]:
    """The transitions of all devices of a world."""
    return {way for device in world.devices for way in pairwise(["offline", *world.recorder.way(device.spec.index)])}


async def held_in(state: str, **settings: Any) -> World:
    """A world whose device is kept in `state`."""
    world = World("rsa-aes")
    network, platform = world.network, world.platform
    if state == "offline":
        network.turn_script.append(network.hangs())
    elif state == "lookup":
        network.lookup_script.append(network.hangs())
    elif state == "connecting":
        network.connect_script.append(network.hangs())
    elif state == "waiting":
        network.connect_script.append(network.fails("refused"))
    elif state in STEP_OF:
        platform.script(STEP_OF[state], silent)
    device = await world.start(**settings)
    if state == "rebooting":
        platform.link.command("cmd.control.reboot")
        await world.settle()
    assert device.state.value == state
    return world


async def stopped_in(state: str) -> World:
    world = await held_in(state)
    world.devices[0].abort()
    await world.settle()
    return world


async def lost_in(state: str) -> World:
    """What is under way comes to nothing."""
    world = World("rsa-aes")
    network, platform = world.network, world.platform
    if state == "lookup":
        network.lookup_script.append(network.fails("refused"))
    elif state == "connecting":
        network.connect_script.append(network.fails("refused"))
    elif state in STEP_OF:
        platform.script(STEP_OF[state], drops)
    await world.start()
    if state == "online":
        platform.link.close(1001)
        await world.settle()
    return world


async def broken_in(state: str) -> World:
    """A fault of this program ends the device there."""
    with pytest.MonkeyPatch.context() as patch:
        world = await held_in(state) if state in ("online", "waiting", "rebooting") else World("rsa-aes")
        network = world.network

        async def fault(*_: Any, **__: Any) -> Any:
            raise RuntimeError("a fault")

        def fault_at_once(*_: Any) -> Any:
            raise RuntimeError("a fault")

        if state in ("offline", "waiting", "rebooting"):
            network.turn_script.append(fault)
        elif state == "lookup":
            network.lookup_script.append(fault)
        elif state == "connecting":
            network.connect_script.append(fault)
        elif state == "online":
            patch.setattr(Backoff, "next", fault_at_once)
            world.platform.link.close(1001)
        else:
            patch.setattr(initial_flow, state, fault)
        if not world.devices:
            await world.start()
        await world.advance(10)
        assert world.recorder.internal_errors
        world.recorder.internal_errors.clear()
        world.logs.clear()
    return world


async def without_exchange() -> World:
    world = World("plain")
    device = await world.online()
    world.platform.link.close(1001)
    await world.until(lambda: device.state is DeviceState.ONLINE)
    return world


async def warm() -> World:
    world = World("rsa-aes")
    await world.online(start=Start.WARM, auth_code="auth0", secret="secret-of-auth0")
    return world


async def refused_login() -> World:
    world = World("rsa-aes")
    world.platform.script("dev.login", refuse("E0010004"))
    await world.online(start=Start.WARM, auth_code="auth0", secret="secret-of-auth0")
    return world


async def look_up_after_failures() -> World:
    world = World("rsa-aes")
    device = await world.online()
    world.network.connect_script += [world.network.fails("refused")] * 2
    world.platform.link.close(1001)
    await world.until(lambda: len(world.network.lookups) == 2)
    await world.until(lambda: device.state is DeviceState.ONLINE)
    return world


async def rebooted() -> World:
    world = await held_in("rebooting")
    await world.until(lambda: world.devices[0].state is DeviceState.ONLINE)
    return world


async def looked_up_after_a_reboot() -> World:
    world = await held_in("rebooting", keys={"lookup": {"again": "after reboot"}})
    await world.until(lambda: world.devices[0].state is DeviceState.ONLINE)
    return world


async def unpowered_in(state: str) -> World:
    world = await held_in(state)
    world.devices[0].lose_power(unsent_lost=False)
    await world.settle()
    return world


async def stopped_without_power() -> World:
    world = await unpowered_in("online")
    world.devices[0].stop()
    await world.settle()
    return world


async def power_back() -> World:
    world = await unpowered_in("online")
    world.devices[0].power_back()
    await world.until(lambda: world.devices[0].state is DeviceState.ONLINE)
    return world


async def test_the_table_holds_what_happens_and_nothing_else() -> None:
    seen = set()
    for made in (
        *map(stopped_in, EVERYWHERE),
        *map(unpowered_in, EVERYWHERE),
        *map(lost_in, UNDER_WAY),
        *map(broken_in, EVERYWHERE),
        *(
            make()
            for make in (
                without_exchange,
                warm,
                refused_login,
                look_up_after_failures,
                rebooted,
                stopped_without_power,
                power_back,
                looked_up_after_a_reboot,
            )
        ),
    ):
        world = await made
        seen |= taken(world)
        await world.close()
    table = {(state.value, after.value) for state, following in TRANSITIONS.items() for after in following}
    assert seen == table


def test_every_state_of_a_device_is_in_the_table() -> None:
    assert set(TRANSITIONS) == set(DeviceState) - {DeviceState.LOST}  # which no device tells of itself
    assert set().union(*TRANSITIONS.values()) == set(TRANSITIONS) - {DeviceState.OFFLINE}
    assert set(TRANSITIONS) >= RESTING


@pytest.mark.parametrize("state", list(DeviceState))
@pytest.mark.parametrize("following", list(DeviceState))
def test_what_is_not_in_the_table_is_refused(state: DeviceState, following: DeviceState) -> None:
    if following in TRANSITIONS.get(state, ()):
        check_transition(state, following)
    else:
        with pytest.raises(TransitionError, match=f"from {state.value} to {following.value}"):
            check_transition(state, following)


async def test_a_transition_that_is_not_in_the_table_is_an_internal_error(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    connect = Lifecycle._connect

    async def leaps(lifecycle: Lifecycle) -> Any:
        lifecycle._enter(DeviceState.ONLINE)
        return await connect(lifecycle)

    monkeypatch.setattr(Lifecycle, "_connect", leaps)
    device = await world.start()
    assert device.state is DeviceState.FAILED
    assert world.finished[0] == 1
    assert world.recorder.internal_errors == [
        ("device.exception", "a device cannot go from offline to online", 0),
    ]


EVENTS: dict[str, Callable[[World], None]] = {
    "the connection is lost": lambda world: world.platform.link.close(1001) if world.platform.links else None,
    "garbage comes": lambda world: world.platform.link.transmit(b"?") if world.platform.links else None,
    "a reboot is asked for": lambda world: (
        world.platform.link.command("cmd.control.reboot") if world.devices[0].state is DeviceState.ONLINE else None
    ),
    "the next look-up fails": lambda world: world.network.lookup_script.append(world.network.fails("refused")),
    "the next connect fails": lambda world: world.network.connect_script.append(world.network.fails("refused")),
    "the next connect hangs": lambda world: world.network.connect_script.append(world.network.hangs(20.0)),
    "the next login is refused": lambda world: world.platform.script("dev.login", refuse()),
    "the next registration is not answered": lambda world: world.platform.script("dev.register", silent),
    "the next report is dropped": lambda world: world.platform.script("dev.report", drops),
    "it is told to stop": lambda world: world.devices[0].stop(5.0),
    "it is switched off": lambda world: world.devices[0].abort(),
}


@hypothesis_settings(max_examples=60, deadline=None)
@given(
    suite=st.sampled_from(["plain", "rsa-aes"]),
    events=st.lists(st.tuples(st.sampled_from(sorted(EVENTS)), st.sampled_from([0.0, 0.01, 1.0, 9.0])), max_size=12),
)
@alone
async def test_whatever_happens_a_device_keeps_to_the_table(suite: str, events: list[tuple[str, float]]) -> None:
    world = World(suite)
    await world.start()
    for event, seconds in events:
        EVENTS[event](world)
        await world.advance(seconds)
    await world.close()  # counts internal errors
    allowed = {(state.value, after.value) for state, following in TRANSITIONS.items() for after in following}
    assert taken(world) <= allowed
