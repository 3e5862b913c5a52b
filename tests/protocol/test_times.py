"""Times of the wire: exact in form, the same moment both ways, impossible dates refused."""

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.protocol.times import format_iso, format_offset, parse_iso, parse_offset

offsets = st.integers(-24 * 60 + 1, 24 * 60 - 1)
LAST = datetime(9999, 12, 30, tzinfo=UTC).timestamp()
FIRST = datetime(1, 1, 3, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("epoch_s", "offset", "text"),
    [
        (0, 0, "1970-01-01T00:00:00+00:00"),
        (0, 480, "1970-01-01T08:00:00+08:00"),
        (0, -150, "1969-12-31T21:30:00-02:30"),
        (-1, 0, "1969-12-31T23:59:59+00:00"),
        (-0.5, 0, "1969-12-31T23:59:59+00:00"),
        (1_719_331_200, 480, "2024-06-26T00:00:00+08:00"),
        (1_719_331_200.999, 480, "2024-06-26T00:00:00+08:00"),
        (1_709_164_800, 0, "2024-02-29T00:00:00+00:00"),
        (1_735_689_599, 345, "2025-01-01T05:44:59+05:45"),
        (-62_135_596_800, 0, "0001-01-01T00:00:00+00:00"),
        (253_402_300_799, 0, "9999-12-31T23:59:59+00:00"),
    ],
)
def test_known_moments(epoch_s: float, offset: int, text: str) -> None:
    assert format_iso(epoch_s, offset) == text
    assert parse_iso(text) == math.floor(epoch_s)


@given(st.floats(FIRST, LAST, allow_nan=False), offsets)
def test_every_moment_comes_back_to_the_second(epoch_s: float, offset: int) -> None:
    text = format_iso(epoch_s, offset)

    assert parse_iso(text) == math.floor(epoch_s)
    assert parse_offset(text[19:]) == offset
    assert len(text) == 25


@given(st.integers(int(FIRST), int(LAST)), offsets)
def test_the_text_is_what_the_calendar_says(epoch_s: int, offset: int) -> None:
    zone = timezone(timedelta(minutes=offset))
    local = datetime(1970, 1, 1, tzinfo=UTC).astimezone(zone) + timedelta(seconds=epoch_s)

    assert format_iso(epoch_s, offset) == local.isoformat()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2024-06-26",
        "2024-06-26T00:00:00",
        "2024-06-26T00:00:00Z",
        "2024-06-26 00:00:00+08:00",
        "2024-06-26t00:00:00+08:00",
        "2024-06-26T00:00+08:00",
        "2024-06-26T00:00:00+0800",
        "2024-06-26T00:00:00+8:00",
        "2024-06-26T00:00:00+08",
        "2024-06-26T00:00:00.000+08:00",
        "2024-06-26T00:00:00+08:00 ",
        " 2024-06-26T00:00:00+08:00",
        "2024-06-26T00:00:00+08:00\n",
        "2024-06-26T00:00:00+08:00:00",
        "20240626T000000+08:00",
        "24-06-26T00:00:00+08:00",
        "2024-6-26T00:00:00+08:00",
        "2024-W26-3T00:00:00+08:00",
        "2024-02-30T00:00:00+08:00",
        "2023-02-29T00:00:00+08:00",
        "1900-02-29T00:00:00+08:00",
        "2024-04-31T00:00:00+08:00",
        "2024-00-01T00:00:00+08:00",
        "2024-13-01T00:00:00+08:00",
        "2024-01-00T00:00:00+08:00",
        "0000-01-01T00:00:00+08:00",
        "2024-06-26T24:00:00+08:00",
        "2024-06-26T00:60:00+08:00",
        "2024-06-26T00:00:60+08:00",
        "2024-06-26T00:00:00+24:00",
        "2024-06-26T00:00:00+08:60",
        "２０２４-06-26T00:00:00+08:00",
        "2024-06-26T00:00:00−08:00",
        "1719331200",
        "xxxx",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whichever rule it breaks
        parse_iso(text)


@given(st.text())
def test_arbitrary_text_is_a_moment_or_refused(text: str) -> None:
    try:
        moment = parse_iso(text)
    except ValueError:
        return
    assert math.isfinite(moment)


@pytest.mark.parametrize("epoch_s", [math.nan, math.inf, -math.inf, 1e30, -1e30, 253_402_300_800, -62_135_596_801])
def test_a_moment_outside_the_calendar_is_a_value_error(epoch_s: float) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whichever rule it breaks
        format_iso(epoch_s, 0)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("+08:00", 480), ("-03:30", -210), ("+00:00", 0), ("-00:00", 0), ("+05:45", 345), ("+23:59", 1439)],
)
def test_offsets(text: str, minutes: int) -> None:
    assert parse_offset(text) == minutes


@given(offsets)
def test_every_offset_comes_back(minutes: int) -> None:
    assert parse_offset(format_offset(minutes)) == minutes


@pytest.mark.parametrize(
    "text", ["", "Z", "08:00", "+8:00", "+0800", "+24:00", "+08:60", "+08:00\n", "＋08:00", "+０8:00", "UTC+8"]
)
def test_other_offsets_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="form"):
        parse_offset(text)


@pytest.mark.parametrize("minutes", [1440, -1440, 100_000])
def test_an_offset_of_a_day_is_refused(minutes: int) -> None:
    with pytest.raises(ValueError, match="time zone"):
        format_offset(minutes)
    with pytest.raises(ValueError, match="time zone"):
        format_iso(0, minutes)
