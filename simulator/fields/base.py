"""What all sections share: the strict base model and the field types that read text with units.

Field types turn text into plain numbers (seconds, events per second, bytes, shares) and say in the JSON Schema what the
text looks like. Messages of their `ValueError`s reach the user as they are.
"""

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, GetCoreSchemaHandler, WithJsonSchema
from pydantic_core import CoreSchema, core_schema

from simulator.closest import closest
from simulator.fields.dispatch_url import DispatchUrlError, parse_dispatch_url
from simulator.fields.range import Range
from simulator.fields.units import (
    format_duration,
    format_rate,
    format_share,
    format_size,
    parse_duration,
    parse_duration_range,
    parse_rate,
    parse_share,
    parse_size,
    parse_size_range,
)
from simulator.shown import printable

_NUMBER = r"[0-9]+(\.[0-9]+)?"
_DURATION = rf"({_NUMBER}(ms|min|s|h|d))+"
_SIZE = rf"{_NUMBER} ?(B|KB|MB)"


EMBEDDED = "embedded"
MOST_DEVICES = 1_000_000
"""Of one run, over all its groups and processes."""
LONGEST_RUN = "30d"
MOST_TARGETS = 1000


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


@dataclass(frozen=True, slots=True)
class Shown:
    """How a field type is named in the documentation, and how a value of it is written in a scenario file."""

    kind: str
    write: Callable[[Any], str]


def _text_schema(pattern: str, kind: str, *examples: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern}$", "title": kind, "examples": list(examples)})


def _positive(parse: Callable[[object], float], what: str) -> Callable[[object], float]:
    def parse_positive(value: object) -> float:
        number = parse(value)
        if number <= 0:
            raise ValueError(f"{what} must be more than 0")
        return number

    return parse_positive


def _range(parse: Callable[[object], tuple[float, float]]) -> Callable[[object], Range]:
    def parse_into_range(value: object) -> Range:
        low, high = parse(value)
        return Range(low=low, high=high)

    return parse_into_range


class Within:
    """Bounds of a field that is written with a unit; as in `Annotated[Duration, Within(…)]`.

    They are the ends of what can be meant: what lies outside is a slip, or more than any machine carries.
    """

    def __init__(self, least: str, most: str, parse: Callable[[object], float]) -> None:
        self._least, self._most = parse(least), parse(most)
        self.text = f"{least} to {most}" if self._least else f"at most {most}"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def _check(self, value: Any) -> Any:
        low, high = (value.low, value.high) if isinstance(value, Range) else (value, value)
        # What is not comparable (a number that is none) is out of range too.
        if not (self._least <= low and high <= self._most):
            raise OutOfRange(f"it must be {self.text}")
        return value


def within_time(least: str, most: str) -> Within:
    """Bounds of a duration or a range of durations."""
    return Within(least, most, parse_duration)


def within_rate(most: str) -> Within:
    """The upper bound of a rate."""
    return Within("0/s", most, parse_rate)


def _written_range(write: Callable[[float], str]) -> Callable[[Range], str]:
    return lambda value: write(value.low) if value.low == value.high else f"{write(value.low)}..{write(value.high)}"


Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    _text_schema(_DURATION, "duration", "500ms", "10s", "2min", "1h30min"),
    Shown("duration", format_duration),
]
"""Seconds."""
InRun = Annotated[Duration, within_time("0s", LONGEST_RUN)]
"""Seconds within a run."""
InYear = Annotated[Duration, within_time("0s", "365d")]
"""Seconds on a device's calendar."""
PositiveDuration = Annotated[
    float,
    BeforeValidator(_positive(parse_duration, "a duration here")),
    _text_schema(_DURATION, "duration", "500ms", "10s", "2min", "1h30min"),
    Shown("duration", format_duration),
]
"""Seconds, more than 0."""
Rate = Annotated[
    float,
    BeforeValidator(parse_rate),
    _text_schema(rf"{_NUMBER} ?/ ?(ms|s|min|h|d)", "rate", "6/min", "0.5/s"),
    Shown("rate", format_rate),
]
"""Events per second."""
PositiveRate = Annotated[
    float,
    BeforeValidator(_positive(parse_rate, "a rate here")),
    _text_schema(rf"{_NUMBER} ?/ ?(ms|s|min|h|d)", "rate", "20/s", "300/min"),
    Shown("rate", format_rate),
]
"""Events per second, more than 0."""
Size = Annotated[
    int, BeforeValidator(parse_size), _text_schema(_SIZE, "size", "14KB", "900B"), Shown("size", format_size)
]
"""Bytes."""
Share = Annotated[
    float,
    BeforeValidator(parse_share),
    WithJsonSchema(
        {
            "title": "share",
            "anyOf": [
                {"type": "string", "pattern": rf"^{_NUMBER} ?%$"},
                {"type": "number", "minimum": 0, "maximum": 1},
            ],
            "examples": ["5%", 0.05],
        }
    ),
    Shown("share", format_share),
]
"""0 to 1."""
DurationRange = Annotated[
    Range,
    BeforeValidator(_range(parse_duration_range)),
    _text_schema(rf"(({_NUMBER}|{_DURATION})(\.\.|-))?{_DURATION}", "duration or range", "5s..10s", "5s"),
    Shown("duration or range", _written_range(format_duration)),
]
SizeRange = Annotated[
    Range,
    BeforeValidator(_range(parse_size_range)),
    _text_schema(rf"(({_NUMBER}|{_SIZE})(\.\.|-))?{_SIZE}", "size or range", "9KB..25KB", "14KB"),
    Shown("size or range", _written_range(format_size)),
]


def _dispatch_url(value: str) -> str:
    try:
        return parse_dispatch_url(value)
    except DispatchUrlError as error:
        near = closest(value, [EMBEDDED]) if ":" not in value else None
        if near is None:
            raise
        raise WrongWord(
            f"'{value}' is neither `{EMBEDDED}` nor a URL like https://dispatch.example.com", near
        ) from error


def parse_targets(value: object) -> tuple[str, ...]:
    """Dispatch URLs, each what precedes `/v3/device/getBrokerServer`; none for `embedded`.

    Raises:
        ValueError: it is neither a URL, a list of them nor `embedded`.
    """
    if value == EMBEDDED:
        return ()
    items = value if isinstance(value, list | tuple) else [value]
    urls = [item for item in items if isinstance(item, str)]
    if len(items) > MOST_TARGETS:
        raise ValueError(f"{len(items)} URLs; at most {MOST_TARGETS} are used")
    if not urls or len(urls) < len(items):
        raise ValueError(f"must be `{EMBEDDED}`, the URL of a dispatch server, or a list of such URLs")
    return tuple(_dispatch_url(url) for url in urls)


Targets = Annotated[
    tuple[str, ...],
    BeforeValidator(parse_targets),
    WithJsonSchema(
        {
            "title": "embedded, URL or URLs",
            "anyOf": [
                {"type": "string", "pattern": "^(embedded$|https?://)"},
                {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": "^https?://"}},
            ],
            "examples": [EMBEDDED, "https://dispatch.example.com"],
        }
    ),
    Shown("`embedded`, URL or list of URLs", lambda urls: ", ".join(urls) or EMBEDDED),
]


def known(word: str, words: Iterable[str], what: str) -> str:
    """`word` itself, where it is one of `words`.

    Raises:
        WrongWord: it is not; suggests the nearest, or lists them where they are few.
    """
    choices = list(words)
    if word in choices:
        return word
    near = closest(word, choices)
    listed = f"; known: {', '.join(choices)}" if not near and len(choices) <= 12 else ""
    raise WrongWord(f"'{word}' is no {what}{listed}", near)


MAX_NAME = 64


def plain_name(value: Any) -> str:
    """A name that people give: of any script, with any mark or emoji, in one line. What is made from it (a file's name)
    is made safe there.

    Raises:
        ValueError: it is empty, longer than 64 characters, or holds what cannot be seen.
    """
    if not isinstance(value, str):
        raise ValueError("must be text: put it in quotes")
    name = unicodedata.normalize("NFC", value)
    if not name.strip():
        raise ValueError("must not be empty")
    if len(name) > MAX_NAME:
        raise ValueError(f"has {len(name):,} characters; a name has at most {MAX_NAME}")
    return one_line(name)


def one_line(value: str) -> str:
    """Text that can stand in a line: in messages, tables, logs.

    Raises:
        ValueError: it holds line breaks, control characters, or marks that turn or hide text.
    """
    shown = printable(value)
    if shown != value:
        at = next(place for place, pair in enumerate(zip(value, shown, strict=False)) if pair[0] != pair[1])
        raise ValueError(f"holds U+{ord(value[at]):04X} (character {at + 1}), which cannot be seen: take it out")
    return value


def _file_name(value: str) -> str:
    if len(value) > MAX_PATH:
        raise ValueError(f"has {len(value):,} characters, more than the name of a file can have")
    return one_line(value)


MAX_PATH = 1024

Name = Annotated[
    str,
    BeforeValidator(plain_name),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": MAX_NAME}),
    Shown("name", str),
]
Line = Annotated[str, AfterValidator(one_line)]
"""Text in one line."""
FileName = Annotated[str, Field(min_length=1), AfterValidator(_file_name)]
"""Name of a file or directory, relative to the scenario file."""
