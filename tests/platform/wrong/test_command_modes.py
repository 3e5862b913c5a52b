"""Each mistake in commands is on the wire where it was asked for, and nowhere else."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from simulator.judge.commands import read_command
from simulator.platform.wrong.command_modes import HARMLESS
from simulator.protocol.catalogue import COMMAND_FUNC_IDS
from tests.platform.harness import ALL_FUNC_IDS, IDENTITIES, running
from tests.platform.wrong.walk import Seen, Shows, come_online, names_of, settings_with, walk, walker


def params(command: dict[str, Any]) -> dict[str, Any]:
    found = command.get("payload", {}).get("params")
    return found if isinstance(found, dict) else {}


def entry(func_id: str, name: str, field: str, test: Any) -> Shows:
    def shows(seen: Seen) -> bool:
        entries = [one for command in seen.commands(func_id) for one in params(command).get(name, ())]
        return any(test(one.get(field, "absent")) for one in entries)

    return shows


def any_command(test: Any) -> Shows:
    return lambda seen: any(test(command) for command in seen.commands())


def one_cmd_id_for_two(seen: Seen) -> bool:
    kinds: dict[str, set[str]] = {}
    for command in seen.commands():
        kinds.setdefault(params(command).get("cmdId", ""), set()).add(command["funcId"])
    return any(len(names) > 1 for names in kinds.values())


def repeated_mid(seen: Seen) -> bool:
    mids = [command.get("mid") for command in seen.commands()]
    return len(set(mids)) < len(mids)


USER, MEETING, PHOTO = "cmd.data.update.user", "cmd.data.update.meeting", "cmd.data.update.bioPhoto"
MISTAKES: dict[str, Shows] = {
    "command.mid-missing": any_command(lambda command: "mid" not in command),
    "command.mid-repeated": repeated_mid,
    "command.mid-too-long": any_command(lambda command: len(command["mid"]) == 33),
    "command.mid-number": any_command(lambda command: isinstance(command["mid"], int)),
    "command.cmd-id-missing": any_command(lambda command: "cmdId" not in command["payload"]["params"]),
    "command.cmd-id-reused": one_cmd_id_for_two,
    "command.params-in-a-list": any_command(lambda command: isinstance(command["payload"]["params"], list)),
    "command.too-large": lambda seen: any(len(text) > 64 * 1024 for text in seen.texts),
    "command.cut-off": lambda seen: any(
        text.endswith("}") and text.count("}") < text.count("{") for text in seen.texts
    ),
    "command.field-missing": entry(USER, "users", "pin", lambda value: value == "absent"),
    "command.number-for-text": entry(USER, "users", "disable", lambda value: value == 0 and type(value) is int),
    "command.boolean-for-text": entry(USER, "users", "disable", lambda value: value is False),
    "command.null-for-absent": entry(USER, "users", "lastName", lambda value: value is None),
    "command.empty-text": entry(MEETING, "meeting", "applicant", lambda value: value == ""),
    "command.time-with-z": entry(MEETING, "meeting", "startTime", lambda value: value.endswith("Z")),
    "command.time-with-milliseconds": entry(MEETING, "meeting", "endTime", lambda value: ".000+" in value),
    "command.time-epoch": entry(MEETING, "meeting", "startTime", str.isdigit),
    "command.card-letters": entry(
        "cmd.data.update.multiCard", "multiCards", "card", lambda value: value.startswith("A") and len(value) > 1
    ),
    "command.url-missing": entry(PHOTO, "bioPhotos", "url", lambda value: "/photos/missing" in value),
    "command.url-no-picture": entry(PHOTO, "bioPhotos", "url", lambda value: "/photos/nopicture" in value),
    "command.too-many": lambda seen: len(seen.commands("cmd.data.delete.meeting")) >= 25,
    "command.unknown": lambda seen: len(seen.commands("cmd.data.update.weather")) == 2,
    "command.before-online": lambda seen: (
        "dev.login" in {last for text, last in zip(seen.texts, seen.last, strict=True) if "cmd.data.query.user" in text}
    ),
    "command.answer-answered": lambda seen: (
        len([text for text in seen.texts if '"message":"success"' in text])
        > 2 * len(("register", "accredit", "login", "report", "heartbeat", "upload", "time"))
    ),
}
APART = ["command.not-negotiated", "command.repeated-as-new"]


def test_every_mistake_has_its_sign() -> None:
    assert sorted([*MISTAKES, *APART]) == sorted(names_of("command"))


@pytest.mark.parametrize("name", MISTAKES)
async def test_the_mistake_is_on_the_wire(name: str) -> None:
    assert MISTAKES[name](await walk(name)), name


async def test_a_right_platform_shows_none() -> None:
    seen = await walk()
    assert [name for name, shows in MISTAKES.items() if shows(seen)] == []


@pytest.mark.parametrize("wrong", [True, False])
async def test_a_command_that_was_not_listed(wrong: bool) -> None:
    seen = Seen()
    async with running(settings_with(*(["command.not-negotiated"] if wrong else []))) as platform:
        device = await walker(platform, seen, IDENTITIES[0])
        await come_online(device, funcIds=[name for name in ALL_FUNC_IDS if name != "cmd.option.set"])
        await asyncio.sleep(0.02)
    assert len(seen.commands("cmd.option.set")) == int(wrong)


@pytest.mark.parametrize("wrong", [True, False])
async def test_a_command_again_after_a_lost_answer(wrong: bool) -> None:
    seen = Seen()
    async with running(settings_with(*(["command.repeated-as-new"] if wrong else []))) as platform:
        for _ in range(2):
            device = await walker(platform, seen, IDENTITIES[0])
            device.answers_commands = False
            await come_online(device)
            await asyncio.sleep(0.02)
            await device.close()
        ids = [params(command)["cmdId"] for command in seen.commands("cmd.data.update.user")]
        assert (len(set(ids)) == len(ids) > 1) is wrong
        device = await walker(platform, seen, IDENTITIES[0])
        await come_online(device)
        await asyncio.sleep(0.05)
        assert (await platform.ledger())["events"].get("answer to an unknown command") is None


@pytest.mark.parametrize("name", ["command.url-missing", "command.url-no-picture"])
async def test_what_is_at_the_address(name: str) -> None:
    async with running(settings_with(name)) as platform:
        prefix = "missing" if name.endswith("missing") else "nopicture"
        async with platform.http.get(f"{platform.info.dispatch}/photos/{prefix}100001.jpg") as response:
            body = await response.read()
            assert response.status == (404 if prefix == "missing" else 200)
            assert not body.startswith(b"\xff\xd8")


@pytest.mark.parametrize("func_id", COMMAND_FUNC_IDS)
def test_what_is_sent_unasked_is_right_in_itself(func_id: str) -> None:
    message = {"funcId": func_id, "mid": "m", "payload": {"params": {"cmdId": "1", **HARMLESS[func_id]}}}
    assert read_command(message).judgement.departures == ()
