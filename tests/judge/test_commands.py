"""Commands that depart: what they mean, and under which rules they are told."""

import time
from typing import Any

import pytest

from simulator.judge.commands import ReadCommand, read_command
from simulator.judge.departures import MOST_DEPARTURES

USER: dict[str, Any] = {"pin": "1", "role": "0", "firstName": "Ada", "funSwitch": "0", "disable": "0"}
TEMPLATE: dict[str, Any] = {"type": "1", "majorVer": "10", "minorVer": "0", "fmt": "0", "tmp": "AAAA"}
MEETING: dict[str, Any] = {
    "id": "7",
    "name": "Weekly",
    "startTime": "2024-06-26T10:00:00+08:00",
    "endTime": "2024-06-26T11:00:00+08:00",
    "lastSignOutTime": "2024-06-26T11:10:00+08:00",
    "applicant": "Ada",
}
CARD: dict[str, Any] = {"pin": "1", "card": "11000001", "type": "0", "lossFlag": "0"}
PHOTO: dict[str, Any] = {"pin": "1", "type": "9", "url": "http://h/1.jpg"}


def without_absent(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not ...}


def read(func_id: Any, params: Any, *, zone: str = "+08:00", **members: Any) -> ReadCommand:
    """A command with these params and a cmdId; members that are `...` are left out."""
    if isinstance(params, dict):
        params = without_absent({"cmdId": "c1", **params})
    message = {"funcId": func_id, "mid": "m1", "payload": {"params": params}, **members}
    return read_command(without_absent(message), zone)


def user(**fields: Any) -> ReadCommand:
    return read("cmd.data.update.user", {"users": [without_absent({**USER, **fields})]})


def meeting(zone: str = "+08:00", **fields: Any) -> ReadCommand:
    return read("cmd.data.update.meeting", {"meeting": [without_absent({**MEETING, **fields})]}, zone=zone)


def card(**fields: Any) -> ReadCommand:
    return read("cmd.data.update.multiCard", {"multiCards": [without_absent({**CARD, **fields})]})


def photo(**fields: Any) -> ReadCommand:
    return read("cmd.data.update.bioPhoto", {"bioPhotos": [without_absent({**PHOTO, **fields})]})


def rules(found: ReadCommand) -> list[str]:
    return [departure.rule for departure in found.judgement.departures]


def used(found: ReadCommand, rule: str) -> bool:
    """Whether just this was counted, and the command can be carried out."""
    return (rules(found), found.judgement.unusable) == ([rule], None)


def refused(found: ReadCommand, rule: str) -> bool:
    """Whether just this was counted, and the command has to be refused."""
    return rules(found) == [rule] and found.judgement.unusable == found.judgement.departures[0]


# --- The envelope ---


@pytest.mark.parametrize("members", [{}, {"sn": 5}, {"extra": None}, {"imme": None}, {"imme": "x"}, {"imme": ""}])
def test_what_the_document_allows_is_right(members: dict[str, Any]) -> None:
    assert read("cmd.data.clear.user", {"extra": {"deep": [None, 5]}}, **members).judgement.right


@pytest.mark.parametrize("mid", [..., None, "", True, [], {}, "m" * 1025])
def test_without_a_mid_nothing_can_be_answered(mid: Any) -> None:
    found = read("cmd.data.clear.user", {}, mid=mid)

    assert refused(found, "command.mid")
    assert found.mid == ""


@pytest.mark.parametrize(("mid", "meant"), [(7, "7"), ("m" * 33, "m" * 33), ("m" * 1024, "m" * 1024)])
def test_a_mid_that_departs_is_sent_back(mid: Any, meant: str) -> None:
    found = read("cmd.data.clear.user", {}, mid=mid)

    assert used(found, "command.mid")
    assert found.mid == meant


def test_a_mid_of_32_is_right() -> None:
    assert read("cmd.data.clear.user", {}, mid="m" * 32).judgement.right


@pytest.mark.parametrize("cmd_id", [..., None, ""])
def test_a_command_without_a_cmd_id_is_refused(cmd_id: Any) -> None:
    found = read("cmd.data.clear.user", {"cmdId": cmd_id})

    assert refused(found, "command.cmd-id")
    assert (found.cmd_id, found.known) == ("", True)


def test_a_cmd_id_that_is_a_number_is_used() -> None:
    found = read("cmd.data.clear.user", {"cmdId": 9})

    assert used(found, "command.field-type")
    assert (found.cmd_id, found.params) == ("9", {"cmdId": "9"})


@pytest.mark.parametrize("cmd_id", [True, [], {}])
def test_a_cmd_id_that_is_nothing_of_the_kind_is_refused(cmd_id: Any) -> None:
    assert refused(read("cmd.data.clear.user", {"cmdId": cmd_id}), "command.field-type")


@pytest.mark.parametrize(
    "func_id", [..., None, "", "cmd.no.such", "CMD.DATA.CLEAR.USER", "dev.login", "getBrokerServer", 5, [], {}]
)
def test_what_is_no_command_is_refused_with_its_ids(func_id: Any) -> None:
    found = read(func_id, {})

    assert refused(found, "command.unknown")
    assert (found.known, found.mid, found.cmd_id) == (False, "m1", "c1")
    assert found.func_id == (func_id if isinstance(func_id, str) else "")


@pytest.mark.parametrize(
    ("imme", "urgent"), [(..., False), ("0", False), ("", False), (None, False), ("1", True), ("2", True)]
)
def test_urgency(imme: Any, urgent: bool) -> None:
    assert read("cmd.data.clear.user", {}, imme=imme).urgent is urgent


@pytest.mark.parametrize(("imme", "urgent"), [(1, True), (0, False), (True, True), (False, False), ([], False)])
def test_urgency_that_is_no_text_is_counted(imme: Any, urgent: bool) -> None:
    found = read("cmd.data.clear.user", {}, imme=imme)

    assert used(found, "command.field-type")
    assert found.urgent is urgent


@pytest.mark.parametrize(
    ("payload", "rule"),
    [
        (..., "command.field-missing"),
        (None, "command.field-missing"),
        ({}, "command.field-missing"),
        ({"params": None}, "command.field-missing"),
        ("", "command.field-type"),
        ([], "command.field-type"),
        ({"params": "cmdId"}, "command.field-type"),
        ({"params": []}, "command.field-type"),
    ],
)
def test_without_params_there_is_no_command(payload: Any, rule: str) -> None:
    found = read("cmd.data.clear.user", {}, payload=payload)

    assert refused(found, rule)
    assert found.params == {}


@pytest.mark.parametrize("payload", [{"params": [{"cmdId": "c1"}]}, [{"params": {"cmdId": "c1"}}]])
def test_a_list_of_one_object_stands_for_the_object(payload: Any) -> None:
    found = read("cmd.data.clear.user", {}, payload=payload)

    assert used(found, "command.field-type")
    assert found.params == {"cmdId": "c1"}


# --- Fields ---


@pytest.mark.parametrize("value", [None, ""])
@pytest.mark.parametrize("name", ["name", "applicant"])
def test_a_name_that_is_empty_throws_nothing_away(name: str, value: Any) -> None:
    found = meeting(**{name: value})

    assert used(found, "command.field-missing")
    assert found.params["meeting"] == [{**MEETING, name: ""}]


@pytest.mark.parametrize("value", [..., None, ""])
@pytest.mark.parametrize("name", ["id", "startTime", "endTime", "lastSignOutTime"])
def test_what_cannot_be_guessed_has_to_be_there(name: str, value: Any) -> None:
    assert refused(meeting(**{name: value}), "command.field-missing")


def test_a_name_that_is_left_out_has_no_meaning() -> None:
    assert refused(meeting(applicant=...), "command.field-missing")


@pytest.mark.parametrize("value", [..., None, ""])
def test_a_user_without_a_pin_is_refused(value: Any) -> None:
    assert refused(user(pin=value), "command.field-missing")


def test_an_optional_field_may_be_empty_and_not_null() -> None:
    assert user(lastName="").judgement.right

    found = user(lastName=None)
    assert used(found, "command.field-type")
    assert found.params["users"] == [USER]


@pytest.mark.parametrize(
    ("name", "value", "meant", "rule"),
    [
        ("pin", 5, "5", "command.field-type"),
        ("pin", 5.0, "5", "command.field-type"),
        ("role", 0, "0", "command.field-type"),
        ("firstName", True, "true", "command.field-type"),
        ("disable", False, "0", "command.field-type"),
        ("disable", 1, "1", "command.field-type"),
        ("disable", "true", "1", "command.field-format"),
        ("disable", "7", "7", "command.field-format"),
        ("funSwitch", 2, "2", "command.field-type"),
        ("funSwitch", "02", "2", "command.field-format"),
        ("funSwitch", "9", "9", "command.field-format"),
        ("ruleType", "9", "9", "command.field-format"),
        ("startTime", "2024-06-26 10:00:00", "2024-06-26T10:00:00+08:00", "command.field-format"),
        ("endTime", 1719367200, "2024-06-26T10:00:00+08:00", "command.field-type"),
    ],
)
def test_a_users_field_is_used_where_it_is_plain(name: str, value: Any, meant: str, rule: str) -> None:
    found = user(**{name: value})

    assert used(found, rule)
    assert found.params["users"] == [{**USER, name: meant}]


@pytest.mark.parametrize(
    ("name", "value", "rules_told"),
    [
        ("pin", True, ["command.field-type"]),
        ("pin", ["1"], ["command.field-type"]),
        ("funSwitch", True, ["command.field-type"]),
        ("firstName", {}, ["command.field-type"]),
        ("password", "123456", ["command.field-format"]),
        ("startTime", "soon", ["command.field-format"]),
        ("startTime", 5, ["command.field-type", "command.field-format"]),
        ("bioDatas", "x", ["command.field-type"]),
        ("bioDatas", [None], ["command.field-type"]),
        ("bioDatas", [{**TEMPLATE, "type": "11"}], ["command.field-format"]),
        ("bioDatas", [{**TEMPLATE, "tmp": ""}], ["command.field-missing"]),
        ("disable", "x" * 65, ["command.field-format"]),
    ],
)
def test_a_users_field_that_means_nothing_is_refused(name: str, value: Any, rules_told: list[str]) -> None:
    found = user(**{name: value})

    assert found.judgement.unusable is not None
    assert rules(found) == rules_told


@pytest.mark.parametrize("value", [None, ""])
def test_no_list_in_place_of_an_optional_one_is_counted_as_absent(value: Any) -> None:
    found = user(bioDatas=value)

    assert used(found, "command.field-type")
    assert found.params["users"] == [USER]


def test_one_object_in_place_of_a_list_is_a_list_of_one() -> None:
    found = user(bioDatas=TEMPLATE)

    assert used(found, "command.field-type")
    assert found.params["users"] == [{**USER, "bioDatas": [TEMPLATE]}]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2024-06-26T10:00:00.000+08:00", "2024-06-26T10:00:00+08:00"),
        ("2024-06-26T02:00:00Z", "2024-06-26T02:00:00+00:00"),
        ("2024-06-26 10:00:00", "2024-06-26T10:00:00+03:00"),
        ("1719367200000", "2024-06-26T05:00:00+03:00"),
    ],
)
def test_times_are_read_as_the_moment_they_name(text: str, meant: str) -> None:
    found = meeting("+03:00", startTime=text)

    assert used(found, "command.field-format")
    assert found.params["meeting"][0]["startTime"] == meant


@pytest.mark.parametrize("value", ["CC11000001", " 123 ", "C100001"])
def test_a_card_with_letters_is_used(value: str) -> None:
    found = card(card=value)

    assert used(found, "command.field-format")
    assert found.params["multiCards"][0]["card"] == value.strip()


@pytest.mark.parametrize("value", ["12 34", "会议", "1-2", "9" * 65])
def test_a_card_that_is_no_number_at_all_is_refused(value: str) -> None:
    assert refused(card(card=value), "command.field-format")


@pytest.mark.parametrize(("value", "rule"), [("h/1.jpg", "field-format"), ("", "field-missing"), (5, "field-type")])
def test_a_photo_without_an_address_is_refused(value: Any, rule: str) -> None:
    found = photo(url=value)

    assert f"command.{rule}" in rules(found)
    assert found.judgement.unusable is not None


@pytest.mark.parametrize(
    ("pins", "meant"),
    [("5", ["5"]), (5, ["5"]), (["1", 5], ["1", "5"]), (["1", None], ["1"]), (["1", 2.0], ["1", "2"])],
)
def test_pins_are_used_where_they_are_plain(pins: Any, meant: list[str]) -> None:
    found = read("cmd.data.delete.user", {"pins": pins})

    assert used(found, "command.field-type")
    assert found.params["pins"] == meant


@pytest.mark.parametrize("pins", [{}, True, ["1", []], ["1", {}], [True]])
def test_pins_that_mean_nothing_are_refused(pins: Any) -> None:
    assert refused(read("cmd.data.delete.user", {"pins": pins}), "command.field-type")


@pytest.mark.parametrize("pins", [[], ["1", "1"], [""]])
def test_which_pins_is_open(pins: list[str]) -> None:
    assert read("cmd.data.delete.user", {"pins": pins}).judgement.right


def test_options_are_an_object() -> None:
    option = {"meetRoomName": "A", "meetRoomCapacity": "4"}

    found = read("cmd.option.set", {"option": [option]})
    assert used(found, "command.field-type")
    assert found.params["option"] == option
    assert refused(read("cmd.option.set", {"option": "A"}), "command.field-type")


# --- What is told ---


def test_all_departures_of_a_command_are_told() -> None:
    found = meeting(id=7, applicant="", startTime="2024-06-26T02:00:00Z", extra=5)

    assert {departure.path for departure in found.judgement.departures} == {
        "params.meeting[0].id",
        "params.meeting[0].applicant",
        "params.meeting[0].startTime",
    }
    assert found.params["meeting"] == [
        {**MEETING, "id": "7", "applicant": "", "startTime": "2024-06-26T02:00:00+00:00", "extra": 5}
    ]


def test_only_what_departs_of_a_list_is_touched() -> None:
    users = [USER, {**USER, "pin": 2}, USER]

    found = read("cmd.data.update.user", {"users": users})

    assert found.params["users"] == [USER, {**USER, "pin": "2"}, USER]
    assert [departure.path for departure in found.judgement.departures] == ["params.users[1].pin"]


@pytest.mark.parametrize(
    "field", ["password", "passwordSalt", "bioDatas"], ids=["password", "passwordSalt", "template"]
)
def test_secrets_are_not_shown(field: str) -> None:
    secret = "s3cret-55"
    value = [{**TEMPLATE, "fmt": secret, "tmp": [secret]}] if field == "bioDatas" else secret

    found = user(**{field: value})

    assert rules(found)
    told = [str(departure) for departure in found.judgement.departures if "fmt" not in departure.path]
    assert told
    assert not any("s3cret" in text for text in told)


def test_the_largest_garbage_takes_little_time_and_room() -> None:
    deep: Any = "x"
    for _ in range(200):
        deep = [deep]
    users = [*[{**USER, "pin": 5, "disable": "x" * 1000}] * 5_000, *[deep] * 5_000, *[None] * 5_000]
    began = time.process_time()

    found = read("cmd.data.update.user", {"users": users}, mid="m" * 1_000_000)

    assert time.process_time() - began < 2.0
    assert len(found.judgement.departures) == MOST_DEPARTURES
    assert len(str(found.judgement)) < 20_000
