"""Text with units to numbers and back."""

import re
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.fields import units


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("10s", 10),
        ("2min", 120),
        ("1h", 3600),
        ("1h30min", 5400),
        ("1h 30min", 5400),
        ("1.5h", 5400),
        ("0.25s", 0.25),
        ("2d", 172_800),
        ("0", 0),
        ("0s", 0),
        (0, 0),
    ],
)
def test_durations(text: object, seconds: float) -> None:
    assert units.parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "per_second"),
    [
        ("6/min", 0.1),
        ("0.5/s", 0.5),
        ("120/h", 1 / 30),
        ("6 / min", 0.1),
        ("1/ms", 1000),
        ("0/min", 0),
        ("24/d", 1 / 3600),
    ],
)
def test_rates(text: str, per_second: float) -> None:
    assert units.parse_rate(text) == pytest.approx(per_second)


@pytest.mark.parametrize(
    ("text", "size"), [("14KB", 14 * 1024), ("900B", 900), ("1MB", 1024 * 1024), ("0.5KB", 512), ("14 KB", 14 * 1024)]
)
def test_sizes_count_1024_bytes_to_the_kb(text: str, size: int) -> None:
    assert units.parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "per_second", "written"),
    [("64KB/s", 65_536, "64KB/s"), ("1MB/s", 1_048_576, "1024KB/s"), ("900 B / s", 900, "900B/s")],
)
def test_bandwidths(text: str, per_second: int, written: str) -> None:
    assert units.parse_bandwidth(text) == per_second
    assert units.format_bandwidth(per_second) == written


@pytest.mark.parametrize(("text", "share"), [("5%", 0.05), (0.05, 0.05), ("100%", 1), (1, 1), (0, 0), ("0.1 %", 0.001)])
def test_shares(text: object, share: float) -> None:
    assert units.parse_share(text) == pytest.approx(share)


@pytest.mark.parametrize(
    ("text", "bounds"),
    [("5s..10s", (5, 10)), ("5-10s", (5, 10)), ("5..10s", (5, 10)), ("5s", (5, 5)), ("500ms..1.5s", (0.5, 1.5))],
)
def test_ranges_of_durations(text: str, bounds: tuple[float, float]) -> None:
    assert units.parse_duration_range(text) == pytest.approx(bounds)


@pytest.mark.parametrize(
    ("text", "bounds"),
    [("9KB..25KB", (9216, 25600)), ("9-25KB", (9216, 25600)), ("14KB", (14336, 14336)), ("900B..1KB", (900, 1024))],
)
def test_ranges_of_sizes(text: str, bounds: tuple[float, float]) -> None:
    assert units.parse_size_range(text) == bounds


@pytest.mark.parametrize(
    ("parse", "text", "says"),
    [
        (units.parse_duration, 10, "10 has no unit: write 10s, 10ms, 10min or 10h"),
        (units.parse_duration, "10", "has no unit"),
        (units.parse_signed_duration, -1, "-1 has no unit: write -1s, -1ms, -1min or -1h"),
        (units.parse_signed_duration, "+2.5", "+2.5 has no unit: write +2.5s"),
        (units.parse_duration, "10 minutes", "no duration: write one like 500ms, 10s"),
        (units.parse_duration, "ten", "no duration"),
        (units.parse_duration, "-5s", "negative"),
        (units.parse_duration, "1e3s", "no duration"),
        (units.parse_duration, "", "no duration"),
        (units.parse_duration, True, "must be a duration"),
        (units.parse_duration, None, "must be a duration"),
        (units.parse_duration, [], "must be a duration"),
        (units.parse_rate, 6, "6 has no unit: write 6/s, 6/min or 6/h"),
        (units.parse_rate, "6/fortnight", "no rate: write one like 6/min"),
        (units.parse_rate, "-6/min", "negative"),
        (units.parse_size, 14, "14 has no unit: write 14B or 14KB (1,024 bytes)"),
        (units.parse_size, "14kB", "'kB' is no unit of size: write 14B, 14KB (1,024 bytes) or 14MB"),
        (units.parse_size, "big", "no size"),
        (units.parse_share, 5, "5 is no share: write 5% or a number from 0 to 1"),
        (units.parse_share, "120%", "more than 100%"),
        (units.parse_share, "-1%", "negative"),
        (units.parse_share, "half", "no share"),
        (units.parse_share, True, "must be a share"),
        (units.parse_duration_range, "10s..5s", "runs backwards"),
        (units.parse_duration_range, "5s..", "no range"),
        (units.parse_duration_range, "5..10", "no unit"),
        (units.parse_size_range, "9KB..big", "no size"),
    ],
)
def test_errors_say_what_would_be_right(parse: Callable[[object], object], text: object, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        parse(text)


@given(st.integers(0, 10**10))
def test_a_written_duration_reads_back(milliseconds: int) -> None:
    seconds = milliseconds / 1000
    assert units.parse_duration(units.format_duration(seconds)) == pytest.approx(seconds, abs=1e-6)


@given(st.integers(0, 2**40))
def test_a_written_size_reads_back(size: int) -> None:
    assert units.parse_size(units.format_size(size)) == size


@given(st.integers(1, 10_000), st.sampled_from(["s", "min", "h"]))
def test_a_written_rate_reads_back(number: int, unit: str) -> None:
    rate = units.parse_rate(f"{number}/{unit}")
    assert units.parse_rate(units.format_rate(rate)) == pytest.approx(rate)


@given(st.text(max_size=20) | st.integers() | st.floats() | st.none() | st.booleans())
def test_any_value_is_a_number_or_a_plain_error(value: object) -> None:
    for parse in (
        units.parse_duration,
        units.parse_rate,
        units.parse_size,
        units.parse_share,
        units.parse_duration_range,
        units.parse_size_range,
    ):
        with suppress(ValueError):
            parse(value)


@pytest.mark.parametrize(
    ("text", "seconds"), [("-4min", -240), ("+30s", 30), ("3min", 180), ("0", 0), (0, 0), ("-1h30min", -5400)]
)
def test_signed_durations(text: object, seconds: float) -> None:
    assert units.parse_signed_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "bounds"),
    [("-3min..3min", (-180, 180)), ("-3min .. -1min", (-180, -60)), ("-30s", (-30, -30)), ("0s..5s", (0, 5))],
)
def test_signed_ranges(text: str, bounds: tuple[float, float]) -> None:
    assert units.parse_signed_duration_range(text) == bounds


@pytest.mark.parametrize(
    "text", ["--4min", "3min..-3min", "..3min", "-3min..", "-4", "4", True, None, "-", "1s..2s..3s"]
)
def test_what_is_no_signed_duration(text: object) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        units.parse_signed_duration_range(text)


@pytest.mark.parametrize(
    ("text", "bounds"), [("50ppm", (50e-6, 50e-6)), ("-50ppm..50 ppm", (-50e-6, 50e-6)), ("0ppm", (0, 0))]
)
def test_drifts(text: str, bounds: tuple[float, float]) -> None:
    assert units.parse_ppm_range(text) == pytest.approx(bounds)


@pytest.mark.parametrize("text", ["50", 50, "fast", "50ppb", "50ppm..", "50ppm..-50ppm", None, True])
def test_what_is_no_drift(text: object) -> None:
    with pytest.raises(ValueError, match=r"ppm|bound"):
        units.parse_ppm_range(text)


@given(st.integers(-10_000_000, 10_000_000))
def test_a_signed_duration_is_written_as_it_is_read(milliseconds: int) -> None:
    assert units.parse_signed_duration(units.format_signed_duration(milliseconds / 1000)) == pytest.approx(
        milliseconds / 1000
    )


@pytest.mark.parametrize(("text", "bounds"), [("1..3", (1, 3)), ("1-3", (1, 3)), (2, (2, 2)), ("0", (0, 0))])
def test_whole_numbers_and_ranges_of_them(text: object, bounds: tuple[int, int]) -> None:
    assert units.parse_count_range(text) == bounds


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("3..1", "runs backwards"),
        ("1.5..2", "'1.5' is no whole number: write 2, 1..3"),
        (1.5, "'1.5' is no whole number"),
        ("-1", "-1 is negative"),
        (True, "must be a whole number or a range of them like 2, 1..3"),
        ("1..", "is no range"),
        ("many", "'many' is no whole number"),
    ],
)
def test_what_is_no_whole_number(text: object, problem: str) -> None:
    with pytest.raises(ValueError, match=re.escape(problem)):
        units.parse_count_range(text)
