"""From plain data to a `ScenarioDocument`, or to the list of everything that is wrong with it.

Pydantic says what is wrong inside each section; `checks` looks at what only the whole scenario shows. Both must be
reported in one go, so wrong parts are taken out of a copy of the data (each falls back to its default) until the rest
is valid and can be checked; problems of the checks that touch a part taken out are dropped.
"""

import copy
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from simulator.scenario.places import place_of
from simulator.scenario.problems import MAX_LISTED, Problem, dotted
from simulator.scenario.sections.document import ScenarioDocument
from simulator.scenario.sections.faults import STAND_IN, STAND_INS
from simulator.scenario.wording import describe, written
from simulator.scenario.yaml_source import Path, YamlSource
from simulator.texts.translation import _

_ROUNDS = 12
"""Taking one part out may uncover the next; nesting is not deeper than this."""

_KINDS = ("union_tag_invalid", "union_tag_not_found")
"""A section's kind is not known, or not said."""


def validate(source: YamlSource) -> tuple[ScenarioDocument | None, list[Problem], frozenset[Path]]:
    """The document, what is wrong with it, and the paths that were taken out to get a document all the same.

    The document is `None` only where too little of the data is usable. Where there are no problems it is the scenario.
    """
    problems: list[Problem] = []
    broken: set[Path] = set()
    data = copy.deepcopy(source.data)
    for _round in range(_ROUNDS):
        try:
            return ScenarioDocument.model_validate(data), problems, frozenset(broken)
        except ValidationError as error:
            found = [(_in_file(data, path_of(details)), details) for details in error.errors(include_url=False)]
        told: set[Path] = set()
        for path, details in found:
            # Of a key that is wrong the value says nothing more.
            if path not in told and not touches(path, broken):
                told.add(path)
                problems.append(_problem(source, path, details, brief=len(problems) >= MAX_LISTED))
        broken.update(path for path, _ in found)
        if not all(_take_out(data, path, missing=details["type"] == "missing") for path, details in found):
            break
    return None, problems, frozenset(broken)


def touches(path: Path, others: Sequence[Path] | set[Path] | frozenset[Path]) -> bool:
    """Whether `path` lies within one of `others` or one of them within it."""
    return any(path[: len(other)] == other[: len(path)] for other in others)


def path_of(details: ErrorDetails) -> Path:
    """Pydantic's location as a path of the file (what it adds for keys, kinds and choices is no part of it)."""
    path = place_of(details["loc"]).path
    # What tells the kinds apart is what is wrong, not the section.
    return (*path, details["ctx"]["discriminator"].strip("'")) if details["type"] in _KINDS else path


def _in_file(data: Any, path: Path) -> Path:
    """As much of `path` as there is: a section may be written as one value, which then is what is wrong."""
    for length, part in enumerate(path):
        if not isinstance(data, (dict, list)):
            return path[:length]
        if isinstance(data, list):
            data = data[int(part)]
        elif part in data:
            data = data[part]
        else:
            return path
    return path


def _take_out(data: Any, path: Path, *, missing: bool) -> bool:
    """Remove the entry at `path`, with as much around it as needed; False where nothing would be left.

    Groups and faults are not removed but completed, so that each keeps its place in the list.
    """
    if path[:1] == ("faults",) and len(path) >= 2 and isinstance(data["faults"], list):
        _mend_fault(data["faults"], path, missing=missing)
        return True
    if path[:1] == ("groups",) and len(path) >= 2 and isinstance(data["groups"], list):
        number = int(path[1])
        group = data["groups"][number]
        if not isinstance(group, dict):
            data["groups"][number] = {"name": f"group {number}", "count": 1}
            return True
        if len(path) == 3 and path[2] in ("name", "count"):
            group[path[2]] = 1 if path[2] == "count" else f"group {number}"
            return True
    if missing:
        path = path[:-1]
    while path and isinstance(path[-1], int):
        path = path[:-1]
    if not path:
        return False
    parent = data
    for part in path[:-1]:
        # Another problem may have taken out a part around this one.
        if isinstance(parent, dict) and part not in parent:
            return True
        parent = parent[part]
    parent.pop(path[-1], None)
    return True


def _mend_fault(faults: list[Any], path: Path, *, missing: bool) -> None:
    """Make a fault such that its other keys can be looked at; where that cannot be, another one stands in for it."""
    number = int(path[1])
    fault, key = faults[number], str(path[2]) if len(path) > 2 else "what"
    if not isinstance(fault, dict) or key == "what":
        faults[number] = dict(STAND_IN)
    elif missing:
        fault[key] = STAND_INS[key]
    else:
        fault.pop(key, None)


def _problem(source: YamlSource, path: Path, details: ErrorDetails, *, brief: bool) -> Problem:
    """The problem in words; `brief` saves the search for what was meant, where there are too many to list all."""
    if brief and details["type"] == "extra_forbidden":
        message, suggestion = _("is not a key here"), None
    else:
        message, suggestion = describe(details, written(details["input"], path))
    return Problem(file=source.file, line=source.line(path), field=dotted(path), message=message, suggestion=suggestion)
