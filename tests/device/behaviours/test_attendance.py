"""People at the meetings of a whole device: what goes up, and what is told of it, whatever the platform does."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from math import floor
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simulator.device.device import Device
from simulator.measurements.attendance import (
    DOUBLE_TAP,
    EARLY_LEAVE,
    LATE,
    SIGN_IN,
    SIGN_OUT,
    STRANGER,
    Attended,
    MeetingHeld,
)
from simulator.protocol.times import format_iso, parse_iso
from tests.device.answers import Message, refuse
from tests.device.command_messages import TEMPLATE
from tests.device.harness import World, alone, device_settings, group

QUIET: dict[str, Any] = {
    "absent": 0,
    "late": 0,
    "early_leave": 0,
    "forget_sign_out": 0,
    "double_tap": 0,
    "strangers": 0,
    "photo_share": 0,
}
"""Everybody comes and goes as he should."""
PINS = [str(pin) for pin in range(1001, 1009)]
"""Of users that the device has from the start."""


def keys(**attendance: Any) -> dict[str, Any]:
    return {"users": 20, "attendance": QUIET | attendance}


def meeting(world: World, starts_in: float, *, id_: str = "1", length: float = 600.0, **changes: float) -> Message:
    """A meeting `starts_in` seconds from now: sign-in opens 300 s before and closes 120 s after its start, sign-out
    opens 120 s before and closes 300 s after its end."""
    start = float(int(world.clock.wall())) + starts_in
    times = {
        "startSignInTime": start - 300,
        "lastSignInTime": start + 120,
        "earSignOutTime": start + length - 120,
        "lastSignOutTime": start + length + 300,
        "startTime": start,
        "endTime": start + length,
    } | changes
    return {"id": id_, "name": f"meeting {id_}", "applicant": "a"} | {
        name: format_iso(moment, 480) for name, moment in times.items()
    }


async def push(world: World, func_id: str, **params: Any) -> None:
    cmd_id = world.platform.link.command(func_id, **params)
    await world.settle()
    assert world.platform.code_of(cmd_id) == "00000000"


async def send(world: World, *meetings: Message, pins: Iterable[str] = PINS) -> None:
    """Meetings with their members."""
    await push(world, "cmd.data.update.meeting", meeting=list(meetings))
    members = [{"meetingId": each["id"], "pins": list(pins)} for each in meetings]
    await push(world, "cmd.data.update.meetingMember", members=members)


def records(world: World) -> list[Message]:
    """Every record that reached the platform, once, in the order of logId."""
    found = {
        record["logId"]: record
        for seen in world.platform.sent("dev.data.upload.verifyLog")
        for record in seen.params["verifyLog"]
    }
    return [found[log_id] for log_id in sorted(found, key=int)]


def whats(world: World) -> Counter[str]:
    return Counter(row.what for row in world.recorder.attendance)


def held(world: World) -> MeetingHeld:
    (only,) = world.recorder.meetings
    return only


async def test_every_member_comes_and_goes_once_and_the_rows_are_the_records(world: World) -> None:
    device = await world.online(keys=keys(strangers="2..2"))
    await send(world, meeting(world, 600))
    await world.advance(2_000)
    assert whats(world) == {SIGN_IN: 8, SIGN_OUT: 8, STRANGER: 2}
    rows, sent = world.recorder.attendance, records(world)
    assert [row.log_id for row in rows] == [record["logId"] for record in sent]
    for row, record in zip(rows, sent, strict=True):
        assert row == Attended(
            sn="SN0000",
            meet_code="1",
            pin=record["pin"],
            what=row.what,
            verify_time=record["verifyTime"],
            status=record["status"],
            log_id=record["logId"],
            acknowledged=True,
        )
        assert row.status == ("1" if row.what == SIGN_OUT else "0")
    told = held(world)
    assert (told.sn, told.meet_code, told.expected, told.came, told.missing) == ("SN0000", "1", 8, 8, ())
    assert (told.no_sign_out, told.strangers, told.ended) == (0, 2, "over")
    await world.stop(device)
    assert len(world.recorder.meetings) == 1


async def test_nothing_else_happens_at_the_door_unless_the_scenario_says_so(world: World) -> None:
    assert [type(each).__name__ for each in group(attendance={}).behaviours] == [
        *("HeartbeatSettings", "KeepAliveSettings", "AttendanceSettings"),
    ]
    both = {"attendance": QUIET, "users": 20, "verifications": [{"rate": "1/min", "photo_share": 0}]}
    device = await world.online(keys=both)
    await send(world, meeting(world, 600))
    await world.advance(2_000)
    others = [record for record in records(world) if record["meetCode"] == "0"]
    assert len(others) > 10
    assert {record["status"] for record in others} == {"255"}
    assert len(records(world)) - len(others) == len(world.recorder.attendance) == 16
    await world.stop(device)


async def test_back_to_back_meetings_do_not_mix(world: World) -> None:
    await world.online(keys=keys())
    meetings = [meeting(world, 600 + 600 * place, id_=str(place)) for place in range(4)]
    await send(world, *meetings)
    await world.advance(4_000)
    rows = Counter((row.meet_code, row.pin, row.what) for row in world.recorder.attendance)
    assert set(rows) == {(str(place), pin, what) for place in range(4) for pin in PINS for what in (SIGN_IN, SIGN_OUT)}
    assert set(rows.values()) == {1}
    assert [each.meet_code for each in world.recorder.meetings] == ["0", "1", "2", "3"]


async def test_a_meeting_deleted_before_its_end_ends_there(world: World) -> None:
    device = await world.online(keys=keys())
    await send(world, meeting(world, 600))
    await world.advance(800)
    assert whats(world) == {SIGN_IN: 8}
    await push(world, "cmd.data.delete.meeting", meetings=["1"])
    await world.advance(2_000)
    assert whats(world) == {SIGN_IN: 8}
    told = held(world)
    assert (told.ended, told.expected, told.came, told.no_sign_out) == ("deleted", 8, 8, 8)
    await world.stop(device)
    assert len(world.recorder.meetings) == 1


async def test_a_meeting_that_was_deleted_and_is_sent_again_goes_on(world: World) -> None:
    await world.online(keys=keys())
    item = meeting(world, 600)
    await send(world, item)
    await world.until(lambda: whats(world)[SIGN_IN] == 4)
    await push(world, "cmd.data.clear.all")
    await world.advance(30)
    await push(world, "cmd.data.update.user", users=[user(pin) for pin in PINS])
    await send(world, item)
    await world.advance(2_000)
    assert whats(world) == {SIGN_IN: 8, SIGN_OUT: 8}
    assert held(world).ended == "over"


def user(pin: str, **changes: Any) -> Message:
    return {
        "pin": pin,
        "role": "0",
        "startTime": "2020-01-01T00:00:00+08:00",
        "endTime": "2037-12-31T23:59:59+08:00",
        "firstName": "f",
        "lastName": "l",
        "funSwitch": "0",
        "disable": "0",
        "ruleType": "3",
        "bioDatas": [TEMPLATE],
    } | changes


async def test_a_meeting_that_is_moved_is_held_at_its_new_time(world: World) -> None:
    await world.online(keys=keys())
    await send(world, meeting(world, 600))
    await world.until(lambda: whats(world)[SIGN_IN] == 3)
    later = meeting(world, 3_600)
    await push(world, "cmd.data.update.meeting", meeting=[later])
    await world.advance(3_000)
    assert whats(world) == {SIGN_IN: 3}
    await world.advance(3_000)
    assert whats(world) == {SIGN_IN: 8, SIGN_OUT: 8}
    told = held(world)
    assert (told.start, told.ended) == (parse_iso(later["startTime"]), "over")


async def test_what_is_sent_of_a_meeting_after_its_end_changes_nothing(world: World) -> None:
    await world.online(keys=keys())
    await send(world, meeting(world, 600))
    await world.advance(2_000)
    assert len(world.recorder.meetings) == 1
    await send(world, meeting(world, 600), pins=["1015"])
    await world.advance(2_000)
    assert whats(world) == {SIGN_IN: 8, SIGN_OUT: 8}
    assert len(world.recorder.meetings) == 1


async def test_a_meeting_that_is_over_when_the_device_learns_of_it_is_none_of_its(world: World) -> None:
    await world.online(keys=keys())
    await send(world, meeting(world, -3_600))
    await world.advance(100)
    assert (world.recorder.attendance, world.recorder.meetings) == ([], [])


async def test_who_hears_of_a_running_meeting_late_comes_at_once_or_never(world: World) -> None:
    await world.online(keys=keys(arrive={"mean": "-4min", "spread": "0s"}))
    await send(world, meeting(world, -117))  # sign-in closes in three seconds
    await world.advance(20)
    assert whats(world) == {SIGN_IN: 3}
    assert [row.status for row in world.recorder.attendance] == ["0"] * 3
    await world.advance(2_000)
    assert (held(world).came, held(world).expected) == (3, 8)
    assert (held(world).absent, held(world).turned_away) == (0, 0)


async def test_members_who_are_added_and_taken_off_during_the_meeting(world: World) -> None:
    await world.online(keys=keys())
    await send(world, meeting(world, 600), pins=PINS[:4])
    await world.advance(590)
    assert {row.pin for row in world.recorder.attendance} <= set(PINS[:4])
    await push(world, "cmd.data.delete.meetingMember", meetingId="1", pins=PINS[:2])
    await push(world, "cmd.data.update.meetingMember", members=[{"meetingId": "1", "pins": PINS[4:6]}])
    await world.advance(2_000)
    out = {row.pin for row in world.recorder.attendance if row.what == SIGN_OUT}
    assert out == set(PINS[2:6])
    assert (held(world).expected, held(world).came) == (4, 4)


async def test_who_is_not_let_in_is_missing_and_comes_once_the_device_knows_him(world: World) -> None:
    await world.online(keys=keys() | {"users": 0})
    await send(world, meeting(world, 600), pins=PINS[:2])
    await world.advance(605)
    assert world.recorder.attendance == []
    await push(world, "cmd.data.update.user", users=[user(PINS[0])])
    await world.advance(2_000)
    assert {(row.pin, row.what) for row in world.recorder.attendance} == {(PINS[0], SIGN_IN), (PINS[0], SIGN_OUT)}
    assert held(world).missing == (PINS[1],)
    assert (held(world).absent, held(world).turned_away) == (0, 1)


async def test_a_deleted_user_neither_comes_nor_goes(world: World) -> None:
    await world.online(keys=keys())
    await send(world, meeting(world, 600), pins=PINS[:2])
    await world.advance(800)
    await push(world, "cmd.data.delete.user", pins=[PINS[0]])
    await world.advance(2_000)
    assert {row.pin for row in world.recorder.attendance if row.what == SIGN_OUT} == {PINS[1]}


async def test_nobody_verifies_while_the_device_reboots_and_everybody_right_after(world: World) -> None:
    await world.online(keys=keys() | {"reboot": "100s..100s"})
    await send(world, meeting(world, 600))
    await world.until(lambda: whats(world)[SIGN_IN] == 2)
    await push(world, "cmd.control.reboot")
    began = world.clock.monotonic()
    await world.advance(99)
    assert world.recorder.records["generated"] == 2
    await world.until(lambda: world.recorder.records["generated"] > 2)
    assert world.clock.monotonic() - began < 105
    await world.advance(3_000)
    assert whats(world)[SIGN_IN] == 8
    assert {row.status for row in world.recorder.attendance if row.what == SIGN_IN} == {"0"}
    zero = world.clock.wall() - world.clock.monotonic()
    seconds = [parse_iso(row.verify_time) - zero for row in world.recorder.attendance]
    assert not [each for each in seconds if began < each < began + 99]


async def test_people_come_while_the_device_is_offline(world: World) -> None:
    await world.online(keys=keys())
    await send(world, meeting(world, 600))
    world.network.lookup_script += [world.network.fails("refused")] * 60
    world.network.connect_script += [world.network.fails("refused")] * 200
    world.platform.link.close(1001)
    await world.advance(1_000)
    assert world.recorder.attendance == []
    assert world.recorder.records["generated"] == 8
    await world.advance(4_000)
    assert whats(world) == {SIGN_IN: 8, SIGN_OUT: 8}
    assert all(row.acknowledged for row in world.recorder.attendance)


async def test_the_moments_are_those_of_the_devices_own_clock(world: World) -> None:
    await world.online(keys=keys())
    await send(world, meeting(world, 7_200))
    await world.advance(60)
    assert world.recorder.attendance == []
    world.platform.time = format_iso(world.clock.wall() + 6_600, 480)
    await push(world, "cmd.system.sync.time")
    began = world.clock.monotonic()
    await world.until(lambda: whats(world)[SIGN_IN] == 8, limit=900)
    assert world.clock.monotonic() - began < 730
    seconds = [parse_iso(row.verify_time) for row in world.recorder.attendance]
    assert min(seconds) > world.clock.wall() + 5_500  # what the device believes, not what is
    assert {row.status for row in world.recorder.attendance} == {"0"}
    # And back: nobody comes a second time, and all leave at the end by the new clock.
    world.platform.time = format_iso(world.clock.wall(), 480)
    await push(world, "cmd.system.sync.time")
    await world.advance(9_000)
    assert whats(world) == {SIGN_IN: 8, SIGN_OUT: 8}


async def test_a_life_that_ends_before_the_meeting_cuts_it_and_tells_of_every_record(world: World) -> None:
    device = await world.online(keys=keys() | {"drain": "1s"})
    world.platform.always("dev.data.upload.verifyLog", lambda link, message: None)
    await send(world, meeting(world, 600), meeting(world, 90_000, id_="tomorrow"))
    await world.advance(725)
    assert world.recorder.records["generated"] == 8
    await world.stop(device)
    rows = world.recorder.attendance
    assert sorted(row.pin for row in rows) == PINS
    assert not any(row.acknowledged for row in rows)
    told = held(world)
    assert (told.meet_code, told.ended, told.came, told.no_sign_out) == ("1", "cut", 8, 8)


async def test_a_refused_record_is_told_as_not_acknowledged_once_it_is_given_up(world: World) -> None:
    await world.online(keys=keys())
    world.platform.always("dev.data.upload.verifyLog", refuse("E0000004"))
    await send(world, meeting(world, 600), pins=PINS[:1])
    await world.advance(3_000)
    assert world.recorder.records["rejected"] == 2
    assert [row.acknowledged for row in world.recorder.attendance] == [False, False]


async def test_a_full_store_is_told_at_once(world: World) -> None:
    await world.online(keys=keys() | {"capacities": {"records": 3}})
    world.platform.always("dev.data.upload.verifyLog", lambda link, message: None)
    await send(world, meeting(world, 600))
    await world.advance(725)
    assert [row.acknowledged for row in world.recorder.attendance] == [False] * 5
    assert world.recorder.records["refused"] == 5


async def test_double_taps_follow_within_seconds(world: World) -> None:
    await world.online(keys=keys(double_tap=1))
    await send(world, meeting(world, 600))
    await world.advance(2_000)
    assert whats(world) == {SIGN_IN: 8, SIGN_OUT: 8, DOUBLE_TAP: 16}
    assert held(world).double_taps == 16
    last: dict[str, Attended] = {}
    for row in world.recorder.attendance:
        if row.what == DOUBLE_TAP:
            first = last[row.pin]
            assert row.status == first.status
            assert 0 <= parse_iso(row.verify_time) - parse_iso(first.verify_time) <= 5
        last[row.pin] = row


async def test_photos_go_up_as_those_of_other_verifications(world: World) -> None:
    await world.online(keys=keys(photo_share=1, photo_size="2KB"))
    await send(world, meeting(world, 600), pins=PINS[:2])
    await world.advance(2_000)
    photos = [item for func_id, item, _ in world.platform.pictures if func_id == "dev.data.upload.verifyPhoto"]
    assert sorted(item["logId"] for item in photos) == sorted(row.log_id for row in world.recorder.attendance)


async def test_the_same_seed_lives_the_same_attendance() -> None:
    async def rows(seed: int) -> list[Attended]:
        world = World()
        await world.online(keys={"users": 20, "attendance": {}}, seed=seed)
        await send(world, meeting(world, 600), meeting(world, 1_200, id_="2"))
        await world.advance(3_000)
        await world.close()
        return world.recorder.attendance

    first = await rows(3)
    assert len(first) > 20
    assert first == await rows(3)
    assert first != await rows(4)


async def test_meetings_of_the_scenarios_own_need_no_platform(world: World) -> None:
    own = {"id": "own", "starts": "5min", "ends": "15min", "sign_in_opens": "1min", "sign_in_closes": "6min"}
    own |= {"sign_out_opens": "14min", "sign_out_closes": "15min", "members": 4}
    world.network.lookup_script += [world.network.fails("refused")] * 500
    device = await world.start(keys=keys(strangers=3) | {"meetings": [own]})
    await world.advance(1_000)
    assert world.recorder.records["generated"] == 3 + 2 * 4
    await world.stop(device)
    told = held(world)
    assert (told.came, told.strangers, told.no_sign_out, told.ended) == (4, 3, 0, "over")
    assert whats(world) == {SIGN_IN: 4, STRANGER: 3, SIGN_OUT: 4}


@pytest.mark.parametrize(
    ("attendance", "problem"),
    [
        ({"absent": "60%", "late": "50%"}, "more than 100%"),
        ({"forget_sign_out": "60%", "early_leave": "50%"}, "more than 100%"),
        ({"strangers": "3..1"}, "backwards"),
        ({"strangers": 1001}, "at most 1000"),
        ({"strangers": "-1"}, "negative"),
        ({"strangers": 1.5}, "whole number"),
        ({"arrive": {"mean": "-2d", "spread": "1s"}}, "1d"),
    ],
)
def test_what_nobody_can_do_is_refused(attendance: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        group(attendance=attendance)


# --- Whatever is sent, in whatever order ---

steps = st.lists(
    st.tuples(
        st.sampled_from(
            ["push", "push", "move", "shorten", "delete", "members", "off", "clear", "users", "wait", "sync", "reboot"]
        ),
        st.integers(0, 3),
        st.integers(0, 900),
    ),
    min_size=1,
    max_size=14,
)
shares = st.sampled_from([0, 0.1, 0.5])


class Story:
    """What a platform did with its meetings, for the judge of what the device made of it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.versions: dict[str, list[Message]] = defaultdict(list)
        self.deleted_from: dict[str, float] = {}
        self.gaps: dict[str, list[tuple[float, float]]] = defaultdict(list)
        self.jumps = 0.0

    async def step(self, what: str, number: int, amount: int) -> None:
        world, id_ = self.world, str(number)
        if world.devices[0].state.value != "online":
            await world.advance(amount)
            return
        match what:
            case "push" | "move" | "shorten":
                length = 600.0 if what == "push" else float(60 + amount)
                item = meeting(world, amount - 300, id_=id_, length=length)
                self.versions[id_].append(item)
                self._back(id_)
                await send(world, item, pins=PINS[: 3 + number])
            case "delete":
                await push(world, "cmd.data.delete.meeting", meetings=[id_])
                self._gone(id_)
            case "members":
                await push(world, "cmd.data.update.meetingMember", members=[{"meetingId": id_, "pins": PINS}])
            case "off":
                pins = PINS[: amount % 8]
                await push(world, "cmd.data.delete.meetingMember", meetingId=id_, pins=pins)
            case "clear":
                await push(world, "cmd.data.clear.all")
                for each in list(self.versions):
                    self._gone(each)
            case "users":
                await push(world, "cmd.data.update.user", users=[user(pin) for pin in PINS])
            case "reboot":
                await push(world, "cmd.control.reboot")
            case _:
                await world.advance(amount)

    def _gone(self, id_: str) -> None:
        if self.versions[id_]:
            self.deleted_from.setdefault(id_, self.world.clock.monotonic())

    def _back(self, id_: str) -> None:
        if id_ in self.deleted_from:
            self.gaps[id_].append((self.deleted_from.pop(id_), self.world.clock.monotonic()))

    def judge(self, device: Device) -> None:
        rows = self.world.recorder.attendance
        started = self.world.env.started
        zero = self.world.clock.wall() - self.world.clock.monotonic()
        assert [row.log_id for row in rows] == [record["logId"] for record in records(self.world)]
        once = Counter((row.meet_code, row.pin, IN_OR_OUT[row.what]) for row in rows if row.what in IN_OR_OUT)
        assert set(once.values()) <= {1}
        for row in rows:
            moment = parse_iso(row.verify_time)
            windows = [status_of(item, moment) for item in self.versions[row.meet_code]]
            assert row.status in windows
            wanted = {SIGN_IN: {"0"}, STRANGER: {"0"}, SIGN_OUT: {"1"}, EARLY_LEAVE: {"255"}, LATE: {"1", "255"}}
            assert row.status in wanted.get(row.what, {"0", "1", "255"})
            assert any(moment <= parse_iso(item["lastSignOutTime"]) for item in self.versions[row.meet_code])
            at = moment - zero
            assert at > started - 1
            gaps = list(self.gaps[row.meet_code])
            if row.meet_code in self.deleted_from:
                gaps.append((self.deleted_from[row.meet_code], float("inf")))
            assert not any(begin + 1 < at < end - 1 for begin, end in gaps), (row, gaps)
        told = [each.meet_code for each in self.world.recorder.meetings]
        assert len(told) == len(set(told))
        assert {row.meet_code for row in rows} <= set(told)


IN_OR_OUT = {SIGN_IN: "in", LATE: "in", SIGN_OUT: "out", EARLY_LEAVE: "out"}


def status_of(item: Message, moment: float) -> str:
    def between(first: str, last: str) -> bool:
        return floor(parse_iso(item[first])) <= moment <= parse_iso(item[last])

    if between("startSignInTime", "lastSignInTime"):
        return "0"
    return "1" if between("earSignOutTime", "lastSignOutTime") else "255"


@settings(max_examples=60, deadline=None)
@example(sequence=[("push", 1, 214)], seed=2582, often=0, seldom=0)
@given(steps, st.integers(0, 2**32), shares, shares)
@alone
async def test_any_sequence_of_meetings_is_attended_consistently(
    sequence: list[tuple[str, int, int]], seed: int, often: float, seldom: float
) -> None:
    world = World()
    shares_of = {"absent": seldom / 2, "late": often, "early_leave": often, "forget_sign_out": seldom}
    device = await world.online(keys=keys(double_tap=seldom, strangers="0..2", **shares_of), seed=seed)
    story = Story(world)
    for what, number, amount in sequence:
        await story.step(what, number, amount)
    await world.advance(3_000)
    await world.stop(device)
    await world.close()
    story.judge(device)


def test_settings_need_no_meeting() -> None:
    assert device_settings(keys={"attendance": {}}).behaviours


async def test_who_comes_in_the_last_second_of_a_reboot_was_held_up(world: World) -> None:
    """The moment is one at which the device is away for less than the grace that a busy machine is given."""
    await world.online(keys=keys(arrive={"mean": "0s", "spread": "0s"}) | {"reboot": "5s..5s"})
    item = meeting(world, 600)
    await send(world, item, pins=PINS[:1])
    start = parse_iso(item["startTime"])
    await world.advance(start - world.clock.wall() - 4.5)
    await push(world, "cmd.control.reboot")
    await world.advance(30)
    [row] = world.recorder.attendance
    assert parse_iso(row.verify_time) > start
    assert row.status == "0"
