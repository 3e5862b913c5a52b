"""The device's own clock: what the platform tells it, and everything that goes by it."""

from collections import Counter
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from simulator.clock import ManualClock
from simulator.device.device_clock import DeviceClock
from simulator.measurements.names import DeviceState
from simulator.protocol.times import format_iso, parse_iso
from simulator.scenario.sections.clock import ClockSection
from tests.device.answers import ok
from tests.device.command_messages import DONE, MEETING, USER, done
from tests.device.harness import World, verification


def test_device_clock_shows_the_platforms_time_in_its_zone() -> None:
    clock = ManualClock(wall=1_719_331_200.5)
    device = DeviceClock(clock)
    assert device.format(device.now()) == "2024-06-26T00:00:00+08:00"
    device.told("2029-12-31T22:30:00-01:30")
    clock.advance(61)
    assert device.format(device.now()) == "2029-12-31T22:31:01-01:30"
    assert device.now_ms() == 1_893_456_061_500, "in the middle of the second that was named"


@pytest.mark.parametrize("ahead", [-0.5, 0.0, 0.25, 0.999, 1.2, 1.5])
def test_a_device_clock_that_agrees_within_a_second_is_kept(ahead: float) -> None:
    told = parse_iso("2024-06-26T12:00:00+08:00")
    device = DeviceClock(ManualClock(wall=told + ahead))
    device.told("2024-06-26T12:00:00+08:00")
    assert device.now() == told + ahead
    device.correction = ahead - 0.5  # also one that was set before
    before = device.now()
    device.told(device.format(before))
    assert device.now() == before


@pytest.mark.parametrize("ahead", [-3600.0, -0.6, 1.6, 86_400.25])
def test_a_device_clock_that_does_not_agree_is_half_a_second_off_at_most(ahead: float) -> None:
    told = parse_iso("2024-06-26T12:00:00+08:00")
    device = DeviceClock(ManualClock(wall=told + ahead))
    device.told("2024-06-26T12:00:00+08:00")
    assert device.now() == pytest.approx(told + 0.5)
    device.told("2024-06-26T12:00:00+08:00")
    assert device.now() == pytest.approx(told + 0.5), "told again, it is kept"


@pytest.mark.parametrize(
    "time", ["0001-01-01T00:00:00+08:00", "1970-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00", "2024-06-26", ""]
)
def test_device_clock_refuses_times_that_cannot_be(time: str) -> None:
    device = DeviceClock(ManualClock())
    with pytest.raises(ValueError, match=r"clock|time"):
        device.told(time)
    assert (device.correction, device.offset_minutes) == (0.0, 480)


def test_an_offset_that_no_record_may_carry_is_not_taken() -> None:
    device = DeviceClock(ManualClock())
    with pytest.raises(ValueError, match="time"):
        device.told("2024-06-26T12:00:00+19:00")
    assert device.offset_minutes == 480


async def test_sync_time_sets_the_clock_of_everything_later(world: World) -> None:
    world.platform.time = "2030-01-01T00:00:00+02:00"
    device = await world.online(behaviours=(verification(rate=1.0, photo_share=1.0),))
    assert await done(world, "cmd.system.sync.time") == DONE
    [request] = world.platform.sent("dev.system.sync.time")
    assert set(request.message) == {"funcId", "mid"}
    answer = world.platform.sent("dev.cmd.response")[0]
    assert world.platform.seen.index(answer) < world.platform.seen.index(request)
    world.platform.seen.clear()
    await world.advance(20)
    told = parse_iso("2030-01-01T00:00:00+02:00")
    record = world.platform.sent("dev.data.upload.verifyLog")[-1].params["verifyLog"][-1]
    assert told < parse_iso(record["verifyTime"]) < told + 25
    assert record["verifyTime"].endswith("+02:00")
    photo = world.platform.sent("dev.data.upload.verifyPhoto")[-1].params["verifyPhotos"][0]
    assert parse_iso(photo["photoTime"]) > told
    assert world.recorder.broken()["reply.field-format"] == 0
    device.delivery.outbox.reconnected()


@pytest.mark.parametrize(
    "time",
    ["", "yesterday", "2030-13-01 00:00:00", [], 5, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"],
)
async def test_a_time_that_cannot_be_is_noted_and_ignored(world: World, time: Any) -> None:
    world.platform.always("dev.system.sync.time", ok(time=time))
    await world.online(behaviours=(verification(rate=1.0, photo_share=0.0),))
    assert await done(world, "cmd.system.sync.time") == DONE
    assert set(world.recorder.broken()) <= {"reply.field-format", "reply.field-missing", "reply.field-type"}
    assert world.recorder.broken().total() >= 1
    await world.advance(10)
    record = world.platform.sent("dev.data.upload.verifyLog")[-1].params["verifyLog"][-1]
    assert record["verifyTime"].startswith("2024-06-26")


async def test_a_change_to_summer_time_is_followed(world: World) -> None:
    """The platform's zone moves while a device is online: what it writes from then on carries the new offset."""
    world.platform.terms["timezone"] = "+01:00"
    await world.online(users=1, behaviours=(verification(rate=1.0, photo_share=0.0),))
    await world.advance(10)
    world.platform.time = format_iso(world.clock.wall(), 120)
    before = len(world.platform.sent("dev.data.upload.verifyLog"))
    assert await done(world, "cmd.system.sync.time") == DONE
    await world.advance(10)
    records = [seen.params["verifyLog"][0]["verifyTime"] for seen in world.platform.sent("dev.data.upload.verifyLog")]
    assert {time[-6:] for time in records[:before]} == {"+01:00"}
    assert records[-1].endswith("+02:00")
    assert abs(parse_iso(records[-1]) - world.clock.wall()) < 5, "the moment is the same, only its zone moved"
    assert await done(world, "cmd.data.update.user", users=[USER | {"startTime": "2024-01-01T00:00:00+00:00"}]) == DONE
    await done(world, "cmd.data.query.user", pin="77")
    assert world.platform.sent("dev.data.upload.user")[-1].params["users"][0]["startTime"].endswith("T02:00:00+02:00")
    del world.platform.terms["timezone"]
    world.platform.link.close(1001)
    await world.advance(20)
    record = world.platform.sent("dev.data.upload.verifyLog")[-1].params["verifyLog"][-1]
    assert record["verifyTime"].endswith("+02:00"), "a report's reply without a zone changes nothing"


async def test_a_clock_that_agrees_is_not_moved_by_sync_time(world: World) -> None:
    device = await world.online()
    world.platform.always("dev.system.sync.time", lambda link, message: ok(time=device_time())(link, message))

    def device_time() -> str:
        return format_iso(world.clock.wall(), 480)

    for _ in range(5):
        assert await done(world, "cmd.system.sync.time") == DONE
        await world.advance(0.3)
        assert device._clock.now() == world.clock.wall()


async def test_no_record_names_a_meeting_that_was_deleted_before_its_time(world: World) -> None:
    await world.online(users=1, behaviours=(verification(rate=5.0, photo_share=0.0),))
    await world.advance(0.7)  # late in its second
    world.platform.time = format_iso(world.clock.wall(), 480)
    assert await done(world, "cmd.system.sync.time") == DONE
    assert await done(world, "cmd.data.update.meeting", meeting=[MEETING]) == DONE
    await world.advance(5)
    deleted = world.clock.wall()
    world.platform.link.command("cmd.data.delete.meeting", meetings=["m1"])
    await world.advance(5)
    records = [
        record for seen in world.platform.sent("dev.data.upload.verifyLog") for record in seen.params["verifyLog"]
    ]
    named = [parse_iso(record["verifyTime"]) for record in records if record["meetCode"] == "m1"]
    assert named
    assert max(named) <= deleted
    assert min(parse_iso(record["verifyTime"]) for record in records[-10:]) > deleted - 1


async def test_a_corrected_clock_is_used_for_the_next_look_up(world: World) -> None:
    world.platform.time = "2024-06-26T00:03:00+08:00"
    device = await world.online()
    await done(world, "cmd.system.sync.time")
    world.network.connect_script += [world.network.fails("refused")] * 2
    world.platform.link.close(1001)
    await world.until(lambda: device.state is DeviceState.ONLINE)
    url = world.network.lookups[-1]
    stamp = int(url.partition("timestamp=")[2].partition("&")[0]) / 1000
    offset = stamp - world.clock.wall()
    assert offset == pytest.approx(parse_iso("2024-06-26T00:03:00+08:00") - 1_719_331_200.25, abs=2)


def wrong(clock: ManualClock, seed: int = 1, **keys: object) -> DeviceClock:
    return DeviceClock(clock, ClockSection.model_validate(keys).settings(), seed)


def test_clocks_are_ahead_by_an_offset_of_their_own() -> None:
    clock = ManualClock()
    found = [wrong(clock, seed, offset="-3min..3min").now() - clock.wall() for seed in range(400)]
    assert min(found) < -150
    assert max(found) > 150
    assert all(-180 <= ahead <= 180 for ahead in found)
    assert wrong(clock, 7, offset="-3min..3min").now() == wrong(clock, 7, offset="-3min..3min").now()


def test_a_clock_drifts_before_and_after_it_was_set() -> None:
    clock = ManualClock(wall=1_719_331_200.5)
    device = wrong(clock, drift="50ppm")
    clock.advance(100_000)
    assert device.now() - clock.wall() == pytest.approx(5.0)
    device.told(format_iso(clock.wall(), 480))
    assert device.now() - clock.wall() == pytest.approx(0.0, abs=0.51)
    left = device.now() - clock.wall()
    clock.advance(100_000)
    assert device.now() - clock.wall() == pytest.approx(left + 5.0)


@pytest.mark.parametrize(
    ("said", "shown"),
    [(1970, "1970-01-01T08:00:00+08:00"), ("2000-02-29T23:59:59+08:00", "2000-02-29T23:59:59+08:00")],
)
def test_an_empty_battery_begins_where_the_scenario_says(said: object, shown: str) -> None:
    clock = ManualClock()
    device = wrong(clock, start_at=said)
    assert device.format(device.now()) == shown
    clock.advance(61)
    assert device.now() == pytest.approx(parse_iso(shown) + 61)


@pytest.mark.parametrize(
    ("key", "value", "right"),
    [
        ("start_at", 1969, "1970 to 2099"),
        ("start_at", "yesterday", "like 1970"),
        ("start_at", True, "like 1970"),
        ("start_at", None, None),
        ("offset", "4", "unit"),
        ("offset", "3min..-3min", "smaller bound first"),
        ("offset", "9999d", "3650d"),
        ("drift", "50", "ppm"),
        ("drift", "2000000ppm", "1s"),
    ],
)
def test_wrong_clocks_of_a_scenario_are_refused_in_words(key: str, value: object, right: str | None) -> None:
    if right is None:
        assert ClockSection.model_validate({key: value}).start_at is None
        return
    with pytest.raises(ValidationError, match=right):
        ClockSection.model_validate({key: value})


async def test_look_ups_are_signed_by_the_clock_that_the_device_has(world: World) -> None:
    await world.online(keys={"clock": {"offset": "2min"}})
    [asked] = world.network.lookups
    stamp = int(parse_qs(urlsplit(asked).query)["timestamp"][0])
    assert stamp == int((world.clock.wall() + 120) * 1000)


@pytest.mark.parametrize("behind", [600, -86_400 * 365])
async def test_a_clock_that_is_refused_helps_itself_by_the_answers_date(world: World, behind: int) -> None:
    device = await world.start(keys={"clock": {"offset": f"{-behind}s"}})
    await world.until(lambda: device.state is DeviceState.ONLINE)
    assert world.recorder.failed() == Counter({("getBrokerServer", "E0000003"): 1})
    assert world.platform.violations == ["look-up: E0000003"]
    world.platform.violations.clear()
    way = "behind" if behind > 0 else "ahead of"
    assert f"{way} the answer's date: clock" in world.recorder.details["getBrokerServer", "E0000003"]


async def test_without_a_date_a_wrong_clock_stays_refused(world: World) -> None:
    world.network.dates = False
    device = await world.start(keys={"clock": {"offset": "10min"}})
    await world.advance(300)
    assert device.state is not DeviceState.ONLINE
    assert set(world.recorder.failed()) == {("getBrokerServer", "E0000003")}
    assert set(world.platform.violations) == {"look-up: E0000003"}
    world.platform.violations.clear()


async def test_a_dead_battery_comes_online_and_records_what_it_believes_until_it_is_set(world: World) -> None:
    device = await world.start(
        keys={"clock": {"start_at": 1970}}, behaviours=(verification(rate=1.0, photo_share=0.0),)
    )
    assert device.state is DeviceState.ONLINE
    assert world.recorder.failed() == Counter()
    await world.advance(5)
    times = [record["verifyTime"] for record in world.platform.records.values()]
    assert times
    assert all(time.startswith("1970-01-01T08:0") for time in times), "records carry what the device believes"
    world.platform.time = format_iso(world.clock.wall(), 480)
    assert await done(world, "cmd.system.sync.time") == DONE
    before = len(world.platform.records)
    await world.advance(5)
    later = [record["verifyTime"] for record in list(world.platform.records.values())[before:]]
    assert later
    assert all(time.startswith("2024-06-26T00:") for time in later)


async def test_a_right_clock_asks_nobody_for_the_date(world: World) -> None:
    world.network.lookup_script.append(world.network.says(200, b'{"code":"E0000003","message":"no","payload":{}}'))
    device = await world.start()
    await world.until(lambda: device.state is DeviceState.ONLINE)
    assert "clock" not in world.recorder.details["getBrokerServer", "E0000003"]
