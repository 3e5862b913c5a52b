"""When two commands are the same one: whatever the document does not know plays no part."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.judge.commands import read_command
from simulator.judge.sameness import content


def told(func_id: str, **params: Any) -> tuple[str, bytes]:
    message = {"funcId": func_id, "mid": "m", "payload": {"params": {"cmdId": "1", **params}}}
    return content(read_command(message))


USER = {"pin": "1", "firstName": "A", "role": "1", "funSwitch": "0", "disable": "0"}


@pytest.mark.parametrize(
    ("func_id", "first", "again"),
    [
        ("cmd.data.delete.user", {"pins": ["1"]}, {"pins": ["1"], "sentAt": 5, "again": True}),
        ("cmd.data.update.user", {"users": [USER]}, {"users": [{**USER, "extra": [None]}]}),
        ("cmd.data.update.user", {"users": [USER]}, {"users": [{**USER, "lastName": ""}]}),
        ("cmd.option.set", {"option": {"meetRoomName": "1"}}, {"option": {"x": 1, "meetRoomName": "1"}}),
        (
            "cmd.data.update.bioPhoto",
            {"bioPhotos": [{"pin": "1", "type": "9", "url": "http://a/1"}]},
            {"bioPhotos": [{"pin": "1", "type": "9", "url": "http://a/2"}]},
        ),
    ],
)
def test_the_same_command(func_id: str, first: dict[str, Any], again: dict[str, Any]) -> None:
    assert told(func_id, **first) == told(func_id, **again)


@pytest.mark.parametrize(
    ("func_id", "first", "other"),
    [
        ("cmd.data.delete.user", {"pins": ["1"]}, {"pins": ["2"]}),
        ("cmd.data.update.user", {"users": [USER]}, {"users": [{**USER, "disable": "1"}]}),
        ("cmd.option.set", {"option": {"meetRoomName": "1"}}, {"option": {"meetRoomName": "2"}}),
        ("cmd.not.known", {"x": 1}, {"x": 2}),
    ],
)
def test_another_command(func_id: str, first: dict[str, Any], other: dict[str, Any]) -> None:
    assert told(func_id, **first) != told(func_id, **other)


def test_commands_of_two_kinds_are_not_the_same() -> None:
    assert told("cmd.data.delete.user", pins=["1"]) != told("cmd.data.delete.multiCard", pins=["1"])


def test_what_is_too_deep_for_json_is_told_apart_by_its_names() -> None:
    deep: Any = {}
    for _ in range(400):
        deep = {"a": deep}
    assert told("cmd.not.known", one=deep) != told("cmd.not.known", two=deep)
