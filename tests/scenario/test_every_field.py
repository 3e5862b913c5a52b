"""Every field of the format, given what it cannot be: the answer is a list of problems with their places."""

import re
from collections.abc import Iterator
from typing import Any, get_args, get_origin

import pytest
import yaml
from pydantic import BaseModel

from simulator.fields.section import keys_of, kinds_in
from simulator.scenario.places import sections_in
from simulator.scenario.problems import Problem, ScenarioError, dotted
from simulator.scenario.scenario import parse_scenario
from simulator.scenario.sections.document import ScenarioDocument
from simulator.scenario.sections.faults import STAND_INS
from simulator.scenario.yaml_source import Path

VALUES = (
    *(0, -1, 99_999_999, 10**30, 2.5, float("nan"), float("inf"), True, False, None),
    *("", "2", "AUTO", "10s", "true"),
    *([], [1], ["x"], [None], [[]], [{}], {}, {"zzz": 1}, {"cmd.data": {"zzz": []}}),
)
"""Of each some fields can be and most cannot."""


def places(section: type[BaseModel], above: Path, within: tuple[type[BaseModel], ...] = ()) -> Iterator[Path]:
    """Every field's path; a list is entered at its first entry, a choice of sections in each of them."""
    for key, field in keys_of(section).items():
        path = (*above, key)
        yield path
        if key == "defaults":  # groups have the same
            continue
        entry = (*path, 0) if is_list(field.annotation) else path
        if entry != path:
            yield entry
        for inner in sections_in(field.annotation):
            if inner not in within:
                word = next((word for word, kind in kinds_in(field.annotation).items() if kind is inner), None)
                # The word is no part of the path; `scenario` needs it.
                yield from places(inner, (*entry, f"what={word}") if word else entry, (*within, inner))


def is_list(annotation: Any) -> bool:
    return get_origin(annotation) is list or any(map(is_list, get_args(annotation)))


def scenario(place: Path, value: Any) -> str:
    """A scenario with `value` at the place, right but for that as far as it can be."""
    for part in reversed(place):
        if part == 0:
            value = [value]
        elif str(part).startswith("what="):
            value = {**STAND_INS, "at": "0s", "what": str(part)[5:], **value} if isinstance(value, dict) else value
        else:
            value = {part: value}
    groups = value.get("groups", [{}])
    if isinstance(groups, list):
        value["groups"] = [{"name": "a", "count": 5, **group} if isinstance(group, dict) else group for group in groups]
    return str(yaml.safe_dump(value, allow_unicode=True))


PLACES = list(dict.fromkeys(places(ScenarioDocument, ())))


def test_all_sections_are_entered() -> None:
    assert len(PLACES) > 250
    assert {("workers", "processes"), ("platform", "processes"), ("login", "register_again_on")} <= set(PLACES)
    assert ("groups", 0, "command_failures", "slow", "time") in PLACES
    assert ("faults", 0, "what=outage", "for") in PLACES


@pytest.mark.parametrize("place", PLACES, ids=lambda place: dotted([part for part in place if "=" not in str(part)]))
def test_a_value_that_cannot_be_is_a_problem_with_its_place(place: Path) -> None:
    refused = 0
    for value in VALUES:
        text = scenario(place, value)
        problems = problems_in(text)
        refused += bool(problems)
        fields = [problem.field for problem in problems]
        assert len(set(fields)) == len(fields), (text, problems)
        assert {re.split(r"[.\[]", field)[0] for field in fields} <= {place[0]}, (text, problems)
        assert all(1 <= (problem.line or 0) <= text.count("\n") for problem in problems), (text, problems)
        assert all(problem.message for problem in problems)
    assert refused, "no field takes all of these"


def problems_in(text: str) -> tuple[Problem, ...]:
    try:
        parse_scenario(text, "f.yaml")
    except ScenarioError as error:
        return error.problems
    return ()
