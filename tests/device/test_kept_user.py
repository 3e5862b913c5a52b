"""A user goes into the memory and comes out again; the door reads what it needs."""

from math import inf
from typing import Any

from simulator.device.kept_user import PASSWORD, Person, packed, person, shown, template
from simulator.protocol.times import parse_iso

USER: dict[str, Any] = {"pin": "7", "firstName": "伟", "funSwitch": "0", "disable": "0"}


def test_what_goes_in_comes_out_without_what_is_the_platforms_own() -> None:
    user = USER | {"role": "4", "ruleType": "1"}
    assert b'"role":"4"' in packed(user)
    assert shown(packed(user)) == USER


def test_a_plain_user_may_always_come_and_has_nothing() -> None:
    assert person(packed(USER)) == Person(0, False, False, -inf, inf)
    assert person(packed(USER | {"startTime": "", "endTime": "", "bioDatas": []})) == person(packed(USER))


def test_everything_that_the_door_asks_for() -> None:
    times = ("2024-01-01T00:00:00+08:00", "2024-12-31T23:59:59+08:00")
    templates = [{"type": "1"}, {"type": "9", "valid": "1"}, {"type": "8", "valid": "0"}, {"type": "10", "valid": "1"}]
    user = USER | {
        "password": "ab",
        "disable": "1",
        "role": "4",
        "startTime": times[0],
        "endTime": times[1],
        "bioDatas": templates,
    }
    has = PASSWORD | template(1) | template(9) | template(10)
    since, until = map(parse_iso, times)
    assert person(packed(user)) == Person(has, True, True, since, until)


def test_other_roles_are_no_visitors() -> None:
    assert not any(person(packed(USER | {"role": role})).visitor for role in ("0", "1", "14", "x", ""))
