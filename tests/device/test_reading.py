"""How a device's platform reads the document: a refused login, the broker's address, the report, and the codes."""

import pytest

from simulator.device.settings import Start
from simulator.measurements.names import DeviceState
from tests.device.answers import ok, refuse
from tests.device.command_messages import DONE, done
from tests.device.harness import World, group, verification

WARM = {"start": Start.WARM, "auth_code": "auth0", "secret": "secret-of-auth0"}


# --- A refused login ---


@pytest.mark.parametrize(
    ("keys", "code", "forgets"),
    [
        ({}, "E0010004", True),
        ({}, "E0010009", False),
        ({"register_again_on": ["E0010009"]}, "E0010009", True),
        ({"register_again_on": ["E0010009"]}, "E0010004", False),
        ({"register_again_on": ["401"]}, "00000401", True),
        ({"register_again_on": "any"}, "E4711", True),
        ({"register_again_on": []}, "E0010004", False),
    ],
)
async def test_the_codes_that_make_a_device_register_again(
    world: World, keys: dict[str, object], code: str, forgets: bool
) -> None:
    world.platform.script("dev.login", refuse(code))
    device = await world.start(**WARM, keys={"login": keys})
    assert (device.state is DeviceState.ONLINE) is forgets
    assert [call[0] for call in world.logins.calls] == (["forgotten", "granted"] if forgets else [])
    if not forgets:
        hint = f"refused with {code}, credentials kept: login.register_again_on"
        assert world.recorder.details["dev.login", code].endswith(hint)
        await world.until(lambda: device.state is DeviceState.ONLINE)
        assert world.platform.sent("dev.register") == [], "it logged in with what it had kept"


async def test_a_login_with_what_was_just_granted_keeps_that_too(world: World) -> None:
    world.platform.script("dev.login", refuse("E0000009"))
    device = await world.start()
    assert device.state is DeviceState.WAITING
    await world.until(lambda: device.state is DeviceState.ONLINE)
    assert len(world.platform.sent("dev.register")) == 1
    assert [call[0] for call in world.logins.calls] == ["granted"]


# --- The broker's address ---


@pytest.mark.parametrize(("again", "lookups"), [("after failures", 1), ("after reboot", 1), ("each connect", 3)])
async def test_a_lost_connection(world: World, again: str, lookups: int) -> None:
    device = await world.online(keys={"lookup": {"again": again}})
    for _ in range(2):
        world.platform.link.close(1001)
        await world.until(lambda: device.state is DeviceState.WAITING)
        await world.until(lambda: device.state is DeviceState.ONLINE)
    assert len(world.network.lookups) == lookups


@pytest.mark.parametrize(("again", "lookups"), [("after failures", 1), ("after reboot", 2), ("each connect", 2)])
async def test_a_reboot(world: World, again: str, lookups: int) -> None:
    device = await world.online(keys={"lookup": {"again": again}})
    world.platform.link.command("cmd.control.reboot")
    await world.until(lambda: device.state is DeviceState.REBOOTING)
    await world.until(lambda: device.state is DeviceState.ONLINE)
    assert len(world.network.lookups) == lookups


@pytest.mark.parametrize("again", ["after failures", "after reboot", "each connect"])
async def test_two_failures_lead_to_a_new_look_up_in_any_case(world: World, again: str) -> None:
    device = await world.online(keys={"lookup": {"again": again}})
    world.network.connect_script += [world.network.fails("refused")] * 2
    world.platform.link.close(1001)
    await world.until(lambda: device.state is DeviceState.WAITING)
    await world.until(lambda: device.state is DeviceState.ONLINE)
    assert len(world.network.lookups) == (4 if again == "each connect" else 2)


async def test_who_refuses_a_kept_address_is_told_of_with_its_setting(world: World) -> None:
    device = await world.online()
    world.network.connect_script.append(world.network.fails("http 403"))
    world.platform.link.close(1001)
    await world.until(lambda: ("connect", "http 403") in world.recorder.details)
    assert world.recorder.details["connect", "http 403"].endswith("asked for earlier: lookup.again")
    await world.until(lambda: device.state is DeviceState.ONLINE)


async def test_who_refuses_an_address_that_was_just_asked_for_is_not(world: World) -> None:
    world.network.connect_script.append(world.network.fails("http 403"))
    await world.start()
    assert "lookup.again" not in world.recorder.details["connect", "http 403"]


# --- The report ---


async def test_the_report_as_the_platform_wants_it(world: World) -> None:
    report = {"fields": {"region": "cn", "slots": ["1", "2"]}, "without": ["lockCount", "scene"], "sn_in_params": True}
    device = await world.start(keys={"report": report})
    [sent] = world.platform.sent("dev.report")
    assert sent.message["sn"] == sent.params["sn"] == device.spec.credentials.sn
    assert sent.params["region"] == "cn"
    assert sent.params["slots"] == ["1", "2"]
    assert not {"lockCount", "scene"} & sent.params.keys()
    world.platform.violations.clear()  # lockCount is required by the document


async def test_the_report_as_the_document_has_it(world: World) -> None:
    await world.online()
    [sent] = world.platform.sent("dev.report")
    assert "sn" not in sent.params


# --- The time ---


async def test_the_time_under_another_name_and_in_milliseconds(world: World) -> None:
    device = await world.online(keys={"sync_time": {"field": "serverTime", "form": "epoch-ms"}})
    zone = device._clock.offset_minutes
    world.platform.script("dev.system.sync.time", ok(serverTime="1893456000250"))
    assert await done(world, "cmd.system.sync.time") == DONE
    assert device._clock.now_ms() == 1_893_456_001_250, "a second has passed since"
    assert device._clock.offset_minutes == zone
    assert world.recorder.broken() == {}


@pytest.mark.parametrize(
    ("keys", "results", "rule", "setting"),
    [
        ({}, {"serverTime": "2030-01-01T00:00:00+08:00"}, "reply.field-missing", "sync_time.field"),
        ({"field": "now"}, {"time": "2030-01-01T00:00:00+08:00"}, "reply.field-missing", "sync_time.field"),
        ({}, {"time": "1893427200000"}, "reply.field-format", "sync_time.form"),
        ({"form": "epoch-ms"}, {"time": "2030-01-01T00:00:00+08:00"}, "reply.field-format", "sync_time.form"),
        ({"form": "epoch-ms"}, {"time": "1893427200"}, "reply.field-format", "sync_time.form"),
    ],
)
async def test_a_time_that_is_told_otherwise_is_counted_and_names_the_setting(
    world: World, keys: dict[str, str], results: dict[str, str], rule: str, setting: str
) -> None:
    device = await world.online(keys={"sync_time": keys})
    world.platform.script("dev.system.sync.time", ok(**results))
    await done(world, "cmd.system.sync.time")
    [(broken, _, found, _)] = world.recorder.violations
    assert broken == rule
    assert found.endswith(f": {setting}")
    set_to = abs(device._clock.now() - 1_893_427_200) < 2
    assert set_to is (setting == "sync_time.form"), "what is plain is used"


# --- meetCode ---


@pytest.mark.parametrize(("meet_code", "code"), [("meeting", "m1"), ("room", "R 17")])
async def test_records_name_the_meeting_or_the_room(world: World, meet_code: str, code: str) -> None:
    meetings = [{"id": "m1", "starts": "0s", "ends": "1h"}]
    door = verification(rate=1.0, photo_share=1.0)
    await world.online(keys={"meet_code": meet_code, "meetings": meetings}, users=3, behaviours=[door])
    option = {"meetRoomName": "R 17", "meetRoomCapacity": "9"}
    assert await done(world, "cmd.option.set", option=option) == DONE
    await world.advance(30)
    records = [entry for seen in world.platform.sent("dev.data.upload.verifyLog") for entry in seen.params["verifyLog"]]
    photos = [
        entry for seen in world.platform.sent("dev.data.upload.verifyPhoto") for entry in seen.params["verifyPhotos"]
    ]
    assert {entry["meetCode"] for entry in records[2:]} == {entry["meetCode"] for entry in photos[2:]} == {code}


@pytest.mark.parametrize("meet_code", ["meeting", "room"])
async def test_outside_any_meeting_and_without_a_room_it_is_0(world: World, meet_code: str) -> None:
    await world.online(keys={"meet_code": meet_code}, users=3, behaviours=[verification(rate=1.0)])
    await world.advance(10)
    records = [entry for seen in world.platform.sent("dev.data.upload.verifyLog") for entry in seen.params["verifyLog"]]
    assert {entry["meetCode"] for entry in records} == {"0"}


def test_what_holds_where_a_scenario_is_silent() -> None:
    reading = group().reading
    assert reading.forgets_on("E0010004")
    assert not reading.forgets_on("E0000006")
    assert reading.protocol_version == "1.0.0"
    assert reading.reported({"fwVer": "1"}, "SN1") == {"fwVer": "1"}
