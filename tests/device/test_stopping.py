"""The end of a device's life, from every state: it always comes, once, and the accounts are right."""

import asyncio
from collections import Counter

import pytest

from simulator.device.settings import OnTimeout, Start
from simulator.fields.range import Range
from simulator.measurements.names import DeviceState
from tests.device.answers import late, refuse, silent
from tests.device.deliveries import LOG, people
from tests.device.harness import CLOSE_TIMEOUT, World, enrolment, verification

BUSY_LIFE = {
    "behaviours": (verification(rate=2.0, photo_share=0.5), enrolment(rate=0.1)),
}
STEPS = (
    "device.exchange.publicKey",
    "device.exchange.factor",
    "dev.register",
    "dev.accredit",
    "dev.login",
    "dev.report",
)


async def brought_to(world: World, state: str) -> None:
    """Leave device 0 in `state`, whatever holds it there."""
    network, platform = world.network, world.platform
    device = world.make(**BUSY_LIFE)
    match state:
        case "offline":
            network.turn_script.append(network.hangs())
        case "lookup":
            network.lookup_script.append(network.hangs())
        case "connecting":
            network.connect_script.append(network.hangs())
        case "waiting":
            network.lookup_script.append(network.fails("refused"))
        case "turn before a reconnect":
            network.lookup_script.append(network.fails("refused"))
            network.turn_script += [network.holds(0), network.hangs()]
        case "exchange":
            platform.script("device.exchange.publicKey", silent)
        case "register" | "accredit" | "login" | "report":
            platform.script(f"dev.{state}", silent)
    device.start()
    await world.settle()
    match state:
        case "online":
            await world.advance(20)
        case "online, platform silent":
            await world.advance(20)
            platform.always("dev.data.upload.verifyLog", silent)
            await world.advance(2)
        case "rebooting":
            await world.advance(20)
            platform.link.command("cmd.control.reboot")
            await world.until(lambda: device.state is DeviceState.REBOOTING)
        case "turn before a reconnect":
            await world.advance(3)
    expected = {
        "online, platform silent": "online",
        "turn before a reconnect": "waiting",
    }
    assert device.state.value == expected.get(state, state)


ALL_STATES = [
    "offline",
    "lookup",
    "connecting",
    "exchange",
    "register",
    "accredit",
    "login",
    "report",
    "online",
    "online, platform silent",
    "waiting",
    "rebooting",
    "turn before a reconnect",
]


@pytest.mark.parametrize("answers_close", [True, False])
@pytest.mark.parametrize("state", ALL_STATES)
async def test_stop_ends_within_the_drain_time(state: str, answers_close: bool) -> None:
    world = World("rsa-aes")
    await brought_to(world, state)
    world.network.answers_close = answers_close
    device = world.devices[0]
    before = world.clock.monotonic()
    device.stop(3.0)
    device.stop(3.0)  # twice makes no difference
    await world.until(lambda: world.finished[0] == 1, limit=60)
    assert world.clock.monotonic() - before <= 3.0 + CLOSE_TIMEOUT + 0.1
    assert device.state is DeviceState.STOPPED
    assert world.recorder.way()[-1] == "stopped"
    await world.close()


@pytest.mark.parametrize("state", ALL_STATES)
async def test_abort_ends_at_once(state: str) -> None:
    world = World("rsa-aes")
    await brought_to(world, state)
    before = world.clock.monotonic()
    world.devices[0].abort()
    await world.settle()
    assert world.finished[0] == 1
    assert world.clock.monotonic() == before
    assert world.devices[0].state is DeviceState.STOPPED
    await world.close()


@pytest.mark.parametrize("state", ALL_STATES)
async def test_abort_while_it_stops(state: str) -> None:
    world = World("rsa-aes")
    await brought_to(world, state)
    device = world.devices[0]
    device.stop(60.0)
    await world.settle()
    device.abort()
    device.abort()
    await world.settle()
    assert world.finished[0] == 1
    device.stop()
    device.abort()
    await world.close()


@pytest.mark.parametrize("state", ALL_STATES)
async def test_cut_off_ends_at_once(state: str) -> None:
    world = World("rsa-aes")
    await brought_to(world, state)
    world.devices[0].cut_off()
    await world.settle()
    assert world.finished[0] == 1
    await world.close()


@pytest.mark.parametrize("state", ["offline", "waiting", "turn before a reconnect", "rebooting"])
async def test_a_device_at_rest_with_nothing_to_deliver_stops_at_once(state: str) -> None:
    world = World("rsa-aes")
    network, platform = world.network, world.platform
    if state == "offline":
        network.turn_script.append(network.hangs())
    elif state != "rebooting":
        network.lookup_script.append(network.fails("refused"))
        network.turn_script += [network.holds(0), network.hangs()]
    device = await world.start()
    await world.advance(0)
    if state == "rebooting":
        platform.link.command("cmd.control.reboot")
        await world.settle()
    elif state == "turn before a reconnect":
        await world.advance(3)
    before = world.clock.monotonic()
    device.stop()
    await world.settle()
    assert world.finished[0] == 1
    assert world.clock.monotonic() == before
    assert len(network.lookups) == (0 if state == "offline" else 1)
    await world.close()


async def test_stop_before_the_first_turn_of_the_loop(world: World) -> None:
    device = world.make()
    device.start()
    device.stop()
    await world.settle()
    assert world.finished[0] == 1
    assert world.network.lookups == []


async def test_a_stopped_device_delivers_everything_first(world: World) -> None:
    platform = world.platform
    for func_id in ("dev.data.upload.verifyLog", "dev.data.upload.verifyPhoto", "dev.data.upload.user"):
        platform.always(func_id, late(1.0))
    device = await world.online(**BUSY_LIFE)
    await world.advance(30)
    assert device.delivery.outbox.pending > 3
    generated = world.recorder.records["generated"]
    await world.stop(device, 300.0)
    assert world.recorder.records["generated"] == generated  # nobody came any more
    assert world.recorder.records["acknowledged"] == generated
    assert world.recorder.records["photo_acknowledged"] == world.recorder.records["photo_generated"]
    assert world.recorder.failed() == Counter()
    assert world.recorder.reasons() == ["stopped"]
    assert platform.link.close_received == (1000, "")
    pins = {item["pin"] for func_id, item, _ in platform.pictures if func_id == "dev.data.upload.userPhoto"}
    assert len(platform.sent("dev.data.upload.multiCard")) == len(pins)


async def test_no_request_is_cut_off_by_a_stop_in_order(world: World) -> None:
    """A heartbeat under way is waited for."""
    world.platform.always("dev.heartbeat", late(2.0))
    device = await world.online()
    await world.until(lambda: bool(world.platform.sent("dev.heartbeat")))
    await world.stop(device)
    assert world.recorder.codes("dev.heartbeat") == ["00000000"]
    assert world.recorder.failed() == Counter()


async def test_a_device_beats_on_while_it_delivers_what_waits(world: World) -> None:
    world.platform.terms["heartbeatInterval"] = "1"
    world.platform.always("dev.data.upload.verifyLog", late(1.5))
    device = await world.online(behaviours=(verification(rate=5.0, photo_share=0.0),), drain=60.0)
    await world.advance(4)
    waiting = device.delivery.outbox.pending
    assert waiting > 4
    before = len(world.platform.sent("dev.heartbeat"))
    await world.stop(device)
    assert len(world.platform.sent("dev.heartbeat")) - before >= waiting
    assert world.recorder.records["acknowledged"] == world.recorder.records["generated"]
    assert world.recorder.failed() == Counter()


async def test_a_command_in_hand_is_answered_before_the_end(world: World) -> None:
    device = await world.online(handling={"cmd.data": Range(low=2.0, high=2.0)})
    first = world.platform.link.command("cmd.data.clear.user")
    second = world.platform.link.command("cmd.data.clear.multiCard")
    await world.advance(1)
    await world.stop(device)
    assert world.platform.code_of(first) == "00000000"
    assert world.platform.code_of(second) == "00000000"


async def test_a_query_in_hand_is_fulfilled_before_the_end(world: World) -> None:
    device = await world.online(users=300)
    world.platform.always("dev.data.upload.user", late(0.3))
    world.platform.link.command("cmd.data.query.user")
    await world.settle()
    await world.stop(device)
    users = [user for seen in world.platform.sent("dev.data.upload.user") for user in seen.params["users"]]
    assert len(users) == 300
    assert world.recorder.failed() == Counter()


async def test_a_stopped_device_comes_back_once_more_for_what_it_holds(world: World) -> None:
    device = await world.online(behaviours=(verification(rate=1.0, photo_share=0.0),))
    world.network.connect_script += [world.network.fails("refused"), world.network.fails("refused")]
    world.platform.link.close(1001)
    await world.until(lambda: device.delivery.outbox.pending > 0)
    assert device.state is DeviceState.WAITING
    await world.stop(device, 30.0)
    assert world.recorder.records["acknowledged"] == world.recorder.records["generated"]


async def test_a_device_that_was_never_let_in_does_not_drain(world: World) -> None:
    world.network.lookup_script += [world.network.fails("refused")] * 9
    device = await world.start(users=5, behaviours=(verification(rate=2.0, photo_share=0.0),))
    await world.until(lambda: device.delivery.outbox.pending > 3 and device.state is DeviceState.WAITING)
    before = world.clock.monotonic()
    device.stop(60.0)
    await world.settle()
    assert (world.finished[0], world.clock.monotonic()) == (1, before)
    # They are not lost without a word: neither acknowledged nor given up, so that the run counts them as pending.
    assert device.delivery.outbox.pending == world.recorder.records["generated"] > 3
    assert not world.recorder.records["acknowledged"] + world.recorder.records["rejected"]


@pytest.mark.parametrize("works", [True, False])
async def test_a_device_whose_first_turn_is_still_to_come_tries_once(world: World, works: bool) -> None:
    network = world.network
    network.turn_script.append(network.holds(5))
    if not works:
        network.lookup_script += [network.fails("refused")] * 9
    device = await world.start(users=5, behaviours=(verification(rate=2.0, photo_share=0.0),))
    await world.until(lambda: device.delivery.outbox.pending > 3)
    assert device.state is DeviceState.OFFLINE
    await world.stop(device, 60.0)
    assert len(network.lookups) == 1
    made = world.recorder.records["generated"]
    assert world.recorder.records["acknowledged"] == (made if works else 0)
    assert made > 3


async def test_a_device_that_comes_online_for_the_first_time_delivers_before_it_goes(world: World) -> None:
    world.platform.script("dev.login", late(6.0))
    device = await world.start(users=5, behaviours=(verification(rate=2.0, photo_share=0.0),))
    await world.until(lambda: device.delivery.outbox.pending > 3)
    assert device.state is DeviceState.LOGIN
    await world.stop(device, 60.0)
    assert world.recorder.records["acknowledged"] == world.recorder.records["generated"] > 3


async def test_what_the_platform_does_not_take_does_not_hold_up_the_end(world: World) -> None:
    world.platform.terms["funcIds"] = []
    device = await world.online(**BUSY_LIFE)
    await world.advance(20)
    assert device.delivery.outbox.pending > 0
    before = world.clock.monotonic()
    await world.stop(device, 60.0)
    assert world.clock.monotonic() - before < 1.0


async def test_after_the_drain_time_what_waits_is_pending(world: World) -> None:
    world.platform.always("dev.data.upload.verifyLog", silent)
    device = await world.online(
        request_timeout=5.0,
        on_timeout=OnTimeout.RETRY,
        behaviours=(verification(rate=1.0, photo_share=0.0),),
    )
    await world.advance(10)
    await world.stop(device, 3.0)
    assert device.delivery.outbox.pending == world.recorder.records["generated"] > 0


async def test_a_refused_record_holds_the_end_up_until_it_is_rejected_or_the_time_is_over(world: World) -> None:
    world.platform.always("dev.data.upload.verifyLog", refuse("E0000006"))
    device = await world.online(behaviours=(verification(rate=0.5, photo_share=0.0),))
    await world.until(lambda: bool(world.platform.sent("dev.data.upload.verifyLog")))
    await world.stop(device, 50.0)
    counts = world.recorder.records
    assert counts["rejected"] == counts["generated"] > 0


async def test_a_stop_while_it_comes_online_lets_it_come_online_and_go(world: World) -> None:
    world.platform.always("dev.login", late(2.0))
    device = await world.start()
    await world.advance(1.0)
    assert device.state is DeviceState.LOGIN
    await world.stop(device)
    assert world.recorder.failed() == Counter()
    assert world.recorder.flow_codes("init") == ["00000000"]
    assert world.recorder.way()[-2:] == ["online", "stopped"]


@pytest.mark.parametrize("step", STEPS)
async def test_the_platform_goes_while_the_device_stops(step: str) -> None:
    world = World("rsa-aes")
    world.platform.script(step, silent)
    device = await world.start()
    device.stop(8.0)
    await world.advance(1)
    world.platform.link.close(1001)
    await world.until(lambda: world.finished[0] == 1)
    await world.close()


@pytest.mark.parametrize("seconds", [0.0, 0.5, 3.0, 9.0, 11.0, 14.0, 40.0])
@pytest.mark.parametrize("drain", [0.0, 1.0, 20.0])
async def test_the_accounts_after_a_stop_at_any_moment_of_a_rough_life(seconds: float, drain: float) -> None:
    """`World.close` compares what was sent, recorded, generated, acknowledged and held."""
    world = World("rsa-aes")
    platform = world.platform
    platform.script("dev.login", refuse("E0010004"), late(3.0))
    platform.script("dev.data.upload.verifyLog", refuse(), late(1.0), silent, late(2.0), refuse())
    platform.script("dev.file.upload.package", late(1.0), refuse())
    device = await world.start(
        start=Start.WARM, auth_code="auth0", secret="secret-of-auth0", request_timeout=2.5, **BUSY_LIFE
    )
    await world.advance(seconds)
    await world.stop(device, drain)
    assert world.recorder.way()[-1] == "stopped"
    await world.close()


async def test_nothing_is_left_to_run_after_the_end(world: World) -> None:
    device = await world.online(handling={"cmd": Range(low=500.0, high=500.0)}, **BUSY_LIFE)
    world.platform.link.command("cmd.control.reboot")
    await world.advance(5)
    device.stop(1.0)
    await world.advance(10)
    assert world.finished[0] == 1
    assert asyncio.all_tasks() == {asyncio.current_task()}
    due = world.timers.next_due()
    assert due is None or due <= world.clock.monotonic() + 10.1  # a sweep of deadlines at most


async def test_a_device_whose_time_to_deliver_is_over_still_takes_its_leave(world: World) -> None:
    world.platform.always(LOG, silent)
    device = await world.online(request_timeout=60.0, **people(rate=1.0))
    await world.until(lambda: bool(world.platform.sent(LOG)))
    await world.stop(device, drain=2.0)
    assert world.platform.link.close_received == (1000, "")
    assert world.recorder.codes(LOG) == ["disconnected"]
