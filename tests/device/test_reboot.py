"""A reboot: answered first, then away for a while, then back with everything it held."""

from simulator.fields.range import Range
from simulator.measurements.names import DeviceState
from tests.device.answers import late, silent
from tests.device.command_messages import DONE, USER, done
from tests.device.harness import World, verification


async def test_reboot_answers_then_closes_then_returns_warm(world: World) -> None:
    device = await world.online(users=4)
    await done(world, "cmd.data.update.user", users=[USER])
    cmd_id = world.platform.link.command("cmd.control.reboot", imme="1", operator="luther")
    await world.settle()
    assert world.platform.code_of(cmd_id) == DONE
    assert world.platform.links[0].close_received == (1000, "")
    assert device.state is DeviceState.REBOOTING
    assert world.recorder.reasons() == ["reboot"]
    since = world.clock.monotonic()
    await world.until(lambda: device.state is DeviceState.ONLINE)
    assert 5.0 <= world.clock.monotonic() - since <= 6.0
    assert world.platform.link.order == ["dev.login", "dev.report"]
    assert world.platform.sent("dev.report")[-1].params["userCount"] == "5"


async def test_reboot_lets_what_is_under_way_be_answered(world: World) -> None:
    world.platform.always("dev.heartbeat", late(1.0))
    await world.online()
    await world.until(lambda: bool(world.platform.sent("dev.heartbeat")))
    world.platform.link.command("cmd.control.reboot")
    await world.advance(1.5)
    assert world.recorder.codes("dev.heartbeat") == [DONE]
    assert world.recorder.reasons() == ["reboot"]


async def test_reboot_does_not_wait_for_ever(world: World) -> None:
    world.platform.always("dev.heartbeat", silent)
    device = await world.online()
    await world.until(lambda: bool(world.platform.sent("dev.heartbeat")))
    world.platform.link.command("cmd.control.reboot")
    await world.advance(10.1)
    assert device.state is DeviceState.REBOOTING
    assert world.recorder.codes("dev.heartbeat") == ["timeout"]


async def test_reboot_breaks_no_request_off_that_is_answered_in_time(world: World) -> None:
    world.platform.always("dev.heartbeat", late(9.0))
    device = await world.online()
    await world.until(lambda: bool(world.platform.sent("dev.heartbeat")))
    world.platform.link.command("cmd.control.reboot")
    await world.until(lambda: device.state is DeviceState.REBOOTING)
    assert world.recorder.codes("dev.heartbeat") == [DONE]
    assert world.recorder.reasons() == ["reboot"]


async def test_a_quick_reboot_happens_once(world: World) -> None:
    world.platform.script("dev.heartbeat", late(0.1))
    device = await world.online(reboot=Range(low=0.2, high=0.2))
    await world.until(lambda: bool(world.platform.sent("dev.heartbeat")))
    world.platform.link.command("cmd.control.reboot")
    await world.advance(0.5)
    assert device.state is DeviceState.ONLINE
    await world.advance(5)
    assert len(world.platform.links) == 2
    assert world.recorder.reasons() == ["reboot"]


async def test_a_repeated_reboot_is_answered_after_the_return_and_not_done_again(world: World) -> None:
    device = await world.online()
    world.platform.link.command("cmd.control.reboot", cmd_id="r", mid="one")
    await world.until(lambda: device.state is DeviceState.REBOOTING)
    await world.until(lambda: device.state is DeviceState.ONLINE)
    world.platform.link.command("cmd.control.reboot", cmd_id="r", mid="two")
    await world.advance(10)
    assert [answer["mid"] for answer in world.platform.answers_to("r")] == ["one", "two"]
    assert world.recorder.reasons() == ["reboot"]


async def test_records_survive_a_reboot(world: World) -> None:
    device = await world.online(behaviours=(verification(rate=2.0, photo_share=0.0),))
    await world.advance(5)
    world.platform.always("dev.data.upload.verifyLog", late(0.9))
    world.platform.link.command("cmd.control.reboot")
    await world.until(lambda: device.state is DeviceState.ONLINE and len(world.platform.links) == 2)
    await world.advance(3)
    await world.stop(device, 60)
    counts = world.recorder.records
    assert counts["acknowledged"] == counts["generated"]
