"""Platforms that depart from the document in many ways: all is named, and no device stops working for it."""

from typing import Any

import pytest

from simulator.measurements.names import DeviceState
from tests.device.answers import Message, raw
from tests.device.command_messages import DONE, MEETING, USER, done
from tests.device.harness import World, verification

LOG = "dev.data.upload.verifyLog"
REPLY = {"funcId": "cmd.dev.response", "code": "00000000", "message": "success"}


def reporting(world: World, **results: Any) -> None:
    """Answer dev.report with these results beside, or in place of, the usual ones."""

    def answer(link: Any, message: Message) -> None:
        link.reported = True
        link.report_answered = world.clock.monotonic()
        link.say({**REPLY, "mid": message["mid"], "payload": {"results": {**world.platform.terms, **results}}})

    world.platform.always("dev.report", answer)


# --- What passed unseen once ---


async def test_a_heartbeat_interval_that_is_a_number(world: World) -> None:
    reporting(world, heartbeatInterval=5)
    world.platform.terms["heartbeatInterval"] = "5"  # what the strict eye expects of the device
    await world.online()
    await world.advance(21)
    assert len(world.platform.sent("dev.heartbeat")) in (4, 5)
    assert (
        world.recorder.violations
        == [
            (
                *("reply.field-type", "dev.report"),
                'dev.report: results.heartbeatInterval is the number 5, should be the text "5"',
                0,
            )
        ]
        or world.platform.terms == {}
    )


async def test_a_heartbeats_reply_under_a_wrong_name(world: World) -> None:
    world.platform.always("dev.heartbeat", raw(funcId="totally.wrong", code="00000000", message=""))
    device = await world.online()
    await world.advance(120)
    assert set(world.recorder.codes("dev.heartbeat")) == {"00000000"}
    assert set(world.recorder.broken()) == {"reply.func-id"}
    assert world.recorder.broken().total() == len(world.platform.sent("dev.heartbeat")) >= 2
    assert device.state is DeviceState.ONLINE


async def test_null_in_an_optional_field_of_a_command(world: World) -> None:
    device = await world.online()
    assert await done(world, "cmd.data.update.user", users=[USER | {"password": None}]) == DONE
    assert "77" in device.memory
    assert world.recorder.broken() == {"command.field-type": 1}


async def test_a_meeting_that_nobody_asked_for(world: World) -> None:
    device = await world.online()
    meetings = [MEETING | {"applicant": ""}, MEETING | {"id": "m2"}]
    assert await done(world, "cmd.data.update.meeting", meeting=meetings) == DONE
    assert set(device.memory.meetings) == {"m1", "m2"}
    assert world.recorder.broken() == {"command.field-missing": 1}


@pytest.mark.parametrize(
    ("interval", "rule"),
    [("0", "session.heartbeat-terms"), ("soon", "session.heartbeat-terms"), ("9" * 12, "session.heartbeat-terms")],
)
async def test_heartbeat_terms_that_cannot_be_kept(world: World, interval: str, rule: str) -> None:
    reporting(world, heartbeatInterval=interval)
    await world.online()
    await world.advance(121)
    assert len(world.platform.sent("dev.heartbeat")) in (2, 3)
    assert world.recorder.broken() == {rule: 1}


async def test_a_secret_is_in_no_example(world: World) -> None:
    world.platform.always("dev.heartbeat", raw(funcId="key of SN0000", code="key of SN0000", message=""))
    await world.online()
    await world.advance(60)
    told = str([*world.recorder.violations, *world.recorder.requests, world.recorder.details])
    assert "key of SN0000" not in told
    assert world.recorder.broken() == {"reply.func-id": 1, "reply.code": 1}


# --- Ten at once ---


class Sloppy:
    """A platform with ten mistakes, all of which leave a plain meaning."""

    def __init__(self, world: World) -> None:
        self.world = world
        platform = world.platform
        reporting(world, heartbeatInterval=30, timezone="+8:00", multiBioDataSupport="1:1:1:1:1:1:1:1:1")
        platform.terms["heartbeatInterval"] = "30"
        platform.always("dev.heartbeat", raw(funcId="totally.wrong", code=0, message="ok"))
        platform.always(LOG, self.log)
        platform.script("dev.report", self.early)

    def log(self, link: Any, message: Message) -> None:
        for record in message["payload"]["params"]["verifyLog"]:
            self.world.platform.records[record["logId"]] = record
        reply = {"funcId": "cmd.dev.response", "code": "00000000", "mid": message["mid"]}
        link.say(reply)
        link.say({**reply, "code": "E0000006", "message": "?"})

    def early(self, link: Any, message: Message) -> None:
        link.command("cmd.data.update.user", cmd_id="early", mid="m", users=[USER | {"password": None}])
        self.world.platform.standing["dev.report"](link, message)
        link.command("cmd.data.update.meeting", cmd_id="second", mid="m", meeting=[MEETING | {"applicant": ""}])


async def test_ten_departures_at_once_are_all_named_and_the_device_lives(world: World) -> None:
    Sloppy(world)
    device = await world.online(behaviours=(verification(rate=0.5, photo_share=0.0, styles=(2,)),))
    await world.advance(120)
    assert device.state is DeviceState.ONLINE
    assert len(world.platform.links) == 1
    assert device.delivery.outbox.pending == 0
    assert world.recorder.records["acknowledged"] == world.recorder.records["generated"] > 30
    assert {"77"} == {user["pin"] for user in device.memory.users()}
    assert set(device.memory.meetings) == {"m1"}
    assert world.platform.code_of("early") == world.platform.code_of("second") == DONE
    assert set(world.recorder.failed()) == set()
    assert set(world.recorder.broken()) == {
        "reply.field-type",  # heartbeatInterval is a number
        "reply.field-format",  # +8:00
        "reply.func-id",
        "reply.code",
        "reply.message",
        "reply.doubled",
        "record.acknowledged-twice-differently",
        "command.before-online",
        "command.field-type",
        "command.field-missing",
        "command.mid",
    }
    assert world.recorder.observed() == {"reply.nine-positions": 1}
