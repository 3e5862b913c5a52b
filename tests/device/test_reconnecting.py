"""How devices come back: how long they wait, that they do not do so in step, and when they see that nobody is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.device.deadlines import SWEEP_INTERVAL
from simulator.device.device import Device
from simulator.device.settings import OnTimeout
from simulator.fields.range import Range
from simulator.measurements.names import DeviceState
from tests.device.answers import Answer, drops, late, refuse, silent
from tests.device.deliveries import LOG, people
from tests.device.fake_platform import Link, Message
from tests.device.harness import World, alone
from tests.device.memory_network import CLOSE_TIMEOUT
from tests.device.test_mqtt import URL, over_mqtt

FIRST, MAX = 2.0, 60.0
DELAYS = Range(low=FIRST, high=MAX)
STEPS = ("dev.register", "dev.accredit", "dev.login", "dev.report")
EXCHANGES = ("device.exchange.publicKey", "device.exchange.factor")
TIMEOUT = 10.0


def transport(mqtt: bool, suite: str = "plain", **keys: Any) -> tuple[World, dict[str, Any]]:
    """A world whose broker speaks MQTT or WebSocket, and the settings of its devices."""
    world = World(suite)
    if mqtt:
        world.network.broker_url = URL
    wanted: dict[str, Any] = {"reconnect_delay": DELAYS, **keys}
    return world, over_mqtt(**wanted) if mqtt else wanted


def waits(world: World, index: int = 0) -> list[tuple[float, int]]:
    """What each wait of a device lasted, and how many there were before since the last stay that was long enough."""
    found: list[tuple[float, int]] = []
    before = 0
    own = [(state, at) for device, _, state, at in world.recorder.states if device == index]
    for place, (state, at) in enumerate(own[:-1]):
        if state != "waiting":
            continue
        previous, since = own[place - 1]
        if previous == "online" and at - since >= FIRST:
            before = 0
        found.append((own[place + 1][1] - at, before))
        before += 1
    return found


def check(world: World, index: int = 0) -> list[float]:
    """Hold each wait against the one that is due; returns them all."""
    found = waits(world, index)
    for seconds, before in found:
        longest = min(MAX, FIRST * 1.5 * 2.0**before)
        assert longest / 1.5 - 1e-6 <= seconds <= longest + 1e-6, (seconds, before)
        assert seconds <= MAX + 1e-6
    return [seconds for seconds, _ in found]


def closes(link: Link, message: Message) -> None:
    """The platform ends the connection with a close frame."""
    link.close(1001)


# --- How long ---


def let_in_and_dropped(world: World) -> None:
    """Everything is as it should be for a second, each time."""

    def drop(link: Link, message: Message) -> None:
        late(0.0)(link, message)
        world.timers.call_later(1.0, link.close, 1006)

    world.platform.always("dev.report", drop)


def refuses_tcp(world: World) -> None:
    world.network.connect_script += [world.network.fails("refused")] * 40


def does_not_answer_tcp(world: World) -> None:
    world.network.connect_script += [world.network.hangs(10.0)] * 40


def no_look_up(world: World) -> None:
    world.network.lookup_script += [world.network.fails("dns")] * 40


def no_subscription(world: World) -> None:
    world.network.subscribe_script += [world.network.fails("subscription refused")] * 40


def at(step: str, answer: Answer) -> Callable[[World], None]:
    return lambda world: world.platform.always(step, answer)


BROKEN: dict[str, Callable[[World], None]] = {
    "lets in and drops after 1 s": let_in_and_dropped,
    "refuses TCP": refuses_tcp,
    "does not answer TCP": does_not_answer_tcp,
    "has no look-up": no_look_up,
    **{f"drops at {step}": at(step, drops) for step in (*EXCHANGES, *STEPS)},
    **{f"closes at {step}": at(step, closes) for step in STEPS},
    **{f"is silent at {step}": at(step, silent) for step in (*EXCHANGES, *STEPS)},
    **{f"refuses {step}": at(step, refuse("E0000006")) for step in STEPS},
    "wants another login each time": at("dev.login", refuse("E0010004")),
}


@pytest.mark.parametrize("mqtt", [False, True], ids=["websocket", "mqtt"])
@pytest.mark.parametrize("how", [*BROKEN, "does not let subscribe"])
async def test_a_platform_that_goes_on_being_broken_sees_growing_delays(how: str, mqtt: bool) -> None:
    world, wanted = transport(mqtt, "rsa-aes")
    if how == "does not let subscribe":
        if not mqtt:
            return
        no_subscription(world)
    else:
        BROKEN[how](world)
    device = world.make(**wanted)
    device.start()
    await world.advance(600)
    delays = check(world)
    assert len(delays) >= 8
    for before, after in pairwise(delays[:5]):
        assert after > before  # until the maximum is near
    assert [place for _, place in waits(world)] == list(range(len(delays)))
    assert all(delay >= MAX / 1.5 - 1e-6 for delay in delays[6:])
    world.platform.standing.clear()
    await world.close()


@pytest.mark.parametrize("mqtt", [False, True], ids=["websocket", "mqtt"])
async def test_a_stay_as_long_as_the_first_delay_begins_anew(mqtt: bool) -> None:
    world, wanted = transport(mqtt)
    device = await world.online(**wanted)
    for stay, place in [(1.9, 0), (1.9, 1), (1.9, 2), (2.01, 0), (1.0, 1), (30.0, 0)]:
        await world.advance(stay)
        world.platform.link.close(1001)
        await world.until(lambda: device.state is DeviceState.WAITING)
        await world.until(lambda: device.state is DeviceState.ONLINE)
        assert waits(world)[-1][1] == place
    check(world)
    await world.close()


async def test_a_reboot_is_no_failure_and_mends_none(world: World) -> None:
    device = await world.online(reconnect_delay=DELAYS)
    world.platform.link.close(1001)
    await world.until(lambda: device.state is DeviceState.WAITING)
    await world.until(lambda: device.state is DeviceState.ONLINE)
    device.reboot()
    await world.until(lambda: device.state is DeviceState.REBOOTING)
    await world.until(lambda: device.state is DeviceState.ONLINE)
    world.platform.link.close(1001)
    await world.until(lambda: device.state is DeviceState.WAITING)
    await world.until(lambda: device.state is DeviceState.ONLINE)
    first, second = check(world)
    assert second > first


INCIDENTS = ("refused", "timeout", "look-up", "drop", "close", "silent", "refuse", "login", "stay", "stay")


@settings(max_examples=30)
@given(data=st.data())
@alone
async def test_no_delay_exceeds_the_maximum_whatever_happens(data: st.DataObject) -> None:
    """Any sequence of failures and stays, of any seed, over either transport."""
    suite = data.draw(st.sampled_from(["plain", "rsa-aes"]))
    world, wanted = transport(data.draw(st.booleans(), label="mqtt"), suite)
    network, platform = world.network, world.platform
    device = world.make(seed=data.draw(st.integers(0, 2**63)), **wanted)
    device.start()
    steps = (*EXCHANGES, *STEPS) if suite == "rsa-aes" else STEPS
    for _ in range(data.draw(st.integers(1, 14))):
        what = data.draw(st.sampled_from(INCIDENTS))
        if what == "refused":
            network.connect_script.append(network.fails("refused"))
        elif what == "timeout":
            network.connect_script.append(network.hangs(10.0))
        elif what == "look-up":
            network.lookup_script.append(network.fails("dns"))
        elif what == "login":
            platform.script("dev.login", refuse("E0010004"))
        elif what == "refuse":
            platform.script(data.draw(st.sampled_from(STEPS)), refuse("E0000006"))
        elif what != "stay":
            broken = {"drop": drops, "close": closes, "silent": silent}[what]
            platform.script(data.draw(st.sampled_from(steps)), broken)
        await world.until(lambda: device.state is DeviceState.ONLINE, limit=5_000)
        await world.advance(data.draw(st.sampled_from([0.0, 0.5, 1.99, 2.01, 100.0])))
        if data.draw(st.booleans(), label="half-open"):
            world.connections[-1].half_open = True
            await world.until(lambda: device.state is not DeviceState.ONLINE)
        elif platform.link.open:
            platform.link.close(data.draw(st.sampled_from([1001, 1006, 1012])))
            await world.settle()
    await world.until(lambda: device.state is DeviceState.ONLINE, limit=5_000)
    assert check(world)
    await world.close()


# --- Not in step ---


async def test_a_thousand_devices_dropped_at_the_same_moment_do_not_come_back_in_step(world: World) -> None:
    """Chance is the devices' seeds, so these figures are always the same."""
    count, first = 1_000, 30.0
    for _ in range(count):
        world.make(reconnect_delay=Range(low=first, high=300.0)).start()
    await world.settle()
    world.network.connect_script += [world.network.fails("refused")] * (2 * count)
    for link in list(world.platform.links):
        link.close(1006)
    dropped = world.clock.wall()
    told = len(world.recorder.states)
    # Refused twice: nobody's second attempt comes before everybody's first one.
    await world.advance(45 + 90 + 180 + 0.01)
    came = [at - dropped for _, before, _, at in world.recorder.states[told:] if before == "waiting"]
    attempts = [came[:count], came[count : 2 * count], came[2 * count :]]
    assert [len(each) for each in attempts] == [count] * 3
    assert all(device.state is DeviceState.ONLINE for device in world.devices)
    # The first ones lie evenly over the first delay's span, 30 s to 45 s: 66.7 in a second.
    tenths = [0] * 10
    for seconds in attempts[0]:
        tenths[int((seconds - first) / (first / 2) * 10)] += 1
    assert min(tenths) > 70
    assert max(tenths) < 130
    peaks = [max(Counter(int(seconds) for seconds in each).values()) for each in attempts]
    assert peaks[0] < 100
    assert peaks == sorted(peaks, reverse=True)


# --- When it is noticed that nobody is there ---

NOTICED = TIMEOUT + SWEEP_INTERVAL + 1e-6
"""Of a request under way."""


def half_open_from(world: World, step: str) -> None:
    """When this request comes nothing goes in or out any more, and nobody is told."""

    def gone(link: Link, message: Message) -> None:
        world.connections[-1].half_open = True

    world.platform.script(step, gone)


@pytest.mark.parametrize("on_timeout", OnTimeout)
@pytest.mark.parametrize("mqtt", [False, True], ids=["websocket", "mqtt"])
@pytest.mark.parametrize("step", [*EXCHANGES, *STEPS])
async def test_a_step_of_the_initial_flow_notices_within_the_request_time_out(
    step: str, mqtt: bool, on_timeout: OnTimeout
) -> None:
    world, wanted = transport(mqtt, "rsa-aes", on_timeout=on_timeout)
    half_open_from(world, step)
    device = await world.start(**wanted)
    since = world.clock.monotonic()
    await world.until(lambda: world.recorder.codes(step) == ["timeout"])
    assert TIMEOUT <= world.clock.monotonic() - since <= NOTICED
    # With a closing handshake that nobody answers it takes five seconds more.
    await world.until(lambda: device.state is DeviceState.WAITING, limit=CLOSE_TIMEOUT)
    await world.until(lambda: device.state is DeviceState.ONLINE)
    await world.close()


@pytest.mark.parametrize("mqtt", [False, True], ids=["websocket", "mqtt"])
@pytest.mark.parametrize(
    ("heartbeats", "keys", "bound"),
    [
        (True, {}, 60 + NOTICED),  # the platform's interval, and the request time-out
        (True, {"heartbeat": "20s"}, 20 + NOTICED),
        (True, {"heartbeat": "20s", "request_timeout": "3s"}, 23.06),
        (True, {"heartbeat": "5min", "ping": "15s"}, 15 + TIMEOUT),
        (False, {}, 60 + TIMEOUT),  # a ping a minute
        (False, {"ping": "30s"}, 30 + TIMEOUT),
        (False, {"ping": "4s"}, 4 + 4),  # a ping waits as long as the next one at most
    ],
)
async def test_an_idle_device_notices_by_its_next_sign_of_life(
    mqtt: bool, heartbeats: bool, keys: dict[str, Any], bound: float
) -> None:
    world, wanted = transport(mqtt, keys=keys)
    world.platform.terms["supportHeartbeat"] = "1" if heartbeats else "0"
    if "heartbeat" in keys:
        # The platform of the tests looks for the interval that it has named.
        world.platform.terms["heartbeatInterval"] = "300" if keys["heartbeat"] == "5min" else keys["heartbeat"][:-1]
    longest = 0.0
    for seed in range(12):
        device = await world.online(seed=seed, **wanted)
        await world.advance(7.3 * seed)
        world.connections[-1].half_open = True
        since = world.clock.monotonic()
        await world.until(lambda device=device: device.state is DeviceState.WAITING)  # type: ignore[misc]
        longest = max(longest, world.clock.monotonic() - since)
        await world.stop(device, 0)
    assert longest <= bound
    assert set(world.recorder.reasons()) <= {"timeout", "no pong", "stopped"}
    await world.close()


async def test_a_device_that_is_busy_notices_by_what_it_sends(world: World) -> None:
    device = await world.online(**people(rate=2))
    await world.advance(3)
    world.connections[-1].half_open = True
    since = world.clock.monotonic()
    await world.until(lambda: device.state is DeviceState.WAITING)
    assert world.clock.monotonic() - since <= 0.5 + NOTICED
    await world.until(lambda: device.state is DeviceState.ONLINE)
    await world.stop(device, 60)
    assert world.recorder.records["acknowledged"] == world.recorder.records["generated"]


async def test_one_that_is_full_notices_although_nothing_more_can_be_sent(world: World) -> None:
    """The peer takes no more: what is to be sent waits, and the heartbeat's time runs all the same."""
    device = await world.online(**people(rate=2))
    await world.advance(3)
    connection = world.connections[-1]
    connection.half_open = True
    connection.pause(True)
    since = world.clock.monotonic()
    await world.until(lambda: device.state is DeviceState.WAITING)
    assert world.clock.monotonic() - since <= 60 + NOTICED
    await world.until(lambda: device.state is DeviceState.ONLINE)
    await world.stop(device, 60)
    assert world.recorder.records["acknowledged"] == world.recorder.records["generated"]


@pytest.mark.parametrize("way", [Device.reboot, Device.stop])
async def test_who_goes_away_over_a_half_open_connection_is_not_held_up(
    world: World, way: Callable[[Device], None]
) -> None:
    device = await world.online(**people(rate=2))
    await world.advance(3)
    world.connections[-1].half_open = True
    await world.advance(0.6)
    way(device)
    gone = (DeviceState.REBOOTING, DeviceState.WAITING, DeviceState.STOPPED)
    since = world.clock.monotonic()
    await world.until(lambda: device.state in gone)
    assert world.clock.monotonic() - since <= NOTICED
    assert world.recorder.codes(LOG)[-1] == "timeout"
