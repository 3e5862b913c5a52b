"""Where a location of pydantic's is in the file, and what the scenario format has there."""

from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel

from simulator.fields.section import keys_of, kinds_in
from simulator.scenario.sections.document import ScenarioDocument
from simulator.scenario.yaml_source import Path
from simulator.texts.translation import _


class Place(NamedTuple):
    """Where one of pydantic's locations is in the file, and what may stand there."""

    path: Path
    section: type[BaseModel] | None
    """The section that stands there."""
    kinds: dict[str, type[BaseModel]]
    """What the section is one of, by the word that tells them apart."""
    choice: tuple[Any, ...]
    """The types of which one was tried, where the field leaves a choice; all of them are tried for one value."""


def place_of(loc: Path) -> Place:
    """The place of a location."""
    path: list[str | int] = []
    section: type[BaseModel] | None = ScenarioDocument
    kinds: dict[str, type[BaseModel]] = {}
    choice: tuple[Any, ...] = ()
    kind_is_next = False
    for part in loc:
        if part == "[key]":
            continue
        if choice:
            # Pydantic's name of what it tried, and what it found in there: the value as a whole is none of the choices.
            return Place(tuple(path), None, {}, choice)
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
            choice = () if kinds else choice_in(annotation)
            section = None if kinds else section_in(annotation)
    return Place(tuple(path), section, kinds, ())


def choice_in(annotation: Any) -> tuple[Any, ...]:
    """The types that an annotation such as `int | Literal["auto"] | None` leaves a choice of; none for one type."""
    if get_origin(annotation) is Annotated:
        return choice_in(get_args(annotation)[0])
    if get_origin(annotation) not in (Union, UnionType):
        return ()
    kinds = tuple(kind for kind in get_args(annotation) if kind is not NoneType)
    return kinds if len(kinds) > 1 else choice_in(kinds[0])


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


def places_with(key: str) -> list[str]:
    """The sections, by their dotted path, that have `key`."""
    return sorted(_places(ScenarioDocument, key, "", set()))


def _places(section: type[BaseModel], key: str, prefix: str, seen: set[type[BaseModel]]) -> set[str]:
    if section in seen:
        return set()
    found = {prefix or _("the top level")} if key in keys_of(section) else set()
    for name, field in section.model_fields.items():
        for inner in sections_in(field.annotation):
            found |= _places(inner, key, f"{prefix}.{name}" if prefix else name, {*seen, section})
    return found
