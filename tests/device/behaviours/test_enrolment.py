"""People who are enrolled at the device, and everything of them that goes up."""

from simulator.device.behaviours.arrivals import Arrival
from simulator.measurements.names import DeviceState
from tests.device.deliveries import END, PACKAGE, START
from tests.device.harness import World, enrolment


async def test_an_enrolment_brings_user_portrait_bio_photo_and_card(world: World) -> None:
    device = await world.online(users=10, behaviours=(enrolment(rate=0.02, arrival=Arrival.FIXED),))
    await world.until(lambda: bool(world.platform.sent("dev.data.upload.multiCard")))
    business = [seen.func_id for seen in world.platform.link.seen[4:] if seen.func_id != "dev.heartbeat"]
    assert business == [
        "dev.data.upload.user",
        "dev.data.upload.userPhoto",
        START,
        PACKAGE,
        PACKAGE,
        END,
        "dev.data.upload.bioPhoto",
        "dev.data.upload.multiCard",
    ]
    [user] = world.platform.sent("dev.data.upload.user")[0].params["users"]
    pin = user["pin"]
    assert pin not in [f"{1001 + number}" for number in range(10)]
    portraits, bio_photos = ((item, data) for _, item, data in world.platform.pictures)
    assert portraits[0]["pin"] == bio_photos[0]["pin"] == pin
    assert 15_000 <= len(portraits[1]) <= 19_000
    assert 66_000 <= len(bio_photos[1]) <= 76_000
    assert bio_photos[0]["type"] == "9"
    cards = world.platform.sent("dev.data.upload.multiCard")[0].params["multiCards"]
    assert {card["pin"] for card in cards} == {pin}
    assert all(card["card"].isdigit() for card in cards)
    await world.settle()
    assert world.recorder.flow_codes("enrolment_delivery") == ["00000000"]
    assert device.memory.user_count == 11
    assert pin in device.memory.user_photos
    assert device.memory.cards.of(pin) == cards


async def test_nobody_is_enrolled_in_a_full_store(world: World) -> None:
    device = await world.online(users=9, max_users=10, behaviours=(enrolment(rate=1.0),))
    await world.advance(20)
    assert device.memory.user_count == 10
    assert len(world.platform.sent("dev.data.upload.user")) == 1
    assert world.recorder.observed()["device.store-full"] > 5


async def test_enrolments_of_a_long_absence_all_arrive(world: World) -> None:
    device = await world.online(behaviours=(enrolment(rate=1.0),))
    world.network.connect_script += [world.network.fails("refused")] * 5
    world.platform.link.close(1001)
    await world.until(lambda: len(world.platform.links) == 2 and device.state is DeviceState.ONLINE)
    await world.stop(device, 60)
    assert len(world.platform.sent("dev.data.upload.multiCard")) == device.memory.user_count > 10
    assert world.recorder.flow_codes("enrolment_delivery") == ["00000000"] * device.memory.user_count
