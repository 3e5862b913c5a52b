"""A power cut: the software's life ends at that moment, wherever it is; what is in flash goes on with the next one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.device.device import Device
from simulator.device.settings import OnTimeout
from simulator.fields.range import Range
from simulator.measurements.names import DeviceState
from tests.device.answers import drops, late, refuse, silent, usual
from tests.device.behaviours.test_option_upload import ROOM
from tests.device.command_messages import DONE, USER, done
from tests.device.deliveries import LOG, PHOTO, log_ids, people
from tests.device.fake_platform import Link, Message
from tests.device.harness import World, alone, enrolment, verification
from tests.device.test_keeping import given_store
from tests.device.test_mqtt import URL, over_mqtt
from tests.device.test_states import EVERYWHERE, held_in

FLOWN = {"lookup": "getBrokerServer", "connecting": "connect"}
"""State -> what is measured as a request there and is no message."""


def sent(world: World) -> int:
    """Messages of devices so far."""
    return sum(direction == ">" for direction, _ in world.wire)


async def back_online(world: World, device: Device) -> None:
    device.power_back()
    await world.until(lambda: device.state is DeviceState.ONLINE)


# --- Wherever it is ---


@pytest.mark.parametrize("unsent_lost", [False, True])
@pytest.mark.parametrize("state", EVERYWHERE)
async def test_the_life_ends_at_once_in_every_state(state: str, unsent_lost: bool) -> None:
    world = await held_in(state, behaviours=(verification(rate=1.0),), users=10)
    (device,) = world.devices
    await world.advance(0.5)
    before = len(world.recorder.requests), sent(world)
    assert device.lose_power(unsent_lost=unsent_lost) == (world.recorder.records["lost"] if unsent_lost else 0)
    assert device.state is DeviceState.UNPOWERED
    assert device.lifecycle.online is None
    # What was on its way is settled at this moment, and the look-up with the end of its task.
    requests = [entry[3] for entry in world.recorder.requests[before[0] :]]
    assert set(requests) <= {"disconnected"}
    await world.settle()
    if state in FLOWN:
        assert world.recorder.codes(FLOWN[state])[-1] == "disconnected"
    told = world.recorder.flow_codes("init")
    assert told[-1:] == (["disconnected"] if state not in ("offline", "online", "waiting", "rebooting") else told[-1:])
    settled = len(world.recorder.requests)
    await world.advance(3_600)
    assert (len(world.recorder.requests), sent(world)) == (settled, before[1])
    assert device.state is DeviceState.UNPOWERED
    assert world.finished[0] == 0
    assert set(world.recorder.reasons()) <= {"power lost", "reboot"}
    await back_online(world, device)
    assert world.finished[0] == 0
    await world.close()


async def test_power_that_was_never_gone_does_not_come_back(world: World) -> None:
    device = await world.online()
    device.power_back()
    device.lose_power(unsent_lost=False)
    await back_online(world, device)
    device.power_back()
    await world.advance(1)
    assert len(world.platform.links) == 2
    assert world.recorder.way() == [
        *("lookup", "connecting", "register", "accredit", "login", "report", "online"),
        *("unpowered", "waiting", "connecting", "login", "report", "online"),
    ]


async def test_power_cuts_that_overlap_end_with_the_last_one(world: World) -> None:
    world.platform.always(LOG, silent)
    device = await world.online(**people(rate=1))
    await world.advance(4.5)
    assert device.lose_power(unsent_lost=False) == 0
    assert device.lose_power(unsent_lost=True) == world.recorder.records["generated"] > 0
    assert device.lose_power(unsent_lost=True) == 0
    for _ in range(2):
        device.power_back()
        await world.advance(60)
        assert device.state is DeviceState.UNPOWERED
    await back_online(world, device)
    device.lose_power(unsent_lost=False)
    await back_online(world, device)


async def test_who_is_not_switched_on_or_over_has_no_life_to_lose(world: World) -> None:
    device = world.make()
    assert device.lose_power(unsent_lost=True) == 0
    device.power_back()
    assert device.state is DeviceState.OFFLINE
    device.start()
    await world.settle()
    await world.stop(device)
    assert device.lose_power(unsent_lost=True) == 0
    device.power_back()
    await world.settle()
    assert device.state is DeviceState.STOPPED
    assert world.finished[0] == 1


async def test_a_device_that_cannot_come_online_is_over_too(world: World) -> None:
    world.network.broker_url = "http://push.test:1"
    device = await world.start()
    assert device.state is DeviceState.FAILED
    assert device.lose_power(unsent_lost=False) == 0
    device.power_back()
    assert device.state is DeviceState.FAILED


async def test_power_that_is_back_at_the_same_moment_begins_a_life_of_its_own(world: World) -> None:
    device = await world.online()
    for _ in range(3):
        device.lose_power(unsent_lost=False)
        device.power_back()
    await world.until(lambda: device.state is DeviceState.ONLINE)
    assert world.finished[0] == 0
    mids = [orjson.loads(payload)["mid"] for direction, payload in world.wire if direction == ">"]
    assert len(set(mids)) == len(mids)


async def test_a_reboot_under_way_is_cut_short(world: World) -> None:
    world.platform.always("dev.heartbeat", silent)
    device = await world.online()
    await world.until(lambda: bool(world.platform.sent("dev.heartbeat")))
    world.platform.link.command("cmd.control.reboot")
    await world.advance(1)
    assert device.state is DeviceState.ONLINE  # it waits for the heartbeat's reply
    device.lose_power(unsent_lost=False)
    assert world.recorder.codes("dev.heartbeat") == ["disconnected"]
    await world.advance(100)
    assert world.recorder.reasons() == ["power lost"]
    await back_online(world, device)


async def test_a_reboot_asked_for_at_the_same_moment_never_happens(world: World) -> None:
    device = await world.online()
    device.reboot()
    device.lose_power(unsent_lost=False)
    await world.advance(10)
    await back_online(world, device)
    await world.advance(30)
    assert device.state is DeviceState.ONLINE
    assert world.recorder.reasons() == ["power lost"]


# --- Told to stop ---


@pytest.mark.parametrize("end", [Device.stop, Device.abort, Device.cut_off])
async def test_a_device_without_power_that_is_told_to_stop_is_over_at_once(
    world: World, end: Callable[[Device], None]
) -> None:
    world.platform.always(LOG, silent)
    device = await world.online(**people(rate=1))
    await world.advance(5.5)
    device.lose_power(unsent_lost=False)
    end(device)
    end(device)
    await world.settle()
    assert device.state is DeviceState.STOPPED
    assert world.finished[0] == 1
    assert device.delivery.outbox.pending == world.recorder.records["generated"] > 0
    device.power_back()
    await world.advance(100)
    assert device.state is DeviceState.STOPPED
    assert len(world.platform.links) == 1


async def test_a_device_that_drains_is_over_when_the_power_goes(world: World) -> None:
    world.platform.always(LOG, silent)
    device = await world.online(**people(rate=1), drain=60.0)
    await world.advance(3.5)
    device.stop()
    await world.advance(1)
    assert world.finished[0] == 0
    device.lose_power(unsent_lost=False)
    assert device.state is DeviceState.STOPPED
    await world.settle()
    assert world.finished[0] == 1
    assert world.recorder.reasons() == ["power lost"]
    device.power_back()
    await world.advance(100)
    assert world.finished[0] == 1


async def test_a_device_that_drains_loses_its_store_too(world: World) -> None:
    world.platform.always(LOG, silent)
    device = await world.online(**people(rate=1), drain=60.0)
    await world.advance(3.5)
    device.stop()
    lost = device.lose_power(unsent_lost=True)
    assert lost == world.recorder.records["lost"] == world.recorder.records["generated"] > 0


async def test_a_device_that_says_goodbye_is_over_when_the_power_goes(world: World) -> None:
    world.network.answers_close = False
    device = await world.online()
    device.stop()
    assert device.state is DeviceState.ONLINE
    device.lose_power(unsent_lost=False)
    await world.settle()
    assert world.finished[0] == 1
    assert world.recorder.reasons() == ["stopped"]


async def test_a_device_with_power_again_drains_as_any_other(world: World) -> None:
    world.platform.script(LOG, silent)
    device = await world.online(**people(rate=1))
    await world.advance(5.5)
    device.lose_power(unsent_lost=False)
    device.power_back()
    await world.stop(device, 60)
    counts = world.recorder.records
    assert counts["acknowledged"] == counts["generated"] > 0


async def test_who_waits_for_his_turn_with_power_again_drains_too(world: World) -> None:
    """It was online before: what it has may well be delivered."""
    world.platform.script(LOG, silent)
    device = await world.online(**people(rate=1))
    await world.advance(2.5)
    device.lose_power(unsent_lost=False)
    world.network.turn_script.append(world.network.holds(10.0))
    device.power_back()
    await world.settle()
    assert device.state is DeviceState.WAITING
    await world.stop(device, 60)
    assert world.recorder.records["acknowledged"] == world.recorder.records["generated"] > 0


# --- What RAM held ---


async def test_every_request_under_way_is_recorded_once(world: World) -> None:
    world.platform.always(LOG, silent)
    world.platform.always("dev.heartbeat", silent)
    device = await world.online(**people(rate=1))
    await world.until(lambda: bool(world.platform.sent("dev.heartbeat")) and bool(world.platform.sent(LOG)))
    names = [orjson.loads(payload)["funcId"] for direction, payload in world.wire if direction == ">"]
    assert len(world.recorder.codes("dev.heartbeat")) < names.count("dev.heartbeat")
    device.lose_power(unsent_lost=False)
    for name in (LOG, "dev.heartbeat"):
        assert len(world.recorder.codes(name)) == names.count(name)
        assert world.recorder.codes(name)[-1] == "disconnected"
    assert world.recorder.details[LOG, "disconnected"] == "the device lost its power"


async def test_what_arrives_for_the_life_before_is_nobodys(world: World) -> None:
    """The platform's answer was on its way, and is lost with the connection."""
    world.platform.script(LOG, late(2.0))
    device = await world.online(**people(rate=1))
    await world.until(lambda: bool(world.platform.sent(LOG)))
    device.lose_power(unsent_lost=False)
    await world.advance(5)
    assert world.recorder.codes(LOG) == ["disconnected"]
    assert world.recorder.broken() == {}


@pytest.mark.parametrize("handling", [{}, {"cmd.data.update.user": Range(low=5.0, high=5.0)}])
async def test_commands_that_wait_or_are_half_done_are_gone(world: World, handling: dict[str, Range]) -> None:
    url = "http://pictures.test/face.jpg"
    world.network.files[url] = world.env.photos.jpeg(10_000, 1)
    world.network.download_seconds = 5.0
    device = await world.online(users=4, handling=handling)
    first = world.platform.link.command(
        "cmd.data.update.bioPhoto", bioPhotos=[{"pin": "1001", "type": "9", "url": url, "no": "0", "index": "0"}]
    )
    second = world.platform.link.command("cmd.data.update.user", users=[USER])
    await world.advance(1)
    assert device.commands.busy
    device.lose_power(unsent_lost=False)
    assert not device.commands.busy
    await world.advance(20)
    await back_online(world, device)
    await world.advance(20)
    assert world.platform.code_of(first) is world.platform.code_of(second) is None
    assert USER["pin"] not in device.memory
    assert world.recorder.commands == []


async def test_an_answered_command_is_not_remembered(world: World) -> None:
    """A cmdId that comes again is a new one: what says that it was answered was in RAM (docs/deviations.md)."""
    device = await world.online()
    world.platform.link.command("cmd.data.update.user", cmd_id="u", mid="one", users=[USER])
    await world.advance(1)
    device.lose_power(unsent_lost=False)
    await back_online(world, device)
    world.platform.link.command("cmd.data.update.user", cmd_id="u", mid="two", users=[USER])
    await world.advance(1)
    assert [answer["code"] for answer in world.platform.answers_to("u")] == [DONE, DONE]
    assert "command.repeated" not in world.recorder.observed()
    assert world.recorder.broken() == {}


async def test_the_same_mid_in_the_next_life_is_no_fault_of_the_platform(world: World) -> None:
    device = await world.online()
    world.platform.link.command("cmd.data.update.user", cmd_id="u", mid="m", users=[USER])
    await world.advance(1)
    device.lose_power(unsent_lost=False)
    await back_online(world, device)
    world.platform.link.command("cmd.system.sync.time", cmd_id="t", mid="m")
    await world.advance(1)
    assert world.recorder.broken() == {}


async def test_what_the_platform_asked_for_is_not_answered_any_more(world: World) -> None:
    world.platform.always("dev.data.upload.user", silent)
    device = await world.online(users=4)
    world.platform.link.command("cmd.data.query.user", pins=["1001"])
    await world.until(lambda: bool(world.platform.sent("dev.data.upload.user")))
    device.lose_power(unsent_lost=False)
    assert world.recorder.codes("dev.data.upload.user") == ["disconnected"]
    await back_online(world, device)
    await world.advance(60)
    assert len(world.platform.sent("dev.data.upload.user")) == 1


async def test_negotiated_terms_are_those_of_the_next_report(world: World) -> None:
    world.platform.terms["funcIds"] = ["dev.heartbeat"]
    device = await world.online(**people(rate=1))
    await world.advance(3)
    device.lose_power(unsent_lost=False)
    del world.platform.terms["funcIds"]
    await back_online(world, device)
    await world.advance(5)
    assert world.recorder.records["acknowledged"] > 3


# --- What flash and the clock kept ---


async def test_what_the_platform_pushed_is_kept(world: World) -> None:
    device = await world.online(users=4)
    await done(world, "cmd.data.update.user", users=[USER])
    await done(world, "cmd.option.set", option=ROOM)
    device.lose_power(unsent_lost=True)
    await world.advance(60)
    await back_online(world, device)
    assert world.platform.sent("dev.report")[-1].params["userCount"] == "5"
    assert USER["pin"] in device.memory
    assert device.memory.options["meetRoomName"] == ROOM["meetRoomName"]


async def test_the_login_is_warm_and_the_address_kept(sealed_world: World) -> None:
    world = sealed_world
    device = await world.online()
    device.lose_power(unsent_lost=False)
    await world.advance(30)
    await back_online(world, device)
    assert world.platform.link.order == [
        *("device.exchange.publicKey", "device.exchange.factor", "dev.login", "dev.report")
    ]
    assert len(world.network.lookups) == 1
    assert world.recorder.observed() == {}
    assert [call[0] for call in world.logins.calls] == ["granted"]


async def test_the_address_is_asked_for_again_where_a_reboot_asks_too(world: World) -> None:
    device = await world.online(keys={"lookup": {"again": "after reboot"}})
    device.lose_power(unsent_lost=False)
    await back_online(world, device)
    assert len(world.network.lookups) == 2


async def test_a_login_that_was_granted_and_not_used_yet_is_kept(world: World) -> None:
    world.platform.script("dev.login", silent)
    device = await world.start()
    assert device.state is DeviceState.LOGIN
    device.lose_power(unsent_lost=False)
    await back_online(world, device)
    assert world.platform.link.order == ["dev.login", "dev.report"]
    assert world.logins.calls == [("granted", "SN0000", "auth1", "secret-of-auth1")]


async def test_a_registration_without_its_secret_is_made_again(world: World) -> None:
    world.platform.script("dev.accredit", silent)
    device = await world.start()
    device.lose_power(unsent_lost=False)
    assert "auth1" in device.secrets()
    await back_online(world, device)
    assert world.platform.link.order == ["dev.register", "dev.accredit", "dev.login", "dev.report"]


async def test_the_clock_goes_on_as_it_was(world: World) -> None:
    clock = {"offset": "90s", "drift": "100ppm"}
    device = await world.online(keys={"clock": clock})
    device.set_clock(600)
    ahead = device._clock.now() - world.clock.wall()
    device.lose_power(unsent_lost=True)
    await world.advance(10_000)
    device.set_clock(-60)
    assert device._clock.now() - world.clock.wall() == pytest.approx(ahead + 1.0 - 60, abs=0.05)
    await back_online(world, device)
    assert device._clock.now() - world.clock.wall() == pytest.approx(ahead + 1.0 - 60, abs=0.05)


# --- Records and pictures ---


async def test_records_keep_time_order_and_number_and_go_up_first(world: World) -> None:
    world.platform.always(LOG, silent)
    device = await world.online(**people(rate=1, photos=1.0, batch=3))
    await world.advance(8.5)
    waiting = [dict(record.fields) for record in _waiting(device)]
    device.lose_power(unsent_lost=False)
    assert [record.fields for record in _waiting(device)] == waiting
    generated = world.recorder.records["generated"]
    await world.advance(300)
    assert world.recorder.records["generated"] == generated  # nobody comes in the dark
    world.platform.always(LOG, usual)
    first = len(world.platform.sent(LOG))
    await back_online(world, device)
    await world.advance(10)
    gone_up = [record for seen in world.platform.sent(LOG)[first:] for record in seen.params["verifyLog"]]
    assert gone_up[: len(waiting)] == waiting
    numbers = [int(record["logId"]) for record in gone_up]
    assert numbers == sorted(set(numbers))
    assert world.recorder.records["acknowledged"] >= len(waiting)
    assert world.recorder.records["lost"] == 0
    assert world.recorder.records["resent"] > 0


async def test_unsent_records_and_pictures_are_lost_and_counted(world: World) -> None:
    store = given_store(world)
    world.platform.always(PHOTO, silent)
    device = await world.online(**people(rate=1, photos=1.0))
    await world.advance(3.5)
    world.platform.always(LOG, silent)
    await world.advance(6)
    counts = world.recorder.records
    waiting = counts["generated"] - counts["acknowledged"]
    pictures = counts["photo_generated"] - counts["photo_acknowledged"]
    assert counts["acknowledged"] > 0
    assert pictures > waiting > 0
    assert device.lose_power(unsent_lost=True) == waiting == counts["lost"]
    assert counts["photo_lost"] == pictures
    assert (store.records, store.photos, device.delivery.outbox.pending) == (0, 0, 0)
    assert store.restore("SN0000") == []
    highest = max(max(ids) for ids in log_ids(world))
    world.platform.always(LOG, usual)
    world.platform.always(PHOTO, usual)
    before = len(world.platform.sent(LOG))
    await back_online(world, device)
    await world.advance(30)
    assert min(min(ids) for ids in log_ids(world)[before:]) > highest
    await world.stop(device, 60)
    assert counts["generated"] == counts["acknowledged"] + counts["lost"]
    assert counts["photo_generated"] == counts["photo_acknowledged"] + counts["photo_lost"]


async def test_refused_records_that_wait_for_their_turn_are_lost_too(world: World) -> None:
    world.platform.always(LOG, refuse("E0000005"))
    device = await world.online(**people(rate=1))
    await world.advance(4.5)
    assert device.lose_power(unsent_lost=True) == world.recorder.records["generated"]


async def test_an_acknowledgement_that_came_at_the_same_moment_is_not_known(world: World) -> None:
    """The reply was read and not written down yet: the record goes up once more."""
    device = await world.online(**people(rate=1))
    await world.until(lambda: world.recorder.records["generated"] == 1)
    original = world.recorder.request

    def heard(name: str, *rest: Any) -> None:
        original(name, *rest)
        if name == LOG:
            world.recorder.request = original  # type: ignore[method-assign]
            device.lose_power(unsent_lost=False)

    world.recorder.request = heard  # type: ignore[method-assign]
    await world.until(lambda: device.state is DeviceState.UNPOWERED)
    assert set(world.recorder.codes(LOG)) == {DONE}
    assert len(world.recorder.codes(LOG)) == world.recorder.records["acknowledged"] + 1
    assert device.delivery.outbox.pending == 1
    (unknown,) = _waiting(device)
    await back_online(world, device)
    await world.advance(1)
    assert world.recorder.records["acknowledged"] == world.recorder.records["generated"]
    assert log_ids(world).count([unknown.log_id]) == 2


@pytest.mark.parametrize("step", ["dev.file.upload.package", "dev.file.upload.end", PHOTO])
async def test_a_file_that_was_on_its_way_begins_anew(world: World, step: str) -> None:
    """Which of its pieces arrived was in RAM, and that all did, too."""
    world.platform.script(step, silent)
    device = await world.online(**people(rate=0.1, photos=1.0, size=Range(low=90_000, high=90_000)))
    await world.until(lambda: bool(world.platform.sent(step)), limit=60)
    device.lose_power(unsent_lost=False)
    await back_online(world, device)
    await world.advance(5)
    assert len(world.platform.sent("dev.file.upload.start")) == 2
    assert world.recorder.records["photo_acknowledged"] == world.recorder.records["photo_generated"] == 1


async def test_who_was_enrolled_is_enrolled_once_and_goes_up(world: World) -> None:
    world.platform.always("dev.data.upload.user", silent)
    device = await world.online(behaviours=(enrolment(rate=0.2),))
    await world.advance(20)
    users = device.memory.user_count
    assert users > 0
    device.lose_power(unsent_lost=True)
    await world.advance(600)
    assert device.memory.user_count == users
    world.platform.always("dev.data.upload.user", usual)
    await back_online(world, device)
    await world.advance(1)
    pins = [user["pin"] for seen in world.platform.sent("dev.data.upload.user") for user in seen.params["users"]]
    assert len(set(pins)) >= users
    await world.advance(60)
    assert device.memory.user_count > users


async def test_options_go_up_at_a_moment_of_the_next_life(world: World) -> None:
    device = await world.online(keys={"option_upload": {"interval": "1min"}})
    await world.advance(200)
    before = len(world.platform.sent("dev.option.upload"))
    assert before > 0
    device.lose_power(unsent_lost=False)
    await world.advance(600)
    await back_online(world, device)
    assert len(world.platform.sent("dev.option.upload")) == before
    await world.advance(61)
    assert len(world.platform.sent("dev.option.upload")) > before


# --- Over MQTT ---


async def test_over_mqtt_a_kept_session_is_subscribed_anew_and_nothing_of_before_is_sent_again(world: World) -> None:
    world.network.broker_url = URL
    world.platform.script(LOG, silent)
    device = await world.online(**over_mqtt(**people(rate=1)))
    await world.until(lambda: bool(world.platform.sent(LOG)))
    device.lose_power(unsent_lost=False)
    assert world.recorder.codes(LOG) == ["disconnected"]
    await world.advance(30)
    await back_online(world, device)
    assert world.connections[-1].resumed
    assert world.recorder.codes("subscribe") == [DONE, DONE]
    before, after = (way.state for way in world.network.ways)
    assert before is not after  # the connection that dies still has the first one
    await world.advance(5)
    assert world.recorder.records["acknowledged"] > 0
    assert world.recorder.broken() == {}


async def test_over_mqtt_what_waited_over_a_cut_ends_with_the_power(world: World) -> None:
    """A connection was lost, its requests may still be answered over the next one; the power ends them all."""
    world.network.broker_url = URL

    def silent_then_dropped(link: Link, message: Message) -> None:
        drops(link, message)

    world.platform.script(LOG, silent_then_dropped)
    device = await world.online(**over_mqtt(**people(rate=1), reconnect_delay=Range(low=5.0, high=8.0)))
    await world.until(lambda: device.state is DeviceState.WAITING)
    assert world.recorder.codes(LOG) == []
    device.lose_power(unsent_lost=False)
    assert world.recorder.codes(LOG) == ["disconnected"]
    await back_online(world, device)


# --- Any sequence ---


@settings(max_examples=60)
@given(data=st.data())
@alone
async def test_any_sequence_of_faults_accounts_for_every_record(data: st.DataObject) -> None:
    """The harness holds all accounts against each other at the end; here the store as well, at each step."""
    mqtt = data.draw(st.booleans(), label="mqtt")
    world = World()
    store = given_store(world)
    if mqtt:
        world.network.broker_url = URL
    people_ = people(rate=data.draw(st.sampled_from([0.2, 2.0])), photos=0.5, batch=data.draw(st.integers(1, 3)))
    more: dict[str, Any] = {"on_timeout": data.draw(st.sampled_from(OnTimeout))}
    device = world.make(**(over_mqtt(**people_) if mqtt else people_), **more, seed=data.draw(st.integers(0, 99)))
    device.start()
    cuts = 0
    for _ in range(data.draw(st.integers(1, 12))):
        what = data.draw(st.sampled_from(["cut", "cut", "lose", "back", "back", "drop", "reboot", "jump", "silent"]))
        if what in ("cut", "lose"):
            pending = device.delivery.outbox.pending
            lost = device.lose_power(unsent_lost=what == "lose")
            assert lost in (0, pending)
            cuts += 1
        elif what == "back":
            device.power_back()
            cuts = max(0, cuts - 1)
        elif what == "drop" and world.platform.links and world.platform.link.open:
            world.platform.link.close(1001)
        elif what == "reboot":
            device.reboot()
        elif what == "jump":
            device.set_clock(data.draw(st.floats(-100, 100)))
        elif what == "silent":
            world.platform.script(LOG, silent, late(3.0))
        await world.advance(data.draw(st.sampled_from([0.0, 0.001, 0.3, 2.0, 20.0])))
        assert store.records == device.delivery.outbox.pending
    for _ in range(cuts):
        device.power_back()
    await world.until(lambda: device.state is DeviceState.ONLINE)
    await world.stop(device, 200)
    counts = world.recorder.records
    assert counts["generated"] == counts["acknowledged"] + counts["lost"]
    assert counts["photo_generated"] == counts["photo_acknowledged"] + counts["photo_lost"]
    assert (store.records, store.photos) == (0, 0)
    as_sent: dict[str, dict[str, Any]] = {}
    for seen in world.platform.sent(LOG):
        for record in seen.params["verifyLog"]:
            assert as_sent.setdefault(record["logId"], record) == record
    sent_first = [log_id for ids in log_ids(world) for log_id in ids]
    assert list(dict.fromkeys(sent_first)) == sorted(set(sent_first))
    assert world.recorder.broken() == {}
    await world.close()


def _waiting(device: Device) -> list[Any]:
    outbox = device.delivery.outbox
    return sorted([*device.delivery._sending, *outbox.waiting()], key=lambda record: record.log_id)
