"""Times as the protocol writes them: `yyyy-MM-ddTHH:mm:ss±HH:mm`, and the time zone alone as `±HH:mm`.

Conversion only; nothing here reads a clock. Offsets are minutes east of UTC, below 24 hours either way.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import floor
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1)
_EPOCH_UTC: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ISO: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[+-](?:[01][0-9]|2[0-3]):[0-5][0-9]")
_OFFSET: Final = re.compile(r"([+-])([01][0-9]|2[0-3]):([0-5][0-9])")
_DAY_MINUTES: Final = 24 * 60
_SECONDS: Final = tuple(f"{second:02d}" for second in range(60))


def format_iso(epoch_s: float, offset_minutes: int) -> str:
    """The moment as `yyyy-MM-ddTHH:mm:ss±HH:mm` in the given zone; fractions of a second are cut off.

    Args:
        epoch_s: seconds since the Unix epoch.
        offset_minutes: minutes east of UTC.

    Raises:
        ValueError: If the moment is outside the years 1 to 9999 there, or the offset is 24 hours or more.
    """
    try:
        minute, second = divmod(floor(epoch_s), 60)
        return _minute_text(minute + offset_minutes) + _SECONDS[second] + format_offset(offset_minutes)
    except OverflowError:
        raise ValueError(f"time out of range: {epoch_s} s") from None


def parse_iso(text: str) -> float:
    """Seconds since the Unix epoch of a time written exactly as `yyyy-MM-ddTHH:mm:ss±HH:mm`.

    Raises:
        ValueError: If it is written in another way or names a moment that does not exist, such as February 30.
    """
    if _ISO.fullmatch(text) is None:
        raise ValueError("not in the form yyyy-MM-ddTHH:mm:ss±HH:mm")
    return (datetime.fromisoformat(text) - _EPOCH_UTC).total_seconds()


@lru_cache(maxsize=256)
def format_offset(offset_minutes: int) -> str:
    """The zone as `±HH:mm`.

    Raises:
        ValueError: If the offset is 24 hours or more.
    """
    if not -_DAY_MINUTES < offset_minutes < _DAY_MINUTES:
        raise ValueError(f"time zone out of range: {offset_minutes} minutes")
    hours, minutes = divmod(abs(offset_minutes), 60)
    return f"{'-' if offset_minutes < 0 else '+'}{hours:02d}:{minutes:02d}"


def parse_offset(text: str) -> int:
    """Minutes east of UTC of a zone written exactly as `±HH:mm`.

    Raises:
        ValueError: If it is written in another way.
    """
    match = _OFFSET.fullmatch(text)
    if match is None:
        raise ValueError("not in the form ±HH:mm")
    minutes = int(match[2]) * 60 + int(match[3])
    return -minutes if match[1] == "-" else minutes


# A fleet's records and meetings fall into few minutes, and the calendar is the dear part of a time.
@lru_cache(maxsize=4096)
def _minute_text(minute: int) -> str:
    """`yyyy-MM-ddTHH:mm:` of a local minute counted from the epoch."""
    return (_EPOCH + timedelta(minutes=minute)).isoformat(timespec="minutes") + ":"
