"""From plain data to a `ScenarioDocument`, or to the list of everything that is wrong with it.

Pydantic says what is wrong inside each section; `checks` looks at what only the whole scenario shows. Both must be
reported in one go, so wrong parts are taken out of a copy of the data (each falls back to its default) until the rest
is valid and can be checked; problems of the checks that touch a part taken out are dropped.
"""

import copy
import re
from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from simulator.closest import closest
from simulator.fields.section import OutOfRange, WrongWord, keys_of, kinds_in
from simulator.scenario.problems import MAX_LISTED, Problem, dotted
from simulator.scenario.sections.document import ScenarioDocument
from simulator.scenario.sections.faults import STAND_IN, STAND_INS
from simulator.scenario.yaml_source import Path, YamlSource
from simulator.shown import mask
from simulator.texts.translation import N_, _, listed
from simulator.wide_marks import first_wide

_ROUNDS = 12
"""Taking one part out may uncover the next; nesting is not deeper than this."""

_TYPES = {
    "string_type": N_("must be text: put it in quotes"),
    "int_type": N_("must be a whole number"),
    "int_from_float": N_("must be a whole number"),
    "float_type": N_("must be a number"),
    "bool_type": N_("must be true or false"),
    "list_type": N_("must be a list: each entry begins with `- `"),
    "dict_type": N_("must be a mapping: `key: value` lines"),
    "model_type": N_("must be a mapping: `key: value` lines"),
    "model_attributes_type": N_("must be a mapping: `key: value` lines"),
    "too_short": N_("must not be empty"),
    "string_too_short": N_("must not be empty"),
}

_BOUNDS = {
    "greater_than_equal": ("ge", N_("at least")),
    "greater_than": ("gt", N_("more than")),
    "less_than_equal": ("le", N_("at most")),
    "less_than": ("lt", "below"),
    "too_long": ("max_length", N_("a list of at most so many entries:")),
    "string_too_long": ("max_length", N_("text of at most so many characters:")),
}

_KINDS = ("union_tag_invalid", "union_tag_not_found")
"""A section's kind is not known, or not said."""

_PATTERNS = {"^([0-9a-fA-F]{2})*$": N_("must be hex digits in pairs")}
"""What is said instead of a pattern that few can read."""


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
            found = [(path_of(details), details) for details in error.errors(include_url=False)]
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
    """Pydantic's location as a path of the file (its marks for dictionary keys and kinds are no part of it)."""
    path, _, _ = _place(details["loc"])
    # What tells the kinds apart is what is wrong, not the section.
    return (*path, details["ctx"]["discriminator"].strip("'")) if details["type"] in _KINDS else path


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
        message, suggestion = _describe(details)
    return Problem(file=source.file, line=source.line(path), field=dotted(path), message=message, suggestion=suggestion)


def _describe(details: ErrorDetails) -> tuple[str, str | None]:
    kind, context, value = details["type"], details.get("ctx", {}), details["input"]
    if kind == "extra_forbidden":
        return _unknown_key(details["loc"])
    if kind in ("missing", "union_tag_not_found"):
        return _("is missing"), None
    if kind == "value_error":
        error = context["error"]
        if isinstance(error, OutOfRange):
            return _("{shown} is out of range: {error}", shown=_shown(value), error=error), None
        # No key of the format is a secret, but one may have been pasted into a value.
        written = str(value)
        message = str(error).replace(written, mask(written)) if written else str(error)
        return message, error.suggestion if isinstance(error, WrongWord) else None
    if kind == "union_tag_invalid":
        kinds = re.findall(r"'([^']*)'", context["expected_tags"])
        return _("{tag} is none of {kinds}", tag=_shown(context["tag"]), kinds=listed(kinds)), closest(
            str(context["tag"]), kinds
        )
    if kind == "literal_error":
        choices = re.findall(r"'([^']*)'|(\d+)", context["expected"])
        choices = [text or number for text, number in choices]
        if isinstance(value, (list, dict)):
            only = str(value[0]) if isinstance(value, list) and len(value) == 1 else None
            kind_of = _("a list") if isinstance(value, list) else _("a mapping")
            return _(
                "must be one of {choices}, not {kind_of}", choices=listed(choices), kind_of=kind_of
            ), only if only in choices else None
        suggestion = closest(str(value), choices)
        return _("{shown} is none of {choices}", shown=_shown(value), choices=listed(choices)), suggestion
    if value is True and kind in ("model_type", "model_attributes_type", "dict_type") and _all_usual(details["loc"]):
        return _("must be a mapping: write {} for the usual ones"), None
    if kind in _TYPES:
        return _(_TYPES[kind]), None
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return _(
            "{shown} is out of range: it must be {words} {limit}",
            shown=_shown(value),
            words=_(words),
            limit=context[name],
        ), None
    if kind == "string_pattern_mismatch":
        pattern = context["pattern"]
        wrong = (
            _(_PATTERNS[pattern]) if pattern in _PATTERNS else _("does not have the form {pattern}", pattern=pattern)
        )
        return f"{_shown(value)} {wrong}", None
    return f"{_shown(value)}: {details['msg'].lower()}", None


def _all_usual(loc: Path) -> bool:
    """Whether the section at `loc` may be empty."""
    _, section, _ = _place(loc)
    return section is not None and not any(field.is_required() for field in section.model_fields.values())


def _unknown_key(loc: Path) -> tuple[str, str | None]:
    key = str(loc[-1])
    if (wide := first_wide(key)) is not None:
        return _("has the full-width mark {mark} where YAML wants {plain}", mark=wide[1], plain=wide[2]), None
    _path, section, kinds = _place(loc[:-1])
    if section is None:
        return _("is not a key of the scenario format"), None
    suggestion = closest(key, keys_of(section))
    having = [word for word, kind in kinds.items() if key in keys_of(kind)]
    if having:
        own = next(word for word, kind in kinds.items() if kind is section)
        return _("is not a key of {own}, but of {having}", own=own, having=listed(having)), suggestion
    if suggestion is None:
        places = sorted(_places(ScenarioDocument, key, "", set()))
        if places:
            return _(
                "is not a key here; it belongs in {names}", names=_(" or ").join(f"`{place}`" for place in places[:3])
            ), None
        return _("is not a key here; known: {names}", names=listed(keys_of(section))), None
    return _("is not a key here"), suggestion


def _place(loc: Path) -> tuple[Path, type[BaseModel] | None, dict[str, type[BaseModel]]]:
    """Pydantic's location as a path of the file, the section that stands there, and the kinds it is one of."""
    path: list[str | int] = []
    section: type[BaseModel] | None = ScenarioDocument
    kinds: dict[str, type[BaseModel]] = {}
    kind_is_next = False
    for part in loc:
        if part == "[key]":
            continue
        if isinstance(part, str) and kind_is_next:
            section, kind_is_next = kinds.get(part), False
            continue
        path.append(part)
        if isinstance(part, str) and section is not None:
            field = keys_of(section).get(part)
            # Of keys that are names of something, as funcIds are, all hold the same.
            others = section.__annotations__.get("__pydantic_extra__")
            annotation = others if field is None else field.annotation
            kinds = kinds_in(annotation)
            kind_is_next = bool(kinds)
            section = None if kinds else section_in(annotation)
    return tuple(path), section, kinds


def sections_in(annotation: Any) -> tuple[type[BaseModel], ...]:
    """The sections inside an annotation such as `list[PushSection]` or `WaveSection | None`; each kind where it leaves
    a choice.
    """
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return (annotation,)
    return tuple(section for argument in get_args(annotation) for section in sections_in(argument))


def section_in(annotation: Any) -> type[BaseModel] | None:
    """The first of `sections_in`; none where there is none."""
    return next(iter(sections_in(annotation)), None)


def _places(section: type[BaseModel], key: str, prefix: str, seen: set[type[BaseModel]]) -> set[str]:
    """The sections, by their dotted path, that have `key`."""
    if section in seen:
        return set()
    found = {prefix or _("the top level")} if key in keys_of(section) else set()
    for name, field in section.model_fields.items():
        for inner in sections_in(field.annotation):
            found |= _places(inner, key, f"{prefix}.{name}" if prefix else name, {*seen, section})
    return found


def _shown(value: Any) -> str:
    if isinstance(value, int) and abs(value) > 10**20:
        return _("a number of {abs:,} digits", abs=len(str(abs(value))))
    text = mask(str(value))
    return f"'{text[:60]}…'" if len(text) > 60 else f"'{text}'"
