"""Field types that are written with a unit: durations, rates, sizes, shares, and ranges of them.

They turn text into plain numbers (seconds, events per second, bytes, shares) and say in the JSON Schema what the text
looks like. Messages of their `ValueError`s reach the user as they are.
"""

from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from simulator.fields.limits import LONGEST_RUN
from simulator.fields.range import Range
from simulator.fields.section import OutOfRange, Shown, Within
from simulator.fields.units import (
    format_bandwidth,
    format_duration,
    format_ppm,
    format_rate,
    format_share,
    format_signed_duration,
    format_size,
    parse_bandwidth,
    parse_count_range,
    parse_duration,
    parse_duration_range,
    parse_ppm_range,
    parse_rate,
    parse_share,
    parse_signed_duration,
    parse_signed_duration_range,
    parse_size,
    parse_size_range,
)
from simulator.fields.wrong_kind import WrongKind
from simulator.protocol.limits import MAX_PHOTO_BYTES
from simulator.texts.translation import _

MIN_PHOTO_BYTES = 1024
MOST_COUNT = 1000
"""People, in a range of them."""

_NUMBER = r"[0-9]+(\.[0-9]+)?"
_DURATION = rf"({_NUMBER}(ms|min|s|h|d))+"
_SIZE = rf"{_NUMBER} ?(B|KB|MB)"


def _text_schema(pattern: str, kind: str, *examples: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern}$", "title": kind, "examples": list(examples)})


def _positive(parse: Callable[[object], float]) -> Callable[[object], float]:
    def parse_positive(value: object) -> float:
        number = parse(value)
        if number <= 0:
            raise OutOfRange(_("it must be more than 0"))
        return number

    return parse_positive


def _range(parse: Callable[[object], tuple[float, float]]) -> Callable[[object], Range]:
    def parse_into_range(value: object) -> Range:
        low, high = parse(value)
        return Range(low=low, high=high)

    return parse_into_range


def within_time(least: str, most: str) -> Within:
    """Bounds of a duration or a range of durations."""
    return Within(least, most, parse_duration)


def within_signed_time(most: str) -> Within:
    """The bound of a signed duration or a range of them, either way."""
    return Within(f"-{most}", most, parse_signed_duration)


def within_rate(most: str) -> Within:
    """The upper bound of a rate."""
    return Within("0/s", most, parse_rate)


def within_bandwidth(least: str, most: str) -> Within:
    """Bounds of a bandwidth."""
    return Within(least, most, parse_bandwidth)


def written_range(write: Callable[[float], str]) -> Callable[[Range], str]:
    """What writes a range as a scenario file has it, its bounds by `write`."""
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
GatherTime = Annotated[Duration, within_time("0s", "200ms")]
"""Seconds for which a process lets gather what arrives (`simulator.gathering`)."""
PositiveDuration = Annotated[
    float,
    BeforeValidator(_positive(parse_duration)),
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
    BeforeValidator(_positive(parse_rate)),
    _text_schema(rf"{_NUMBER} ?/ ?(ms|s|min|h|d)", "rate", "20/s", "300/min"),
    Shown("rate", format_rate),
]
"""Events per second, more than 0."""
Size = Annotated[
    int, BeforeValidator(parse_size), _text_schema(_SIZE, "size", "14KB", "900B"), Shown("size", format_size)
]
"""Bytes."""
Bandwidth = Annotated[
    int,
    BeforeValidator(parse_bandwidth),
    _text_schema(rf"{_SIZE} ?/ ?s", "bandwidth", "64KB/s", "1MB/s"),
    Shown("bandwidth", format_bandwidth),
]
"""Bytes a second."""
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
    Shown("duration or range", written_range(format_duration)),
]
SignedDuration = Annotated[
    float,
    BeforeValidator(parse_signed_duration),
    _text_schema(rf"[+-]?{_DURATION}", "duration, negative for before", "-4min", "30s"),
    Shown("duration, negative for before", format_signed_duration),
]
"""Seconds, negative for before."""
SignedDurationRange = Annotated[
    Range,
    BeforeValidator(_range(parse_signed_duration_range)),
    _text_schema(rf"([+-]?{_DURATION}\.\.)?[+-]?{_DURATION}", "duration or range, signed", "-3min..3min", "-30s"),
    Shown("duration or range, signed", written_range(format_signed_duration)),
]
"""Seconds from and to."""
DriftRange = Annotated[
    Range,
    BeforeValidator(_range(parse_ppm_range)),
    _text_schema(rf"([+-]?{_NUMBER} ?ppm\.\.)?[+-]?{_NUMBER} ?ppm", "millionths", "50ppm", "-50ppm..50ppm"),
    Shown("ppm or range", written_range(format_ppm)),
]
"""Seconds that a clock gains in a second."""
CountRange = Annotated[
    Range,
    BeforeValidator(_range(parse_count_range)),
    WithJsonSchema(
        {
            "title": "whole number or range",
            "anyOf": [
                {"type": "string", "pattern": r"^[0-9]+(\.\.[0-9]+)?$"},
                {"type": "integer", "minimum": 0, "maximum": MOST_COUNT},
            ],
            "examples": ["1..3", 2],
        }
    ),
    Within("0", str(MOST_COUNT), int),
    Shown("number or range", written_range(lambda number: f"{number:g}")),
]
"""Whole numbers from and to."""
SizeRange = Annotated[
    Range,
    BeforeValidator(_range(parse_size_range)),
    _text_schema(rf"(({_NUMBER}|{_SIZE})(\.\.|-))?{_SIZE}", "size or range", "9KB..25KB", "14KB"),
    Shown("size or range", written_range(format_size)),
]


def _photo_size(value: Range) -> Range:
    if value.low < MIN_PHOTO_BYTES or value.high > MAX_PHOTO_BYTES:
        raise ValueError(
            _(
                "a photo is between {min_photo_bytes}KB and {max_photo_bytes}KB",
                min_photo_bytes=MIN_PHOTO_BYTES // 1024,
                max_photo_bytes=MAX_PHOTO_BYTES // 1024,
            )
        )
    return value


PhotoSize = Annotated[SizeRange, AfterValidator(_photo_size)]


def _package_size(size: int) -> int:
    if size % 1024 or not 4 * 1024 <= size <= 1024 * 1024:
        raise WrongKind(_("must be whole KB (1,024 bytes) from 4KB to 1024KB"))
    return size


PackageSize = Annotated[Size, AfterValidator(_package_size)]
"""Bytes that a message may have."""
