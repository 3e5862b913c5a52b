"""The scenario format's JSON Schema and documentation page, both made from the sections' own declarations."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from simulator.fields.section import Shown, Within, keys_of, kinds_in, marks_of, shown_of
from simulator.scenario.places import section_in, sections_in
from simulator.scenario.sections.document import ScenarioDocument
from simulator.texts.pages import page_texts

_TITLES: dict[str, str] = {
    "ScenarioDocument": "Top level",
    "GroupFields": "`defaults`, and every group",
    "FaultSection": "`faults[]`, whatever its kind",
    "DeviceFaultSection": "`faults[]`, every kind but `platform_restart`",
}

_WORDS = (("ge", "at least {number}"), ("le", "at most {number}"), ("max_length", "at most {number} long"))
"""Bounds of pydantic's own marks, in words."""

_HEAD = """# The scenario file

<!-- Made from the sections by `python -m simulator.scenario.reference`; a test fails when it is stale. -->

A scenario is a YAML file. The smallest one that works:

```yaml
name: first-try
groups:
  - name: rooms
    count: 5
```

Editors complete and check it with `scenarios/scenario.schema.json`. Wrong scenarios are refused before anything
connects, with every problem at its line. Values have units:

| kind | written like | meaning |
|---|---|---|
| duration | `500ms`, `10s`, `2min`, `1h30min`, `1d` | |
| rate | `6/min`, `0.5/s`, `120/h` | per device |
| size | `900B`, `14KB`, `1MB` | a KB is 1,024 bytes, as in the protocol |
| share | `5%`, `0.05` | |
| bandwidth | `64KB/s`, `1MB/s` | bytes a second |
| range | `5s..10s`, `9KB..25KB`, `9-25KB`, `14KB` | drawn evenly between the two |

How the platform reads the document (`login`, `lookup`, `protocol_version`, `sync_time`, `meet_code`, and of `report`
the keys `fields`, `without`, `sn_in_params`) may stand at the top level, where it holds for the devices of all groups
and for the embedded platform, and in `defaults` and each group, where it holds for those devices alone. The nearest
one counts, as a whole.

File names are relative to the scenario file. `-u`, `-r` and `-t` of the command line replace count, ramp and duration;
`--host` and `--identities` replace `target` and `identities.csv`.
"""


def scenario_schema() -> dict[str, Any]:
    """The JSON Schema of scenario files; durations, rates and sizes are the texts that people write."""
    schema = ScenarioDocument.model_json_schema()
    _write_defaults(schema, ScenarioDocument)
    for section in _sections(ScenarioDocument):
        if section.__name__ in schema["$defs"]:
            _write_defaults(schema["$defs"][section.__name__], section)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "best-fleet scenario"}


def scenario_markdown() -> str:
    """The documentation page of the format in the language that is spoken: one table for each section."""
    sections = list(_sections(ScenarioDocument))
    say = _Saying(page_texts("scenario"))
    parts = [say(_HEAD)]
    for section in sections:
        own = section.__dict__.get("__doc__") or ""
        parts.append(f"\n## {_title(section, say)}\n\n{say(' '.join(own.split()))}\n\n")
        parts.append(f"{say('| key | value | default | meaning |')}\n|---|---|---|---|\n")
        inherited = {name for base in section.__mro__[1:] if base in sections for name in base.model_fields}
        for name, field in keys_of(section).items():
            if name not in inherited:
                meaning = _cell(say(field.description or ""))
                parts.append(f"| `{name}` | {_kind(field, say)} | {_default(field, say)} | {meaning} |\n")
    return "".join(parts)


class _Saying:
    """Says the page's texts in another language; those that it does not have as they are."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def __call__(self, text: str, /, **values: object) -> str:
        said = self._texts.get(text, text) if text else ""
        return said.format(**values) if values else said


def _sections(section: type[BaseModel], seen: set[type[BaseModel]] | None = None) -> Iterator[type[BaseModel]]:
    """All sections, each once, in the order in which a file has them."""
    seen = set() if seen is None else seen
    if section in seen:
        return
    seen.add(section)
    yield section
    for field in section.model_fields.values():
        kinds = sections_in(field.annotation)
        # What all kinds have in common comes before them.
        for shared in _shared(kinds):
            yield from _sections(shared, seen)
        for inner in kinds:
            yield from _sections(inner, seen)


def _shared(kinds: Sequence[type[BaseModel]]) -> Iterator[type[BaseModel]]:
    """Sections with keys of their own that several of `kinds` are made of, those of all of them first."""
    if len(kinds) > 1:
        bases = Counter(base for kind in kinds for base in kind.__mro__[1:] if issubclass(base, BaseModel))
        shared = [base for base, users in bases.items() if users > 1 and base.model_fields]
        yield from sorted(shared, key=lambda base: len(base.model_fields))


def _title(section: type[BaseModel], say: _Saying) -> str:
    if section.__name__ in _TITLES:
        return say(_TITLES[section.__name__])
    kind = next((word for word, each in _kinds().items() if each is section), None)
    if kind is not None:
        place = next(_places(ScenarioDocument, section, ""))
        return say("`{place}` with `what: {kind}`", place=place, kind=kind)
    places = sorted(set(_places(ScenarioDocument, section, "")), key=lambda place: (place.count("."), place))
    shown = [place for place in places if not place.startswith("groups.")] or places
    return ", ".join(f"`{place}`" for place in shown)


def _kinds() -> dict[str, type[BaseModel]]:
    """Of the sections that are told apart by a word: the word, and the section."""
    return {
        word: kind
        for section in _sections(ScenarioDocument)
        for field in section.model_fields.values()
        for word, kind in kinds_in(field.annotation).items()
    }


def _places(within: type[BaseModel], section: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in within.model_fields.items():
        place = f"{prefix}{name}{'[]' if _is_list(field.annotation) else ''}"
        for inner in sections_in(field.annotation):
            if inner is section:
                yield place
            yield from _places(inner, section, f"{place}.")


def _write_defaults(schema: dict[str, Any], section: type[BaseModel]) -> None:
    for name, field in keys_of(section).items():
        entry = schema["properties"][name]
        shown = shown_of(field)
        if entry.get("default", None) is None:
            entry.pop("default", None)
        elif section_in(field.annotation) is not None:
            del entry["default"]
        elif shown is not None:
            entry["default"] = shown.write(field.default)
        entry["title"] = name
        entry["description"] = field.description


def _kind(field: FieldInfo, say: _Saying) -> str:
    marks = [*field.metadata, *marks_of(field.annotation)]
    bounds = [mark.text for mark in marks if isinstance(mark, Within)]
    bounds += [say(word, number=getattr(mark, name)) for mark in marks for name, word in _WORDS if hasattr(mark, name)]
    shown = shown_of(field)
    kind = say(shown.kind) if shown is not None else _kind_of(field.annotation, say)
    return say(", ").join([kind, *bounds])


def _kind_of(annotation: Any, say: _Saying) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        mark = next((mark for mark in arguments[1:] if isinstance(mark, Shown)), None)
        return say(mark.kind) if mark is not None else _kind_of(arguments[0], say)
    if origin in (Union, UnionType):
        kinds = (_kind_of(argument, say) for argument in arguments if argument is not NoneType)
        return say(" or ").join(dict.fromkeys(kinds))
    if origin is Literal:
        return say(", ").join(f"`{argument}`" for argument in arguments)
    if origin is list:
        return say("list of {kind}", kind=_kind_of(arguments[0], say))
    if origin is dict:
        return say("mapping of {keys} to {kind}", keys=_kind_of(arguments[0], say), kind=_kind_of(arguments[1], say))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return say("section")
    kinds_of = {str: "text", int: "whole number", bool: "`true`, `false`", float: "number"}
    return say(kinds_of.get(annotation, "anything"))


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) is list or any(_is_list(argument) for argument in get_args(annotation))


def _default(field: FieldInfo, say: _Saying) -> str:
    if field.is_required():
        return say("**required**")
    value, shown = field.default, shown_of(field)
    if value in (None, PydanticUndefined, "", [], (), {}) and not (shown is not None and shown.kind.startswith("`")):
        return ""
    if section_in(field.annotation) is not None:
        return ""
    if shown is not None:
        return f"`{shown.write(value)}`"
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    return f"`{value}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    """Write both files anew, below the current directory."""
    Path("scenarios/scenario.schema.json").write_text(json.dumps(scenario_schema(), indent=2) + "\n", "utf-8")
    Path("docs/scenario.md").write_text(scenario_markdown(), "utf-8")


if __name__ == "__main__":
    main()
