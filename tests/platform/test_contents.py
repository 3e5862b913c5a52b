"""Every command the platform makes up is valid by the catalogue, fits into a package, and refers to what is there."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from simulator.judge.commands import read_command
from simulator.platform import people
from simulator.platform.contents import Content, Contents, Target
from simulator.platform.settings import PlatformSettings
from simulator.protocol.catalogue import COMMAND_FUNC_IDS
from simulator.protocol.envelope import encode_command
from simulator.protocol.times import parse_iso
from tests.platform.parts import meeting_plan, platform_settings, push_rule

ZERO = 1_700_000_000.0
PLAN = meeting_plan(count=3, members=4, starts_in=-60, duration=600, gap=300)
SETTINGS = platform_settings(users=30, meetings=PLAN)


def target(package_bytes: int = 65_536, template_type: str | None = "9", added: int = 0) -> Target:
    return Target(
        sn="SN1",
        package_bytes=package_bytes,
        template_type=template_type,
        zero=ZERO,
        photo_url=lambda pin: f"http://127.0.0.1:1/photos/{pin}.jpg",
        added=lambda command: added,
    )


def params_of(content: Content) -> dict[str, Any]:
    return orjson.loads(content.json)


def message(func_id: str, content: Content) -> dict[str, Any]:
    return {"funcId": func_id, "mid": "m", "payload": {"params": {"cmdId": "1", **params_of(content)}}}


@pytest.mark.parametrize("settings", [SETTINGS, platform_settings()], ids=["users", "nothing"])
@pytest.mark.parametrize("command", COMMAND_FUNC_IDS)
def test_every_family_is_valid(command: str, settings: PlatformSettings) -> None:
    contents = Contents(settings, seed=1)
    for sequence in range(6):
        drafts = contents.for_rule(push_rule(command, count=3), sequence, target())
        assert drafts
        for func_id, content in drafts:
            assert func_id == command
            assert read_command(message(func_id, content)).judgement.right


def test_provisioning_is_valid_and_in_order() -> None:
    drafts = Contents(SETTINGS, seed=1).provisioning(target())
    assert [func_id for func_id, _ in drafts] == [
        "cmd.data.update.user",
        "cmd.data.update.multiCard",
        "cmd.data.update.meeting",
        "cmd.data.update.meetingMember",
    ]
    assert all(read_command(message(*draft)).judgement.right for draft in drafts)
    users, cards, meetings, members = (params_of(content) for _, content in drafts)
    pins = {user["pin"] for user in users["users"]}
    assert len(pins) == 30
    assert pins == {card["pin"] for card in cards["multiCards"]}
    assert len({card["card"] for card in cards["multiCards"]}) == 30
    ids = [meeting["id"] for meeting in meetings["meeting"]]
    assert len(set(ids)) == 3
    assert [entry["meetingId"] for entry in members["members"]] == ids
    for entry in members["members"]:
        assert len(entry["pins"]) == 4
        assert set(entry["pins"]) <= pins
    assert any("bioDatas" in user for user in users["users"])
    assert any("password" in user for user in users["users"])


def test_windows_of_a_meeting() -> None:
    drafts = dict(Contents(SETTINGS, seed=1).provisioning(target()))
    first, second = params_of(drafts["cmd.data.update.meeting"])["meeting"][:2]
    # The zero is 2023-11-15T06:13:20+08:00; the first meeting began a minute before.
    assert first["startTime"] == "2023-11-15T06:12:20+08:00"
    assert first["startSignInTime"] == "2023-11-15T05:57:20+08:00"
    assert first["lastSignInTime"] == "2023-11-15T06:22:20+08:00"
    assert first["endTime"] == "2023-11-15T06:22:20+08:00"
    assert first["earSignOutTime"] == "2023-11-15T06:12:20+08:00"
    assert first["lastSignOutTime"] == "2023-11-15T06:37:20+08:00"
    assert second["startTime"] == "2023-11-15T06:27:20+08:00"


def test_long_lists_are_split() -> None:
    drafts = Contents(platform_settings(users=400), seed=1).provisioning(target(package_bytes=16 * 1024))
    assert len(drafts) > 3
    assert all(len(content.json) < 16 * 1024 - 100 for _, content in drafts)
    pins = [user["pin"] for _, content in drafts for user in params_of(content).get("users", [])]
    assert len(pins) == len(set(pins)) == 400


@pytest.mark.parametrize("command", COMMAND_FUNC_IDS)
@pytest.mark.parametrize("package_bytes", [4 * 1024, 16 * 1024])
def test_no_command_is_larger_than_a_package(command: str, package_bytes: int) -> None:
    contents = Contents(platform_settings(users=1_000, meetings=PLAN), seed=1)
    rule = push_rule(command, count=1_000)
    small = contents.for_rule(rule, 1, target(package_bytes=package_bytes))
    whole = contents.for_rule(rule, 1, target(package_bytes=10**9))
    assert len(whole) == 1
    for draft in small:
        frame = encode_command(draft[0], "m" * 32, {"cmdId": "1" * 18}, imme="1")
        assert len(frame) + len(draft[1].json) <= package_bytes
        assert read_command(message(*draft)).judgement.right
    assert sorted(map(repr, leaves([params_of(content) for _, content in small]))) == sorted(
        map(repr, leaves([params_of(whole[0][1])]))
    )


def leaves(parts: list[dict[str, Any]]) -> set[tuple[str, ...]]:
    """What the lists of the commands hold, each with what stands round it."""
    found: set[tuple[str, ...]] = set()
    for params in parts:
        for name, value in params.items():
            for entry in value if isinstance(value, list) else [value]:
                if isinstance(entry, dict) and "pins" in entry:
                    found.update((name, entry["meetingId"], pin) for pin in entry["pins"])
                else:
                    found.add((name, orjson.dumps(entry).decode()))
    return found


def test_many_members_come_in_several_entries() -> None:
    plan = meeting_plan(count=1, members=3_000)
    settings = platform_settings(users=3_000, meetings=plan)
    drafts = Contents(settings, seed=1).provisioning(target(package_bytes=8 * 1024))
    members = [params_of(content) for func_id, content in drafts if func_id.endswith("Member")]
    assert len(members) > 1
    assert all(len(content.json) < 8 * 1024 - 200 for _, content in drafts)
    pins = [pin for params in members for entry in params["members"] for pin in entry["pins"]]
    assert len(pins) == len(set(pins)) == 3_000


def test_devices_share_their_users() -> None:
    contents = Contents(platform_settings(users=20), seed=1)
    first = contents.provisioning(target())
    second = contents.provisioning(target())
    assert first[0] == second[0]
    assert all(a[1] is b[1] for a, b in zip(first, second, strict=True))


def test_no_templates_for_a_device_that_takes_none() -> None:
    drafts = Contents(platform_settings(users=20), seed=1).provisioning(target(template_type=None))
    assert not any("bioDatas" in user for user in params_of(drafts[0][1])["users"])


def test_the_seed_decides() -> None:
    def made(seed: int) -> list[bytes]:
        return [content.json for _, content in Contents(SETTINGS, seed).provisioning(target())]

    assert made(1) == made(1)
    assert made(1) != made(2)


def test_what_is_deleted_was_given() -> None:
    contents = Contents(SETTINGS, seed=1)
    delete = push_rule("cmd.data.delete.user", count=3)
    given = {user["pin"] for user in params_of(contents.provisioning(target())[0][1])["users"]}
    pins = params_of(contents.for_rule(delete, 0, target())[0][1])["pins"]
    assert len(pins) == 3
    assert set(pins) <= given
    added = contents.for_rule(push_rule("cmd.data.update.user", count=3), 0, target())
    extra = {user["pin"] for user in params_of(added[0][1])["users"]}
    assert not extra & given
    assert set(params_of(contents.for_rule(delete, 0, target(added=3))[0][1])["pins"]) == extra
    cards = params_of(contents.for_rule(push_rule("cmd.data.update.multiCard", count=3), 1, target())[0][1])
    taken = params_of(contents.for_rule(push_rule("cmd.data.delete.multiCard", count=3), 1, target())[0][1])
    assert [card["pin"] for card in cards["multiCards"]] == taken["pins"]


def test_meetings_are_deleted_from_the_end() -> None:
    contents = Contents(SETTINGS, seed=1)
    delete = push_rule("cmd.data.delete.meeting", count=1)
    assert params_of(contents.for_rule(delete, 0, target())[0][1])["meetings"] == ["SN1-3"]
    assert params_of(contents.for_rule(delete, 0, target(added=1))[0][1])["meetings"] == ["SN1-4"]


def test_queries_ask_for_all_and_for_one() -> None:
    contents = Contents(SETTINGS, seed=1)
    query = push_rule("cmd.data.query.user")
    pins = [params_of(contents.for_rule(query, sequence, target())[0][1])["pin"] for sequence in range(4)]
    assert pins == ["", "100001", "", "100002"]


def test_params_of_a_rule_are_laid_over() -> None:
    contents = Contents(SETTINGS, seed=1)
    rule = push_rule("cmd.data.query.user", params={"pin": "7", "more": "x"})
    assert params_of(contents.for_rule(rule, 0, target())[0][1]) == {"pin": "7", "more": "x"}
    rule = push_rule("cmd.no.such", unknown=True, params={"a": "b"})
    assert params_of(contents.for_rule(rule, 0, target())[0][1]) == {"a": "b"}
    rule = push_rule("cmd.no.such", unknown=True)
    assert params_of(contents.for_rule(rule, 0, target())[0][1]) == {}


def test_a_planned_meeting_is_changed_moved_and_deleted() -> None:
    contents = Contents(SETTINGS, seed=1)
    drafts = dict(contents.provisioning(target()))
    planned = params_of(drafts["cmd.data.update.meeting"])["meeting"]

    def made(func_id: str, sequence: int = 0, **changes: Any) -> dict[str, Any]:
        [(name, content)] = contents.for_rule(push_rule(func_id, **changes), sequence, target())
        assert read_command(message(name, content)).judgement.right
        return params_of(content)

    [moved] = made("cmd.data.update.meeting", meeting=1, moved=3600.0, longer=-60.0)["meeting"]
    was = planned[1]
    assert (moved["id"], moved["name"]) == (was["id"], was["name"])
    seconds = {name: parse_iso(moved[name]) - parse_iso(was[name]) for name in was if name.endswith("Time")}
    assert seconds == {
        "startTime": 3600,
        "startSignInTime": 3600,
        "lastSignInTime": 3600,
        "endTime": 3540,
        "earSignOutTime": 3540,
        "lastSignOutTime": 3540,
    }
    assert made("cmd.data.update.meeting", meeting=0, count=2)["meeting"] == planned[:2]
    assert made("cmd.data.delete.meeting", meeting=1, count=2) == {"meetings": ["SN1-2", "SN1-3"]}
    assert made("cmd.data.delete.meeting", sequence=1, meeting=1) == {"meetings": ["SN1-3"]}
    members = params_of(drafts["cmd.data.update.meetingMember"])["members"][1]["pins"]
    taken = made("cmd.data.delete.meetingMember", meeting=1, count=2)
    assert taken == {"meetingId": "SN1-2", "pins": members[:2]}
    [added] = made("cmd.data.update.meetingMember", meeting=1, count=2)["members"]
    assert added["meetingId"] == "SN1-2"
    assert len(set(added["pins"])) == 2
    assert not set(added["pins"]) & set(members)


def test_rooms_and_meetings_have_members_of_their_own() -> None:
    lists = [people.members(sn, number, PLAN, 30) for sn in ("SN1", "SN2") for number in range(3)]
    assert all(len(set(each)) == 4 for each in lists)
    assert len({tuple(each) for each in lists}) == 6
    assert people.members("SN1", 0, PLAN, 30, more=2)[:4] == lists[0]
    assert len(people.members("SN1", 0, PLAN, 3)) == 3
