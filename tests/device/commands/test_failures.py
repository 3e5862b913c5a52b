"""Tests of `simulator.device.commands.failures`: commands that fail by chance, and what the platform sees of it."""

import random
from collections import Counter
from typing import Any

import pytest
from pydantic import ValidationError

from simulator.device.commands.failures import DOWNLOADING, STORING, CommandFailures, Fate
from simulator.device.commands.handlers import HANDLERS
from simulator.scenario.sections.command_failures import CommandFailuresSection
from tests.device.command_messages import DONE, MEETING, USER, done
from tests.device.harness import World

UPDATE = "cmd.data.update.user"
PHOTO = {"pin": "1001", "type": "9", "url": "http://files.test/1.jpg"}


def failing(**keys: Any) -> dict[str, Any]:
    return {"keys": {"command_failures": keys}}


# --- Drawing ---


def test_shares_are_kept_and_one_way_excludes_the_others() -> None:
    failures = CommandFailures(busy=0.1, store_full=0.2, download=0.3, silent=0.1)
    rng = random.Random(3)
    drawn = Counter(failures.draw("cmd.data.update.bioPhoto", rng) for _ in range(20_000))
    shares = {fate: drawn[fate] / 20_000 for fate in Fate}
    assert shares == pytest.approx(
        {Fate.BUSY: 0.1, Fate.STORE_FULL: 0.2, Fate.DOWNLOAD: 0.3, Fate.SILENT: 0.1, Fate.CARRIED_OUT: 0.3}, abs=0.015
    )


@pytest.mark.parametrize("func_id", sorted(HANDLERS))
def test_only_what_needs_room_finds_none_and_only_what_fetches_fails_to(func_id: str) -> None:
    rng = random.Random(1)
    full = CommandFailures(store_full=1.0).draw(func_id, rng)
    assert (full is Fate.STORE_FULL) == (func_id in STORING)
    assert (CommandFailures(download=1.0).draw(func_id, rng) is Fate.DOWNLOAD) == (func_id in DOWNLOADING)


def test_what_has_room_for_nothing_is_among_the_commands() -> None:
    assert HANDLERS.keys() >= STORING


# --- What the platform sees ---


async def test_a_busy_device_refuses_and_takes_the_same_command_later(world: World) -> None:
    await world.online(**failing(busy="100%"))
    cmd_id = world.platform.link.command(UPDATE, users=[USER])
    await world.advance(1)
    assert world.platform.code_of(cmd_id) == "E0000005"
    device = world.devices[0]
    assert "77" not in device.memory
    device.spec.settings.command_failures.clear()
    world.platform.link.command(UPDATE, cmd_id=cmd_id, users=[USER])
    await world.advance(1)
    assert [code for code, *_ in world.platform.answers_to(cmd_id)] != []
    assert world.platform.code_of(cmd_id) == DONE
    assert "77" in device.memory


async def test_a_full_store_and_a_failed_download_change_nothing(world: World) -> None:
    device = await world.online(**failing(store_full="100%", **{"cmd.data.update.bioPhoto": {"download": "100%"}}))
    assert await done(world, UPDATE, users=[USER]) == "E0000007"
    assert await done(world, "cmd.data.update.meeting", meeting=[MEETING]) == "E0000007"
    assert await done(world, "cmd.data.update.bioPhoto", bioPhotos=[PHOTO]) == "E0000008"
    assert await done(world, "cmd.data.clear.user") == DONE, "what needs no room is carried out"
    assert "77" not in device.memory
    assert not device.memory.meetings
    assert not world.network.downloads


async def test_a_refusal_that_was_wanted_is_expected_in_reports_and_nothing_else_to_the_platform(world: World) -> None:
    keys = {"cmd.data.update.bioPhoto": {"download": "100%"}, "cmd.data.clear": {"busy": "100%"}}
    await world.online(users=1, max_users=1, **failing(**keys, **{"cmd.data.update.meeting": {"store_full": "100%"}}))
    wanted = {
        ("cmd.data.update.meeting", "E0000007"): ("the store is full", {"meeting": [MEETING]}),
        ("cmd.data.update.bioPhoto", "E0000008"): ("download failed: not reached", {"bioPhotos": [PHOTO]}),
        ("cmd.data.clear.user", "E0000005"): ("the device is busy", {}),
    }
    for (func_id, code), (text, params) in wanted.items():
        cmd_id = world.platform.link.command(func_id, **params)
        await world.advance(1)
        assert [(told["code"], told["message"]) for told in world.platform.answers_to(cmd_id)] == [(code, text)]
        assert world.recorder.expected == [(func_id, code)]
        # A real failure with the same code would be told of by its own words.
        assert (func_id, code) not in world.recorder.details
        world.platform.link.command(func_id, cmd_id=cmd_id, **params)
        await world.advance(1)
        assert world.recorder.expected == [(func_id, code)] * 2, "sent again it is the same refusal"
        world.recorder.expected.clear()
    assert await done(world, UPDATE, users=[USER]) == "E0000007"
    assert world.recorder.expected == []
    assert world.recorder.details[UPDATE, "E0000007"] == "the user store is full (1)", "a real one says nothing of it"


async def test_silence_carries_the_command_out_and_the_second_sending_is_answered(world: World) -> None:
    device = await world.online(**failing(silent="100%"))
    cmd_id = world.platform.link.command(UPDATE, users=[USER])
    await world.advance(5)
    assert world.platform.answers_to(cmd_id) == []
    assert "77" in device.memory
    assert [(name, code) for name, _, _, code in world.recorder.commands] == [(UPDATE, "not answered")]
    assert world.recorder.expected == [(UPDATE, "not answered")]
    world.platform.link.command(UPDATE, cmd_id=cmd_id, users=[USER])
    await world.advance(1)
    assert world.platform.code_of(cmd_id) == DONE


async def test_slow_commands_take_their_time_and_the_others_do_not(world: World) -> None:
    await world.online(**failing(**{"cmd.data": {"slow": "5s..20s"}}))
    slow = world.platform.link.command(UPDATE, users=[USER])
    await world.advance(4.9)
    assert world.platform.answers_to(slow) == []
    await world.advance(16)
    assert world.platform.code_of(slow) == DONE
    [(_, _, handling, _)] = world.recorder.commands
    assert 5 <= handling <= 20
    assert await done(world, "cmd.option.set", option={"meetRoomName": "A", "meetRoomCapacity": "3"}) == DONE


# --- How a scenario says it ---


def test_a_share_of_slow_ones_and_names_of_commands() -> None:
    section = CommandFailuresSection.model_validate(
        {"slow": {"share": "5%", "time": "1s..2s"}, "cmd.data.update": {"busy": "50%"}}
    )
    settings = section.settings()
    assert settings["cmd.data.update"] == CommandFailures(busy=0.5)
    assert settings[""].slow_share == 0.05
    assert CommandFailuresSection().settings() == {}


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"bussy": "1%"}, "bussy"),
        ({"cmd.data.updat": {"busy": "1%"}}, "cmd.data.updat"),
        ({"cmd.control.reboot": {"store_full": "1%"}}, "no effect"),
        ({"cmd.data.update.user": {"download": "1%"}}, "no effect"),
        ({"busy": "60%", "silent": "50%"}, "add up to 110%"),
        ({"cmd.data": {"busy": "60%", "silent": "50%"}}, "add up to 110%"),
        ({"cmd.data": {"busi": "60%"}}, "busi"),
        ({"slow": "fast"}, "duration"),
        ({"cmd.data": "5%"}, "FailuresSection|mapping"),
    ],
)
def test_what_cannot_be_is_refused_in_words(keys: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        CommandFailuresSection.model_validate(keys)
