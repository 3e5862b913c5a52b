"""What all sections share: the strict base model and the field types that read text with units.

Field types turn text into plain numbers (seconds, events per second, bytes, shares) and say in the JSON Schema what the
text looks like. Messages of their `ValueError`s reach the user as they are.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from simulator.device.settings import Range
from simulator.fleet.dispatch_url import DispatchUrlError, parse_dispatch_url
from simulator.fleet.problems import closest
from simulator.fleet.units import (
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

_NUMBER = r"[0-9]+(\.[0-9]+)?"
_DURATION = rf"({_NUMBER}(ms|min|s|h|d))+"
_SIZE = rf"{_NUMBER} ?(B|KB|MB)"


EMBEDDED = "embedded"


class WrongWord(ValueError):  # noqa: N818 - it is raised inside validators and shown as a problem
    """A value that is none of the known ones; `suggestion` is what it probably should be."""

    def __init__(self, message: str, suggestion: str | None) -> None:
        self.suggestion = suggestion
        super().__init__(message)


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


def _written_range(write: Callable[[float], str]) -> Callable[[Range], str]:
    return lambda value: write(value.low) if value.low == value.high else f"{write(value.low)}..{write(value.high)}"


Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    _text_schema(_DURATION, "duration", "500ms", "10s", "2min", "1h30min"),
    Shown("duration", format_duration),
]
"""Seconds."""
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


def plain_name(value: Any) -> str:
    """A name that can stand in file names and tables.

    Raises:
        ValueError: it is empty, longer than 64 characters, or has other characters.
    """
    if not isinstance(value, str) or not re.fullmatch(r"[\w][\w .+-]{0,63}", value):
        raise ValueError("must be a name of letters, digits, spaces and . _ + - (at most 64 characters)")
    return value


Name = Annotated[
    str,
    BeforeValidator(plain_name),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 64, "pattern": r"^[\w][\w .+-]*$"}),
    Shown("name", str),
]
