"""Text with a unit to numbers, as scenario files write them: `10s`, `6/min`, `14KB`, `5%`, `9KB..25KB`.

A bare number is refused: whoever reads a scenario should not have to guess between seconds and milliseconds. Every
parser raises `ValueError` with a message that says what would be right.
"""

import re
import unicodedata
from collections.abc import Callable

from simulator.fields.wrong_kind import WrongKind
from simulator.texts.translation import _

_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
_BYTES = {"B": 1, "KB": 1_024, "MB": 1_048_576}
"""The protocol's KB is 1,024 bytes (`maxPackageSize`, docs/deviations.md)."""

_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_BARE = re.compile(rf"[+-]?{_NUMBER}")
_DURATION = re.compile(rf"(?:{_NUMBER}(?:ms|min|s|h|d))+")
_DURATION_PART = re.compile(rf"({_NUMBER})(ms|min|s|h|d)")
_RATE = re.compile(rf"({_NUMBER})\s*/\s*(ms|s|min|h|d)")
_SIZE = re.compile(rf"({_NUMBER})\s*([A-Za-z]*)")
_PPM = re.compile(rf"([+-]?{_NUMBER})\s*ppm")
_BANDWIDTH = re.compile(r"(.*?)\s*/\s*s")
_SHARE = re.compile(rf"({_NUMBER})\s*%")

_LONGEST = 64
"""Characters of a value; more digits than a number could need, few enough to be shown."""

DURATION_EXAMPLES = "500ms, 10s, 2min, 1h, 1h30min"
SIGNED_EXAMPLES = "-4min, 30s, -3min..3min"
PPM_EXAMPLES = "50ppm, -20ppm, -50ppm..50ppm"
RATE_EXAMPLES = "6/min, 0.5/s, 120/h"
COUNT_EXAMPLES = "2, 1..3"
SIZE_EXAMPLES = "14KB, 900B, 1MB"
BANDWIDTH_EXAMPLES = "64KB/s, 1MB/s"
SHARE_EXAMPLES = "5%, 0.05"


def parse_duration(value: object) -> float:
    """Seconds of `500ms`, `10s`, `2min`, `1h`, `1h30min` (units: ms, s, min, h, d)."""
    text = _text(value, "a duration", DURATION_EXAMPLES)
    if _BARE.fullmatch(text):
        if float(text) == 0:
            return 0.0
        raise _without_unit(text)
    compact = re.sub(r"\s+", "", text)
    if not _DURATION.fullmatch(compact):
        raise ValueError(
            _(
                "'{text}' is no duration: write one like {duration_examples}",
                text=text,
                duration_examples=DURATION_EXAMPLES,
            )
        )
    return sum(float(number) * _SECONDS[unit] for number, unit in _DURATION_PART.findall(compact))


def _without_unit(text: str) -> ValueError:
    return ValueError(_("{text} has no unit: write {text}s, {text}ms, {text}min or {text}h", text=text))


def parse_signed_duration(value: object) -> float:
    """Seconds of a duration that may be negative: `-4min`, `3s`, `0s`."""
    text = str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else value
    if isinstance(text, str) and text[:1] in ("-", "+"):
        if _BARE.fullmatch(text) and len(text) <= _LONGEST and float(text) != 0:
            raise _without_unit(text)
        seconds = parse_duration(text[1:])
        return -seconds if text[0] == "-" else seconds
    return parse_duration(text)


def parse_signed_duration_range(value: object) -> tuple[float, float]:
    """Seconds from and to of `-3min..3min`; one duration, such as `-3min`, for both."""
    return _parse_signed_range(value, _("a duration or a range of durations"), SIGNED_EXAMPLES, parse_signed_duration)


def parse_ppm(value: object) -> float:
    """Seconds that a clock gains in a second of `50ppm` or `-20ppm` (millionths)."""
    text = str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    match = _PPM.fullmatch(text)
    if match is None:
        if _BARE.fullmatch(text):
            raise ValueError(_("{text} has no unit: write {text}ppm (millionths)", text=text))
        raise WrongKind(_("must be how fast a clock runs away, like {ppm_examples}", ppm_examples=PPM_EXAMPLES))
    return float(match[1]) / 1e6


def parse_ppm_range(value: object) -> tuple[float, float]:
    """From and to of `-50ppm..50ppm`, as `parse_ppm` gives them; one of them for both."""
    return _parse_signed_range(value, _("how fast a clock runs away"), PPM_EXAMPLES, parse_ppm)


def parse_rate(value: object) -> float:
    """Events per second of `6/min`, `0.5/s`, `120/h`."""
    text = _text(value, "a rate", RATE_EXAMPLES)
    if _BARE.fullmatch(text):
        raise ValueError(_("{text} has no unit: write {text}/s, {text}/min or {text}/h", text=text))
    match = _RATE.fullmatch(text)
    if match is None:
        raise ValueError(
            _("'{text}' is no rate: write one like {rate_examples}", text=text, rate_examples=RATE_EXAMPLES)
        )
    return float(match[1]) / _SECONDS[match[2]]


def parse_size(value: object) -> int:
    """Bytes of `14KB`, `900B`, `1MB`; a KB is 1,024 bytes."""
    text = _text(value, "a size", SIZE_EXAMPLES)
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(
            _("'{text}' is no size: write one like {size_examples}", text=text, size_examples=SIZE_EXAMPLES)
        )
    number, unit = match[1], match[2]
    if unit == "":
        raise ValueError(_("{number} has no unit: write {number}B or {number}KB (1,024 bytes)", number=number))
    if unit not in _BYTES:
        raise ValueError(
            _(
                "'{unit}' is no unit of size: write {number}B, {number}KB (1,024 bytes) or {number}MB",
                unit=unit,
                number=number,
            )
        )
    return round(float(number) * _BYTES[unit])


def parse_bandwidth(value: object) -> int:
    """Bytes a second of `64KB/s`, `1MB/s`; a KB is 1,024 bytes."""
    text = _text(value, "a bandwidth", BANDWIDTH_EXAMPLES)
    match = _BANDWIDTH.fullmatch(text)
    if match is None:
        right = _(": write {text}/s", text=text) if _SIZE.fullmatch(text) and not _BARE.fullmatch(text) else ""
        raise ValueError(
            _(
                "'{text}' is no bandwidth like {bandwidth_examples}{right}",
                text=text,
                bandwidth_examples=BANDWIDTH_EXAMPLES,
                right=right,
            )
        )
    return parse_size(match[1])


def parse_share(value: object) -> float:
    """A share between 0 and 1 of `5%` or `0.05`."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not 0 <= value <= 1:
            right = _("{value}% or ", value=value) if 0 <= value <= 100 else ""
            raise ValueError(
                _("{short} is no share: write {right}a number from 0 to 1", short=_short(value), right=right)
            )
        return float(value)
    text = _text(value, "a share", SHARE_EXAMPLES)
    match = _SHARE.fullmatch(text)
    if match is None:
        raise ValueError(
            _("'{text}' is no share: write one like {share_examples}", text=text, share_examples=SHARE_EXAMPLES)
        )
    share = float(match[1]) / 100.0
    if share > 1.0:
        raise ValueError(_("{text} is more than 100%", text=text))
    return share


def parse_duration_range(value: object) -> tuple[float, float]:
    """Seconds from and to of `5s..10s`, `5-10s`, or one duration for both."""
    return _parse_range(value, _("a duration or a range of durations"), f"{DURATION_EXAMPLES}, 5s..10s", parse_duration)


def parse_count_range(value: object) -> tuple[float, float]:
    """Fewest and most of `1..3`, or one whole number for both."""
    return _parse_range(value, _("a whole number or a range of them"), COUNT_EXAMPLES, _parse_count)


def parse_size_range(value: object) -> tuple[float, float]:
    """Bytes from and to of `9KB..25KB`, `9-25KB`, or one size for both."""
    return _parse_range(value, _("a size or a range of sizes"), f"{SIZE_EXAMPLES}, 9KB..25KB", parse_size)


def _parse_count(value: object) -> int:
    text = _text(value, _("a whole number"), COUNT_EXAMPLES)
    if not text.isascii() or not text.isdigit():
        raise ValueError(
            _("'{text}' is no whole number: write {count_examples}", text=text, count_examples=COUNT_EXAMPLES)
        )
    return int(text)


def format_duration(seconds: float) -> str:
    """The shortest text that `parse_duration` reads back as the same number: `1h30min`, `250ms`, `12.5s`."""
    milliseconds = round(seconds * 1000)
    if abs(milliseconds / 1000 - seconds) > 1e-9 * max(1.0, seconds):
        return f"{seconds:f}s"
    parts: list[str] = []
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1000), ("ms", 1)):
        amount, milliseconds = divmod(milliseconds, size)
        if amount:
            parts.append(f"{amount}{unit}")
    return "".join(parts) or "0s"


def format_signed_duration(seconds: float) -> str:
    """As `format_duration`, with a sign where it is negative."""
    return f"-{format_duration(-seconds)}" if seconds < 0 else format_duration(seconds)


def format_ppm(share: float) -> str:
    """`50ppm`."""
    return f"{share * 1e6:g}ppm"


def format_size(size: float) -> str:
    """`14KB` for whole KB, `900B` otherwise."""
    return f"{int(size) // 1024}KB" if size and size % 1024 == 0 else f"{int(size)}B"


def format_bandwidth(per_second: float) -> str:
    """`64KB/s`."""
    return f"{format_size(per_second)}/s"


def format_rate(per_second: float) -> str:
    """`20/s`, `6/min`, `120/h`: the shortest unit in which the number is whole, per second otherwise."""
    for unit in ("s", "min", "h"):
        number = per_second * _SECONDS[unit]
        if number >= 1 and abs(number - round(number)) < 1e-9 * number:
            return f"{round(number)}/{unit}"
    return f"{per_second:g}/s"


def format_share(share: float) -> str:
    """`5%`."""
    return f"{share * 100:g}%"


def _parse_range(value: object, what: str, examples: str, parse: Callable[[object], float]) -> tuple[float, float]:
    text = _text(value, what, examples)
    separator = ".." if ".." in text else "-"
    low_text, found, high_text = (part.strip() for part in text.partition(separator))
    if not found:
        bound = parse(text)
        return bound, bound
    if not low_text or not high_text:
        raise ValueError(_("'{text}' is no range: write {examples}", text=text, examples=examples))
    high = parse(high_text)
    if _BARE.fullmatch(low_text):
        # `9-25KB`: the lower bound takes the upper one's unit.
        low_text += high_text.lstrip("0123456789. ")
    low = parse(low_text)
    if low > high:
        raise ValueError(_("'{text}' runs backwards: write the smaller bound first", text=text))
    return low, high


def _parse_signed_range(
    value: object, what: str, examples: str, parse: Callable[[object], float]
) -> tuple[float, float]:
    """As `_parse_range`; the bounds are parted by `..` alone, as a minus is a sign here."""
    if not isinstance(value, str) or ".." not in value:
        bound = parse(value)
        return bound, bound
    low_text, _dots, high_text = (part.strip() for part in value.partition(".."))
    if not low_text or not high_text or len(value) > _LONGEST:
        raise WrongKind(_("must be {what} like {examples}", what=what, examples=examples))
    low, high = parse(low_text), parse(high_text)
    if low > high:
        raise ValueError(_("'{value}' runs backwards: write the smaller bound first", value=value))
    return low, high


def _short(value: float) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:12]}… ({len(text):,} digits)"


def _text(value: object, what: str, examples: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise WrongKind(_("must be {what} like {examples}", what=what, examples=examples))
    text = str(value).strip()
    if len(text) > _LONGEST:
        raise ValueError(
            _(
                "has {text:,} characters, too many for {what} like {examples}",
                text=len(text),
                what=what,
                examples=examples,
            )
        )
    if not text.isascii() and unicodedata.normalize("NFKC", text).isascii():
        raise ValueError(
            _(
                "'{text}' has full-width characters: write {normalize}",
                text=text,
                normalize=unicodedata.normalize("NFKC", text),
            )
        )
    if text.startswith("-"):
        raise ValueError(
            _("{text} is negative: {what} like {examples} is needed", text=text, what=what, examples=examples)
        )
    return text
