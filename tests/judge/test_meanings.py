"""What a text out of its format means, where that is plain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.judge.meanings import plain_text
from simulator.protocol.catalogue import common
from simulator.protocol.catalogue import formats as f
from tests.strategies import json_text

ZONE = "+08:00"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2024-06-26T10:20:30.123+08:00", "2024-06-26T10:20:30+08:00"),
        ("2024-06-26T10:20:30.123456789Z", "2024-06-26T10:20:30+00:00"),
        ("2024-06-26T10:20:30Z", "2024-06-26T10:20:30+00:00"),
        ("2024-06-26t10:20:30z", "2024-06-26T10:20:30+00:00"),
        ("2024-06-26 10:20:30", "2024-06-26T10:20:30+08:00"),
        ("2024-06-26T10:20:30", "2024-06-26T10:20:30+08:00"),
        ("2024-06-26 10:20", "2024-06-26T10:20:00+08:00"),
        ("2024/06/26 10:20:30", "2024-06-26T10:20:30+08:00"),
        ("2024-06-26T10:20:30+0800", "2024-06-26T10:20:30+08:00"),
        ("2024-06-26T10:20:30-3", "2024-06-26T10:20:30-03:00"),
        ("2024-06-26 10:20:30 +01:00", "2024-06-26T10:20:30+01:00"),
        (" 2024-06-26T10:20:30+01:00 ", "2024-06-26T10:20:30+01:00"),
        ("1719368430", "2024-06-26T10:20:30+08:00"),
        ("1719368430999", "2024-06-26T10:20:30+08:00"),
        ("2024-06-26", None),
        ("0", None),
        ("17193684301", None),
        ("2024-02-30T00:00:00Z", None),
        ("2024-06-26T24:00:00", None),
        ("0000-00-00 00:00:00", None),
        ("2024-06-26T10:20:30+19:00", None),
        ("10:20:30", None),
        ("tomorrow", None),
    ],
)
def test_times(text: str, meant: str | None) -> None:
    assert plain_text(f.TIMESTAMP, text, ZONE) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("1719368430999", "1719368430999"),
        ("1719368430", "1719368430000"),
        ("1719368430999.0", "1719368430999"),
        ("2024-06-26T10:20:30+08:00", "1719368430000"),
        ("2024-06-26 10:20:30", "1719368430000"),
        ("2024-06-26T02:20:30Z", "1719368430000"),
        ("17193684301", None),
        ("2024-06-26", None),
        ("0000-00-00 00:00:00", None),
        ("0001-01-01T00:00:00+08:00", None),
        ("tomorrow", None),
        ("", None),
    ],
)
def test_times_in_milliseconds(text: str, meant: str | None) -> None:
    assert plain_text(f.TIME_MS, text, ZONE) == meant


@pytest.mark.parametrize("text", ["2024-06-26 10:20:30", "1719379230000"])
def test_a_time_without_an_offset_is_the_platforms_own(text: str) -> None:
    assert plain_text(f.TIMESTAMP, text, "-03:30") in ("2024-06-26T10:20:30-03:30", "2024-06-26T01:50:30-03:30")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("8", "+08:00"),
        ("+8", "+08:00"),
        ("-8:00", "-08:00"),
        ("08:00", "+08:00"),
        ("+0830", "+08:30"),
        ("GMT+8", "+08:00"),
        ("UTC", "+00:00"),
        ("Z", "+00:00"),
        ("+15:00", None),
        ("+08:60", None),
        ("Asia/Shanghai", None),
    ],
)
def test_offsets(text: str, meant: str | None) -> None:
    assert plain_text(f.OFFSET, text, ZONE) == meant


@pytest.mark.parametrize(
    ("shape", "text", "meant"),
    [
        (f.Integer(1), "60.0", "60"),
        (f.Integer(1), " 60 ", "60"),
        (f.Integer(1), "+60", "60"),
        (f.Integer(1), "60.5", None),
        (f.Integer(1), "0.0", None),
        (f.Integer(1), "-1", None),
        (f.Integer(1), "９", None),
        (f.Integer(1), "0" * 100 + "9" * 28, None),
        (f.FLAG, "01", "1"),
        (f.FLAG, "TRUE", "1"),
        (f.FLAG, "off", "0"),
        (f.FLAG, "2", None),
        (common.BIO_TYPE, "09", "9"),
        (common.BIO_TYPE, "true", None),
        (common.BIO_TYPE, "face", None),
        (common.PROT_TYPE, "BEST-W", "best-w"),
        (f.URL, " http://h/p ", "http://h/p"),
        (f.URL, "h/p", None),
        (f.DIGEST_HEX, "123456", None),
    ],
)
def test_other_formats(shape: f.Format, text: str, meant: str | None) -> None:
    assert plain_text(shape, text, ZONE) == meant


@given(
    st.sampled_from([f.TIMESTAMP, f.OFFSET, f.FLAG, f.Integer(0, 9), f.URL, common.BIO_TYPE]),
    json_text | st.text("0123456789:-+TZ. /", max_size=30),
)
def test_what_is_meant_belongs_to_the_format(shape: f.Format, text: str) -> None:
    meant = plain_text(shape, text, ZONE)

    assert meant is None or shape.problem(meant) is None
