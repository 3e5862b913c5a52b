"""What a text means that is out of its format: the text that its sender meant, where that is plain."""

import re
from datetime import datetime
from typing import Final

from simulator.protocol.catalogue import formats as f
from simulator.protocol.times import format_iso, parse_iso, parse_offset

_LONGEST: Final = 128
"""Characters of what can mean a value of a format; a longer text is garbage."""
_TIME: Final = re.compile(
    r"(\d{4})[-/](\d\d)[-/](\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,]\d{1,9})?)?\s?([Zz]|[+-]\d\d?(?::?\d\d)?)?",
    re.ASCII,
)
_OFFSET: Final = re.compile(r"(?:GMT|UTC)?([+-]?)(\d\d?)(?::?(\d\d))?", re.ASCII)
_WHOLE: Final = re.compile(r"\+?(\d{1,40})(?:\.0{1,20})?", re.ASCII)
_SECONDS_DIGITS: Final = (9, 10)
_MILLISECONDS_DIGITS: Final = (12, 13)
"""An epoch since 1973, and for as long as anybody will run this."""
_FLAG_WORDS: Final = {"true": "1", "yes": "1", "on": "1", "false": "0", "no": "0", "off": "0"}


def plain_text(shape: f.Format, text: str, zone: str) -> str | None:
    """The text of the format that `text` means; None where nobody can say.

    Args:
        zone: the platform's offset `±HH:mm`, for times without one.
    """
    if len(text) > _LONGEST:
        return None
    text = text.strip()
    if shape.problem(text) is None:
        return text
    found = _meant(shape, text, zone)
    return found if found is not None and shape.problem(found) is None else None


def _meant(shape: f.Format, text: str, zone: str) -> str | None:
    if shape is f.TIMESTAMP:
        return plain_time(text, zone)
    if shape is f.TIME_MS:
        return plain_milliseconds(text, zone)
    if shape is f.OFFSET:
        return plain_offset(text)
    if isinstance(shape, f.OneOf):
        if is_flag(shape) and text.lower() in _FLAG_WORDS:
            return _FLAG_WORDS[text.lower()]
        return _whole(text) or text.lower()
    return _whole(text) if isinstance(shape, f.Integer) else None


def is_flag(shape: f.Format) -> bool:
    """Whether the format takes 0 and 1 and nothing else."""
    return isinstance(shape, f.OneOf) and shape.values.keys() == {"0", "1"}


def plain_time(text: str, zone: str) -> str | None:
    """A moment in some other notation as `yyyy-MM-ddTHH:mm:ss±HH:mm`; an epoch and what has no offset in `zone`."""
    if text.isascii() and text.isdigit():
        return _epoch(text, zone)
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    *parts, offset = match.groups()
    written = zone if offset is None else "+00:00" if offset in "Zz" else plain_offset(offset)
    if written is None:
        return None
    try:
        moment = datetime(*(int(part or 0) for part in parts))  # type: ignore[arg-type]
    except ValueError:
        return None
    return moment.isoformat() + written


def plain_milliseconds(text: str, zone: str) -> str | None:
    """A moment in some other notation in milliseconds since the epoch; what has no offset is in `zone`."""
    whole = _whole(text)
    if whole is not None:
        return whole + "000" if len(whole) in _SECONDS_DIGITS else whole
    time = plain_time(text, zone)
    try:
        return None if time is None else str(round(parse_iso(time) * 1000))
    except ValueError:
        return None


def plain_offset(text: str) -> str | None:
    """An offset in some other notation as `±HH:mm`: `8`, `+8:00`, `+0800`, `GMT+8`, `Z`."""
    if text.upper() in ("Z", "UTC", "GMT"):
        return "+00:00"
    match = _OFFSET.fullmatch(text)
    if match is None:
        return None
    sign, hours, minutes = match.groups()
    return f"{sign or '+'}{int(hours):02d}:{minutes or '00'}"


def _whole(text: str) -> str | None:
    """A whole number without what decorates it: leading zeros, a plus, zeros behind a point."""
    match = _WHOLE.fullmatch(text)
    return None if match is None else match[1].lstrip("0") or "0"


def _epoch(text: str, zone: str) -> str | None:
    if len(text) in _SECONDS_DIGITS:
        seconds = int(text)
    elif len(text) in _MILLISECONDS_DIGITS:
        seconds = int(text) // 1000
    else:
        return None
    return format_iso(seconds, parse_offset(zone))
