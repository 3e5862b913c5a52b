"""What is wrong with one command: which faults decide, with which code, and what makes it the same command again."""

from typing import Any

import pytest

from simulator.device.commands.findings import faults_of, mark_of
from simulator.device.functions import ALL_FUNCTIONS, functions_of
from simulator.judge.commands import read_command

PACKAGE = 64 * 1024


def message(func_id: str = "cmd.data.clear.user", **params: Any) -> dict[str, Any]:
    return {"funcId": func_id, "mid": "m", "payload": {"params": {"cmdId": "c", **params}}}


def test_a_right_command_has_no_fault() -> None:
    assert faults_of(read_command(message()), 100, "", PACKAGE, ALL_FUNCTIONS) == []


@pytest.mark.parametrize(
    ("broken", "rule", "decides", "code"),
    [
        (message("cmd.nonsense"), "command.unknown", True, "E0000001"),
        (message("cmd.data.delete.user"), "command.field-missing", True, "E0000002"),
        (message("cmd.data.delete.user", pins=[{}]), "command.field-type", True, "E0000002"),
        (message("cmd.data.delete.user", pins=[5]), "command.field-type", False, "E0000002"),
        (message() | {"mid": "m" * 33}, "command.mid", False, "E0000002"),
        (message("cmd.data.update.bioPhoto", bioPhotos=[{"pin": "1", "type": "77", "url": "http://x/"}]),
         "command.field-format", True, "E0000004"),
    ],
)  # fmt: skip
def test_a_fault_decides_where_it_leaves_no_meaning(broken: Any, rule: str, decides: bool, code: str) -> None:
    [fault] = faults_of(read_command(broken), 100, "", PACKAGE, ALL_FUNCTIONS)
    assert (fault.rule, fault.decides, fault.code) == (rule, decides, code)


def test_what_is_too_large_has_no_other_fault_and_is_not_remembered() -> None:
    [fault] = faults_of(read_command(message("cmd.nonsense")), PACKAGE + 1, "half a pair", PACKAGE, ALL_FUNCTIONS)
    assert (fault.rule, fault.decides, fault.remembered) == ("command.too-large", True, False)


def test_what_cannot_be_read_has_no_other_fault() -> None:
    [fault] = faults_of(
        read_command({"funcId": "cmd.data.delete.user"}), 10, "holds half a pair", PACKAGE, ALL_FUNCTIONS
    )
    assert (fault.rule, fault.decides) == ("command.field-format", True)


def test_the_same_command_again_has_the_same_mark_whatever_its_mid() -> None:
    first = read_command(message("cmd.data.delete.user", pins=["1"]))
    again = read_command(message("cmd.data.delete.user", pins=["1"]) | {"mid": "other", "imme": "1"})
    assert mark_of(first) == mark_of(again)


@pytest.mark.parametrize(
    "other", [message("cmd.data.delete.user", pins=["2"]), message("cmd.data.delete.multiCard", pins=["1"])]
)
def test_another_command_has_another_mark(other: dict[str, Any]) -> None:
    assert mark_of(read_command(message("cmd.data.delete.user", pins=["1"]))) != mark_of(read_command(other))


def test_a_picture_may_have_a_new_address() -> None:
    marks = {
        mark_of(read_command(message("cmd.data.update.bioPhoto", bioPhotos=[{"pin": pin, "type": "9", "url": url}])))
        for pin, url in (("1", "http://x/1?sig=a"), ("1", "http://x/1?sig=b"))
    }
    assert len(marks) == 1


def test_params_of_any_depth_have_a_mark() -> None:
    deep: Any = "x"
    for _ in range(900):
        deep = [deep]
    assert isinstance(mark_of(read_command(message(extra=deep))), int)


def test_a_command_that_the_device_does_not_list_is_the_platforms_fault_and_unknown() -> None:
    functions = functions_of(["cmd.data.clear.user"], ())
    first, *others = faults_of(read_command(message()), 100, "", PACKAGE, functions)
    assert (first.rule, first.decides, first.code) == ("command.not-negotiated", True, "E0000001")
    assert not others
    assert faults_of(read_command(message("cmd.control.reboot")), 100, "", PACKAGE, functions) == []


def test_a_command_that_the_device_only_lists_is_refused_and_nobodys_fault() -> None:
    functions = functions_of((), ["cmd.data.update.palm"])
    [fault] = faults_of(read_command(message("cmd.data.update.palm")), 100, "", PACKAGE, functions)
    assert (fault.rule, fault.decides, fault.code) == ("", True, "E0000001")
    [fault] = faults_of(read_command(message("cmd.data.update.plam")), 100, "", PACKAGE, functions)
    assert fault.rule == "command.unknown"
