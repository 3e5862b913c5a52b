"""What a scenario's section is: a strict mapping, and the marks and errors that its fields' types use."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

from simulator.closest import closest
from simulator.fields.range import Range
from simulator.texts.translation import _, listed


class WrongWord(ValueError):  # noqa: N818 - it is raised inside validators and shown as a problem
    """A value that is none of the known ones; `suggestion` is what it probably should be."""

    def __init__(self, message: str, suggestion: str | None) -> None:
        self.suggestion = suggestion
        super().__init__(message)


class OutOfRange(ValueError):  # noqa: N818 - as above
    """A value that can be read and is not plausible; the text says what would be."""


class Section(BaseModel):
    """A mapping of the scenario file: unknown keys and values of the wrong type are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, validate_default=False)


def keys_of(section: type[BaseModel]) -> dict[str, FieldInfo]:
    """A section's fields by the keys that a file has, which are other words where those are Python's own (`for`)."""
    return {field.alias or name: field for name, field in section.model_fields.items()}


def kinds_in(annotation: Any) -> dict[str, type[BaseModel]]:
    """Section by the word that tells it apart, where an annotation leaves a choice (`Field(discriminator=…)`)."""
    if get_origin(annotation) is Annotated:
        union, *marks = get_args(annotation)
        key = next((mark.discriminator for mark in marks if isinstance(mark, FieldInfo) and mark.discriminator), None)
        if isinstance(key, str):
            return {word: each for each in get_args(union) for word in get_args(each.model_fields[key].annotation)}
    return next((found for argument in get_args(annotation) if (found := kinds_in(argument))), {})


@dataclass(frozen=True, slots=True)
class Shown:
    """How a field type is named in the documentation, and how a value of it is written in a scenario file."""

    kind: str
    write: Callable[[Any], str]


def shown_of(field: FieldInfo) -> Shown | None:
    """How a field's values are written, where its type says so."""
    marks = [*field.metadata, *marks_of(field.annotation)]
    return next((mark for mark in marks if isinstance(mark, Shown)), None)


def marks_of(annotation: Any) -> Iterator[Any]:
    """What stands in `Annotated`, within a union as well."""
    if get_origin(annotation) is Annotated:
        yield from get_args(annotation)[1:]
    elif get_origin(annotation) in (Union, UnionType):
        for argument in get_args(annotation):
            yield from marks_of(argument)


class Within:
    """Bounds of a field that is written with a unit; as in `Annotated[Duration, Within(…)]`.

    They are the ends of what can be meant: what lies outside is a slip, or more than any machine carries.
    """

    def __init__(self, least: str, most: str, parse: Callable[[object], float]) -> None:
        self._least, self._most = parse(least), parse(most)
        self._bounds = least, most

    @property
    def text(self) -> str:
        """The bounds in words."""
        least, most = self._bounds
        return _("{least} to {most}", least=least, most=most) if self._least else _("at most {most}", most=most)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def _check(self, value: Any) -> Any:
        low, high = (value.low, value.high) if isinstance(value, Range) else (value, value)
        # What is not comparable (a number that is none) is out of range too.
        if not (self._least <= low and high <= self._most):
            raise OutOfRange(_("it must be {text}", text=self.text))
        return value


def known(word: str, words: Iterable[str], what: str) -> str:
    """`word` itself, where it is one of `words`.

    Raises:
        WrongWord: If it is not; suggests the nearest, or lists them where they are few.
    """
    choices = list(words)
    if word in choices:
        return word
    near = closest(word, choices)
    others = _("; known: {choices}", choices=listed(choices)) if not near and len(choices) <= 12 else ""
    raise WrongWord(_("'{word}' is no {what}{listed}", word=word, what=what, listed=others), near)
